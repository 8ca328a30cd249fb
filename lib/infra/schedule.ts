import { EventField, Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import { Duration, Stack } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'

/**
 * Wakes the writer of the firewall each minute, whether or not there is news: blocks end and firewalls drift by
 * themselves. The body holds the event's time, so that no two minutes are taken for the same message.
 */
export function wakeEachMinute(scope: Construct, id: string, queue: Queue, fence: string): Rule {
  const message = RuleTargetInput.fromObject({
    schema: 'sipfence.wake/1',
    fence,
    reason: 'schedule',
    at: EventField.time,
  })
  const rule = new Rule(scope, id, {
    schedule: Schedule.rate(Duration.minutes(1)),
    targets: [
      { bind: () => ({ arn: queue.queueArn, input: message, sqsParameters: { messageGroupId: fence } }) },
    ],
  })
  queue.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('events.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      // A service acts for many accounts; it may send for this rule of this account only.
      conditions: {
        ArnEquals: { 'aws:SourceArn': rule.ruleArn },
        StringEquals: { 'aws:SourceAccount': Stack.of(scope).account },
      },
    }),
  )
  return rule
}
