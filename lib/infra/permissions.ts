import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Stack } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'
import type { FenceConfig } from '../config.ts'
import type { LedgerTable } from './ledger-table.ts'

/** What the functions may do, one purpose a function; test/infra/permissions.test.ts has the whole list with reasons. */

/** Items by their key and by partition: neither scans nor indexes nor batches. */
export function useLedger(table: LedgerTable): PolicyStatement {
  const actions = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'].map(
    (name) => `dynamodb:${name}`,
  )
  return new PolicyStatement({ actions, resources: [table.tableArn] })
}

/** What Lambda's poller needs of the function's role, and `more` that the function itself does. */
export function consume(queue: IQueue, ...more: readonly string[]): PolicyStatement {
  const actions = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', ...more]
  return new PolicyStatement({ actions, resources: [queue.queueArn] })
}

/** Writes its own log, which the stack has made. */
export function writeLog(log: ILogGroup): PolicyStatement {
  return new PolicyStatement({
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [log.logGroupArn],
  })
}

/** Wakes whoever reads the queue. */
export function send(queue: IQueue): PolicyStatement {
  return new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queue.queueArn] })
}

/** Tells people. */
export function publish(topic: ITopic): PolicyStatement {
  return new PolicyStatement({ actions: ['sns:Publish'], resources: [topic.topicArn] })
}

/** Reads network ACLs, and writes the fence's own: entries, and the one tag that says whose they are. */
export function writeFirewall(scope: Construct, { networkAcls }: FenceConfig): PolicyStatement[] {
  const acls = networkAcls.map(({ id }) =>
    Stack.of(scope).formatArn({ service: 'ec2', resource: 'network-acl', resourceName: id }),
  )
  const verbs = ['Create', 'Replace', 'Delete']
  return [
    // The EC2 API has no resource level for what only describes.
    new PolicyStatement({ actions: ['ec2:DescribeNetworkAcls'], resources: ['*'] }),
    new PolicyStatement({ actions: verbs.map((verb) => `ec2:${verb}NetworkAclEntry`), resources: acls }),
    new PolicyStatement({
      actions: ['ec2:CreateTags', 'ec2:DeleteTags'],
      resources: acls,
      conditions: {
        'ForAllValues:StringEquals': { 'aws:TagKeys': ['sipfence:fence'] },
        // DeleteTags without keys deletes every tag, and no keys at all satisfy the line above.
        Null: { 'aws:TagKeys': 'false' },
      },
    }),
  ]
}

/**
 * Reads quotas. The action has no resource level: on the ARN of a quota it is denied.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html
 */
export function readQuotas(): PolicyStatement {
  return new PolicyStatement({ actions: ['servicequotas:GetServiceQuota'], resources: ['*'] })
}
