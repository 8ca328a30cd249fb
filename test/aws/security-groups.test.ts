import type {
  AuthorizeSecurityGroupIngressCommandInput,
  IpPermission,
  RevokeSecurityGroupIngressCommandInput,
} from '@aws-sdk/client-ec2'
import { paginateDescribeSecurityGroupRules } from '@aws-sdk/client-ec2'
import { describe, expect, test } from 'vitest'
import type { Account } from './account.ts'
import { openAccount, refusal, statusOf } from './account.ts'
import type { NetworkInterfaceSeed } from './describe-network-interfaces.ts'
import type { LocalAwsOptions } from './local-aws.ts'
import type { SecurityGroupSeed } from './security-group-store.ts'

const SG = 'sg-0123456789abcdef0'
const OTHER = 'sg-0123456789abcdef1'
const PL = 'pl-0123456789abcdef0'
const ports = { from: 5060, to: 5061 }

const pbx: SecurityGroupSeed = {
  id: SG,
  name: 'pbx',
  description: 'SIP',
  rules: [{ protocol: 'udp', ports, cidr: '0.0.0.0/0', description: 'from everywhere' }],
  tags: { Name: 'pbx' },
}
const other: SecurityGroupSeed = { id: OTHER, vpcId: 'vpc-0000000000000000b', openEgress: [] }

function open(options: LocalAwsOptions = {}): Promise<Account> {
  return openAccount({
    securityGroups: [pbx, other],
    prefixLists: [{ id: PL, family: 4, maxEntries: 50 }],
    ...options,
  })
}

const sip: IpPermission = { IpProtocol: 'udp', FromPort: 5060, ToPort: 5061 }
const trunk: IpPermission = { ...sip, IpRanges: [{ CidrIp: '192.0.2.0/24', Description: 'trunk' }] }
const inGroup = (...IpPermissions: IpPermission[]) => ({ GroupId: SG, IpPermissions })

async function inboundOf({ ec2 }: Account, id = SG) {
  const Filters = [{ Name: 'group-id', Values: [id] }]
  const { SecurityGroupRules } = await ec2.describeSecurityGroupRules({ Filters })
  return SecurityGroupRules!.filter(({ IsEgress }) => !IsEgress)
}

async function sourcesOf(account: Account): Promise<(string | undefined)[]> {
  return (await inboundOf(account)).map(
    (rule) => rule.CidrIpv4 ?? rule.CidrIpv6 ?? rule.PrefixListId ?? rule.ReferencedGroupInfo?.GroupId,
  )
}

