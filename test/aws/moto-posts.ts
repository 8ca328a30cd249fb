import type { SNS } from '@aws-sdk/client-sns'
import type { SQS } from '@aws-sdk/client-sqs'
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb'
import type { MotoServer } from './moto-server.ts'
import type { QueueOptions } from './sqs-queue.ts'
import { openWideAccount } from './wide-account.ts'

/** Empty queues, a topic and an empty table, on either server. The queues are named by their URLs. */
export interface Post {
  readonly sqs: SQS
  readonly sns: SNS
  readonly documents: DynamoDBDocument
  readonly work: string
  /** Redrives to `dead` after one receive. */
  readonly fragile: string
  readonly dead: string
  readonly fifo: string
  /** A FIFO queue that makes deduplication ids itself. */
  readonly content: string
  readonly topicArn: string
  readonly TableName: string
}

const NAMES = { work: 'work', fragile: 'fragile', dead: 'dead', fifo: 'fifo.fifo', content: 'content.fifo' }

const QUEUES: readonly QueueOptions[] = [
  { name: NAMES.work },
  { name: NAMES.dead },
  { name: NAMES.fragile, deadLetter: { queue: NAMES.dead, maxReceiveCount: 1 } },
  { name: NAMES.fifo },
  { name: NAMES.content, contentBasedDeduplication: true },
]

type Urls = Pick<Post, 'work' | 'fragile' | 'dead' | 'fifo' | 'content'>

export async function localPost(): Promise<Post> {
  const account = await openWideAccount({ queues: QUEUES, topics: ['topic'], tables: ['table'] })
  const urls = Object.entries(NAMES).map(([key, name]) => [key, account.aws.queue(name).url])
  return {
    ...account,
    ...(Object.fromEntries(urls) as Urls),
    topicArn: account.aws.topicArns[0]!,
    TableName: 'table',
  }
}

let posts = 0

/** Each has names of its own, because moto forgets nothing between tests. */
export async function motoPost({ sqs, sns, dynamodb }: MotoServer): Promise<Post> {
  const prefix = `post-${++posts}-`
  const urls: Record<string, string> = {}
  for (const queue of QUEUES) urls[queue.name] = await motoQueue(sqs, prefix, queue)
  const byKey = Object.entries(NAMES).map(([key, name]) => [key, urls[name]])
  const TableName = `${prefix}table`
  await dynamodb.createTable({
    TableName,
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    BillingMode: 'PAY_PER_REQUEST',
  })
  const { TopicArn } = await sns.createTopic({ Name: `${prefix}topic` })
  const documents = DynamoDBDocument.from(dynamodb)
  return { sqs, sns, documents, ...(Object.fromEntries(byKey) as Urls), topicArn: TopicArn!, TableName }
}

async function motoQueue(sqs: SQS, prefix: string, queue: QueueOptions): Promise<string> {
  const { deadLetter, contentBasedDeduplication = false, name } = queue
  const { QueueUrl } = await sqs.createQueue({
    QueueName: prefix + name,
    Attributes: {
      ...(name.endsWith('.fifo') ? { FifoQueue: 'true' } : {}),
      ...(contentBasedDeduplication ? { ContentBasedDeduplication: 'true' } : {}),
      ...(deadLetter ? { RedrivePolicy: await redrivePolicy(sqs, prefix, deadLetter) } : {}),
    },
  })
  return QueueUrl!
}

async function redrivePolicy(
  sqs: SQS,
  prefix: string,
  { queue, maxReceiveCount }: NonNullable<QueueOptions['deadLetter']>,
): Promise<string> {
  const { QueueUrl } = await sqs.getQueueUrl({ QueueName: prefix + queue })
  const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['QueueArn'] })
  return JSON.stringify({ deadLetterTargetArn: Attributes!['QueueArn'], maxReceiveCount })
}
