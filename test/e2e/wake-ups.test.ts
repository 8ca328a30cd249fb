import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { LocalAws } from '../aws/local-aws.ts'
import { ACL, accusation, HOST, LOCAL_FENCE } from './accusations.ts'
import { type Detour, startDetour } from './detour.ts'
import {
  type Assembly,
  assemble,
  type LocalFence,
  type LocalFenceOptions,
  startLocalFence,
} from './local-fence.ts'

const ONE = '192.0.2.1'
const OTHER = '192.0.2.2'

describe('an accusation that follows another', () => {
  let assembly: Assembly
  let fence: LocalFence
  let detour: Detour | undefined
  beforeAll(() => {
    assembly = assemble(LOCAL_FENCE)
  })
  afterEach(async () => {
    await fence.stop()
    await detour?.stop()
    detour = undefined
  })
  afterAll(() => assembly?.remove())

  /** Starts the functions too, which takes longer than what is to be seen. */
  async function start(environment?: LocalFenceOptions['environment']): Promise<void> {
    fence = await startLocalFence(assembly.template, {
      hosts: [HOST],
      ...(environment === undefined ? {} : { environment }),
    })
    await accuse()
    await fence.tick()
    await settled()
  }

  async function accuse(...addresses: readonly string[]): Promise<void> {
    await fence.send(HOST, JSON.stringify(accusation(HOST, ...addresses)))
  }

  /** Waits until nothing is in a queue or at work: every message was received, handled and deleted. */
  async function settled(): Promise<void> {
    const queues = ['sipfence-f-reports', 'sipfence-f-reconcile.fifo'].map((name) => fence.aws.queue(name))
    const left = () => queues.flatMap((queue) => [...queue.visible(), ...queue.inFlight()])
    await expect.poll(left).toEqual([])
  }

  function denied(): string[] {
    const entries = fence.aws.acls.get(ACL)!.describe()
    return entries.filter(({ ruleNumber }) => ruleNumber < 100).map(({ prefix }) => prefix)
  }

  const rounds = () => fence.functions.Reconcile.invocations.length

  test('leads to a round of its own, though the wake-up before it was taken and deleted a moment ago', async () => {
    await start()
    await accuse(ONE)
    await settled()
    expect([denied(), rounds()]).toEqual([[`${ONE}/32`], 2])
    await accuse(OTHER)
    await settled()
    expect([denied(), rounds()]).toEqual([[`${ONE}/32`, `${OTHER}/32`], 3])
  })

  test('would wait for the schedule if wake-ups had ids from a clock', async () => {
    await start(async (aws) => ({ Analyze: { AWS_ENDPOINT_URL_SQS: await clockedWakes(aws) } }))
    await accuse(ONE)
    await settled()
    await accuse(OTHER)
    await settled()
    expect([denied(), rounds()]).toEqual([[`${ONE}/32`], 2])
    await fence.tick()
    await settled()
    expect(denied()).toEqual([`${ONE}/32`, `${OTHER}/32`])
  })

  test('while the writer is at work leads to a round after that', async () => {
    await start()
    fence.aws.faults.plan([
      { service: 'ec2', action: 'CreateNetworkAclEntry', calls: [1], fault: { kind: 'latency', ms: 1_000 } },
    ])
    await accuse(ONE)
    await expect.poll(denied).toEqual([`${ONE}/32`])
    await accuse(OTHER)
    await settled()
    expect([denied(), rounds()]).toEqual([[`${ONE}/32`, `${OTHER}/32`], 3])
  })

  /** The endpoint of an SQS in which every wake-up of a minute has the same deduplication id; the test is one minute. */
  async function clockedWakes(aws: LocalAws): Promise<string> {
    detour = await startDetour(aws.endpoint, (action, body) => {
      if (action !== 'SendMessage') return body
      return JSON.stringify({ ...JSON.parse(body), MessageDeduplicationId: 'minute-0' })
    })
    return detour.endpoint
  }
})
