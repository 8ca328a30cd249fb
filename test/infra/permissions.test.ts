import { describe, expect, test } from 'vitest'
import { FENCE, fenceWith, TIERS, templateOf } from './synth.ts'

interface Statement {
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: string | readonly string[]
  readonly Resource: unknown
  readonly Principal?: unknown
  readonly Condition?: unknown
}

interface Resource {
  readonly Type: string
  readonly Properties: Readonly<Record<string, unknown>>
}

/** One action on one resource, and why it must be allowed. */
type Reason = readonly [action: string, resource: string, why: string]

const ACLS = FENCE.networkAcls.map(({ id }) => arn('network-acl', id))

function arn(kind: string, id: string): string {
  return `arn:aws:ec2:eu-west-1:123456789012:${kind}/${id}`
}

const LEDGER: readonly Reason[] = [
  ['dynamodb:GetItem', 'Ledger', 'reads one item, strongly consistent'],
  ['dynamodb:PutItem', 'Ledger', 'writes an item, on a condition'],
  ['dynamodb:UpdateItem', 'Ledger', 'counts, and moves the generation'],
  ['dynamodb:DeleteItem', 'Ledger', 'ends a block or a claim'],
  ['dynamodb:Query', 'Ledger', 'reads one partition'],
]

const ANALYZE: readonly Reason[] = [
  ['sqs:ReceiveMessage', 'QueuesReports', 'Lambda polls with the function’s role'],
  ['sqs:DeleteMessage', 'QueuesReports', 'Lambda deletes what was handled'],
  ['sqs:GetQueueAttributes', 'QueuesReports', 'Lambda looks how much there is'],
  ...LEDGER,
  ['sqs:SendMessage', 'QueuesReconcile', 'a new block wakes the writer of the firewall'],
  ['logs:CreateLogStream', 'AnalyzeLog', 'its own log'],
  ['logs:PutLogEvents', 'AnalyzeLog', 'its own log'],
]

const RECONCILE: readonly Reason[] = [
  ['sqs:ReceiveMessage', 'QueuesReconcile', 'Lambda polls with the function’s role'],
  ['sqs:DeleteMessage', 'QueuesReconcile', 'Lambda deletes what was handled'],
  ['sqs:GetQueueAttributes', 'QueuesReconcile', 'Lambda looks how much there is'],
  ['sqs:ChangeMessageVisibility', 'QueuesReconcile', 'a failed round is tried again after seconds'],
  ...LEDGER,
  ['sns:Publish', 'Topic', 'notices of incidents'],
  ['servicequotas:GetServiceQuota', '*', 'capacity of network ACLs and security groups; no resource level'],
  ['ec2:DescribeNetworkAcls', '*', 'reads what there is; EC2 has no resource level for it'],
  ...ACLS.flatMap((acl): readonly Reason[] => [
    ['ec2:CreateNetworkAclEntry', acl, 'a denial into a free number'],
    ['ec2:ReplaceNetworkAclEntry', acl, 'one denial for another, with no gap between'],
    ['ec2:DeleteNetworkAclEntry', acl, 'lifts a denial'],
    ['ec2:CreateTags', acl, 'says whose network ACL it is'],
    ['ec2:DeleteTags', acl, 'and takes that back'],
  ]),
  ['logs:CreateLogStream', 'ReconcileLog', 'its own log'],
  ['logs:PutLogEvents', 'ReconcileLog', 'its own log'],
]

const LISTS: readonly Reason[] = [
  ['ec2:DescribeManagedPrefixLists', '*', 'reads version, state and size; EC2 has no resource level for it'],
]

