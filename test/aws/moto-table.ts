import type { EC2 } from '@aws-sdk/client-ec2'
import type { ServiceQuotas } from '@aws-sdk/client-service-quotas'
import { entriesOf, numbersOf, sip4, sip6 } from './account.ts'

/** A custom ACL without entries, on either server. */
export interface Place {
  readonly ec2: EC2
  readonly serviceQuotas: ServiceQuotas
  readonly id: string
}

/** One or more calls there; what it returns, if anything, is compared. */
export type Doing = (place: Place) => Promise<unknown>

const unknown = 'acl-0123456789abcdef0'
const rules = { ServiceCode: 'vpc', QuotaCode: 'L-2AEEBF1A' }

async function create({ ec2, id }: Place, over: Parameters<typeof sip4>[0] = {}): Promise<void> {
  await ec2.createNetworkAclEntry(sip4({ NetworkAclId: id, ...over }))
}

async function create6({ ec2, id }: Place, over: Parameters<typeof sip6>[0] = {}): Promise<void> {
  await ec2.createNetworkAclEntry(sip6({ NetworkAclId: id, ...over }))
}

async function cidrOfFirst({ ec2, id }: Place): Promise<unknown> {
  const [entry] = await entriesOf(ec2, false, id)
  return entry?.CidrBlock ?? entry?.Ipv6CidrBlock
}

/** What both servers do as AWS does it: the calls, then the outcome. */
export const alike: [string, Doing, unknown][] = [
  ['an IPv4 entry is created', (at) => create(at), 'accepted'],
  ['an IPv6 entry is created', (at) => create6(at), 'accepted'],
  [
    'a number is taken for both families',
    async (at) => [await create(at), await create6(at, { RuleNumber: 10 })],
    'NetworkAclEntryAlreadyExists',
  ],
  [
    'a replaced entry holds the new CIDR',
    async (at) => {
      await create(at)
      await at.ec2.replaceNetworkAclEntry(sip6({ NetworkAclId: at.id, RuleNumber: 10 }))
      return await cidrOfFirst(at)
    },
    '2001:db8::/64',
  ],
  [
    'a deleted entry frees its number',
    async (at) => {
      await create(at)
      await at.ec2.deleteNetworkAclEntry({ NetworkAclId: at.id, RuleNumber: 10, Egress: false })
      await create(at)
    },
    'accepted',
  ],
  [
    'an entry in an unknown ACL',
    (at) => create(at, { NetworkAclId: unknown }),
    'InvalidNetworkAclID.NotFound',
  ],
  [
    'a tag is described with its ACL',
    async ({ ec2, id }) => {
      await ec2.createTags({ Resources: [id], Tags: [{ Key: 'fence', Value: 'sip' }] })
      const Filters = [{ Name: 'tag:fence', Values: ['s?p'] }]
      return (await ec2.describeNetworkAcls({ Filters })).NetworkAcls?.[0]?.Tags
    },
    [{ Key: 'fence', Value: 'sip' }],
  ],
  [
    'the quota of rules per ACL',
    async ({ serviceQuotas }) => (await serviceQuotas.getServiceQuota(rules)).Quota?.Value,
    20,
  ],
  [
    'an unknown quota',
    ({ serviceQuotas }) => serviceQuotas.getServiceQuota({ ServiceCode: 'vpc', QuotaCode: 'L-00000000' }),
    'NoSuchResourceException',
  ],
]

/**
 * Where moto 5.2.1 differs: what AWS does, then what moto does. AWS's codes are documented, observed or inferred as
 * the code that answers them says. "Error" is an answer of status 500 that is no XML, and "SyntaxError" one that is
 * no JSON: moto failed.
 */
