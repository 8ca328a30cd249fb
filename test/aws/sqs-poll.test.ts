import type { SQS } from '@aws-sdk/client-sqs'
import { describe, expect, test } from 'vitest'
import { refusal } from './account.ts'
import { bodiesIn, openWideAccount, receiveAll } from './wide-account.ts'

const queues = [{ name: 'work' }, { name: 'work.fifo', visibilitySeconds: 30 }]
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

function poll(sqs: SQS, QueueUrl: string, WaitTimeSeconds: number, abortSignal?: AbortSignal) {
  const received = sqs.receiveMessage({ QueueUrl, WaitTimeSeconds }, abortSignal ? { abortSignal } : {})
  return received.then(({ Messages }) => Messages?.map(({ Body }) => Body) ?? [])
}

async function open(options: { now?: () => number; wait?: (ms: number) => Promise<void> } = {}) {
  const account = await openWideAccount({ queues, ...options })
  const arrived = async (count: number) => {
    while (account.aws.calls().length < count) await nextTurn()
  }
  const queue = account.aws.queue('work')
  return { ...account, queue, url: queue.url, fifo: account.aws.queue('work.fifo').url, arrived }
}

describe('a long poll', () => {
  test('is woken by a message while the wait of the account goes on', async () => {
    const { sqs, url, arrived } = await open({ wait: () => new Promise(() => {}) })
    const polling = poll(sqs, url, 20)
    await arrived(1)
    await sqs.sendMessage({ QueueUrl: url, MessageBody: 'a' })
    expect(await polling).toEqual(['a'])
  })

  test('ends with nothing when its time is over', async () => {
    const { sqs, url } = await open()
    const began = performance.now()
    expect(await poll(sqs, url, 1)).toEqual([])
    expect(performance.now() - began).toBeGreaterThan(990) // waits: too early is wrong on any machine, too late is not told
  })

  test('waits by the wait of the account, which may move its clock', async () => {
    let now = 0
    const waits: number[] = []
    const wait = async (ms: number) => {
      waits.push(ms)
      now += ms
    }
    const { sqs, url } = await open({ now: () => now, wait })
    expect([await poll(sqs, url, 20), now]).toEqual([[], 20_000])
    await sqs.sendMessage({ QueueUrl: url, MessageBody: 'a', DelaySeconds: 7 })
    expect([await poll(sqs, url, 20), now, waits]).toEqual([['a'], 27_000, [20_000, 7000]])
  })

  test('sees a message that becomes visible because the test moves the clock', async () => {
    let now = 0
    const { sqs, url, arrived } = await open({ now: () => now })
    await sqs.sendMessage({ QueueUrl: url, MessageBody: 'a' })
    await receiveAll(sqs, url)
    const polling = poll(sqs, url, 20)
    await arrived(3)
    now = 30_000
    expect(await polling).toEqual(['a'])
  })

  test('of a FIFO queue ends when its group is unlocked', async () => {
    const { sqs, fifo, arrived } = await open()
    for (const id of ['a', 'b']) {
      await sqs.sendMessage({
        QueueUrl: fifo,
        MessageBody: id,
        MessageGroupId: 'g',
        MessageDeduplicationId: id,
      })
    }
    const { Messages } = await sqs.receiveMessage({ QueueUrl: fifo })
    const polling = poll(sqs, fifo, 20)
    await arrived(4)
    await sqs.deleteMessage({ QueueUrl: fifo, ReceiptHandle: Messages![0]!.ReceiptHandle })
    expect(await polling).toEqual(['b'])
  })

  test('a message goes to one of those who wait', async () => {
    const { sqs, url, arrived } = await open()
    const polls = [poll(sqs, url, 1), poll(sqs, url, 1)]
    await arrived(2)
    await sqs.sendMessage({ QueueUrl: url, MessageBody: 'a' })
    expect((await Promise.all(polls)).flat()).toEqual(['a'])
  })

  test('whose caller hangs up takes nothing', async () => {
    const { sqs, url, queue, arrived } = await open()
    const leaving = new AbortController()
    const polling = refusal(poll(sqs, url, 20, leaving.signal))
    await arrived(1)
    leaving.abort()
    expect(await polling).toBe('AbortError')
    await sqs.sendMessage({ QueueUrl: url, MessageBody: 'a' })
    expect(queue.visible()).toHaveLength(1)
    expect(await bodiesIn(sqs, url)).toEqual(['a'])
  })

  test('gets no answer when the account stops', async () => {
    const { aws, sqs, url, arrived } = await open()
    const polling = refusal(poll(sqs, url, 20))
    await arrived(1)
    await aws.stop()
    expect(await polling).not.toBe('accepted')
  })
})
