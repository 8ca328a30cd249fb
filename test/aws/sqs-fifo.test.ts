import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { refusal } from './account.ts'
import { bodiesIn, openWideAccount, receiveAll } from './wide-account.ts'

interface Sending {
  readonly group?: string
  readonly id?: string
}

async function open(over: { contentBasedDeduplication?: boolean } = {}) {
  const clock = { now: 1_700_000_000_000 }
  const deadLetter = { queue: 'dead.fifo', maxReceiveCount: 2 }
  const account = await openWideAccount({
    queues: [
      { name: 'work.fifo', visibilitySeconds: 30, deadLetter, ...over },
      { name: 'dead.fifo', retentionSeconds: 60 },
    ],
    now: () => clock.now,
  })
  const queue = account.aws.queue('work.fifo')
  let sends = 0
  const send = (MessageBody: string, { group = 'g', id = `${++sends}` }: Sending = {}) =>
    account.sqs.sendMessage({
      QueueUrl: queue.url,
      MessageBody,
      MessageGroupId: group,
      MessageDeduplicationId: id,
    })
  const remove = (ReceiptHandle: string | undefined) =>
    refusal(account.sqs.deleteMessage({ QueueUrl: queue.url, ReceiptHandle }))
  return { ...account, clock, queue, url: queue.url, send, remove }
}