/** What reconcile may do more, by the key of the settings. */
const MORE: Readonly<Record<keyof typeof TIERS, readonly Reason[]>> = {
  denyList: [
    ...LISTS,
    ...['PlacesDenyListIpv4', 'PlacesDenyListIpv6'].flatMap((list): readonly Reason[] => [
      ['ec2:GetManagedPrefixListEntries', list, 'reads what is in it'],
      ['ec2:ModifyManagedPrefixList', list, 'denies, and lifts a denial'],
    ]),
  ],
  ipSets: ['PlacesIpSetIpv4', 'PlacesIpSetIpv6'].flatMap((set): readonly Reason[] => [
    ['wafv2:GetIPSet', set, 'reads what is in it'],
    ['wafv2:UpdateIPSet', set, 'denies, and lifts a denial'],
  ]),
  trustedPeers: [
    ...LISTS,
    ...['PlacesTrustedPeersIpv4', 'PlacesTrustedPeersIpv6'].flatMap((list): readonly Reason[] => [
      ['ec2:GetManagedPrefixListEntries', list, 'reads what is in it'],
      ['ec2:ModifyManagedPrefixList', list, 'trusts, and trusts no more'],
    ]),
    ['ec2:DescribeNetworkInterfaces', '*', 'which groups are on the PBXs’ interfaces; no resource level'],
    ['ec2:DescribeSecurityGroups', '*', 'whether a group lets everything out; no resource level'],
    ['ec2:DescribeSecurityGroupRules', '*', 'which rules let the public in; no resource level'],
    ...TIERS.trustedPeers.securityGroups.flatMap((id): readonly Reason[] => [
      [
        'ec2:AuthorizeSecurityGroupIngress',
        arn('security-group', id),
        'lets trusted peers in; the public again',
      ],
      ['ec2:RevokeSecurityGroupIngress', arn('security-group', id), 'takes the public rule away; ours again'],
    ]),
    ['ec2:AuthorizeSecurityGroupIngress', arn('security-group-rule', '*'), 'asked for where a rule has tags'],
    ['ec2:CreateTags', arn('security-group-rule', '*'), 'a rule comes back with its tags'],
  ],
}

const template = templateOf(fenceWith())
const tiered = templateOf(fenceWith({ firewalls: TIERS }))

function resources(of = template): readonly [string, Resource][] {
  return Object.entries(of.toJSON()['Resources'] as Record<string, Resource>)
}

/** Every statement of every policy in a resource, wherever it stands. */
function statementsIn(value: unknown): Statement[] {
  if (typeof value !== 'object' || value === null) return []
  if ('Effect' in value) return [value as Statement]
  return Object.values(value).flatMap(statementsIn)
}

function list<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T]
}

/** An ARN as it is, or the name of what it refers to without CDK's digest. */
function named(resource: unknown): string {
  if (typeof resource === 'string') return resource
  const { Ref, 'Fn::GetAtt': attribute } = resource as { Ref?: string; 'Fn::GetAtt'?: [string, string] }
  return (Ref ?? attribute?.[0] ?? JSON.stringify(resource)).replace(/[0-9A-F]{8}$/, '')
}

function grantsOf(role: string, of = template): string[] {
  const [, { Properties }] = resources(of).find(
    ([id, { Type }]) => Type === 'AWS::IAM::Role' && named({ Ref: id }) === role,
  )!
  expect(Properties['ManagedPolicyArns']).toBeUndefined()
  return statementsIn(Properties['Policies']).flatMap(({ Effect, Action, Resource }) => {
    expect(Effect).toBe('Allow')
    return list(Action).flatMap((action) => list(Resource).map((each) => `${action} ${named(each)}`))
  })
}

function grantsIn(reasons: readonly Reason[]): string[] {
  return reasons.map(([action, resource]) => `${action} ${resource}`)
}

