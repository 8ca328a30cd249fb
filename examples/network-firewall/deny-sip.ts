import { CfnFirewallPolicy, CfnRuleGroup } from 'aws-cdk-lib/aws-networkfirewall'
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'

export interface DenySipProps extends StackProps {
  /** What the outputs DenyListIpv4 and DenyListIpv6 of the fence's stack say. */
  readonly denyLists: { readonly ipv4: string; readonly ipv6: string }
  /** Address ranges of the PBXs, IPv4 and IPv6. */
  readonly home: readonly string[]
  readonly ports: readonly number[]
  /** `alert` only logs what `drop` would drop. */
  readonly action: 'alert' | 'drop'
}

/** One rule for each family. It cannot be changed afterwards, so there is room for rules of your own. */
const CAPACITY = 10

/**
 * A firewall policy that drops SIP over UDP from whoever a fence blocks. Network Firewall follows the lists by itself, so
 * this stack does not change when they do. The addresses are in the lists, not here.
 */
export class DenySip extends Stack {
  constructor(scope: Construct, id: string, { denyLists, home, ports, action, ...props }: DenySipProps) {
    super(scope, id, { description: 'Drops SIP over UDP from sources that sipfence blocks', ...props })
    const listArn = (resourceName: string) => ({
      referenceArn: this.formatArn({ service: 'ec2', resource: 'prefix-list', resourceName }),
    })
    const group = new CfnRuleGroup(this, 'RuleGroup', {
      ruleGroupName: 'sipfence-deny-sip',
      type: 'STATEFUL',
      capacity: CAPACITY,
      ruleGroup: {
        referenceSets: {
          ipSetReferences: { SIPFENCE4: listArn(denyLists.ipv4), SIPFENCE6: listArn(denyLists.ipv6) },
        },
        ruleVariables: { ipSets: { HOME_NET: { definition: [...home] } } },
        rulesSource: { rulesString: rulesOf(home, ports, action) },
        statefulRuleOptions: { ruleOrder: 'STRICT_ORDER' },
      },
    })
    const policy = new CfnFirewallPolicy(this, 'Policy', {
      firewallPolicyName: 'sipfence-deny-sip',
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
function rulesOf(home: readonly string[], ports: readonly number[], action: 'alert' | 'drop'): string {
  const families = [4, 6].filter((family) => home.some((range) => range.includes(':') === (family === 6)))
  return families
    .map((family) => {
      const options = `msg:"sipfence blocks this source"; sid:150600${family}; rev:1;`
      return `${action} udp @SIPFENCE${family} any -> $HOME_NET [${ports.join(',')}] (${options})`
    })
    .join('\n')
}
