import { describe, expect, test } from 'vitest'
import { ACL_ID, numbersOf, openAccount, refusal, sip4, statusOf } from './account.ts'
import type { Fault } from './faults.ts'
import { FaultInjector } from './faults.ts'

const create = 'CreateNetworkAclEntry'
const DEFAULTS = [100, 101, 32767, 32768]
const none: Fault = { kind: 'none' }
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))
const lost: Fault = { kind: 'lost' }

describe('what a fault does to a call', () => {
  test.each<[string, Fault, string, number | undefined, boolean]>([
    ['an error before it', { kind: 'before' }, 'InternalError', 500, false],
    [
      'an error of a code of the test before it',
      { kind: 'before', code: 'UnauthorizedOperation', status: 403 },
      'UnauthorizedOperation',
      403,
      false,
    ],
    ['a dropped connection before it', { kind: 'before', drop: true }, 'TimeoutError', undefined, false],
    ['an error after it', { kind: 'after' }, 'InternalError', 500, true],
    [
      'an unavailable server after it',
      { kind: 'after', code: 'Unavailable', status: 503 },
      'Unavailable',
      503,
      true,
    ],
    ['an answer that is lost', lost, 'TimeoutError', undefined, true],
    ['throttling', { kind: 'throttle' }, 'RequestLimitExceeded', 503, false],
  ])('%s', async (_name, fault, name, status, tookEffect) => {
    const { aws, ec2 } = await openAccount()
    aws.faults.plan([{ action: create, fault }])
    expect(await refusal(ec2.createNetworkAclEntry(sip4()))).toBe(name)
    expect(await statusOf(ec2.createNetworkAclEntry(sip4({ RuleNumber: 11 })))).toBe(status)
    expect(await numbersOf(ec2)).toEqual(tookEffect ? [10, 11, ...DEFAULTS] : DEFAULTS)
  })

  test('JSON services fail with their own codes', async () => {
    const { aws, serviceQuotas } = await openAccount()
    aws.faults.plan([
      { calls: [1], fault: { kind: 'throttle' } },
      { calls: [2], fault: { kind: 'after' } },
    ])
    const ask = () => refusal(serviceQuotas.getServiceQuota({ ServiceCode: 'vpc', QuotaCode: 'L-2AEEBF1A' }))
    expect([await ask(), await ask(), await ask()]).toEqual([
      'TooManyRequestsException',
      'ServiceException',
      'accepted',
    ])
  })

  test('a refusal is lost like any other answer', async () => {
    const { aws, ec2 } = await openAccount()
    aws.faults.plan([{ fault: lost }])
    expect(await refusal(ec2.createNetworkAclEntry(sip4({ RuleNumber: 0 })))).toBe('TimeoutError')
  })

  test.each<['request' | 'answer', number[]]>([
    ['request', DEFAULTS],
    ['answer', [10, ...DEFAULTS]],
  ])('while the %s is late others see what has taken effect', async (late, seen) => {
    const waits: number[] = []
    let release: (() => void) | undefined
    let started: (() => void) | undefined
    const waiting = new Promise<void>((resolve) => {
      started = resolve
    })
    const { aws, ec2 } = await openAccount({
      wait(ms) {
        waits.push(ms)
        started!()
        return new Promise((resolve) => {
          release = resolve
        })
      },
    })
    aws.faults.plan([{ action: create, fault: { kind: 'latency', ms: 30_000, late } }])
    const creating = refusal(ec2.createNetworkAclEntry(sip4()))
    await waiting
    expect(await numbersOf(ec2)).toEqual(seen)
    release!()
    expect([await creating, await numbersOf(ec2), waits]).toEqual(['accepted', [10, ...DEFAULTS], [30_000]])
  })

  test('a request that is late when the account stops does not take effect', async () => {
    const { aws, ec2 } = await openAccount()
    aws.faults.plan([{ action: create, fault: { kind: 'latency', ms: 86_400_000, late: 'request' } }])
    const creating = refusal(ec2.createNetworkAclEntry(sip4()))
    while (aws.faults.injected().length === 0) await nextTurn()
    await aws.stop()
    expect(await creating).toBe('TimeoutError')
    expect(aws.acls.get(ACL_ID)!.describe()).toHaveLength(8)
  })

  test('nor does one whose wait ends after the account stopped', async () => {
    let release: (() => void) | undefined
    const wait = () => new Promise<void>((resolve) => (release = resolve))
    const { aws, ec2 } = await openAccount({ wait })
    aws.faults.plan([{ action: create, fault: { kind: 'latency', ms: 1, late: 'request' } }])
    const creating = refusal(ec2.createNetworkAclEntry(sip4()))
    while (release === undefined) await nextTurn()
    await aws.stop()
    release()
    expect(await creating).toBe('TimeoutError')
    await nextTurn()
    expect(aws.acls.get(ACL_ID)!.describe()).toHaveLength(8)
  })
})

