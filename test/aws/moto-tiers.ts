import type { EC2, IpPermission } from '@aws-sdk/client-ec2'
import type { WAFV2 } from '@aws-sdk/client-wafv2'
import { openAccount } from './account.ts'
import type { MotoServer } from './moto-server.ts'

/** A security group without rules, an empty IPv4 prefix list for 5 entries and an empty IPv4 IP set, on either server. */
export interface TierPlace {
  readonly ec2: EC2
  readonly wafv2: WAFV2
  readonly groupId: string
  readonly listId: string
  readonly set: { readonly Name: string; readonly Id: string; readonly Scope: 'REGIONAL' }
}

/** One or more calls there; what it returns, if anything, is compared. */
type TierDoing = (place: TierPlace) => Promise<unknown>

const GROUP = 'sg-0123456789abcdef0'
const LIST = 'pl-0123456789abcdef0'
const UNKNOWN_LIST = 'pl-00000000000000009'

export async function localTiers(): Promise<TierPlace> {
  const { aws, ec2, wafv2 } = await openAccount({
    securityGroups: [{ id: GROUP }],
    prefixLists: [{ id: LIST, name: 'list', family: 4, maxEntries: 5 }],
    ipSets: [{ name: 'set', family: 4 }],
    throttle: {
      UpdateIPSet: { burst: 9, refillPerSecond: 9 },
      CreateIPSet: { burst: 9, refillPerSecond: 9 },
    },
  })
  const Id = aws.ipSets.get('set')!.id
  return { ec2, wafv2, groupId: GROUP, listId: LIST, set: { Name: 'set', Id, Scope: 'REGIONAL' } }
}

let places = 0

/** Each has names of its own, because moto forgets nothing between tests. */
export async function motoTiers({ ec2, wafv2 }: MotoServer): Promise<TierPlace> {
  const Name = `tier-${++places}`
  const Scope = 'REGIONAL'
  const { Vpcs } = await ec2.describeVpcs({})
  const group = { GroupName: Name, Description: Name, VpcId: Vpcs![0]!.VpcId }
  const { GroupId } = await ec2.createSecurityGroup(group)
  const list = { PrefixListName: 'list', AddressFamily: 'IPv4', MaxEntries: 5 }
  const { PrefixList } = await ec2.createManagedPrefixList(list)
  const { Summary } = await wafv2.createIPSet({ Name, Scope, IPAddressVersion: 'IPV4', Addresses: [] })
  const set = { Name, Scope, Id: Summary!.Id! } as const
  return { ec2, wafv2, groupId: GroupId!, listId: PrefixList!.PrefixListId!, set }
}

async function add({ ec2, listId }: TierPlace, CurrentVersion: number, ...cidrs: string[]): Promise<void> {
  const AddEntries = cidrs.map((Cidr) => ({ Cidr }))
  await ec2.modifyManagedPrefixList({ PrefixListId: listId, CurrentVersion, AddEntries })
}

async function cidrsOf({ ec2, listId }: TierPlace, TargetVersion?: number) {
  const { Entries } = await ec2.getManagedPrefixListEntries({ PrefixListId: listId, TargetVersion })
  return Entries!.map(({ Cidr }) => Cidr)
}

async function listOf({ ec2, listId }: TierPlace) {
  return (await ec2.describeManagedPrefixLists({ PrefixListIds: [listId] })).PrefixLists![0]!
}

const sip: IpPermission = { IpProtocol: 'udp', FromPort: 5060, ToPort: 5061 }
const trunk: IpPermission = { ...sip, IpRanges: [{ CidrIp: '192.0.2.0/24', Description: 'trunk' }] }
const trunk6: IpPermission = { ...sip, Ipv6Ranges: [{ CidrIpv6: '2001:db8::/32' }] }

function networks(count: number): IpPermission {
  return { ...sip, IpRanges: Array.from({ length: count }, (_, i) => ({ CidrIp: `10.0.${i}.0/24` })) }
}

async function authorize({ ec2, groupId }: TierPlace, ...IpPermissions: IpPermission[]) {
  const { SecurityGroupRules } = await ec2.authorizeSecurityGroupIngress({ GroupId: groupId, IpPermissions })
  return SecurityGroupRules!
}