describe('order', () => {
  test('a batch holds up to ten of one group, in order, and locks it until each is deleted or visible', async () => {
    const { sqs, url, clock, send, remove } = await open()
    for (let i = 0; i < 12; i++) await send(`${i}`)
    await send('other', { group: 'h' })
    const first = await receiveAll(sqs, url)
    expect(first.map(({ Body }) => Body)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    expect(await bodiesIn(sqs, url)).toEqual(['other'])
    for (const { ReceiptHandle } of first.slice(0, 9)) await remove(ReceiptHandle)
    expect(await bodiesIn(sqs, url)).toEqual([])
    await remove(first[9]!.ReceiptHandle)
    expect(await bodiesIn(sqs, url)).toEqual(['10', '11'])
    clock.now += 30_000
    expect(await bodiesIn(sqs, url)).toEqual(['10', '11', 'other'])
  })

  test('a message that is given back comes before the later ones of its group', async () => {
    const { sqs, url, send } = await open()
    await send('a')
    await send('b')
    const { Messages } = await sqs.receiveMessage({ QueueUrl: url })
    expect(await bodiesIn(sqs, url)).toEqual([])
    await sqs.changeMessageVisibility({
      QueueUrl: url,
      ReceiptHandle: Messages![0]!.ReceiptHandle,
      VisibilityTimeout: 0,
    })
    expect(await bodiesIn(sqs, url)).toEqual(['a', 'b'])
  })

  test('sequence numbers have 20 digits and grow', async () => {
    const { sqs, url, send } = await open()
    const numbers = [(await send('a')).SequenceNumber!, (await send('b')).SequenceNumber!]
    expect(numbers.map((number) => number.length)).toEqual([20, 20])
    expect(BigInt(numbers[1]!)).toBeGreaterThan(BigInt(numbers[0]!))
    const [first] = await receiveAll(sqs, url)
    expect(first!.Attributes).toMatchObject({
      MessageGroupId: 'g',
      MessageDeduplicationId: '1',
      SequenceNumber: numbers[0],
    })
  })

  test('a handle is refused when its visibility timeout is over', async () => {
    const { sqs, url, clock, send, remove, queue } = await open()
    await send('a')
    const [first] = await receiveAll(sqs, url)
    clock.now += 30_000
    const Entries = [{ Id: '1', ReceiptHandle: first!.ReceiptHandle }]
    const { Failed } = await sqs.deleteMessageBatch({ QueueUrl: url, Entries })
    expect(Failed).toMatchObject([{ Id: '1', Code: 'ReceiptHandleIsInvalid' }])
    expect(await remove(first!.ReceiptHandle)).toBe('InvalidParameterValue')
    expect(queue.visible()).toHaveLength(1)
  })

  test('a message that is dead lets the next of its group come, and begins its retention again', async () => {
    const { aws, sqs, url, clock, send, remove } = await open()
    await send('poison')
    for (let i = 0; i < 2; i++) {
      await receiveAll(sqs, url)
      clock.now += 30_000
    }
    await send('good')
    const [good] = await receiveAll(sqs, url)
    expect([good!.Body, await remove(good!.ReceiptHandle)]).toEqual(['good', 'accepted'])
    clock.now += 59_999
    expect(aws.queue('dead.fifo').visible()).toHaveLength(1)
    clock.now += 1
    expect(aws.queue('dead.fifo').visible()).toHaveLength(0)
  })
})

describe('deduplication', () => {
  test('an id is known for 5 minutes from the accepted send, deleted or not, in every group', async () => {
    const { sqs, url, clock, send, remove } = await open()
    const first = await send('a', { id: 'd' })
    const [message] = await receiveAll(sqs, url)
    await remove(message!.ReceiptHandle)
    clock.now += 299_999
    const again = await send('b', { id: 'd', group: 'h' })
    expect([again.MessageId, again.SequenceNumber]).toEqual([first.MessageId, first.SequenceNumber])
    expect(await bodiesIn(sqs, url)).toEqual([])
    clock.now += 1
    const later = await send('c', { id: 'd' })
    expect(later.MessageId).not.toBe(first.MessageId)
    expect(await bodiesIn(sqs, url)).toEqual(['c'])
  })

  test('a purge does not make an id new', async () => {
    const { sqs, url, send, queue } = await open()
    await send('a', { id: 'd' })
    await sqs.purgeQueue({ QueueUrl: url })
    await send('a', { id: 'd' })
    expect(queue.visible()).toEqual([])
  })

  test('a queue that makes the id takes the SHA-256 of the body, unless the sender gives one', async () => {
    const { sqs, url, queue } = await open({ contentBasedDeduplication: true })
    const send = (id?: string) =>
      sqs.sendMessage({ QueueUrl: url, MessageBody: 'a', MessageGroupId: 'g', MessageDeduplicationId: id })
    const hash = createHash('sha256').update('a').digest('hex')
    await send()
    await send()
    await send(hash)
    await send('own')
    expect(queue.visible().map(({ deduplicationId }) => deduplicationId)).toEqual([hash, 'own'])
  })

  test('entries of one batch are duplicates of each other', async () => {
    const { sqs, url, queue } = await open()
    const Entries = ['x', 'y'].map((Id) => ({
      Id,
      MessageBody: Id,
      MessageGroupId: 'g',
      MessageDeduplicationId: 'd',
    }))
    const { Successful } = await sqs.sendMessageBatch({ QueueUrl: url, Entries })
    expect(Successful!.map(({ Id }) => Id)).toEqual(['x', 'y'])
    expect(queue.visible().map(({ body }) => body)).toEqual(['x'])
  })

  test.each<[string, object, string]>([
    ['no group', { MessageDeduplicationId: 'd' }, 'MissingParameter'],
    ['no deduplication id', { MessageGroupId: 'g' }, 'InvalidParameterValue'],
    ['a group with a space', { MessageGroupId: 'a b', MessageDeduplicationId: 'd' }, 'InvalidParameterValue'],
    [
      'an id of 129 characters',
      { MessageGroupId: 'g', MessageDeduplicationId: 'd'.repeat(129) },
      'InvalidParameterValue',
    ],
    [
      'a delay',
      { MessageGroupId: 'g', MessageDeduplicationId: 'd', DelaySeconds: 1 },
      'InvalidParameterValue',
    ],
  ])('a send with %s is refused', async (_name, over, code) => {
    const { sqs, url, queue } = await open()
    expect(await refusal(sqs.sendMessage({ QueueUrl: url, MessageBody: 'a', ...over }))).toBe(code)
    expect(queue.visible()).toEqual([])
  })
})
