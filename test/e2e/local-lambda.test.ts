import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SQS } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startLocalAws } from '../aws/local-aws.ts'
import { EventSource, type Mapping } from './event-source.ts'
import type { FunctionSpec } from './function-process.ts'
import { LocalLambda } from './local-lambda.ts'

const IN_FLIGHT_SECONDS = 30

/** Does what its messages say, one word each. */
const CODE = `
let handled = 0
const seen = []
export async function handler({ Records, probe }, context) {
  handled++
  if (probe === 'environment') return Object.keys(process.env).sort()
  if (probe === 'context') return [context.functionName, context.getRemainingTimeInMillis() > 0, handled]
  if (probe === 'hang') await new Promise(() => {})
  if (probe === 'die') process.exit(7)
  const failed = []
  for (const { body, messageId, attributes } of Records) {
    console.log(JSON.stringify({ body, count: attributes.ApproximateReceiveCount, sender: attributes.SenderId }))
    if (body === 'throw' && attributes.ApproximateReceiveCount === '1') throw new Error('as told')
    if (body === 'fail' && attributes.ApproximateReceiveCount === '1') failed.push({ itemIdentifier: messageId })
    if (body === 'slow') await new Promise((resolve) => setTimeout(resolve, 500)) // waits: so that another could overtake it
  }
  return { batchItemFailures: failed }
}
`

describe('what stands in for AWS Lambda', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sipfence-lambda-'))
    writeFileSync(join(folder, 'index.mjs'), CODE)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function open(spec: Partial<FunctionSpec> = {}): LocalLambda {
    const own = { name: 'f', folder, handler: 'index.handler', timeoutSeconds: 5, memoryMegabytes: 128 }
    const lambda = new LocalLambda({ ...own, environment: { OF_THE_STACK: '1' }, ...spec })
    onTestFinished(() => lambda.stop())
    return lambda
  }

  /** A queue that feeds the function; two messages were sent at once before it began. */
  async function feed(lambda: LocalLambda, name: string, more: Partial<Mapping>, ...bodies: string[]) {
    let now = Date.now()
    const aws = await startLocalAws({
      queues: [{ name, visibilitySeconds: IN_FLIGHT_SECONDS, contentBasedDeduplication: true }],
      now: () => now,
    })
    const { endpoint, region, credentials } = aws
    const sqs = new SQS({ endpoint, region, credentials })
    const { url: QueueUrl, arn: queueArn } = aws.queue(name)
    const group = name.endsWith('.fifo') ? { MessageGroupId: 'g' } : {}
    for (const MessageBody of bodies) await sqs.sendMessage({ QueueUrl, MessageBody, ...group })
    const own = { batchSize: 10, reportsFailures: false, maximumConcurrency: 2 }
    const mapping = { queueUrl: QueueUrl, queueArn, ...own, ...more }
    const invoke = (event: object) => lambda.invoke(event)
    const source = new EventSource(mapping, { sqs, invoke, senderOf: ({ Body }) => `sent ${Body}` })
    onTestFinished(async () => {
      await source.stop()
      sqs.destroy()
      await aws.stop()
    })
    const left = () => [...aws.queue(name).visible(), ...aws.queue(name).inFlight()].map(({ body }) => body)
    /** All that failed can be received again. */
    const again = () => {
      now += IN_FLIGHT_SECONDS * 1_000
    }
    return {
      left,
      again,
      send: (MessageBody: string) => sqs.sendMessage({ QueueUrl, MessageBody, ...group }),
    }
  }

  const handled = (lambda: LocalLambda) => lambda.lines.map((line) => JSON.parse(line))

  test('gives a function its own environment and nothing of the machine’s', async () => {
    const { result } = (await open().invoke({ probe: 'environment' })) as { result: string[] }
    expect(result).toContain('OF_THE_STACK')
    expect(
      result.filter(
        (name) => !/^(OF_THE_STACK|TZ|_HANDLER|LAMBDA_.*|AWS_LAMBDA_.*|NODE_CHANNEL_.*)$/.test(name),
      ),
    ).toEqual([])
  })

  test('keeps a process for the next event, and starts another where one is at work', async () => {
    const lambda = open()
    const asked = () => lambda.invoke({ probe: 'context' })
    expect([await asked(), await asked()]).toEqual([
      { ok: true, result: ['f', true, 1] },
      { ok: true, result: ['f', true, 2] },
    ])
    await Promise.all([asked(), asked()])
    expect(lambda.starts).toBe(2)
  })

  test('ends what takes too long, tells of what died, and begins anew', async () => {
    const lambda = open({ timeoutSeconds: 2 })
    expect(await lambda.invoke({ probe: 'hang' })).toEqual({
      ok: false,
      error: 'Task timed out after 2 seconds',
    })
    expect(await lambda.invoke({ probe: 'die' })).toEqual({ ok: false, error: 'Runtime exited: 7' })
    expect(await lambda.invoke({ probe: 'context' })).toEqual({ ok: true, result: ['f', true, 1] })
    expect(lambda.starts).toBe(3)
    expect(await open({ handler: 'nothing.handler' }).invoke({})).toEqual({
      ok: false,
      error: 'Runtime exited: 1',
    })
  })

  test('deletes of a batch what did not fail, and gives the rest again', async () => {
    const lambda = open()
    const { left, again } = await feed(lambda, 'queue', { reportsFailures: true }, 'a', 'fail', 'b')
    await expect.poll(left).toEqual(['fail'])
    again()
    await expect.poll(left).toEqual([])
    expect(handled(lambda).map(({ body, count }) => `${body} ${count}`)).toEqual([
      'a 1',
      'fail 1',
      'b 1',
      'fail 2',
    ])
    expect(handled(lambda)[0]).toMatchObject({ sender: 'sent a' })
  })

  test('gives the whole batch again where the function throws', async () => {
    const lambda = open()
    const { left, again } = await feed(lambda, 'queue', { reportsFailures: true }, 'a', 'throw', 'b')
    await expect.poll(() => lambda.invocations).toHaveLength(1)
    again()
    await expect.poll(left).toEqual([])
    expect(handled(lambda).map(({ body, count }) => `${body} ${count}`)).toEqual([
      'a 1',
      'throw 1',
      'a 2',
      'throw 2',
      'b 2',
    ])
  })

  test('never has two batches of one group at work', async () => {
    const lambda = open()
    const { left, send } = await feed(lambda, 'queue.fifo', { batchSize: 1 }, 'slow', 'a', 'b')
    await expect.poll(() => handled(lambda).length).toBe(1)
    await send('c')
    await expect.poll(left).toEqual([])
    expect(handled(lambda).map(({ body }) => body)).toEqual(['slow', 'a', 'b', 'c'])
    expect(lambda.starts).toBe(1)
  })
})