async function revoke({ ec2, groupId }: TierPlace, ...IpPermissions: IpPermission[]): Promise<void> {
  await ec2.revokeSecurityGroupIngress({ GroupId: groupId, IpPermissions })
}

/** The inbound rules. */
async function rulesOf({ ec2, groupId }: TierPlace) {
  const Filters = [{ Name: 'group-id', Values: [groupId] }]
  const { SecurityGroupRules } = await ec2.describeSecurityGroupRules({ Filters })
  return SecurityGroupRules!.filter(({ IsEgress }) => !IsEgress)
}

async function sourcesOf(at: TierPlace) {
  return (await rulesOf(at)).map(
    ({ CidrIpv4, CidrIpv6, PrefixListId }) => CidrIpv4 ?? CidrIpv6 ?? PrefixListId,
  )
}

const listed = (listId: string) => ({ ...sip, PrefixListIds: [{ PrefixListId: listId }] })

async function put({ wafv2, set }: TierPlace, Addresses: string[], LockToken?: string): Promise<void> {
  const token = LockToken ?? (await wafv2.getIPSet(set)).LockToken
  await wafv2.updateIPSet({ ...set, Addresses, LockToken: token })
}

async function addressesOf({ wafv2, set }: TierPlace) {
  return (await wafv2.getIPSet(set)).IPSet!.Addresses
}

/** What both servers do as AWS does it: the calls, then the outcome. */
export const tiersAlike: [string, TierDoing, unknown][] = [
  [
    'entries that are added and removed',
    async (at) => {
      await add(at, 1, '192.0.2.0/24', '198.51.100.0/24')
      const RemoveEntries = [{ Cidr: '192.0.2.0/24' }]
      await at.ec2.modifyManagedPrefixList({ PrefixListId: at.listId, CurrentVersion: 2, RemoveEntries })
      return [await cidrsOf(at), await cidrsOf(at, 2), (await listOf(at)).Version]
    },
    [['198.51.100.0/24'], ['192.0.2.0/24', '198.51.100.0/24'], 3],
  ],
  [
    'a list at its beginning',
    async (at) => {
      const { AddressFamily, MaxEntries, PrefixListName, State, Version } = await listOf(at)
      return [AddressFamily, MaxEntries, PrefixListName, State, Version]
    },
    ['IPv4', 5, 'list', 'create-complete', 1],
  ],
  [
    'rules of both families and for a list',
    async (at) => {
      await authorize(at, trunk, trunk6)
      await authorize(at, listed(at.listId))
      return (await sourcesOf(at)).map((source) => (source === at.listId ? 'the list' : source))
    },
    ['192.0.2.0/24', '2001:db8::/32', 'the list'],
  ],
  [
    'a rule that is there beside one that is not',
    async (at) => [await authorize(at, trunk), await authorize(at, trunk6, trunk)],
    'InvalidPermission.Duplicate',
  ],
  ['a rule that is not there', (at) => revoke(at, trunk), 'InvalidPermission.NotFound'],
  [
    'a rule that is revoked',
    async (at) => {
      await authorize(at, trunk, trunk6)
      await revoke(at, { ...sip, IpRanges: [{ CidrIp: '192.0.2.0/24' }] })
      return await sourcesOf(at)
    },
    ['2001:db8::/32'],
  ],
  [
    'a rule that is revoked by its id',
    async (at) => {
      await authorize(at, trunk, trunk6)
      const four = (await rulesOf(at)).find(({ CidrIpv4 }) => CidrIpv4 !== undefined)
      const SecurityGroupRuleIds = [four!.SecurityGroupRuleId!]
      await at.ec2.revokeSecurityGroupIngress({ GroupId: at.groupId, SecurityGroupRuleIds })
      return await sourcesOf(at)
    },
    ['2001:db8::/32'],
  ],
  [
    'the 61st rule',
    async (at) => [await authorize(at, networks(60)), await authorize(at, trunk)],
    'RulesPerSecurityGroupLimitExceeded',
  ],
  [
    'an unknown group',
    (at) => authorize({ ...at, groupId: 'sg-00000000000000009' }, trunk),
    'InvalidGroup.NotFound',
  ],
  [
    'a malformed CIDR in a rule',
    (at) => authorize(at, { ...sip, IpRanges: [{ CidrIp: '999.1.1.1/32' }] }),
    'InvalidParameterValue',
  ],
  [
    'addresses of an IP set',
    async (at) => {
      await put(at, ['192.0.2.0/24'])
      await put(at, ['198.51.100.0/24', '203.0.113.7/32'])
      return await addressesOf(at)
    },
    ['198.51.100.0/24', '203.0.113.7/32'],
  ],
  [
    'a lock token that was used',
    async (at) => {
      const { LockToken } = await at.wafv2.getIPSet(at.set)
      await put(at, ['192.0.2.0/24'], LockToken)
      await put(at, [], LockToken)
    },
    'WAFOptimisticLockException',
  ],
  [
    'an unknown IP set',
    ({ wafv2, set }) => wafv2.getIPSet({ ...set, Id: '00000000-0000-4000-8000-000000000000' }),
    'WAFNonexistentItemException',
  ],
  [
    'a dry run of a rule',
    async ({ ec2, groupId }) => {
      const request = { GroupId: groupId, IpPermissions: [trunk], DryRun: true }
      await ec2.authorizeSecurityGroupIngress(request)
    },
    'DryRunOperation',
  ],
]