describe('what is shown', () => {
  test('a group comes with its permissions of both directions', async () => {
    const { aws, ec2 } = await open()
    aws.securityGroups.get(SG)!.authorize([
      { protocol: 'udp', ports, cidr: '192.0.2.0/24' },
      { protocol: 'udp', ports, ipv6Cidr: '2001:db8::/32', description: 'six' },
      { protocol: 'udp', ports, prefixListId: PL },
      { protocol: -1, groupId: OTHER },
      { protocol: 'tcp', ports: { from: 0, to: 65535 }, cidr: '192.0.2.0/24' },
    ])
    const { SecurityGroups } = await ec2.describeSecurityGroups({ GroupIds: [SG] })
    expect(SecurityGroups).toEqual([
      {
        GroupId: SG,
        GroupName: 'pbx',
        Description: 'SIP',
        OwnerId: '123456789012',
        VpcId: 'vpc-0123456789abcdef0',
        SecurityGroupArn: `arn:aws:ec2:eu-west-1:123456789012:security-group/${SG}`,
        Tags: [{ Key: 'Name', Value: 'pbx' }],
        IpPermissions: [
          {
            ...sip,
            IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'from everywhere' }, { CidrIp: '192.0.2.0/24' }],
            Ipv6Ranges: [{ CidrIpv6: '2001:db8::/32', Description: 'six' }],
            PrefixListIds: [{ PrefixListId: PL }],
            UserIdGroupPairs: [],
          },
          {
            IpProtocol: '-1',
            IpRanges: [],
            Ipv6Ranges: [],
            PrefixListIds: [],
            UserIdGroupPairs: [{ GroupId: OTHER, UserId: '123456789012' }],
          },
          {
            IpProtocol: 'tcp',
            FromPort: 0,
            ToPort: 65535,
            IpRanges: [{ CidrIp: '192.0.2.0/24' }],
            Ipv6Ranges: [],
            PrefixListIds: [],
            UserIdGroupPairs: [],
          },
        ],
        IpPermissionsEgress: [
          {
            IpProtocol: '-1',
            IpRanges: [{ CidrIp: '0.0.0.0/0' }],
            Ipv6Ranges: [{ CidrIpv6: '::/0' }],
            PrefixListIds: [],
            UserIdGroupPairs: [],
          },
        ],
      },
    ])
  })

  test('rules come one by one, with ids, of both directions', async () => {
    const { aws, ec2 } = await open()
    aws.securityGroups.get(SG)!.authorize([{ protocol: -1, groupId: OTHER }])
    const { SecurityGroupRules } = await ec2.describeSecurityGroupRules({})
    const all = { IpProtocol: '-1', FromPort: -1, ToPort: -1, GroupId: SG, Tags: [] }
    expect(SecurityGroupRules).toMatchObject([
      { ...all, IsEgress: true, CidrIpv4: '0.0.0.0/0' },
      { ...all, IsEgress: true, CidrIpv6: '::/0' },
      {
        GroupId: SG,
        GroupOwnerId: '123456789012',
        IsEgress: false,
        ...sip,
        CidrIpv4: '0.0.0.0/0',
        Description: 'from everywhere',
      },
      { ...all, IsEgress: false, ReferencedGroupInfo: { GroupId: OTHER, UserId: '123456789012' } },
    ])
    const ids = SecurityGroupRules!.map(({ SecurityGroupRuleId }) => SecurityGroupRuleId!)
    expect(new Set(ids).size).toBe(4)
    for (const id of ids) expect(id).toMatch(/^sgr-[0-9a-f]{17}$/)
    const one = await ec2.describeSecurityGroupRules({ SecurityGroupRuleIds: [ids[2]!] })
    expect(one.SecurityGroupRules).toEqual([SecurityGroupRules![2]])
  })

  test('rules are found by the tags that they were made with, and on pages', async () => {
    const { ec2 } = await open()
    const IpRanges = Array.from({ length: 12 }, (_, i) => ({ CidrIp: `10.0.${i}.0/24` }))
    const TagSpecifications = [
      { ResourceType: 'security-group-rule' as const, Tags: [{ Key: 'fence', Value: 'f' }] },
    ]
    await ec2.authorizeSecurityGroupIngress({ ...inGroup({ ...sip, IpRanges }), TagSpecifications })
    const sizes = []
    const Filters = [{ Name: 'tag:fence', Values: ['f'] }]
    for await (const page of paginateDescribeSecurityGroupRules({ client: ec2, pageSize: 5 }, { Filters })) {
      sizes.push(page.SecurityGroupRules!.length)
      expect(page.SecurityGroupRules![0]!.Tags).toEqual([{ Key: 'fence', Value: 'f' }])
    }
    expect(sizes).toEqual([5, 5, 2])
  })

  test.each<[string, string[], string[]]>([
    ['group-id', [SG], [SG]],
    ['group-name', ['pb?'], [SG]],
    ['description', ['SIP'], [SG]],
    ['vpc-id', ['vpc-0000000000000000b'], [OTHER]],
    ['tag:Name', ['pbx'], [SG]],
    ['tag-key', ['Name'], [SG]],
    ['owner-id', ['123456789012'], [SG, OTHER]],
    ['ip-permission.cidr', ['0.0.0.0/0'], [SG]],
    ['ip-permission.ipv6-cidr', ['*'], [OTHER]],
    ['ip-permission.prefix-list-id', [PL], [OTHER]],
    ['ip-permission.group-id', [SG], [OTHER]],
  ])('the filter %s', async (Name, Values, ids) => {
    const { aws, ec2 } = await open()
    aws.securityGroups.get(OTHER)!.authorize([
      { protocol: -1, ipv6Cidr: '2001:db8::/32' },
      { protocol: -1, prefixListId: PL },
      { protocol: -1, groupId: SG },
    ])
    const { SecurityGroups } = await ec2.describeSecurityGroups({ Filters: [{ Name, Values }] })
    expect(SecurityGroups!.map(({ GroupId }) => GroupId)).toEqual(ids)
  })

  test('ids that are not there are refused, each by its code', async () => {
    const { ec2 } = await open()
    const rules = (id: string) => ec2.describeSecurityGroupRules({ SecurityGroupRuleIds: [id] })
    const calls = [
      ec2.describeSecurityGroups({ GroupIds: [SG, 'sg-00000000000000009'] }),
      ec2.describeSecurityGroups({ GroupIds: ['x'] }),
      rules('sgr-00000000000000009'),
      rules('x'),
      ec2.authorizeSecurityGroupIngress({ ...inGroup(trunk), GroupId: 'sg-00000000000000009' }),
      ec2.revokeSecurityGroupIngress({ ...inGroup(trunk), GroupId: 'x' }),
    ]
    expect(await Promise.all(calls.map(refusal))).toEqual([
      'InvalidGroup.NotFound',
      'InvalidGroupId.Malformed',
      'InvalidSecurityGroupRuleId.NotFound',
      'InvalidSecurityGroupRuleId.Malformed',
      'InvalidGroup.NotFound',
      'InvalidGroupId.Malformed',
    ])
  })

  test('the quota of rules is in Service Quotas', async () => {
    const { aws, serviceQuotas } = await open({ groupRulesQuota: 100 })
    const code = { ServiceCode: 'vpc', QuotaCode: 'L-0EA8095F' }
    expect((await serviceQuotas.getServiceQuota(code)).Quota).toMatchObject({ Value: 100, Adjustable: true })
    expect((await serviceQuotas.getAWSDefaultServiceQuota(code)).Quota!.Value).toBe(60)
    expect(aws.securityGroups.get(SG)!.rulesQuota).toBe(100)
  })
})

