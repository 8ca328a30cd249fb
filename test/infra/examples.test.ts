import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lacks } from '../skips.ts'
import { ROOT } from './synth.ts'

const LISTS = { denyListIpv4: 'pl-0a1b2c3d4e5f60718', denyListIpv6: 'pl-0f1e2d3c4b5a69788' }
const NETWORK = { ...LISTS, home: '10.0.0.0/16,2001:db8:1::/56' }
const RULE_GROUP = 'arn:aws:wafv2:eu-west-1:123456789012:regional/rulegroup/sipfence-pbx/0a1b2c3d'
const BALANCER = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/pbx/0a1b2c3d4e5f6071'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'sipfence-examples-'))
})
afterAll(() => rmSync(root, { recursive: true }))

interface Synthesis {
  readonly code: number | null
  readonly err: string
  /** Where the template is, were there one. */
  readonly file: string
}

/** Runs an example as `cdk synth` does: the command of its cdk.json, in its folder, with context by the environment. */
function synth(name: string, stack: string, context: object): Promise<Synthesis> {
  const cwd = join(ROOT, 'examples', name)
  const { app } = JSON.parse(readFileSync(join(cwd, 'cdk.json'), 'utf8'))
  const out = mkdtempSync(join(root, 'out-'))
  const env = {
    PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}`,
    CDK_OUTDIR: out,
    CDK_CONTEXT_JSON: JSON.stringify(context),
    CDK_VALIDATION: 'false',
  }
  return new Promise((resolve) => {
    const words = String(app).replace(/^npx /, '') // npx looks for a newer npm; the program is the same
    const child = execFile('sh', ['-c', words], { cwd, env }, (_, __, err) =>
      resolve({ code: child.exitCode, err, file: join(out, `${stack}.template.json`) }),
    )
  })
}

interface Resource {
  readonly Type: string
  // biome-ignore lint/suspicious/noExplicitAny: whatever CloudFormation takes
  readonly Properties: any
}

function propertiesOf({ file, err }: Synthesis, type: string): Resource['Properties'] {
  if (!existsSync(file)) throw new Error(`Cannot read the template: there is none: ${err}`)
  const { Resources } = JSON.parse(readFileSync(file, 'utf8'))
  const found = Object.values<Resource>(Resources).filter(({ Type }) => Type === type)
  expect(found).toHaveLength(1)
  return found[0]!.Properties
}

describe('examples/network-firewall', () => {
  let dual: Synthesis
  let ipv4: Synthesis
  let lost: Synthesis
  beforeAll(async () => {
    const of = (context: object) => synth('network-firewall', 'SipFenceNetworkFirewall', context)
    ;[dual, ipv4, lost] = await Promise.all([
      of({ ...NETWORK, ports: '5060,5080', action: 'drop' }),
      of({ ...NETWORK, home: '10.0.0.0/16' }),
      of(LISTS),
    ])
  }, 60_000)

  test('drops UDP on the SIP ports from whoever is in the deny lists, and nothing else', () => {
    const { RuleGroup } = propertiesOf(dual, 'AWS::NetworkFirewall::RuleGroup')
    expect(RuleGroup.RulesSource.RulesString.split('\n')).toEqual([
      'drop udp @SIPFENCE4 any -> $HOME_NET [5060,5080] (msg:"sipfence blocks this source"; sid:1506004; rev:1;)',
      'drop udp @SIPFENCE6 any -> $HOME_NET [5060,5080] (msg:"sipfence blocks this source"; sid:1506006; rev:1;)',
    ])
    expect(RuleGroup.RuleVariables.IPSets.HOME_NET.Definition).toEqual(NETWORK.home.split(','))
  })

  test('refers to the lists by their ARNs, and holds no address of theirs', () => {
    const { RuleGroup } = propertiesOf(dual, 'AWS::NetworkFirewall::RuleGroup')
    const { SIPFENCE4, SIPFENCE6 } = RuleGroup.ReferenceSets.IPSetReferences
    const endOf = (reference: object) => JSON.stringify(reference).match(/:prefix-list\/(pl-\w+)"/)?.[1]
    expect([endOf(SIPFENCE4), endOf(SIPFENCE6)]).toEqual([LISTS.denyListIpv4, LISTS.denyListIpv6])
  })

  test('first only tells of what it would drop, on port 5060, and has no IPv6 rule where there is no IPv6', () => {
    const { RuleGroup } = propertiesOf(ipv4, 'AWS::NetworkFirewall::RuleGroup')
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

  test('says what it lacks, and makes nothing', () => {
    expect(lost.code).toBe(1)
    expect(lost.err).toContain('Cannot make a firewall policy: nothing says home; say it by -c home=…')
    expect(existsSync(lost.file)).toBe(false)
  })

  test.skipIf(lacks('cfn-lint over the firewall policy', 'cfn-lint'))(
    'has nothing that cfn-lint warns of',
    () => {
      expect(warnings(dual, ipv4)).toEqual([0, ''])
    },
  )
})

describe('examples/web-acl', () => {
  let alone: Synthesis
  let attached: Synthesis
  let lost: Synthesis
  beforeAll(async () => {
    const of = (context: object) => synth('web-acl', 'SipFenceWebAcl', context)
    ;[alone, attached, lost] = await Promise.all([
      of({ ruleGroup: RULE_GROUP }),
      of({ ruleGroup: RULE_GROUP, loadBalancer: BALANCER }),
      of({}),
    ])
  }, 60_000)

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

  test('says what it lacks, and makes nothing', () => {
    expect(lost.code).toBe(1)
    expect(lost.err).toContain('Cannot make a web ACL: nothing says ruleGroup; say it by -c ruleGroup=arn:…')
    expect(existsSync(lost.file)).toBe(false)
  })

  test.skipIf(lacks('cfn-lint over the web ACL', 'cfn-lint'))('has nothing that cfn-lint warns of', () => {
    expect(warnings(alone, attached)).toEqual([0, ''])
  })
})

function warnings(...templates: readonly Synthesis[]): [number | null, string] {
  const files = templates.map(({ file }) => file)
  const { status, stdout } = spawnSync('cfn-lint', ['--', ...files], { encoding: 'utf8' })
  return [status, stdout]
}
