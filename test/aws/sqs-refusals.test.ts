import { createHash } from 'node:crypto'
import type { SQS } from '@aws-sdk/client-sqs'
import { describe, expect, test } from 'vitest'
import { refusal, statusOf } from './account.ts'
import { startLocalAws } from './local-aws.ts'
import { openWideAccount, receiveAll } from './wide-account.ts'

async function openQueue() {
  const account = await openWideAccount({ queues: [{ name: 'work' }] })
  return { ...account, url: account.aws.queue('work').url }
}

describe('batches', () => {
  test('each entry has its own outcome, and its MD5 is right', async () => {
    const { sqs, url } = await openQueue()
    const Entries = [
      { Id: 'good', MessageBody: 'a' },
      { Id: 'bad', MessageBody: '\0' },
      { Id: 'late', MessageBody: 'b', DelaySeconds: 901 },
    ]
    const { Successful, Failed } = await sqs.sendMessageBatch({ QueueUrl: url, Entries })
    const md5 = createHash('md5').update('a').digest('hex')
    expect(Successful).toMatchObject([{ Id: 'good', MD5OfMessageBody: md5 }])
    expect(Failed).toMatchObject([
      { Id: 'bad', Code: 'InvalidMessageContents', SenderFault: true },
      { Id: 'late', Code: 'InvalidParameterValue', SenderFault: true },
    ])
    const [{ ReceiptHandle } = {}] = await receiveAll(sqs, url)
    const doomed = [
      { Id: '1', ReceiptHandle },
      { Id: '2', ReceiptHandle: 'x' },
    ]
    const deleted = await sqs.deleteMessageBatch({ QueueUrl: url, Entries: doomed })
    expect(deleted.Successful).toEqual([{ Id: '1' }])
    expect(deleted.Failed).toMatchObject([{ Id: '2', Code: 'ReceiptHandleIsInvalid' }])
  })

  test.each<[string, string[], string, string]>([
    ['nothing', [], 'a', 'EmptyBatchRequest'],
    ['eleven entries', Array.from({ length: 11 }, (_, i) => `${i}`), 'a', 'TooManyEntriesInBatchRequest'],
    ['the same id twice', ['a', 'a'], 'a', 'BatchEntryIdsNotDistinct'],
    ['an id with a dot', ['a.b'], 'a', 'InvalidBatchEntryId'],
    ['a mebibyte and more together', ['a', 'b'], 'x'.repeat(524_289), 'BatchRequestTooLong'],
    ['a mebibyte together', ['a', 'b'], 'x'.repeat(524_288), 'accepted'],
  ])('a batch of %s', async (_name, ids, MessageBody, code) => {
    const { aws, sqs, url } = await openQueue()
    const Entries = ids.map((Id) => ({ Id, MessageBody }))
    expect(await refusal(sqs.sendMessageBatch({ QueueUrl: url, Entries }))).toBe(code)
    expect(aws.queue('work').visible()).toHaveLength(code === 'accepted' ? ids.length : 0)
  })
})

describe('what SQS refuses', () => {
  type Call = (sqs: SQS, QueueUrl: string) => Promise<unknown>
  test.each<[string, Call, string, number]>([
    [
      'a queue that is not there',
      (sqs, url) => sqs.sendMessage({ QueueUrl: `${url}x`, MessageBody: 'a' }),
      'QueueDoesNotExist',
      400,
    ],
    ['a name that is not there', (sqs) => sqs.getQueueUrl({ QueueName: 'none' }), 'QueueDoesNotExist', 400],
    ['a URL of no queue', (sqs) => sqs.purgeQueue({ QueueUrl: 'http://127.0.0.1/x' }), 'InvalidAddress', 404],
    [
      'an empty body',
      (sqs, url) => sqs.sendMessage({ QueueUrl: url, MessageBody: '' }),
      'MissingParameter',
      400,
    ],
    [
      'a body over 1 MiB',
      (sqs, url) => sqs.sendMessage({ QueueUrl: url, MessageBody: `${'ä'.repeat(524_288)}x` }),
      'InvalidParameterValue',
      400,
    ],
    [
      'half a character',
      (sqs, url) => sqs.sendMessage({ QueueUrl: url, MessageBody: '\ud800' }),
      'InvalidMessageContents',
      400,
    ],
    [
      'eleven messages',
      (sqs, url) => sqs.receiveMessage({ QueueUrl: url, MaxNumberOfMessages: 11 }),
      'InvalidParameterValue',
      400,
    ],
    [
      'no message',
      (sqs, url) => sqs.receiveMessage({ QueueUrl: url, MaxNumberOfMessages: 0 }),
      'InvalidParameterValue',
      400,
    ],
    [
      'a wait of 21 s',
      (sqs, url) => sqs.receiveMessage({ QueueUrl: url, WaitTimeSeconds: 21 }),
      'InvalidParameterValue',
      400,
    ],
    [
      'an unknown attribute',
      (sqs, url) => sqs.receiveMessage({ QueueUrl: url, AttributeNames: ['Color' as 'All'] }),
      'InvalidAttributeName',
      400,
    ],
    [
      'a made-up receipt handle',
      (sqs, url) => sqs.deleteMessage({ QueueUrl: url, ReceiptHandle: 'x' }),
      'ReceiptHandleIsInvalid',
      404,
    ],
    [
      'no visibility',
      (sqs, url) =>
        sqs.changeMessageVisibility({ QueueUrl: url, ReceiptHandle: 'x', VisibilityTimeout: undefined }),
      'MissingParameter',
      400,
    ],
    [
      'a deduplication id',
      (sqs, url) => sqs.sendMessage({ QueueUrl: url, MessageBody: 'a', MessageDeduplicationId: 'd' }),
      'InvalidParameterValue',
      400,
    ],
    ['an action that is not there', (sqs) => sqs.listQueues({}), 'UnknownOperationException', 400],
  ])('%s', async (_name, call, code, status) => {
    const { sqs, url } = await openQueue()
    expect([await refusal(call(sqs, url)), await statusOf(call(sqs, url))]).toEqual([code, status])
  })

  test('a message of exactly 1 MiB and the codes of the query protocol', async () => {
    const { sqs, url } = await openQueue()
    const MessageBody = 'x'.repeat(1_048_576)
    expect(await refusal(sqs.sendMessage({ QueueUrl: url, MessageBody }))).toBe('accepted')
    const error = await sqs.purgeQueue({ QueueUrl: `${url}x` }).catch((failure: unknown) => failure)
    expect(error).toMatchObject({
      Error: { Code: 'AWS.SimpleQueueService.NonExistentQueue', Type: 'Sender' },
    })
  })

  test('an account whose dead-letter queue is not there does not start', async () => {
    const deadLetter = { queue: 'none', maxReceiveCount: 2 }
    await expect(startLocalAws({ queues: [{ name: 'work', deadLetter }] })).rejects.toThrow(
      'Cannot redrive "work" to "none"; expected another standard queue',
    )
  })
})
