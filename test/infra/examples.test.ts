import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lacks } from '../skips.ts'
import { type Synthesis, synthHere, synthSpawned } from './example-app.ts'

const LISTS = { denyListIpv4: 'pl-0a1b2c3d4e5f60718', denyListIpv6: 'pl-0f1e2d3c4b5a69788' }
const NETWORK = { ...LISTS, fence: 'pbx', home: '10.0.0.0/16,2001:db8:1::/56' }
const IPV4 = { fence: 'pbx', home: '10.0.0.0/16', denyListIpv4: LISTS.denyListIpv4 }
const SHARED = 'arn:aws:ec2:eu-west-1:210987654321:prefix-list/pl-0a1b2c3d4e5f60718'
const RULE_GROUP = 'arn:aws:wafv2:eu-west-1:123456789012:regional/rulegroup/sipfence-pbx/0a1b2c3d'
const BALANCER = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/pbx/0a1b2c3d4e5f6071'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'sipfence-examples-'))
})
afterAll(() => rmSync(root, { recursive: true }))

interface Resource {
  readonly Type: string
  // biome-ignore lint/suspicious/noExplicitAny: whatever CloudFormation takes
  readonly Properties: any
}

interface Made extends Synthesis {
  /** Where the template is, were there one. */
  readonly file: string
}

const templated = (made: Synthesis, stack: string): Made => ({
  ...made,
  file: join(made.out, `${stack}.template.json`),
})

function propertiesOf(made: Made, type: string): Resource['Properties'] {
  const { file, err } = made
  if (!existsSync(file)) throw new Error(`Cannot read the template: there is none: ${err}`)
  const { Resources } = JSON.parse(readFileSync(file, 'utf8'))
  const found = Object.values<Resource>(Resources).filter(({ Type }) => Type === type)
  expect(found).toHaveLength(1)
  return found[0]!.Properties
}

