import { describe, expect, test } from 'vitest'
import type { DeployedFence } from '../../lib/aws/deployed-fence.ts'
import { DEFAULTS } from '../../lib/config.ts'
import type { Block } from '../../lib/core/block.ts'
import { noOffences } from '../../lib/core/offences.ts'
import { portRanges } from '../../lib/core/wanted.ts'
import { requestOf } from '../../lib/local/acl-entry.ts'
import { fenceRound, throwProblems } from '../../lib/round.ts'
import type { RoundRecord } from '../../lib/round-record.ts'
import { roundOptions } from '../../lib/settings/round-options.ts'
import type { Fault } from '../aws/faults.ts'
import { ACL, FENCE, type FenceAccount, openFenceAccount } from '../aws/fence-account.ts'
import { blockOf, held } from '../contract/firewall.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { NOW, proofsOf } from '../core/reports.ts'

/** Every fault that a call can meet with, but for latency, which changes nothing but time. */
const KINDS: readonly Fault[] = [
  { kind: 'before' },
  { kind: 'before', drop: true },
  { kind: 'after' },
  { kind: 'lost' },
  { kind: 'throttle' },
]
const AT_EACH = ['{"kind":"before"}', '{"kind":"lost"}']
const EVERY = process.env['SIPFENCE_EVERY_FAULT'] !== undefined
const MINUTE = 60_000
const OPTIONS = {
  ...roundOptions(FENCE),
  mode: 'enforce',
  ranges: portRanges([5060]),
  reserve: 0,
  brake: DEFAULTS.brake,
  roster: [],
} as const

const HERS = '25 deny 198.51.100.1/32 17 *'
const [OVER, STANDS, GOOD, HEAVY, SIX] = [
  blockOf('192.0.2.1/32', 100),
  { ...blockOf('192.0.2.2/32', 100), until: NOW + 60 * MINUTE },
  { ...blockOf('192.0.2.3/32', 100), until: NOW + 60 * MINUTE },
  { ...blockOf('203.0.113.4/32', 900, 'sip'), until: NOW + 60 * MINUTE },
  { ...blockOf('2001:db8:5::/64', 300), until: NOW + 60 * MINUTE },
] as const
const WANTED = [
  '192.0.2.2/32 17 5060-5060',
  '198.51.100.1/32 17 *',
  '2001:db8:5::/64 17 5060-5060',
  '203.0.113.4/32 17 5060-5060',
  '203.0.113.4/32 6 5060-5060',
]

async function put(fence: DeployedFence, ...blocks: Block[]): Promise<void> {
  for (const block of blocks)
    await fence.ledger.changeOffences(block.prefix, () => ({ ...noOffences(block.prefix, 1), block }))
}

async function round(fence: DeployedFence, now: number): Promise<RoundRecord> {
  const journal = { write: async () => undefined }
  return await fenceRound({ ...fence, journal }, { ...OPTIONS, owner: `round ${now}` }, now)
}

/**
 * A fence in the middle of its life: one block is over, one stands, one's source has become known-good, two are new,
 * and somebody has an entry of her own in our window.
 */
async function inTheMiddle(options: Parameters<typeof openFenceAccount>[0] = {}): Promise<FenceAccount> {
  const account = await openFenceAccount(options, NOW)
  const hers = { ruleNumber: 25, prefix: onePrefix('198.51.100.1/32'), protocol: 17, ports: null } as const
  account.aws.acls.get(ACL)!.create(requestOf({ ...hers, action: 'deny', egress: false }))
  await put(account, OVER, STANDS, GOOD)
  await round(account, NOW)
  account.now = NOW + 10 * MINUTE
  await account.ledger.keepProofs(proofsOf('h', 590, GOOD.prefix))
  await put(account, HEAVY, SIX)
  return account
}

function lines(account: FenceAccount): string[] {
  return held(account.aws.acls.get(ACL)!)
}

function denied(account: FenceAccount): string[] {
  return lines(account)
    .map((line) => line.replace(/^\d+ deny /, ''))
    .sort()
}

/** At no moment is her entry touched, or a block lifted that stands; and only what is over has gone. */
function expectNothingOpened(moment: readonly string[]): void {
  expect(moment).toContain(HERS)
  expect(moment).toContainEqual(expect.stringMatching(/^\d+ deny 192\.0\.2\.2\/32 17 5060-5060$/))
}

async function expectConverges(account: FenceAccount): Promise<void> {
  const next = account.restart(1) // another start, with nothing in memory
  account.now += 2 * MINUTE
  await settledRound(next, account)
  expect(denied(account)).toEqual(WANTED)
  expect(lines(account)).toContain(HERS)
  const before = lines(account)
  const calls = account.aws.calls().length
  await settledRound(next, account)
  expect(lines(account)).toEqual(before)
  const writes = account.aws
    .calls()
    .slice(calls)
    .filter(({ service, action }) => service === 'ec2' && !action.startsWith('Describe'))
  expect(writes).toEqual([])
}