describe('authorizing', () => {
  test('adds a rule for each source of each permission, and answers them', async () => {
    const account = await open()
    const { SecurityGroupRules } = await account.ec2.authorizeSecurityGroupIngress(
      inGroup(
        {
          ...sip,
          IpRanges: [{ CidrIp: '192.0.2.9/24', Description: 'trunk' }],
          Ipv6Ranges: [{ CidrIpv6: '2001:DB8::/32' }],
          PrefixListIds: [{ PrefixListId: PL, Description: 'peers' }],
          UserIdGroupPairs: [{ GroupId: OTHER }],
        },
        { ...trunk, IpProtocol: '6' },
      ),
    )
    expect(SecurityGroupRules).toMatchObject([
      { CidrIpv4: '192.0.2.0/24', Description: 'trunk', IsEgress: false, IpProtocol: 'udp' },
      { CidrIpv6: '2001:db8::/32' },
      { PrefixListId: PL, Description: 'peers' },
      { ReferencedGroupInfo: { GroupId: OTHER } },
      { CidrIpv4: '192.0.2.0/24', IpProtocol: 'tcp' },
    ])
    expect(await inboundOf(account)).toHaveLength(6)
  })

  test('takes one rule in the parameters of the request itself', async () => {
    const account = await open()
    const one = { GroupId: SG, IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: '192.0.2.0/24' }
    await account.ec2.authorizeSecurityGroupIngress(one)
    expect((await inboundOf(account)).at(-1)).toMatchObject({ FromPort: 22, CidrIpv4: '192.0.2.0/24' })
    await account.ec2.revokeSecurityGroupIngress(one)
    expect(await inboundOf(account)).toHaveLength(1)
  })

  test.each<[string, Partial<AuthorizeSecurityGroupIngressCommandInput>, string]>([
    [
      'a rule that is there',
      inGroup({ ...sip, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }),
      'InvalidPermission.Duplicate',
    ],
    ['a rule twice', inGroup(trunk, trunk), 'InvalidParameterValue'],
    [
      'an unknown prefix list',
      inGroup({ ...sip, PrefixListIds: [{ PrefixListId: 'pl-00000000000000009' }] }),
      'InvalidPrefixListID.NotFound',
    ],
    [
      'an unknown group',
      inGroup({ ...sip, UserIdGroupPairs: [{ GroupId: 'sg-00000000000000009' }] }),
      'InvalidGroup.NotFound',
    ],
    [
      'a malformed CIDR',
      inGroup({ ...sip, IpRanges: [{ CidrIp: '999.1.1.1/32' }] }),
      'InvalidParameterValue',
    ],
    ['an unknown protocol', inGroup({ ...trunk, IpProtocol: 'sip' }), 'InvalidParameterValue'],
    [
      'UDP without ports',
      inGroup({ IpProtocol: 'udp', IpRanges: [{ CidrIp: '192.0.2.0/24' }] }),
      'InvalidParameterValue',
    ],
    ['a permission without a source', inGroup(sip), 'MissingParameter'],
    ['a permission without a protocol', inGroup({ ...trunk, IpProtocol: undefined }), 'MissingParameter'],
    ['no permission', { GroupId: SG }, 'MissingParameter'],
    ['no group', { IpPermissions: [trunk] }, 'MissingParameter'],
    ['permissions and one rule', { ...inGroup(trunk), IpProtocol: 'udp' }, 'InvalidParameterCombination'],
    [
      'more rules than the quota',
      inGroup({ ...trunk, IpRanges: Array.from({ length: 60 }, (_, i) => ({ CidrIp: `10.0.${i}.0/24` })) }),
      'RulesPerSecurityGroupLimitExceeded',
    ],
    ['a dry run', { ...inGroup(trunk), DryRun: true }, 'DryRunOperation'],
  ])('refuses %s with everything that is beside it', async (_name, request, code) => {
    const account = await open()
    const extra = { ...trunk, IpProtocol: 'tcp' }
    const { IpPermissions = [] } = request
    const whole =
      IpPermissions.length > 0 ? { ...request, IpPermissions: [extra, ...IpPermissions] } : request
    expect(await refusal(account.ec2.authorizeSecurityGroupIngress(whole))).toBe(code)
    expect(await sourcesOf(account)).toEqual(['0.0.0.0/0'])
  })

  test('weighs a prefix list by its maximum', async () => {
    const account = await open()
    const list = { ...sip, PrefixListIds: [{ PrefixListId: PL }] }
    await account.ec2.authorizeSecurityGroupIngress(inGroup(list))
    const more = { ...sip, IpRanges: Array.from({ length: 10 }, (_, i) => ({ CidrIp: `10.0.${i}.0/24` })) }
    const refused = account.ec2.authorizeSecurityGroupIngress(inGroup(more))
    expect([await refusal(refused), await statusOf(refused)]).toEqual([
      'RulesPerSecurityGroupLimitExceeded',
      400,
    ])
    const fewer = { ...more, IpRanges: more.IpRanges.slice(1) }
    expect(await refusal(account.ec2.authorizeSecurityGroupIngress(inGroup(fewer)))).toBe('accepted')
  })
})

