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

const SOURCE = '192.0.2.1'
/** The ledger fails at whatever concerns this one. */
const POISON = '203.0.113.66'
const IN_FLIGHT_SECONDS = 60

describe('a function that cannot do its work', () => {
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

  async function start(options: Partial<LocalFenceOptions> = {}): Promise<void> {
    fence = await startLocalFence(assembly.template, { hosts: [HOST], ...options })
  }

  async function accuse(address: string): Promise<void> {
    await fence.send(HOST, JSON.stringify(accusation(HOST, address)))
  }

  function denied(): string[] {
    const entries = fence.aws.acls.get(ACL)!.describe()
    return entries.filter(({ ruleNumber }) => ruleNumber < 100).map(({ prefix }) => prefix)
  }

  const queue = (name: string) => fence.aws.queue(`sipfence-f-${name}`)
  /** Tries of the poisoned report: alone in its batch it fails the invocation, and with others it is named as failed. */
  const triesThatFailed = () =>
    fence.functions.Analyze.invocations.filter(
      ({ event, answer }) =>
        JSON.stringify(event).includes(POISON) &&
        (!answer.ok || JSON.stringify(answer.result).includes('itemIdentifier')),
    ).length
  const roundsThatEnded = () => fence.functions.Reconcile.invocations.map(({ answer }) => answer.ok)

  test('has its round tried again after five seconds, and then done', async () => {
    await start()
    const refuse = { kind: 'before', code: 'UnauthorizedOperation', status: 403 } as const
    fence.aws.faults.plan([{ service: 'ec2', action: 'CreateNetworkAclEntry', calls: [1], fault: refuse }])
    await accuse(SOURCE)
    await expect.poll(roundsThatEnded).toEqual([false])
    expect(fence.functions.Reconcile.invocations[0]!.answer).toMatchObject({
      error: expect.stringMatching(/Cannot finish the round: .*UnauthorizedOperation/),
    })
    const [wake] = queue('reconcile.fifo').inFlight()
    expect(wake!.receiveCount).toBe(1)
    expect(wake!.hiddenUntil).toBeGreaterThanOrEqual(wake!.lastReceivedAt! + 5_000)
    expect(wake!.hiddenUntil).toBeLessThanOrEqual(fence.now() + 5_000)
    expect(denied()).toEqual([])

    fence.advance(5_000)
    await expect.poll(roundsThatEnded).toEqual([false, true])
    expect(denied()).toEqual([`${SOURCE}/32`])
    await expect.poll(() => queue('reconcile.fifo').inFlight()).toEqual([])
  })

  test('gives one report up after five tries, and handles those that came with it', async () => {
    await start({
      reportSeconds: IN_FLIGHT_SECONDS,
      environment: async (aws) => ({ Analyze: { AWS_ENDPOINT_URL_DYNAMODB: await poisoned(aws) } }),
    })
    for (const address of ['192.0.2.1', POISON, '192.0.2.2', '192.0.2.3']) await accuse(address)
    await expect.poll(denied).toEqual(['192.0.2.1/32', '192.0.2.2/32', '192.0.2.3/32'])
    for (let tries = 1; tries <= 5; tries++) {
      await expect.poll(triesThatFailed).toBeGreaterThanOrEqual(tries)
      fence.advance(IN_FLIGHT_SECONDS * 1_000)
    }
    await expect
      .poll(() => queue('reports-dead').visible())
      .toMatchObject([{ body: expect.stringContaining(POISON), receiveCount: 5 }])
    expect([...queue('reports').visible(), ...queue('reports').inFlight()]).toEqual([])
  })

  /** The endpoint of a DynamoDB that fails at the poison. */
  async function poisoned(aws: LocalAws): Promise<string> {
    detour = await startDetour(aws.endpoint, (_, body) => (body.includes(POISON) ? null : body))
    return detour.endpoint
  }
})