async function settledRound(fence: DeployedFence, account: FenceAccount): Promise<void> {
  account.now += 1_000
  throwProblems(await round(fence, account.now))
}

/** How many calls a clean round makes; each of them is made to fail in turn. */
async function callsOfRound(): Promise<number> {
  const account = await inTheMiddle()
  try {
    const before = account.aws.calls().length
    throwProblems(await round(account.restart(1), account.now))
    expect(denied(account)).toEqual(WANTED)
    return account.aws.calls().length - before
  } finally {
    await account.stop()
  }
}

const calls = await callsOfRound()

describe('A fault at any call of a round: what stands is not lifted, a clean round converges, a second one changes nothing', () => {
  test('a round makes so many calls that this says something', () => {
    expect(calls).toBeGreaterThan(20)
    expect(calls).toBeLessThan(60)
  })

  /** What fails before it took effect, or loses its answer, at each call; the rest at every fourth one, but for `npm run prove`. */
  test.each(KINDS.map((fault) => [JSON.stringify(fault), fault] as const))('%s', async (name, fault) => {
    const step = EVERY || AT_EACH.includes(name) ? 1 : 4
    for (let failing = 1; failing <= calls; failing += step) {
      const account = await inTheMiddle()
      try {
        const seen: string[][] = []
        account.aws.faults.plan(() => {
          seen.push(lines(account))
          return seen.length === failing ? fault : undefined
        })
        await round(account.restart(1), account.now).catch(() => undefined)
        expect(seen.length).toBeGreaterThanOrEqual(failing)
        for (const moment of [...seen, lines(account)]) expectNothingOpened(moment)
        account.aws.faults.clear()
        await expectConverges(account)
      } finally {
        await account.stop()
      }
    }
  })

  test('and while reads lag behind by a minute, whoever reads them', async () => {
    for (let failing = 1; failing <= calls; failing += 3) {
      let age = 0
      const account = await inTheMiddle({ staleReadsMs: () => age })
      try {
        let call = 0
        account.aws.faults.plan(() => (++call === failing ? { kind: 'lost' } : undefined))
        await round(account.restart(1), account.now).catch(() => undefined)
        account.aws.faults.clear()
        age = MINUTE
        for (let i = 0; i < 2; i++) {
          account.now += 20_000
          await round(account.restart(1), account.now).catch(() => undefined)
          expectNothingOpened(lines(account))
        }
        age = 0
        await expectConverges(account)
      } finally {
        await account.stop()
      }
    }
  })
})

describe('An unreadable allowlist, known-good set or firewall changes nothing', () => {
  test.each([
    ['DescribeNetworkAcls', 'ec2'],
    ['Query', 'dynamodb'],
    ['GetItem', 'dynamodb'],
  ])('%s of %s', async (action, service) => {
    const account = await inTheMiddle()
    try {
      const before = lines(account)
      account.aws.faults.plan([{ service, action, fault: { kind: 'before' } }])
      const record = await round(account.restart(1), account.now).catch(() => undefined)
      expect(record === undefined || record.firewalls[0]?.problem !== null).toBe(true)
      expect(lines(account)).toEqual(before)
    } finally {
      await account.stop()
    }
  })

  test('nothing is inferred from an empty ledger page: a second page that fails ends the round', async () => {
    const account = await inTheMiddle()
    try {
      const many = Array.from({ length: 130 }, (_, i) => ({
        ...blockOf(`198.18.0.${i}/32`),
        why: 'x'.repeat(10_000),
      }))
      await put(account, ...many)
      const before = lines(account)
      account.aws.faults.plan([
        { service: 'dynamodb', action: 'Query', calls: [2], fault: { kind: 'before' } },
      ])
      await expect(round(account.restart(1), account.now)).rejects.toThrow()
      expect(lines(account)).toEqual(before)
    } finally {
      await account.stop()
    }
  })
})

describe('The lease', () => {
  test('lets one round run at a time, and ends by itself where a round died', async () => {
    const account = await openFenceAccount({}, NOW)
    try {
      expect(await account.state.takeLease({ owner: 'somebody', until: NOW + MINUTE }, NOW)).toBe(true)
      await expect(round(account, NOW)).rejects.toThrow(/somebody else holds the lease/)
      account.now = NOW + MINUTE + 1
      await round(account, account.now)
      expect(await account.state.lease()).toBeUndefined()
    } finally {
      await account.stop()
    }
  })
})