describe('which calls a plan spoils', () => {
  const kinds = (injector: FaultInjector, count: number, action = create) =>
    Array.from({ length: count }, () => injector.next('ec2', action).kind)

  test('a rule names calls of one action by their number', async () => {
    const { aws, ec2 } = await openAccount()
    aws.faults.plan([{ service: 'ec2', action: create, calls: [3], fault: { kind: 'before' } }])
    const outcomes = []
    for (let i = 1; i <= 4; i++) {
      await ec2.describeNetworkAcls({})
      outcomes.push(await refusal(ec2.createNetworkAclEntry(sip4({ RuleNumber: i }))))
    }
    expect(outcomes).toEqual(['accepted', 'accepted', 'InternalError', 'accepted'])
    expect(aws.faults.injected()).toEqual([
      { service: 'ec2', action: create, index: 3, fault: { kind: 'before' } },
    ])
  })

  test('a function decides by service, action and number, and the first rule that applies wins', () => {
    const injector = new FaultInjector()
    injector.plan(({ service, action, index }) =>
      service === 'ec2' && action === create && index % 2 === 0 ? lost : undefined,
    )
    expect(kinds(injector, 4)).toEqual(['none', 'lost', 'none', 'lost'])
    injector.plan([
      { service: 'sqs', fault: { kind: 'throttle' } },
      { calls: [1], fault: none },
      { fault: lost },
    ])
    expect(kinds(injector, 2)).toEqual(['none', 'lost'])
  })

  test('a new plan counts from one, and clear ends it', () => {
    const injector = new FaultInjector()
    const rules = [{ calls: [2], fault: lost }]
    injector.plan(rules)
    expect(kinds(injector, 3)).toEqual(['none', 'lost', 'none'])
    injector.plan(rules)
    expect(kinds(injector, 3)).toEqual(['none', 'lost', 'none'])
    injector.plan([{ fault: lost }])
    injector.clear()
    expect(kinds(injector, 3)).toEqual(['none', 'none', 'none'])
    expect(injector.injected()).toHaveLength(2)
  })

  test('chance is about as likely as asked, the same for a seed and different for another', () => {
    const run = (seed: number) => {
      const injector = new FaultInjector(seed)
      injector.plan([{ probability: 0.25, fault: lost }])
      return kinds(injector, 1000).join(' ')
    }
    const count = run(1).split('lost').length - 1
    expect(count).toBeGreaterThan(200)
    expect(count).toBeLessThan(300)
    expect(run(1)).toBe(run(1))
    expect(run(1)).not.toBe(run(2))
  })

  test('the seed of an account decides over its faults', async () => {
    const run = async (seed: number) => {
      const { aws, ec2 } = await openAccount({ seed })
      aws.faults.plan((_, random) => (random() < 0.5 ? { kind: 'throttle' } : undefined))
      const outcomes = []
      for (let i = 0; i < 20; i++) outcomes.push(await refusal(ec2.describeNetworkAcls({})))
      return outcomes
    }
    const first = await run(7)
    expect(new Set(first)).toEqual(new Set(['accepted', 'RequestLimitExceeded']))
    expect(await run(7)).toEqual(first)
    expect(await run(8)).not.toEqual(first)
  })
})

describe('throttling', () => {
  test('a bucket allows its burst, then as many calls as it is refilled with, for its action alone', async () => {
    let now = 0
    const throttle = { [create]: { burst: 2, refillPerSecond: 2 } }
    const { aws, ec2 } = await openAccount({ now: () => now, throttle })
    let number = 0
    const outcome = () => refusal(ec2.createNetworkAclEntry(sip4({ RuleNumber: ++number })))
    const limited = 'RequestLimitExceeded'
    expect([await outcome(), await outcome(), await outcome()]).toEqual(['accepted', 'accepted', limited])
    now = 499
    expect(await outcome()).toBe(limited)
    now = 500
    expect([await outcome(), await outcome()]).toEqual(['accepted', limited])
    now = 3_600_000
    expect([await outcome(), await outcome(), await outcome()]).toEqual(['accepted', 'accepted', limited])
    expect(await numbersOf(ec2)).toHaveLength(5 + DEFAULTS.length)
    expect(aws.calls().filter(({ action }) => action === create)).toHaveLength(9)
  })

  test('a call that the bucket refuses does not count for the plan', async () => {
    const { aws, ec2 } = await openAccount({
      now: () => 0,
      throttle: { [create]: { burst: 1, refillPerSecond: 1 } },
    })
    aws.faults.plan([{ fault: lost }])
    const outcomes = []
    for (let i = 0; i < 2; i++) outcomes.push(await refusal(ec2.createNetworkAclEntry(sip4())))
    expect(outcomes).toEqual(['TimeoutError', 'RequestLimitExceeded'])
    expect(aws.faults.injected()).toHaveLength(1)
  })
})
