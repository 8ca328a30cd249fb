import { Stack, Token, Validations } from 'aws-cdk-lib/core'
import type { IConstruct } from 'constructs'

/** What cdk-nag's AwsSolutions rules find here, and why it is so; whoever adds them to an app of his own sees no errors. */
export function acknowledge(parts: {
  readonly reconcileQueue: IConstruct
  readonly reconcileRole: IConstruct
}): void {
  Validations.of(parts.reconcileQueue).acknowledge({
    id: 'AwsSolutions::AwsSolutions-SQS3',
    reason:
      'Messages only wake the next round, which does whatever an earlier one left undone; the alarm reconcile-late tells when none succeeds',
  })
  const { region, account } = Stack.of(parts.reconcileRole)
  const [where, whose] = [known(region, 'Region'), known(account, 'AccountId')]
  Validations.of(parts.reconcileRole).acknowledge(
    {
      id: 'AwsSolutions::AwsSolutions-IAM5[Resource::*]',
      reason: 'EC2 has no resource level for what only describes',
    },
    {
      id: `AwsSolutions::AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:${where}:${whose}:security-group-rule/*]`,
      reason:
        'Ids of rules are not known before they are made; tags may be written only while a rule is being made, and rules only in groups that are named',
    },
  )
}

/** The rules write what is known only at deployment as CloudFormation's name for it. */
function known(value: string, name: string): string {
  return Token.isUnresolved(value) ? `<AWS::${name}>` : value
}