describe('the functions may', () => {
  test.each([
    ['analyze', 'AnalyzeRole', ANALYZE],
    ['reconcile', 'ReconcileRole', RECONCILE],
  ])('%s: what is listed here with a reason, and nothing else', (_, role, reasons) => {
    expect(grantsOf(role).sort()).toEqual(grantsIn(reasons).sort())
  })

  test.each(Object.keys(MORE) as (keyof typeof MORE)[])(
    'reconcile, with %s in the settings: what is listed for it, and nothing else more',
    (key) => {
      const grants = grantsOf('ReconcileRole', templateOf(fenceWith({ firewalls: { [key]: TIERS[key] } })))
      expect(grants.sort()).toEqual(grantsIn([...RECONCILE, ...MORE[key]]).sort())
    },
  )

  test('reconcile, with all of them: the sum', () => {
    const all = new Set(grantsIn([...RECONCILE, ...Object.values(MORE).flat()]))
    expect(grantsOf('ReconcileRole', tiered).sort()).toEqual([...all].sort())
  })

  test('analyze: no more with all of them than without', () => {
    expect(grantsOf('AnalyzeRole', tiered).sort()).toEqual(grantsIn(ANALYZE).sort())
  })

  test('set and remove one tag of the network ACLs, and no other, nor all at once', () => {
    const tagging = resources()
      .flatMap(([, { Properties }]) => statementsIn(Properties))
      .filter(({ Action }) => list(Action).some((action) => action.endsWith('Tags')))
    expect(tagging.map(({ Condition }) => Condition)).toEqual([
      {
        'ForAllValues:StringEquals': { 'aws:TagKeys': ['sipfence:fence'] },
        Null: { 'aws:TagKeys': 'false' },
      },
    ])
  })

  test('give tags to a rule of a security group while it is made, and never after', () => {
    const tagging = resources(tiered)
      .flatMap(([, { Properties }]) => statementsIn(Properties))
      .filter(({ Resource }) => JSON.stringify(Resource ?? '').includes('security-group-rule'))
      .filter(({ Action }) => list(Action).some((action) => action.endsWith('Tags')))
    expect(tagging).toEqual([
      {
        Effect: 'Allow',
        Action: 'ec2:CreateTags',
        Resource: arn('security-group-rule', '*'),
        Condition: { StringEquals: { 'ec2:CreateAction': 'AuthorizeSecurityGroupIngress' } },
      },
    ])
  })

  test('be run by Lambda only', () => {
    const trusts = resources()
      .filter(([id, { Type }]) => Type === 'AWS::IAM::Role' && !id.startsWith('Pbx'))
      .flatMap(([, { Properties }]) => statementsIn(Properties['AssumeRolePolicyDocument']))
    expect(trusts.map(({ Principal }) => Principal)).toEqual([
      { Service: 'lambda.amazonaws.com' },
      { Service: 'lambda.amazonaws.com' },
    ])
  })

  test('have no policy but the one in their role', () => {
    expect(resources().filter(([, { Type }]) => Type === 'AWS::IAM::Policy')).toEqual([])
  })
})

/** What is allowed on resources that are not named one by one. */
function wideActions(of: typeof template): unknown[] {
  const allowed = resources(of)
    .flatMap(([, { Properties }]) => statementsIn(Properties))
    .filter(({ Effect }) => Effect === 'Allow')
  expect(allowed.flatMap(({ Action }) => list(Action)).filter((action) => action.includes('*'))).toEqual([])
  const wide = allowed.filter(({ Resource }) => JSON.stringify(Resource ?? '').includes('*'))
  return wide.flatMap(({ Action }) => list(Action)).sort()
}

test('nothing in the stack allows every resource but reading network ACLs and quotas, and nothing allows every action', () => {
  expect(wideActions(template)).toEqual(['ec2:DescribeNetworkAcls', 'servicequotas:GetServiceQuota'])
})

test('with all tiers: but reading, and making rules together with a group that is named', () => {
  expect(wideActions(tiered)).toEqual([
    'ec2:AuthorizeSecurityGroupIngress',
    'ec2:CreateTags',
    'ec2:DescribeManagedPrefixLists',
    'ec2:DescribeNetworkAcls',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSecurityGroupRules',
    'ec2:DescribeSecurityGroups',
    'servicequotas:GetServiceQuota',
  ])
})

