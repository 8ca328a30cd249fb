import type { QueueAttributeName, SendMessageCommandInput } from '@aws-sdk/client-sqs'
import { statusOf } from './account.ts'
import type { Post } from './moto-posts.ts'
import { bodiesIn, receiveAll } from './wide-account.ts'

/** One or more calls there; what it returns, if anything, is compared. */
export type Posting = (post: Post) => Promise<unknown>

/** To the standard queue, unless told. */
export async function send({ sqs, work }: Post, over: Partial<SendMessageCommandInput> = {}): Promise<void> {
  await sqs.sendMessage({ QueueUrl: work, MessageBody: 'a', ...over })
}

/** To the FIFO queue, in group g. */
export async function sendFifo(
  post: Post,
  body: string,
  id: string,
  group = 'g',
): Promise<string | undefined> {
  const { MessageId } = await post.sqs.sendMessage({
    QueueUrl: post.fifo,
    MessageBody: body,
    MessageGroupId: group,
    MessageDeduplicationId: id,
  })
  return MessageId
}

/** Receives what is there, with a visibility timeout of nothing. */
async function glance({ sqs }: Post, QueueUrl: string): Promise<(string | undefined)[]> {
  const call = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0 }
  return (await sqs.receiveMessage(call)).Messages?.map(({ Body }) => Body) ?? []
}

/** Receives one message; where no timeout is given it is in flight afterwards. */
export async function handleOf(
  { sqs }: Post,
  QueueUrl: string,
  VisibilityTimeout = 30,
): Promise<string | undefined> {
  return (await sqs.receiveMessage({ QueueUrl, VisibilityTimeout })).Messages?.[0]?.ReceiptHandle
}

async function attributesOf({ sqs, work }: Post, ...AttributeNames: string[]): Promise<unknown> {
  const names = AttributeNames as QueueAttributeName[]
  const { Attributes = {} } = await sqs.getQueueAttributes({ QueueUrl: work, AttributeNames: names })
  return names.map((name) => Attributes[name])
}

/** What both servers do as AWS does it: the calls, then the outcome. */
export const queuesAlike: [string, Posting, unknown][] = [
  ['a message', async (at) => [await send(at), await bodiesIn(at.sqs, at.work)][1], ['a']],
  [
    'a message in flight',
    async (at) => [await send(at), await bodiesIn(at.sqs, at.work), await bodiesIn(at.sqs, at.work)].slice(1),
    [['a'], []],
  ],
  [
    'counts of a queue',
    async (at) => {
      for (const _ of 'ab') await send(at)
      await handleOf(at, at.work)
      return await attributesOf(at, 'ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible')
    },
    ['1', '1'],
  ],
  [
    'a message given back',
    async (at) => {
      await send(at)
      const ReceiptHandle = await handleOf(at, at.work)
      await at.sqs.changeMessageVisibility({ QueueUrl: at.work, ReceiptHandle, VisibilityTimeout: 0 })
      return (await receiveAll(at.sqs, at.work))[0]!.Attributes!['ApproximateReceiveCount']
    },
    '2',
  ],
  [
    'a message received too often',
    async (at) => {
      await send(at, { QueueUrl: at.fragile })
      const found = [await glance(at, at.fragile), await glance(at, at.fragile)]
      const [dead] = await receiveAll(at.sqs, at.dead)
      return [...found, dead!.Body, dead!.Attributes!['ApproximateReceiveCount']]
    },
    [['a'], [], 'a', '2'],
  ],
  ['a queue that is not there', (at) => send(at, { QueueUrl: `${at.work}x` }), 'QueueDoesNotExist'],
  [
    'a made-up receipt handle',
    ({ sqs, work }) => sqs.deleteMessage({ QueueUrl: work, ReceiptHandle: 'x' }),
    'ReceiptHandleIsInvalid',
  ],
  [
    'eleven messages',
    ({ sqs, work }) => sqs.receiveMessage({ QueueUrl: work, MaxNumberOfMessages: 11 }),
    'InvalidParameterValue',
  ],
  [
    'a wait of 21 s',
    ({ sqs, work }) => sqs.receiveMessage({ QueueUrl: work, WaitTimeSeconds: 21 }),
    'InvalidParameterValue',
  ],
  ['a message over 1 MiB', (at) => send(at, { MessageBody: 'x'.repeat(1_048_577) }), 'InvalidParameterValue'],
  [
    'a batch over 1 MiB',
    ({ sqs, work }) => {
      const Entries = ['a', 'b'].map((Id) => ({ Id, MessageBody: 'x'.repeat(600_000) }))
      return sqs.sendMessageBatch({ QueueUrl: work, Entries })
    },
    'BatchRequestTooLong',
  ],
  [
    'a batch of eleven',
    ({ sqs, work }) => {
      const Entries = Array.from({ length: 11 }, (_, i) => ({ Id: `${i}`, MessageBody: 'a' }))
      return sqs.sendMessageBatch({ QueueUrl: work, Entries })
    },
    'TooManyEntriesInBatchRequest',
  ],
  ['an attribute that no queue has', (at) => attributesOf(at, 'Color'), 'InvalidAttributeName'],
]

/** Where moto 5.2.1 differs: what AWS does, then what moto does. */
export const queuesDifferent: [string, Posting, aws: unknown, moto: unknown][] = [
  [
    'the visibility of what is visible',
    async (at) => {
      await send(at)
      const ReceiptHandle = await handleOf(at, at.work, 0)
      await at.sqs.changeMessageVisibility({ QueueUrl: at.work, ReceiptHandle, VisibilityTimeout: 5 })
    },
    'MessageNotInflight',
    'accepted',
  ],
  [
    'a delete by an old receipt handle',
    async (at) => {
      await send(at)
      const ReceiptHandle = await handleOf(at, at.work, 0)
      await handleOf(at, at.work)
      await at.sqs.deleteMessage({ QueueUrl: at.work, ReceiptHandle })
      return await attributesOf(at, 'ApproximateNumberOfMessagesNotVisible')
    },
    ['1'],
    ['0'],
  ],
  [
    'the status of a made-up receipt handle',
    ({ sqs, work }) => statusOf(sqs.deleteMessage({ QueueUrl: work, ReceiptHandle: 'x' })),
    404,
    400,
  ],
  [
    'a body with a control character',
    (at) => send(at, { MessageBody: '\x01' }),
    'InvalidMessageContents',
    'accepted',
  ],
  ['an empty body', (at) => send(at, { MessageBody: '' }), 'MissingParameter', 'accepted'],
  [
    'a second purge',
    async ({ sqs, work }) => {
      for (const _ of 'ab') await sqs.purgeQueue({ QueueUrl: work })
    },
    'PurgeQueueInProgress',
    'accepted',
  ],
  [
    'a deduplication id in a standard queue',
    (at) => send(at, { MessageDeduplicationId: 'd' }),
    'InvalidParameterValue',
    'accepted',
  ],
]