describe('revoking', () => {
  test('by permission takes the rule whatever its description, and answers it', async () => {
    const account = await open()
    const { RevokedSecurityGroupRules, Return } = await account.ec2.revokeSecurityGroupIngress(
      inGroup({ ...sip, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }),
    )
    expect(Return).toBe(true)
    expect(RevokedSecurityGroupRules).toMatchObject([
      { ...sip, GroupId: SG, IsEgress: false, CidrIpv4: '0.0.0.0/0', Description: 'from everywhere' },
    ])
    expect(await sourcesOf(account)).toEqual([])
  })

  test('by id takes rules of the group and no others', async () => {
    const account = await open()
    await account.ec2.authorizeSecurityGroupIngress({ ...inGroup(trunk), GroupId: OTHER })
    const [first] = await inboundOf(account)
    const [foreign] = await inboundOf(account, OTHER)
    const ids = (...SecurityGroupRuleIds: (string | undefined)[]) => ({
      GroupId: SG,
      SecurityGroupRuleIds: SecurityGroupRuleIds.map(String),
    })
    const both = ids(first!.SecurityGroupRuleId, foreign!.SecurityGroupRuleId)
    expect(await refusal(account.ec2.revokeSecurityGroupIngress(both))).toBe(
      'InvalidSecurityGroupRuleId.NotFound',
    )
    expect(await sourcesOf(account)).toEqual(['0.0.0.0/0'])
    await account.ec2.revokeSecurityGroupIngress(ids(first!.SecurityGroupRuleId))
    expect(await sourcesOf(account)).toEqual([])
  })

  test.each<[string, Partial<RevokeSecurityGroupIngressCommandInput>, string]>([
    [
      'a rule that is not there',
      inGroup({ ...sip, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }, trunk),
      'InvalidPermission.NotFound',
    ],
    [
      'other ports',
      inGroup({ ...sip, ToPort: 5060, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }),
      'InvalidPermission.NotFound',
    ],
    ['nothing', { GroupId: SG }, 'MissingParameter'],
    [
      'ids and permissions',
      { ...inGroup(trunk), SecurityGroupRuleIds: ['x'] },
      'InvalidParameterCombination',
    ],
    ['a malformed id', { GroupId: SG, SecurityGroupRuleIds: ['x'] }, 'InvalidSecurityGroupRuleId.Malformed'],
  ])('refuses %s and takes nothing', async (_name, request, code) => {
    const account = await open()
    expect(await refusal(account.ec2.revokeSecurityGroupIngress(request))).toBe(code)
    expect(await sourcesOf(account)).toEqual(['0.0.0.0/0'])
  })
})

