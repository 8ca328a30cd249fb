import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2'
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'

export interface CountBlockedProps extends StackProps {
  /** The fence's id, which goes into the names. */
  readonly fence: string
  /** What the output RuleGroupArn of the fence's stack says. */
  readonly ruleGroup: string
  /** ARN of an Application Load Balancer that has no web ACL yet; without it, the web ACL stands for itself. */
  readonly loadBalancer?: string
}

/** A web ACL that lets everything pass but what a fence's rule group blocks, once its settings say so. */
export class CountBlocked extends Stack {
  constructor(scope: Construct, id: string, { fence, ruleGroup, loadBalancer, ...props }: CountBlockedProps) {
    super(scope, id, { description: `A web ACL with the rule group of sipfence ${fence}`, ...props })
    const acl = new CfnWebACL(this, 'WebAcl', {
      name: `sipfence-${fence}`,
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      rules: [
        {
          name: `sipfence-${fence}`,
          priority: 0,
          statement: { ruleGroupReferenceStatement: { arn: ruleGroup } },
          // Whether it counts or blocks is said once, in the fence's settings: firewalls.ipSets.action.
          overrideAction: { none: {} },
          visibilityConfig: seenAs(`sipfence-${fence}-group`),
        },
      ],
      visibilityConfig: seenAs(`sipfence-${fence}-web-acl`),
    })
    if (loadBalancer !== undefined)
      new CfnWebACLAssociation(this, 'OfLoadBalancer', { webAclArn: acl.attrArn, resourceArn: loadBalancer })
    new CfnOutput(this, 'WebAclArn', { value: acl.attrArn })
  }
}

function seenAs(metricName: string): CfnWebACL.VisibilityConfigProperty {
  return { metricName, cloudWatchMetricsEnabled: true, sampledRequestsEnabled: true }
}
