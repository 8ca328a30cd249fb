import { describe, expect, test } from 'vitest'
import { refusal } from './account.ts'
import type { Fault } from './faults.ts'
import type { LocalAwsOptions } from './local-aws.ts'
import type { WideAccount } from './wide-account.ts'
import { openWideAccount } from './wide-account.ts'

const TableName = 'fence'
const Key = { pk: 'p', sk: 's' }

interface Doing {
  readonly action: string
  readonly throttled: string
  readonly internal: string
  readonly run: (account: WideAccount) => Promise<unknown>
  readonly tookEffect: (account: WideAccount) => Promise<boolean>
}

const send: Doing = {
  action: 'SendMessage',
  throttled: 'RequestThrottled',
  internal: 'InternalError',
  run: ({ aws, sqs }) => sqs.sendMessage({ QueueUrl: aws.queue('work').url, MessageBody: 'a' }),
  tookEffect: async ({ aws }) => aws.queue('work').visible().length === 1,
}

const put: Doing = {
  action: 'PutItem',
  throttled: 'ProvisionedThroughputExceededException',
  internal: 'InternalServerError',
  run: ({ documents }) => documents.put({ TableName, Item: Key }),
  tookEffect: async ({ documents }) => (await documents.get({ TableName, Key })).Item !== undefined,
}

const open = (over: LocalAwsOptions = {}) =>
  openWideAccount({ queues: [{ name: 'work' }], tables: [TableName], ...over })

describe.each([send, put])('$action', (doing) => {
  test.each<[string, Fault, string, boolean]>([
    ['fails before it took effect', { kind: 'before' }, doing.internal, false],
    ['is dropped before it took effect', { kind: 'before', drop: true }, 'TimeoutError', false],
    ['fails after it took effect', { kind: 'after' }, doing.internal, true],
    ['takes effect and its answer is lost', { kind: 'lost' }, 'TimeoutError', true],
    ['is throttled', { kind: 'throttle' }, doing.throttled, false],
    [
      'is throttled by another code',
      { kind: 'before', code: 'ThrottlingException', status: 400 },
      'ThrottlingException',
      false,
    ],
  ])('%s', async (_name, fault, name, tookEffect) => {
    const account = await open()
    account.aws.faults.plan([{ action: doing.action, fault }])
    expect(await refusal(doing.run(account))).toBe(name)
    expect(await doing.tookEffect(account)).toBe(tookEffect)
    expect(account.aws.faults.injected()).toHaveLength(1)
  })

  test('is late', async () => {
    const waits: number[] = []
    const wait = async (ms: number) => void waits.push(ms)
    const account = await open({ wait })
    account.aws.faults.plan([{ action: doing.action, fault: { kind: 'latency', ms: 700 } }])
    expect([await refusal(doing.run(account)), waits]).toEqual(['accepted', [700]])
  })

  test('has a bucket', async () => {
    const throttle = { [doing.action]: { burst: 1, refillPerSecond: 1 } }
    const account = await open({ throttle, now: () => 0 })
    expect([await refusal(doing.run(account)), await refusal(doing.run(account))]).toEqual([
      'accepted',
      doing.throttled,
    ])
  })
})

test('a receive whose answer is lost leaves the message in flight', async () => {
  const { aws, sqs } = await open()
  const QueueUrl = aws.queue('work').url
  await sqs.sendMessage({ QueueUrl, MessageBody: 'a' })
  aws.faults.plan([{ service: 'sqs', action: 'ReceiveMessage', fault: { kind: 'lost' } }])
  expect(await refusal(sqs.receiveMessage({ QueueUrl }))).toBe('TimeoutError')
  expect([aws.queue('work').visible().length, aws.queue('work').inFlight().length]).toEqual([0, 1])
})
