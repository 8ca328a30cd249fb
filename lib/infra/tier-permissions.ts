import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { Stack } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'
import type { FenceConfig } from '../config.ts'
import type { FencePlaces } from './places.ts'

/** What reconcile may do in the tiers beside network ACLs; nothing of a tier that the settings do not name. */
export function writeTiers(
  scope: Construct,
  { firewalls: { trustedPeers } }: FenceConfig,
  { prefixListArns, ipSetArns }: FencePlaces,
): PolicyStatement[] {
  return [
    ...(prefixListArns.length === 0 ? [] : writeLists(prefixListArns)),
    ...(ipSetArns.length === 0 ? [] : [writeIpSets(ipSetArns)]),
    ...(trustedPeers === undefined ? [] : swapRules(scope, trustedPeers.securityGroups)),
  ]
}

/** Fills the fence's own lists. */
function writeLists(lists: readonly string[]): PolicyStatement[] {
  return [
    // The EC2 API has no resource level for what only describes.
    new PolicyStatement({ actions: ['ec2:DescribeManagedPrefixLists'], resources: ['*'] }),
    new PolicyStatement({
      actions: ['ec2:GetManagedPrefixListEntries', 'ec2:ModifyManagedPrefixList'],
      resources: [...lists],
    }),
  ]
}

/** Fills the fence's own sets, and no web ACL or rule group, not even its own. */
function writeIpSets(sets: readonly string[]): PolicyStatement {
  return new PolicyStatement({
    actions: ['wafv2:GetIPSet', 'wafv2:UpdateIPSet'],
    resources: [...sets],
  })
}

/**
 * Reads every security group of the PBXs and writes those that the settings name. EC2 asks for no permission on the prefix list
 * or the rule that a change is about, but for one: a rule that comes back with its tags needs both actions on rules,
 * whose ids nobody knows beforehand.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
 */
function swapRules(scope: Construct, groups: readonly string[]): PolicyStatement[] {
  const arnOf = (resource: string, resourceName: string) =>
    Stack.of(scope).formatArn({ service: 'ec2', resource, resourceName })
  const arns = groups.map((id) => arnOf('security-group', id))
  const anyRule = arnOf('security-group-rule', '*')
  const reading = ['NetworkInterfaces', 'SecurityGroups', 'SecurityGroupRules']
  return [
    new PolicyStatement({ actions: reading.map((what) => `ec2:Describe${what}`), resources: ['*'] }),
    new PolicyStatement({ actions: ['ec2:RevokeSecurityGroupIngress'], resources: arns }),
    new PolicyStatement({ actions: ['ec2:AuthorizeSecurityGroupIngress'], resources: [...arns, anyRule] }),
    new PolicyStatement({
      actions: ['ec2:CreateTags'],
      resources: [anyRule],
      // Only those of a rule that is being made: nobody's tags can be changed afterwards.
      conditions: { StringEquals: { 'ec2:CreateAction': 'AuthorizeSecurityGroupIngress' } },
    }),
  ]
}
