import { SQS } from '@aws-sdk/client-sqs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { refusal } from './account.ts'
import type { LocalAwsOptions } from './local-aws.ts'
import { bodiesIn, openWideAccount, receiveAll } from './wide-account.ts'

const MINUTE = 60_000

/** A standard queue under a clock of the test. */
async function open(over: LocalAwsOptions = {}) {
  const clock = { now: 1_700_000_000_000 }
  const queues = [
    {
      name: 'work',
      visibilitySeconds: 30,
      retentionSeconds: 600,
      deadLetter: { queue: 'dead', maxReceiveCount: 2 },
    },
    { name: 'dead', visibilitySeconds: 30, retentionSeconds: 900 },
  ]
  const account = await openWideAccount({ queues, now: () => clock.now, ...over })
  const url = account.aws.queue('work').url
  const send = async (MessageBody: string) => await account.sqs.sendMessage({ QueueUrl: url, MessageBody })
  return { ...account, clock, url, dead: account.aws.queue('dead').url, send }
}

describe('a standard queue', () => {
  test('what is sent is received with its attributes, and gone when it is deleted', async () => {
    const { sqs, url, send, aws, clock } = await open({ senderIds: { LOCAL: 'AROAEXAMPLE:i-0abc' } })
    const { MessageId, SequenceNumber } = await send('<ä>\n\u{1f600}')
    clock.now += 5
    const [message] = await receiveAll(sqs, url)
    expect(message).toMatchObject({ MessageId, Body: '<ä>\n\u{1f600}' })
    expect(message!.Attributes).toEqual({
      ApproximateFirstReceiveTimestamp: '1700000000005',
      ApproximateReceiveCount: '1',
      SenderId: 'AROAEXAMPLE:i-0abc',
      SentTimestamp: '1700000000000',
    })
    expect(SequenceNumber).toBeUndefined()
    expect(aws.queue('work').inFlight()).toHaveLength(1)
    await sqs.deleteMessage({ QueueUrl: url, ReceiptHandle: message!.ReceiptHandle })
    clock.now += MINUTE
    expect([await receiveAll(sqs, url), aws.queue('work').visible()]).toEqual([[], []])
  })

  test('the sender is the one of the access key, by both names of the attribute list', async () => {
    const { aws, sqs, url, send } = await open({ senderIds: { OTHER: 'AROAOTHER:i-1' } })
    const credentials = { accessKeyId: 'OTHER', secretAccessKey: 'x' }
    const other = new SQS({ endpoint: aws.endpoint, region: aws.region, credentials })
    onTestFinished(() => other.destroy())
    await send('a')
    await other.sendMessage({ QueueUrl: url, MessageBody: 'b' })
    const senders = []
    for (const names of [
      { AttributeNames: ['SenderId'] },
      { MessageSystemAttributeNames: ['SenderId'] },
    ] as const) {
      const { Messages } = await sqs.receiveMessage({ QueueUrl: url, ...(structuredClone(names) as object) })
      senders.push(Messages![0]!.Attributes)
    }
    expect(senders).toEqual([{ SenderId: 'AIDALOCAL' }, { SenderId: 'AROAOTHER:i-1' }])
  })

  test('a message is hidden for its visibility timeout, which each receive, and each handle, may change', async () => {
    const { sqs, url, send, clock } = await open()
    await send('a')
    const [first] = await receiveAll(sqs, url)
    clock.now += 29_999
    expect(await bodiesIn(sqs, url)).toEqual([])
    clock.now += 1
    const { Messages } = await sqs.receiveMessage({ QueueUrl: url, VisibilityTimeout: 5 })
    const change = (ReceiptHandle: string | undefined, VisibilityTimeout: number) =>
      refusal(sqs.changeMessageVisibility({ QueueUrl: url, ReceiptHandle, VisibilityTimeout }))
    expect(await change(first!.ReceiptHandle, 0)).toBe('InvalidParameterValue')
    expect(await change(Messages![0]!.ReceiptHandle, 0)).toBe('accepted')
    expect(await change(Messages![0]!.ReceiptHandle, 0)).toBe('MessageNotInflight')
  })

  test('an old receipt handle deletes nothing, the latest also after its timeout', async () => {
    const { aws, sqs, url, send, clock } = await open()
    await send('a')
    const [first] = await receiveAll(sqs, url)
    clock.now += 30_000
    const [second] = await receiveAll(sqs, url)
    clock.now += 30_000
    await sqs.deleteMessage({ QueueUrl: url, ReceiptHandle: first!.ReceiptHandle })
    expect(aws.queue('work').visible()).toHaveLength(1)
    await sqs.deleteMessage({ QueueUrl: url, ReceiptHandle: second!.ReceiptHandle })
    expect(aws.queue('work').visible()).toHaveLength(0)
    expect(await refusal(sqs.deleteMessage({ QueueUrl: url, ReceiptHandle: second!.ReceiptHandle }))).toBe(
      'accepted',
    )
  })

  test('a flight lasts 12 hours at most', async () => {
    const { sqs, url, send, clock } = await open({ queues: [{ name: 'work' }, { name: 'dead' }] })
    await send('a')
    const [message] = await receiveAll(sqs, url)
    clock.now += 1000
    const change = (VisibilityTimeout: number) =>
      refusal(
        sqs.changeMessageVisibility({
          QueueUrl: url,
          ReceiptHandle: message!.ReceiptHandle,
          VisibilityTimeout,
        }),
      )
    expect([await change(43_201), await change(43_200), await change(43_199)]).toEqual([
      'InvalidParameterValue',
      'InvalidParameterValue',
      'accepted',
    ])
  })

  test('what was received too often goes to the dead-letter queue at the next receive, and ages on there', async () => {
    const { aws, sqs, url, dead, send, clock } = await open()
    await send('poison')
    for (let i = 0; i < 2; i++) {
      expect(await bodiesIn(sqs, url)).toEqual(['poison'])
      clock.now += 30_000
    }
    expect([aws.queue('work').visible().length, aws.queue('dead').visible().length]).toEqual([1, 0])
    expect(await bodiesIn(sqs, url)).toEqual([])
    const [buried] = await receiveAll(sqs, dead)
    expect(buried!.Attributes).toMatchObject({
      ApproximateReceiveCount: '3',
      DeadLetterQueueSourceArn: aws.queue('work').arn,
      SentTimestamp: '1700000000000',
    })
    clock.now = 1_700_000_000_000 + 900_000
    expect(await bodiesIn(sqs, dead)).toEqual([])
  })

  test('a message is kept for the retention of the queue, in flight or not', async () => {
    const { aws, send, clock, sqs, url } = await open()
    await send('a')
    clock.now += 599_999
    expect(await bodiesIn(sqs, url)).toEqual(['a'])
    clock.now += 1
    expect([...aws.queue('work').inFlight(), ...aws.queue('work').visible()]).toEqual([])
  })

  test('a delay hides a message at first', async () => {
    const { sqs, url, clock } = await open()
    await sqs.sendMessage({ QueueUrl: url, MessageBody: 'late', DelaySeconds: 10 })
    const AttributeNames = ['ApproximateNumberOfMessagesDelayed'] as 'ApproximateNumberOfMessagesDelayed'[]
    const { Attributes } = await sqs.getQueueAttributes({ QueueUrl: url, AttributeNames })
    expect([Attributes, await bodiesIn(sqs, url)]).toEqual([{ ApproximateNumberOfMessagesDelayed: '1' }, []])
    clock.now += 10_000
    expect(await bodiesIn(sqs, url)).toEqual(['late'])
  })

  test('a queue tells its name, its counts and where it redrives to', async () => {
    const { aws, sqs, url, dead, send } = await open()
    for (const body of ['a', 'b', 'c']) await send(body)
    await sqs.receiveMessage({ QueueUrl: url })
    const { Attributes } = await sqs.getQueueAttributes({ QueueUrl: url, AttributeNames: ['All'] })
    expect(Attributes).toEqual({
      ApproximateNumberOfMessages: '2',
      ApproximateNumberOfMessagesDelayed: '0',
      ApproximateNumberOfMessagesNotVisible: '1',
      DelaySeconds: '0',
      MaximumMessageSize: '1048576',
      MessageRetentionPeriod: '600',
      QueueArn: 'arn:aws:sqs:eu-west-1:000000000000:work',
      ReceiveMessageWaitTimeSeconds: '0',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: aws.queue('dead').arn, maxReceiveCount: 2 }),
      VisibilityTimeout: '30',
    })
    expect((await sqs.getQueueUrl({ QueueName: 'dead' })).QueueUrl).toBe(dead)
  })

  test('a purge takes everything, and comes once a minute', async () => {
    const { aws, sqs, url, send, clock } = await open()
    await send('a')
    await sqs.receiveMessage({ QueueUrl: url })
    await send('b')
    await sqs.purgeQueue({ QueueUrl: url })
    expect([...aws.queue('work').visible(), ...aws.queue('work').inFlight()]).toEqual([])
    expect(await refusal(sqs.purgeQueue({ QueueUrl: url }))).toBe('PurgeQueueInProgress')
    clock.now += MINUTE
    expect(await refusal(sqs.purgeQueue({ QueueUrl: url }))).toBe('accepted')
  })

  test('message attributes come when they are asked for', async () => {
    const { sqs, url } = await open()
    const MessageAttributes = {
      'a.b': { DataType: 'String', StringValue: '1' },
      c: { DataType: 'Number', StringValue: '2' },
    }
    await sqs.sendMessage({ QueueUrl: url, MessageBody: 'x', MessageAttributes })
    const receive = async (...MessageAttributeNames: string[]) => {
      const { Messages } = await sqs.receiveMessage({
        QueueUrl: url,
        MessageAttributeNames,
        VisibilityTimeout: 0,
      })
      return Object.keys(Messages![0]!.MessageAttributes ?? {})
    }
    expect([await receive('a.*'), await receive()]).toEqual([['a.b'], []])
  })
})