export const different: [string, Doing, aws: unknown, moto: unknown][] = [
  ['the default rules of a custom ACL', ({ ec2, id }) => numbersOf(ec2, false, id), [32767, 32768], []],
  [
    'host bits of IPv4',
    async (at) => [await create(at, { CidrBlock: '192.0.2.77/24' }), await cidrOfFirst(at)][1],
    '192.0.2.0/24',
    '192.0.2.77/24',
  ],
  [
    'host bits of IPv6',
    async (at) => [await create6(at, { Ipv6CidrBlock: '2001:db8::5/64' }), await cidrOfFirst(at)][1],
    '2001:db8::/64',
    '2001:db8::5/64',
  ],
  [
    'the 20th entry',
    async (at) => {
      for (let i = 1; i <= 20; i++) await create(at, { RuleNumber: i })
    },
    'NetworkAclEntryLimitExceeded',
    'accepted',
  ],
  [
    'a malformed IPv4 CIDR',
    (at) => create(at, { CidrBlock: '999.1.1.1/32' }),
    'InvalidParameterValue',
    'accepted',
  ],
  [
    'a malformed IPv6 CIDR',
    (at) => create6(at, { Ipv6CidrBlock: '2001:db8::/129' }),
    'InvalidParameterValue',
    'accepted',
  ],
  [
    'both CIDRs',
    (at) => create(at, { Ipv6CidrBlock: '2001:db8::/64' }),
    'InvalidParameterCombination',
    'accepted',
  ],
  ['no CIDR', (at) => create(at, { CidrBlock: undefined }), 'MissingParameter', 'accepted'],
  ['UDP without ports', (at) => create(at, { PortRange: undefined }), 'MissingParameter', 'accepted'],
  [
    'reversed ports',
    (at) => create(at, { PortRange: { From: 2, To: 1 } }),
    'InvalidParameterValue',
    'accepted',
  ],
  ['a protocol by name', (at) => create(at, { Protocol: 'udp' }), 'InvalidParameterValue', 'accepted'],
  ['rule number 0', (at) => create(at, { RuleNumber: 0 }), 'InvalidParameterValue', 'accepted'],
  ['a reserved rule number', (at) => create(at, { RuleNumber: 32767 }), 'InvalidParameterValue', 'accepted'],
  [
    'an unknown rule action',
    (at) => create(at, { RuleAction: 'drop' as 'deny' }),
    'InvalidParameterValue',
    'accepted',
  ],
  [
    'replacing what is not there',
    (at) => at.ec2.replaceNetworkAclEntry(sip4({ NetworkAclId: at.id })),
    'InvalidNetworkAclEntry.NotFound',
    'Error',
  ],
  [
    'deleting what is not there',
    (at) => at.ec2.deleteNetworkAclEntry({ NetworkAclId: at.id, RuleNumber: 10, Egress: false }),
    'InvalidNetworkAclEntry.NotFound',
    'Error',
  ],
  [
    'describing an unknown ACL',
    ({ ec2 }) => ec2.describeNetworkAcls({ NetworkAclIds: [unknown] }),
    'InvalidNetworkAclID.NotFound',
    'InvalidRouteTableID.NotFound',
  ],
  [
    'a filter by id',
    async ({ ec2, id }) => {
      const Filters = [{ Name: 'network-acl-id', Values: [id] }]
      return (await ec2.describeNetworkAcls({ Filters })).NetworkAcls?.length
    },
    1,
    'Error',
  ],
  [
    'an unknown filter',
    ({ ec2 }) => ec2.describeNetworkAcls({ Filters: [{ Name: 'color', Values: ['red'] }] }),
    'InvalidParameterValue',
    'Error',
  ],
  [
    'a page of fewer than 5',
    async ({ ec2 }) => void (await ec2.describeNetworkAcls({ MaxResults: 1 })),
    'InvalidParameterValue',
    'accepted',
  ],
  ['a dry run', (at) => create(at, { DryRun: true }), 'DryRunOperation', 'accepted'],
  [
    'a tag of an unknown ACL',
    async ({ ec2 }) => void (await ec2.createTags({ Resources: [unknown], Tags: [{ Key: 'k', Value: '' }] })),
    'InvalidNetworkAclID.NotFound',
    'accepted',
  ],
  [
    'every type of ICMP',
    async (at) => {
      await create(at, { Protocol: '1', PortRange: undefined, IcmpTypeCode: { Type: -1, Code: -1 } })
      return (await entriesOf(at.ec2, false, at.id))[0]?.IcmpTypeCode
    },
    { Type: -1, Code: -1 },
    'accepted',
  ],
  [
    'ports of every protocol',
    async (at) => {
      await create(at, { Protocol: '-1' })
      return (await entriesOf(at.ec2, false, at.id))[0]?.PortRange
    },
    'accepted',
    { From: 5060, To: 5061 },
  ],
  [
    'the order of entries',
    async (at) => {
      await create(at, { RuleNumber: 20 })
      await create(at, { RuleNumber: 10 })
      return (await numbersOf(at.ec2, false, at.id)).slice(0, 2)
    },
    [10, 20],
    [20, 10],
  ],
  [
    'the default quota of rules per ACL',
    async ({ serviceQuotas }) => (await serviceQuotas.getAWSDefaultServiceQuota(rules)).Quota?.Value,
    20,
    'SyntaxError',
  ],
]