test('nothing in the stack may write a web ACL or a rule group', () => {
  const actions = resources(tiered)
    .flatMap(([, { Properties }]) => statementsIn(Properties))
    .flatMap(({ Action }) => list(Action))
    .filter((action) => action.startsWith('wafv2:'))
  expect([...new Set(actions)].sort()).toEqual(['wafv2:GetIPSet', 'wafv2:UpdateIPSet'])
})

describe('a PBX', () => {
  function accessOf(over: object) {
    const all = resources(templateOf(fenceWith(over)))
    const of = (type: string) =>
      all.filter(([id, { Type }]) => Type === `AWS::IAM::${type}` && id.startsWith('Pbx'))
    return { policies: of('ManagedPolicy'), roles: of('Role'), profiles: of('InstanceProfile') }
  }

  test.each([['pbx'], [undefined]])(
    'may find the reports queue and send to it, nothing else (role %s)',
    (role) => {
      const { policies } = accessOf(role === undefined ? {} : { instanceRole: role })
      const statements = policies.flatMap(([, { Properties }]) => statementsIn(Properties))
      expect(statements).toEqual([
        {
          Effect: 'Allow',
          Action: ['sqs:GetQueueUrl', 'sqs:SendMessage'],
          Resource: { 'Fn::GetAtt': [expect.stringMatching(/^QueuesReports[0-9A-F]{8}$/), 'Arn'] },
        },
      ])
    },
  )

  test('may by the role that the settings name', () => {
    const { policies, roles, profiles } = accessOf({ instanceRole: 'pbx' })
    expect(policies[0]![1].Properties['Roles']).toEqual(['pbx'])
    expect([roles, profiles]).toEqual([[], []])
  })

  test('may by a new role that only EC2 can take, where they name none', () => {
    const { policies, roles, profiles } = accessOf({})
    const { Properties } = roles[0]![1]
    expect(Properties['ManagedPolicyArns']).toEqual([{ Ref: policies[0]![0] }])
    expect(Properties['Policies']).toBeUndefined()
    expect(statementsIn(Properties['AssumeRolePolicyDocument'])).toEqual([
      { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'ec2.amazonaws.com' } },
    ])
    expect(profiles[0]![1].Properties['Roles']).toEqual([{ Ref: roles[0]![0] }])
  })
  describe('is the only one that may send reports, whatever else the account allows:', () => {
    function denialsOf(over: object) {
      return resources(templateOf(fenceWith(over)))
        .filter(([, { Type }]) => Type === 'AWS::SQS::QueuePolicy')
        .flatMap(([, { Properties }]) => statementsIn(Properties))
        .filter(({ Effect, Action }) => Effect === 'Deny' && Action !== 'sqs:*')
    }

    function denial(roles: unknown) {
      return {
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: 'sqs:SendMessage',
        Resource: { 'Fn::GetAtt': [expect.stringMatching(/^QueuesReports[0-9A-F]{8}$/), 'Arn'] },
        Condition: { ArnNotLike: { 'aws:PrincipalArn': roles } },
      }
    }

    test('with the new role', () => {
      const role = { 'Fn::GetAtt': [expect.stringMatching(/^PbxRole[0-9A-F]{8}$/), 'Arn'] }
      expect(denialsOf({})).toEqual([denial([role])])
    })

    test('with the role of that name, whatever its path', () => {
      const role = 'arn:aws:iam::123456789012:role'
      expect(denialsOf({ instanceRole: 'pbx' })).toEqual([denial([`${role}/pbx`, `${role}/*/pbx`])])
      const china = 'arn:aws-cn:iam::123456789012:role'
      expect(denialsOf({ instanceRole: 'pbx', region: 'cn-north-1' })).toEqual([
        denial([`${china}/pbx`, `${china}/*/pbx`]),
      ])
    })
  })
})
