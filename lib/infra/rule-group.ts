import { CfnRuleGroup } from 'aws-cdk-lib/aws-wafv2'
import type { Construct } from 'constructs'

/**
 * WCUs, which cannot be changed once the group is there. Its two rules cost 1 each, and 5 each if they ever looked at
 * forwarded addresses too; a web ACL has 1,500 at its basic price.
 * https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-ipset-match.html
 */
const CAPACITY = 20
const NAMES = ['IPV4', 'IPV6'] as const

/**
 * Counts or blocks requests from the addresses in the IP sets. Whoever has a web ACL adds it there; sipfence itself
 * writes no web ACL, so nothing else in one can be lost by it.
 *
 * @param sets ARNs of those for IPv4 and IPv6, in this order
 */
export function countOrBlock(
  scope: Construct,
  id: string,
  fence: string,
  action: 'count' | 'block',
  sets: readonly string[],
): CfnRuleGroup {
  return new CfnRuleGroup(scope, id, {
    name: `sipfence-${fence}`,
    description: `Requests from sources that sipfence ${fence} blocks`,
    scope: 'REGIONAL',
    capacity: CAPACITY,
    rules: sets.map((arn, priority) => ({
      name: NAMES[priority]!,
      priority,
      statement: { ipSetReferenceStatement: { arn } },
      action: action === 'block' ? { block: {} } : { count: {} },
      visibilityConfig: seenAs(`sipfence-${fence}-${NAMES[priority]}`),
    })),
    visibilityConfig: seenAs(`sipfence-${fence}`),
  })
}

/** A metric and samples of requests, so that people see what blocking would do before they block. */
function seenAs(metricName: string): CfnRuleGroup.VisibilityConfigProperty {
  return { metricName, cloudWatchMetricsEnabled: true, sampledRequestsEnabled: true }
}