describe('examples/network-firewall', () => {
  let dual: Made
  let ipv4: Made
  let other: Made
  const of = async (context: object, fence = 'pbx', synth = synthHere) =>
    templated(await synth('network-firewall', context, root), `SipFenceNetworkFirewall-${fence}`)
  beforeAll(async () => {
    dual = await of({ ...NETWORK, ports: '5060,5080', action: 'drop' }, 'pbx', synthSpawned)
    ipv4 = await of(IPV4)
    other = await of({ ...NETWORK, fence: 'two', home: '10.1.0.0/16', denyListIpv4: SHARED }, 'two')
  })

  test('drops UDP on the SIP ports from whoever is in the deny lists, and nothing else', () => {
    const { RuleGroup } = propertiesOf(dual, 'AWS::NetworkFirewall::RuleGroup')
    expect(RuleGroup.RulesSource.RulesString.split('\n')).toEqual([
      'drop udp @SIPFENCE4 any -> $HOME_NET [5060,5080] (msg:"sipfence pbx blocks this source"; sid:1506004; rev:1;)',
      'drop udp @SIPFENCE6 any -> $HOME_NET [5060,5080] (msg:"sipfence pbx blocks this source"; sid:1506006; rev:1;)',
    ])
    expect(RuleGroup.RuleVariables.IPSets.HOME_NET.Definition).toEqual(NETWORK.home.split(','))
  })

  test('refers to the lists by their ARNs, and holds no address of theirs', () => {
    const { RuleGroup } = propertiesOf(dual, 'AWS::NetworkFirewall::RuleGroup')
    const { SIPFENCE4, SIPFENCE6 } = RuleGroup.ReferenceSets.IPSetReferences
    const endOf = (reference: object) => JSON.stringify(reference).match(/:prefix-list\/(pl-\w+)"/)?.[1]
    expect([endOf(SIPFENCE4), endOf(SIPFENCE6)]).toEqual([LISTS.denyListIpv4, LISTS.denyListIpv6])
  })

  test('takes the ARN of a list that another account shares as it is', () => {
    const { RuleGroup } = propertiesOf(other, 'AWS::NetworkFirewall::RuleGroup')
    expect(RuleGroup.ReferenceSets.IPSetReferences).toEqual({ SIPFENCE4: { ReferenceArn: SHARED } })
  })

  test('names all after the fence, so that a second one overwrites nothing', () => {
    const namesOf = (each: Made) => [
      propertiesOf(each, 'AWS::NetworkFirewall::RuleGroup').RuleGroupName,
      propertiesOf(each, 'AWS::NetworkFirewall::FirewallPolicy').FirewallPolicyName,
    ]
    expect(namesOf(dual)).toEqual(['sipfence-pbx-deny-sip', 'sipfence-pbx-deny-sip'])
    expect(namesOf(other)).toEqual(['sipfence-two-deny-sip', 'sipfence-two-deny-sip'])
  })

  test('first only tells of what it would drop, on port 5060, and knows no IPv6 where there is none', () => {
    const { RuleGroup } = propertiesOf(ipv4, 'AWS::NetworkFirewall::RuleGroup')
    expect(Object.keys(RuleGroup.ReferenceSets.IPSetReferences)).toEqual(['SIPFENCE4'])
    expect(RuleGroup.RulesSource.RulesString).toMatch(
      /^alert udp @SIPFENCE4 any -> \$HOME_NET \[5060\] [^\n]*$/,
    )
  })

  test('has a policy that refers to the rules in the order that they ask for, and lets all else pass', () => {
    const group = propertiesOf(dual, 'AWS::NetworkFirewall::RuleGroup')
    const { FirewallPolicy } = propertiesOf(dual, 'AWS::NetworkFirewall::FirewallPolicy')
    expect(group.RuleGroup.StatefulRuleOptions.RuleOrder).toBe('STRICT_ORDER')
    expect(FirewallPolicy.StatefulEngineOptions.RuleOrder).toBe('STRICT_ORDER')
    expect(FirewallPolicy.StatefulRuleGroupReferences).toHaveLength(1)
    expect(FirewallPolicy.StatefulDefaultActions).toBeUndefined()
  })

  test.each<[string, object, string]>([
    ['no fence', { fence: undefined }, 'nothing says fence; say it by -c fence=…, as README.md shows'],
    ['no home', { home: undefined }, 'nothing says home; say it by -c home=…, as README.md shows'],
    [
      'no list for a family of home',
      { denyListIpv6: undefined },
      'nothing says denyListIpv6; say it by -c denyListIpv6=…, as README.md shows',
    ],
    ['no fence’s id', { fence: 'PBX 1' }, 'fence should be the id of a fence, such as "pbx"; it is "PBX 1"'],
    [
      'what is no port',
      { ports: '5060,sip' },
      'ports should be UDP ports with commas between them, such as "5060,5080"; it is "5060,sip"',
    ],
    [
      'a port that is too high',
      { ports: '65536' },
      'ports should be UDP ports with commas between them, such as "5060,5080"; it is "65536"',
    ],
    [
      'an address for a range',
      { home: '10.0.0.0' },
      'home should be address ranges with commas between them, such as "10.0.0.0/16,2001:db8:1::/56"; it is "10.0.0.0"',
    ],
    [
      'a range that is none',
      { home: '10.0.0.0/16,10.1.0.0/33' },
      'home should be address ranges with commas between them, such as "10.0.0.0/16,2001:db8:1::/56"; it is "10.0.0.0/16,10.1.0.0/33"',
    ],
    [
      'what is no list, although nothing needs it',
      { home: '10.0.0.0/16', denyListIpv6: 'sg-0a1b2c3d' },
      'denyListIpv6 should be a prefix list such as "pl-0123456789abcdef0", or the ARN of one; it is "sg-0a1b2c3d"',
    ],
    ['another action', { action: 'deny' }, 'action should be "alert" or "drop"; it is "deny"'],
  ])('says in one line that it is given %s, and makes nothing', async (_, context, line) => {
    const { code, err, file } = await of({ ...NETWORK, ...context })
    expect([code, err]).toEqual([1, `Cannot make a firewall policy: ${line}\n`])
    expect(existsSync(file)).toBe(false)
  })

  test('says so, and fails, in a process of its own', async () => {
    const { code, err, file } = await of({ ...NETWORK, action: 'deny' }, 'pbx', synthSpawned)
    expect([code, err]).toEqual([1, expect.stringMatching(/^Cannot make a firewall policy: action .*\n$/)])
    expect(existsSync(file)).toBe(false)
  })

  test.skipIf(lacks('cfn-lint over the firewall policy', 'cfn-lint'))(
    'has nothing that cfn-lint warns of',
    () => {
      expect(warnings(dual, ipv4, other)).toEqual([0, ''])
    },
  )
})

describe('examples/web-acl', () => {
  let alone: Made
  let attached: Made
  let other: Made
  const GIVEN = { fence: 'pbx', ruleGroup: RULE_GROUP }
  const of = async (context: object, fence = 'pbx', synth = synthHere) =>
    templated(await synth('web-acl', context, root), `SipFenceWebAcl-${fence}`)
  beforeAll(async () => {
    alone = await of(GIVEN, 'pbx', synthSpawned)
    attached = await of({ ...GIVEN, loadBalancer: BALANCER })
    other = await of({ ...GIVEN, fence: 'two' }, 'two')
  })

  test('lets everything pass but what the rule group of the fence blocks', () => {
    const { DefaultAction, Rules } = propertiesOf(alone, 'AWS::WAFv2::WebACL')
    expect(DefaultAction).toEqual({ Allow: {} })
    expect(Rules).toMatchObject([
      { OverrideAction: { None: {} }, Statement: { RuleGroupReferenceStatement: { Arn: RULE_GROUP } } },
    ])
  })

  test('stands before a load balancer where one is named', () => {
    expect(propertiesOf(attached, 'AWS::WAFv2::WebACLAssociation').ResourceArn).toBe(BALANCER)
    expect(readFileSync(alone.file, 'utf8')).not.toContain('WebACLAssociation')
  })

  test('is named after the fence, so that a second one overwrites nothing', () => {
    const namesOf = (each: Made) => {
      const { Name, Rules, VisibilityConfig } = propertiesOf(each, 'AWS::WAFv2::WebACL')
      return [Name, Rules[0].Name, Rules[0].VisibilityConfig.MetricName, VisibilityConfig.MetricName]
    }
    const named = (fence: string) => [fence, fence, `${fence}-group`, `${fence}-web-acl`]
    expect(namesOf(alone)).toEqual(named('sipfence-pbx'))
    expect(namesOf(other)).toEqual(named('sipfence-two'))
  })

  const GROUP =
    'ruleGroup should be the ARN of a regional rule group, such as "arn:aws:wafv2:eu-west-1:123456789012:regional/rulegroup/sipfence-pbx/…"'
  test.each<[string, object, string]>([
    ['no fence', { fence: undefined }, 'nothing says fence; say it by -c fence=…, as README.md shows'],
    [
      'no rule group',
      { ruleGroup: undefined },
      'nothing says ruleGroup; say it by -c ruleGroup=…, as README.md shows',
    ],
    ['the name of one', { ruleGroup: 'sipfence-pbx' }, `${GROUP}; it is "sipfence-pbx"`],
    ['the ARN of something else', { ruleGroup: BALANCER }, `${GROUP}; it is "${BALANCER}"`],
    [
      'no load balancer',
      { loadBalancer: RULE_GROUP },
      `loadBalancer should be the ARN of an Application Load Balancer; it is "${RULE_GROUP}"`,
    ],
  ])('says in one line that it is given %s, and makes nothing', async (_, context, line) => {
    const { code, err, file } = await of({ ...GIVEN, ...context })
    expect([code, err]).toEqual([1, `Cannot make a web ACL: ${line}\n`])
    expect(existsSync(file)).toBe(false)
  })

  test.skipIf(lacks('cfn-lint over the web ACL', 'cfn-lint'))('has nothing that cfn-lint warns of', () => {
    expect(warnings(alone, attached)).toEqual([0, ''])
  })
})

function warnings(...templates: readonly Made[]): [number | null, string] {
  const files = templates.map(({ file }) => file)
  const { status, stdout } = spawnSync('cfn-lint', ['--', ...files], { encoding: 'utf8' })
  return [status, stdout]
}