describe('stale reads', () => {
  test('show the rules of that long ago, while writes go by those that are', async () => {
    let now = 1_000_000
    const account = await open({ now: () => now, staleReadsMs: 1000 })
    await account.ec2.authorizeSecurityGroupIngress(inGroup(trunk))
    now += 400
    account.aws.securityGroups.get(SG)!.revokeById([account.aws.securityGroups.get(SG)!.rules[0]!.id])
    expect(await sourcesOf(account)).toEqual(['0.0.0.0/0'])
    expect(await refusal(account.ec2.authorizeSecurityGroupIngress(inGroup(trunk)))).toBe(
      'InvalidPermission.Duplicate',
    )
    now += 600
    expect(await sourcesOf(account)).toEqual(['0.0.0.0/0', '192.0.2.0/24'])
    now += 400
    expect(await sourcesOf(account)).toEqual(['192.0.2.0/24'])
    const { SecurityGroups } = await account.ec2.describeSecurityGroups({ GroupIds: [SG] })
    expect(SecurityGroups![0]!.IpPermissions![0]!.IpRanges).toHaveLength(1)
  })
})

describe('network interfaces', () => {
  const front: NetworkInterfaceSeed = {
    id: 'eni-0123456789abcdef0',
    instanceId: 'i-0123456789abcdef0',
    groupIds: [SG, OTHER],
    publicIp: '198.51.100.9',
    ipv6: ['2001:db8::9'],
  }
  const back: NetworkInterfaceSeed = {
    id: 'eni-0123456789abcdef1',
    groupIds: [OTHER],
    vpcId: 'vpc-0000000000000000b',
    subnetId: 'subnet-0000000000000000b',
    privateIp: '10.9.0.1',
  }

  test('come with their groups, addresses and attachment', async () => {
    const { ec2 } = await open({ networkInterfaces: [front, back] })
    const { NetworkInterfaces } = await ec2.describeNetworkInterfaces({ NetworkInterfaceIds: [front.id] })
    expect(NetworkInterfaces).toHaveLength(1)
    expect(NetworkInterfaces![0]).toMatchObject({
      NetworkInterfaceId: front.id,
      Status: 'in-use',
      SubnetId: 'subnet-00000000000000000',
      VpcId: 'vpc-0123456789abcdef0',
      Groups: [{ GroupId: SG }, { GroupId: OTHER }],
      Attachment: { InstanceId: 'i-0123456789abcdef0', Status: 'attached', DeviceIndex: 0 },
      Association: { PublicIp: '198.51.100.9' },
      PrivateIpAddress: '10.0.0.10',
      PrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.10', Primary: true }],
      Ipv6Addresses: [{ Ipv6Address: '2001:db8::9' }],
    })
  })

  test.each<[string, string, string[]]>([
    ['attachment.instance-id', 'i-0123456789abcdef0', [front.id]],
    ['group-id', SG, [front.id]],
    ['group-id', OTHER, [front.id, back.id]],
    ['vpc-id', 'vpc-0000000000000000b', [back.id]],
    ['subnet-id', 'subnet-0000000000000000b', [back.id]],
    ['association.public-ip', '198.51.100.9', [front.id]],
    ['private-ip-address', '10.9.0.1', [back.id]],
    ['status', 'available', [back.id]],
  ])('are found by %s %s', async (Name, value, ids) => {
    const { ec2 } = await open({ networkInterfaces: [front, back] })
    const Filters = [{ Name, Values: [value] }]
    const { NetworkInterfaces } = await ec2.describeNetworkInterfaces({ Filters })
    expect(NetworkInterfaces!.map(({ NetworkInterfaceId }) => NetworkInterfaceId)).toEqual(ids)
  })

  test('that are not there are refused', async () => {
    const { ec2 } = await open()
    const ask = (id: string) => refusal(ec2.describeNetworkInterfaces({ NetworkInterfaceIds: [id] }))
    expect([await ask(front.id), await ask('x')]).toEqual([
      'InvalidNetworkInterfaceID.NotFound',
      'InvalidNetworkInterfaceId.Malformed',
    ])
  })
})
