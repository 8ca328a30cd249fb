import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { PLACES, placeVariable } from '../../lib/names.ts'
import { fenceWith, TIERS, templateOf } from './synth.ts'

const LISTS = 'AWS::EC2::PrefixList'
const SETS = 'AWS::WAFv2::IPSet'
const GROUPS = 'AWS::WAFv2::RuleGroup'
const FUNCTIONS = 'AWS::Lambda::Function'

const template = templateOf(fenceWith({ firewalls: TIERS }))
const plain = templateOf(fenceWith())

function named(key: string, of = template): unknown[] {
  return Object.values(of.findResources(LISTS))
    .map(({ Properties }) => Properties)
    .filter(({ PrefixListName }) => PrefixListName.includes(key))
    .map(({ Tags: _, ...rest }) => rest)
}

describe('a fence that names no tier beside network ACLs', () => {
  test('has no list, no set, no rule group, and tells of none', () => {
    for (const type of [LISTS, SETS, GROUPS]) plain.resourceCountIs(type, 0)
    expect(
      Object.keys(plain.findOutputs('*')).filter((name) => /List|Peers|IpSet|RuleGroup/.test(name)),
    ).toEqual([])
    expect(JSON.stringify(plain.findResources(FUNCTIONS))).not.toMatch(/_IPV[46]/)
  })
})

describe('the prefix lists', () => {
  test('the deny lists are of a family each, as long as the settings say', () => {
    expect(named('-deny-')).toEqual([
      { PrefixListName: 'sipfence-pbx-deny-ipv4', AddressFamily: 'IPv4', MaxEntries: 300 },
      { PrefixListName: 'sipfence-pbx-deny-ipv6', AddressFamily: 'IPv6', MaxEntries: 300 },
    ])
  })

  test('so are the trusted peers, with 20 entries unless the settings say more', () => {
    expect(named('-trusted-')).toEqual([
      { PrefixListName: 'sipfence-pbx-trusted-ipv4', AddressFamily: 'IPv4', MaxEntries: 20 },
      { PrefixListName: 'sipfence-pbx-trusted-ipv6', AddressFamily: 'IPv6', MaxEntries: 20 },
    ])
    const trustedPeers = { ...TIERS.trustedPeers, maxEntries: 45 }
    const longer = templateOf(fenceWith({ firewalls: { trustedPeers } }))
    expect(named('', longer)).toMatchObject([{ MaxEntries: 45 }, { MaxEntries: 45 }])
  })

  test('go with the stack: what nobody keeps current should deny and trust nobody', () => {
    for (const type of [LISTS, SETS, GROUPS])
      template.allResources(type, { DeletionPolicy: Match.absent(), UpdateReplacePolicy: Match.absent() })
  })
})

describe('the IP sets', () => {
  test('are regional, of a family each, and empty', () => {
    const sets = Object.values(template.findResources(SETS)).map(({ Properties }) => Properties)
    expect(sets).toMatchObject([
      { Name: 'sipfence-pbx-ipv4', Scope: 'REGIONAL', IPAddressVersion: 'IPV4', Addresses: [] },
      { Name: 'sipfence-pbx-ipv6', Scope: 'REGIONAL', IPAddressVersion: 'IPV6', Addresses: [] },
    ])
  })

  test('hold nothing that follows from a setting: any change would make CloudFormation empty them', () => {
    const { account: _, ...other } = fenceWith({
      region: 'us-east-1',
      mode: 'enforce',
      ports: [5080],
      allow: [],
      networkAcls: [{ id: 'acl-9' }],
      reserve: 5,
      instanceRole: 'other',
      firewalls: { ipSets: { action: 'block' } },
    })
    expect(templateOf(other).findResources(SETS)).toEqual(template.findResources(SETS))
  })
})

describe('the rule group', () => {
  test.each([
    ['count', { Count: {} }],
    ['block', { Block: {} }],
  ])('%ss requests from the addresses of both sets, and shows them', (action, Action) => {
    const sets = Object.keys(template.findResources(SETS))
    const groups = templateOf(fenceWith({ firewalls: { ipSets: { action } } })).findResources(GROUPS)
    const [{ Properties }] = Object.values(groups) as [{ Properties: { Rules: object[] } }]
    const shown = { CloudWatchMetricsEnabled: true, SampledRequestsEnabled: true }
    const rule = (i: number, family: string) => ({
      Name: family,
      Priority: i,
      Statement: { IPSetReferenceStatement: { Arn: { 'Fn::GetAtt': [sets[i], 'Arn'] } } },
      Action,
      VisibilityConfig: { ...shown, MetricName: `sipfence-pbx-${family}` },
    })
    expect(Properties).toMatchObject({
      Name: 'sipfence-pbx',
      Scope: 'REGIONAL',
      VisibilityConfig: { ...shown, MetricName: 'sipfence-pbx' },
    })
    expect(Properties.Rules).toEqual([rule(0, 'IPV4'), rule(1, 'IPV6')])
  })

  test('has the same capacity whatever the settings: AWS does not let it be changed', () => {
    for (const action of ['count', 'block'])
      templateOf(fenceWith({ firewalls: { ipSets: { action } } })).hasResourceProperties(GROUPS, {
        Capacity: 20,
      })
  })

  test('stands in no web ACL: that is for people to do', () => {
    expect(JSON.stringify(template.toJSON())).not.toMatch(/WebACL|WebAcl/)
  })
})

describe('where they are', () => {
  /** The attribute that tells it, of the resource that CDK named after the place. */
  function attribute(place: string): object {
    const what = place.startsWith('IpSet') ? 'Arn' : 'PrefixListId'
    return { 'Fn::GetAtt': [expect.stringMatching(new RegExp(`^Places${place}[0-9A-F]{0,8}$`)), what] }
  }

  test('is told by the outputs, under the names of PLACES, and the rule group beside them', () => {
    const outputs = template.findOutputs('*')
    for (const place of PLACES) expect(outputs[place]).toMatchObject({ Value: attribute(place) })
    expect(outputs['RuleGroupArn']).toMatchObject({
      Value: { 'Fn::GetAtt': [Object.keys(template.findResources(GROUPS))[0], 'Arn'] },
    })
  })

  test('is told to both functions: each opens the fence with all its places', () => {
    const variables = Object.fromEntries(PLACES.map((place) => [placeVariable(place), attribute(place)]))
    const functions = Object.values(template.findResources(FUNCTIONS))
    expect(functions).toHaveLength(2)
    for (const { Properties } of functions) expect(Properties.Environment.Variables).toMatchObject(variables)
  })

  test.each([
    ['denyList', ['DenyListIpv4', 'DenyListIpv6']],
    ['ipSets', ['IpSetIpv4', 'IpSetIpv6', 'RuleGroupArn']],
    ['trustedPeers', ['TrustedPeersIpv4', 'TrustedPeersIpv6']],
  ] as const)('with %s alone: these, and no other', (key, names) => {
    const before = Object.keys(plain.findOutputs('*'))
    const outputs = templateOf(fenceWith({ firewalls: { [key]: TIERS[key] } })).findOutputs('*')
    expect(Object.keys(outputs).filter((name) => !before.includes(name))).toEqual(names)
  })
})