/**
 * Where moto 5.2.1 differs: what AWS does, then what moto does. "Error" is an answer of status 500 that is no XML: moto
 * failed.
 */
export const tiersDifferent: [string, TierDoing, aws: unknown, moto: unknown][] = [
  [
    'a change of a version that is over',
    async (at) => {
      await add(at, 1, '192.0.2.0/24')
      await add(at, 1, '198.51.100.0/24')
    },
    'PrefixListVersionMismatch',
    'accepted',
  ],
  [
    'more entries than the maximum',
    (at) => add(at, 1, ...[1, 2, 3, 4, 5, 6].map((i) => `192.0.${i}.0/24`)),
    'PrefixListMaxEntriesExceeded',
    'accepted',
  ],
  [
    'an entry that is there',
    async (at) => {
      await add(at, 1, '192.0.2.0/24')
      await add(at, 2, '192.0.2.0/24')
    },
    'InvalidPrefixListModification',
    'accepted',
  ],
  [
    'removing an entry that is not there',
    async ({ ec2, listId }) => {
      const RemoveEntries = [{ Cidr: '192.0.2.0/24' }]
      await ec2.modifyManagedPrefixList({ PrefixListId: listId, CurrentVersion: 1, RemoveEntries })
    },
    'InvalidPrefixListModification',
    'accepted',
  ],
  ['a malformed entry', (at) => add(at, 1, '999.1.1.1/32'), 'InvalidParameterValue', 'accepted'],
  ['an entry of the other family', (at) => add(at, 1, '2001:db8::/64'), 'InvalidParameterValue', 'accepted'],
  ['nothing to change', (at) => add(at, 1), 'InvalidRequest', 'accepted'],
  [
    'a change that does not name the list again',
    async (at) => [await add(at, 1, '192.0.2.0/24'), (await listOf(at)).PrefixListName],
    [undefined, 'list'],
    [undefined, undefined],
  ],
  [
    'a new maximum',
    async (at) => {
      await at.ec2.modifyManagedPrefixList({ PrefixListId: at.listId, MaxEntries: 9 })
      const { MaxEntries, Version } = await listOf(at)
      return [MaxEntries, Version]
    },
    [9, 1],
    [5, 1],
  ],
  [
    'a version that is restored',
    async (at) => {
      await add(at, 1, '192.0.2.0/24')
      const versions = { PreviousVersion: 1, CurrentVersion: 2 }
      await at.ec2.restoreManagedPrefixListVersion({ PrefixListId: at.listId, ...versions })
      return [await cidrsOf(at), (await listOf(at)).Version]
    },
    [[], 3],
    'Error',
  ],
  [
    'reading an unknown list',
    (at) => cidrsOf({ ...at, listId: UNKNOWN_LIST }),
    'InvalidPrefixListID.NotFound',
    [],
  ],
  [
    'changing an unknown list',
    (at) => add({ ...at, listId: UNKNOWN_LIST }, 1, '192.0.2.0/24'),
    'InvalidPrefixListID.NotFound',
    'Error',
  ],
  [
    'describing an unknown list',
    (at) => listOf({ ...at, listId: UNKNOWN_LIST }),
    'InvalidPrefixListID.NotFound',
    'accepted',
  ],
  [
    'a rule for an unknown list',
    async (at) => void (await authorize(at, listed(UNKNOWN_LIST))),
    'InvalidPrefixListID.NotFound',
    'accepted',
  ],
  [
    'rules beside a list that they leave no room for',
    async (at) => {
      await authorize(at, listed(at.listId))
      await authorize(at, networks(56))
    },
    'RulesPerSecurityGroupLimitExceeded',
    'accepted',
  ],
  [
    'host bits of a rule',
    async (at) => {
      await authorize(at, { ...sip, IpRanges: [{ CidrIp: '192.0.2.77/24' }] })
      return await sourcesOf(at)
    },
    ['192.0.2.0/24'],
    ['192.0.2.77/24'],
  ],
  [
    'a rule twice in one request',
    async (at) => void (await authorize(at, trunk, trunk)),
    'InvalidParameterValue',
    'InvalidPermission.Duplicate',
  ],
  ['a rule without a source', async (at) => void (await authorize(at, sip)), 'MissingParameter', 'accepted'],
  [
    'a rule of UDP without ports',
    async (at) => void (await authorize(at, { IpProtocol: 'udp', IpRanges: [{ CidrIp: '192.0.2.0/24' }] })),
    'InvalidParameterValue',
    'Error',
  ],
  [
    'an unknown rule id',
    async ({ ec2, groupId }) => {
      const SecurityGroupRuleIds = ['sgr-00000000000000009']
      await ec2.revokeSecurityGroupIngress({ GroupId: groupId, SecurityGroupRuleIds })
    },
    'InvalidSecurityGroupRuleId.NotFound',
    'InvalidPermission.NotFound',
  ],
  ['an address without a length', (at) => put(at, ['192.0.2.1']), 'WAFInvalidParameterException', 'accepted'],
  [
    'an IPv6 address in an IPv4 set',
    (at) => put(at, ['2001:db8::/64']),
    'WAFInvalidParameterException',
    'accepted',
  ],
  ['every address', (at) => put(at, ['0.0.0.0/0']), 'WAFInvalidParameterException', 'accepted'],
  ['host bits of an address', (at) => put(at, ['192.0.2.77/24']), 'WAFInvalidParameterException', 'accepted'],
  [
    '10,001 addresses',
    (at) =>
      put(
        at,
        Array.from({ length: 10_001 }, (_, i) => `10.0.${i >> 8}.${i & 255}/32`),
      ),
    'WAFLimitsExceededException',
    'accepted',
  ],
  [
    'an IP set whose name is taken',
    async ({ wafv2, set }) => {
      const { Name, Scope } = set
      await wafv2.createIPSet({ Name, Scope, IPAddressVersion: 'IPV4', Addresses: [] })
    },
    'WAFDuplicateItemException',
    'accepted',
  ],
  [
    'an IPv6 address of an IP set',
    async ({ wafv2, set: { Name, Scope } }) => {
      const wanted = { Scope, IPAddressVersion: 'IPV6' as const, Addresses: ['2001:db8::/64'] }
      const { Summary } = await wafv2.createIPSet({ ...wanted, Name: `${Name}-6` })
      return (await wafv2.getIPSet({ Name: `${Name}-6`, Scope, Id: Summary!.Id })).IPSet!.Addresses
    },
    ['2001:0db8:0000:0000:0000:0000:0000:0000/64'],
    ['2001:db8::/64'],
  ],
  [
    'the form of a lock token',
    async ({ wafv2, set }) => (await wafv2.getIPSet(set)).LockToken!.length,
    36,
    6,
  ],
]
