import { expect, test } from 'vitest'
import { ACL_ID, numbersOf, openAccount, refusal, sip4 } from './account.ts'
import { FaultInjector } from './faults.ts'

const DEFAULTS = [100, 101, 32767, 32768]

test('a call that is delayed takes effect in the middle, and others see it from then on', async () => {
  const seen: (readonly [ms: number, numbers: readonly (number | undefined)[]])[] = []
  const { aws, ec2 } = await openAccount({
    async wait(ms) {
      const entries = aws.acls.get(ACL_ID)!.describe()
      const inbound = entries.filter(({ egress }) => !egress)
      seen.push([ms, inbound.map(({ ruleNumber }) => ruleNumber)])
    },
  })
  aws.faults.delay(({ action }) => (action === 'CreateNetworkAclEntry' ? 90 : 0))
  expect(await refusal(ec2.createNetworkAclEntry(sip4()))).toBe('accepted')
  expect(await numbersOf(ec2)).toEqual([10, ...DEFAULTS])
  expect(seen).toEqual([
    [45, DEFAULTS],
    [45, [10, ...DEFAULTS]],
  ])
})

test('a refusal is as late as an answer, and a fault happens all the same', async () => {
  const waits: number[] = []
  const { aws, ec2 } = await openAccount({ wait: async (ms) => void waits.push(ms) })
  aws.faults.delay(() => 8)
  aws.faults.plan([{ calls: [2], fault: { kind: 'before' } }])
  expect(await refusal(ec2.createNetworkAclEntry(sip4({ RuleNumber: 0 })))).not.toBe('accepted')
  expect(await refusal(ec2.createNetworkAclEntry(sip4()))).toBe('InternalError')
  expect(waits).toEqual([4, 4, 4, 4])
})

test('a recorded call tells when it was answered, delay included', async () => {
  let now = 1_000
  const { aws, ec2 } = await openAccount({
    now: () => now,
    wait: async (ms) => {
      now += ms
    },
  })
  aws.faults.delay(() => 30)
  await ec2.describeNetworkAcls({})
  expect(aws.calls()).toMatchObject([{ at: 1_000, answeredAt: 1_030 }])
})

test('delays follow from the seed and change no fault', () => {
  function run(seed: number, delayed: boolean) {
    const injector = new FaultInjector(seed)
    injector.plan((_, random) => (random() < 0.5 ? { kind: 'lost' } : undefined))
    if (delayed) injector.delay((_, random) => 5 + random())
    const drawn = Array.from({ length: 50 }, () => ({
      ms: injector.delayOf('sqs', 'SendMessage'),
      kind: injector.next('sqs', 'SendMessage').kind,
    }))
    return { delays: drawn.map(({ ms }) => ms), kinds: drawn.map(({ kind }) => kind) }
  }
  expect(run(1, true)).toEqual(run(1, true))
  expect(run(1, true).delays).not.toEqual(run(2, true).delays)
  expect(run(1, true).kinds).toEqual(run(1, false).kinds)
  expect(run(1, false).delays).toEqual(Array(50).fill(0))
})
