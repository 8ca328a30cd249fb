import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { type IKey, Key } from 'aws-cdk-lib/aws-kms'
import { RemovalPolicy, Stack } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'

/**
 * A key for the fence's queues and topics. AWS's own keys for SQS and SNS cannot be used here: their policies cannot
 * be changed, and do not let CloudWatch and EventBridge in. It outlives its stack, because messages may.
 */
export function ownKey(scope: Construct, id: string, fence: string): Key {
  const key = new Key(scope, id, {
    description: `Queues and topics of sipfence ${fence}`,
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.RETAIN,
  })
  const { account } = Stack.of(scope)
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: 'Alarms',
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: USE,
      resources: ['*'],
      // Services act for many accounts; here for this one only.
      conditions: { StringEquals: { 'aws:SourceAccount': account } },
    }),
  )
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: 'Schedule',
      // EventBridge brings no source where it uses a key (documented of encrypted topics, inferred of queues); the policy of
      // the queue names the one rule that may send.
      // https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
      principals: [new ServicePrincipal('events.amazonaws.com')],
      actions: USE,
      resources: ['*'],
    }),
  )
  return key
}

/** What whoever sends or publishes needs of the key; who receives needs Decrypt of it. */
const USE = ['kms:Decrypt', 'kms:GenerateDataKey']

/** Sends, publishes and receives by way of these services, and nothing else. */
export function useKey(scope: Construct, key: IKey, services: readonly ('sqs' | 'sns')[]): PolicyStatement {
  const { region } = Stack.of(scope)
  return new PolicyStatement({
    actions: USE,
    resources: [key.keyArn],
    conditions: {
      StringEquals: {
        'kms:ViaService': services.map((service) => `${service}.${region}.amazonaws.com`),
      },
    },
  })
}
