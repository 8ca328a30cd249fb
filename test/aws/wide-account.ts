import { DynamoDB } from '@aws-sdk/client-dynamodb'
import { SNS } from '@aws-sdk/client-sns'
import type { Message } from '@aws-sdk/client-sqs'
import { SQS } from '@aws-sdk/client-sqs'
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb'
import { onTestFinished } from 'vitest'
import type { LocalAws, LocalAwsOptions } from './local-aws.ts'
import { startLocalAws } from './local-aws.ts'

/** A local account with the SDK's clients for queues, topics and tables, which try each call once. */
export interface WideAccount {
  readonly aws: LocalAws
  readonly sqs: SQS
  readonly sns: SNS
  readonly dynamodb: DynamoDB
  /** DynamoDB again, with items as plain objects. */
  readonly documents: DynamoDBDocument
}

/** Opens an account for the test that runs; it closes with the test. */
export async function openWideAccount(options: LocalAwsOptions): Promise<WideAccount> {
  const aws = await startLocalAws(options)
  const config = { ...aws.client, maxAttempts: 1 }
  const clients = { sqs: new SQS(config), sns: new SNS(config), dynamodb: new DynamoDB(config) }
  onTestFinished(async () => {
    for (const client of Object.values(clients)) client.destroy()
    await aws.stop()
  })
  return { aws, ...clients, documents: DynamoDBDocument.from(clients.dynamodb) }
}

/** Receives up to ten messages without waiting; with every system attribute. */
export async function receiveAll(sqs: SQS, QueueUrl: string): Promise<Message[]> {
  const received = await sqs.receiveMessage({
    QueueUrl,
    MaxNumberOfMessages: 10,
    MessageSystemAttributeNames: ['All'],
  })
  return received.Messages ?? []
}

export async function bodiesIn(sqs: SQS, url: string): Promise<(string | undefined)[]> {
  return (await receiveAll(sqs, url)).map(({ Body }) => Body)
}
