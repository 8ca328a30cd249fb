import { CfnFirewallPolicy, CfnRuleGroup } from 'aws-cdk-lib/aws-networkfirewall'
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'

/** Prefix lists of each IP family that the PBXs speak: ids, or the ARNs of lists that another account shares. */
export type DenyLists = Readonly<Partial<Record<4 | 6, string>>>

export interface DenySipProps extends StackProps {
  /** The fence's id, which goes into the names. */
  readonly fence: string
  /** What the outputs DenyListIpv4 and DenyListIpv6 of the fence's stack say. */
  readonly denyLists: DenyLists
  /** Address ranges of the PBXs, IPv4 and IPv6. */
  readonly home: readonly string[]
  readonly ports: readonly number[]
  /** `alert` only logs what `drop` would drop. */
  readonly action: 'alert' | 'drop'
}

/** One rule for each IP family. It cannot be changed afterwards, so there is room for rules of your own. */
const CAPACITY = 10

/**
 * A firewall policy that drops SIP over UDP from whoever a fence blocks. Network Firewall follows the lists by itself, so
 * this stack does not change when they do. The addresses are in the lists, not here.
 */
export class DenySip extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { fence, denyLists, home, ports, action, ...props }: DenySipProps,
  ) {
    super(scope, id, {
      description: `Drops SIP over UDP from sources that sipfence ${fence} blocks`,
      ...props,
    })
    const reference = ([family, list]: readonly [string, string]) => {
      const ofOurs = { service: 'ec2', resource: 'prefix-list', resourceName: list }
      return [`SIPFENCE${family}`, { referenceArn: list.startsWith('arn:') ? list : this.formatArn(ofOurs) }]
    }
    const lists = Object.entries(denyLists)
    const group = new CfnRuleGroup(this, 'RuleGroup', {
      ruleGroupName: `sipfence-${fence}-deny-sip`,
      type: 'STATEFUL',
      capacity: CAPACITY,
      ruleGroup: {
        referenceSets: { ipSetReferences: Object.fromEntries(lists.map(reference)) },
        ruleVariables: { ipSets: { HOME_NET: { definition: [...home] } } },
        rulesSource: { rulesString: rulesOf(fence, Object.keys(denyLists), ports, action) },
        statefulRuleOptions: { ruleOrder: 'STRICT_ORDER' },
      },
    })
    const policy = new CfnFirewallPolicy(this, 'Policy', {
      firewallPolicyName: `sipfence-${fence}-deny-sip`,
      firewallPolicy: {
        statelessDefaultActions: ['aws:forward_to_sfe'],
        statelessFragmentDefaultActions: ['aws:forward_to_sfe'],
        // What no rule drops passes. A flow whose beginning the firewall has missed goes on.
        statefulEngineOptions: { ruleOrder: 'STRICT_ORDER', streamExceptionPolicy: 'CONTINUE' },
        statefulRuleGroupReferences: [{ resourceArn: group.attrRuleGroupArn, priority: 10 }],
      },
    })
    new CfnOutput(this, 'PolicyArn', { value: policy.attrFirewallPolicyArn })
    new CfnOutput(this, 'RuleGroupArn', { value: group.attrRuleGroupArn })
  }
}

/**
 * In Suricata's words. UDP on the SIP ports and nothing else: the lists also hold sources that may be forged, and whoever
 * forged one should not decide what its real owner may no longer reach.
 */
function rulesOf(
  fence: string,
  families: readonly string[],
  ports: readonly number[],
  action: 'alert' | 'drop',
): string {
  return families
    .map((family) => {
      const options = `msg:"sipfence ${fence} blocks this source"; sid:150600${family}; rev:1;`
      return `${action} udp @SIPFENCE${family} any -> $HOME_NET [${ports.join(',')}] (${options})`
    })
    .join('\n')
}
