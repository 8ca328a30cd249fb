import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import { ArnFormat, Stack } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'
import type { FenceConfig } from '../config.ts'
import { alarmName } from './alarms.ts'

/** Where people are told: of incidents by the fence, of alarms by CloudWatch. */
export interface FenceTopics {
  readonly notices: ITopic
  readonly alarms: ITopic
}

/**
 * Two topics, so that whoever is woken at night may choose, with those who are named in the settings on both. A topic
 * that is there already serves as both, and who is subscribed to it is its owner's affair.
 */
export function fenceTopics(
  scope: Construct,
  { id: fence, notify }: FenceConfig,
  key: IKey | undefined,
  existing: ITopic | undefined,
): FenceTopics {
  if (existing !== undefined) return { notices: existing, alarms: existing }
  const options = { enforceSSL: true, ...(key === undefined ? {} : { masterKey: key }) }
  const notices = new Topic(scope, 'Topic', options)
  const alarms = new Topic(scope, 'AlarmTopic', options)
  alarms.addToResourcePolicy(publishedByAlarms(alarms, fence))
  for (const topic of [notices, alarms])
    for (const address of notify.emails) topic.addSubscription(new EmailSubscription(address))
  return { notices, alarms }
}

function publishedByAlarms(topic: Topic, fence: string): PolicyStatement {
  const arn = Stack.of(topic).formatArn({
    service: 'cloudwatch',
    resource: 'alarm',
    resourceName: alarmName(fence, '*'),
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })
  return new PolicyStatement({
    principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
    actions: ['sns:Publish'],
    resources: [topic.topicArn],
    conditions: {
      ArnLike: { 'aws:SourceArn': arn },
      StringEquals: { 'aws:SourceAccount': Stack.of(topic).account },
    },
  })
}
