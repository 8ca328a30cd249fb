import { describe, expect, test } from 'vitest'
import type { Swap } from '../../lib/core/lockdown.ts'
import type { JournalEntry } from '../../lib/journal.ts'
import { lockdownRound, type StepOutcome } from '../../lib/lockdown.ts'
import { onePrefix } from '../core/arbitraries.ts'

const NOW = 1_800_000_000_000
const CLOSED = { closed: true, why: 'somebody closed it' }
const OPEN = { closed: false, why: 'lockdown is off' }
const PUBLIC = {
  protocol: 17,
  ports: { from: 5060, to: 5060 },
  source: { kind: 'prefix', prefix: onePrefix('0.0.0.0/0') },
  description: '',
  tags: {},
} as const

/** A door of one group that lets everybody in, whose steps come out as they are told to. */
function arrange(outcome: StepOutcome = { kind: 'done' }, held = 1) {
  let swaps: readonly Swap[] = []
  const told: JournalEntry[] = []
  const fixed = { id: 'sg-1', weight: { 4: 1, 6: 0 }, rulesQuota: 60, isOurs: true }
  const group = { ...fixed, rules: [PUBLIC], opensOut: { 4: true, 6: true } }
  const ports = {
    ledger: {
      swaps: async () => swaps,
      keepSwaps: async (next: readonly Swap[]) => {
        swaps = next
      },
    },
    groups: { read: async () => [group], apply: async () => outcome },
    journal: { write: async (entry: JournalEntry) => void told.push(entry) },
  }
  const list = (id: string) => ({ id, capacity: 1, held, left: [], knownGood: 1, problem: null })
  const ranges = [{ from: 5060, to: 5060 }]
  const round = (desired: { closed: boolean; why: string }, apply = true) =>
    lockdownRound(
      ports,
      desired,
      { fence: 'f', ranges, apply, trusted: { 4: list('pl-4'), 6: list('pl-6') } },
      NOW,
    )
  const alerts = () => told.flatMap((each) => (each.kind === 'alert' ? [each.alert] : []))
  const steps = () => told.flatMap((each) => (each.kind === 'lockdown' ? [each.step.kind] : []))
  return { round, alerts, steps, kept: () => swaps }
}

describe('a door', () => {
  test('that is closed is told of in one alert, and each step in the journal', async () => {
    const { round, alerts, steps, kept } = arrange()
    expect(await round(CLOSED)).toMatchObject({ refused: [], problem: null })
    expect(steps()).toEqual(['authorize', 'revoke'])
    expect(kept()).toHaveLength(1)
    expect(alerts()).toMatchObject([{ kind: 'lockdown', why: expect.stringContaining('cut at once') }])
  })

  test('that is opened again tells its steps, and raises no alert', async () => {
    const { round, alerts, steps, kept } = arrange()
    await round(CLOSED)
    const before = alerts().length
    await round(OPEN)
    expect(steps().slice(2)).toEqual(['authorize', 'revoke'])
    expect(kept()).toEqual([])
    expect(alerts()).toHaveLength(before)
  })

  test('that may not be closed raises an alert that says why, and nothing is done', async () => {
    const { round, alerts, steps, kept } = arrange({ kind: 'done' }, 0)
    const { refused } = await round(CLOSED)
    expect(refused).toHaveLength(1)
    expect([steps(), kept()]).toEqual([[], []])
    expect(alerts()).toMatchObject([{ kind: 'lockdown-refused', why: expect.stringContaining(refused[0]!) }])
  })

  test('whose rules are so already has nothing to tell of them', async () => {
    const { round, steps, kept } = arrange({ kind: 'already' })
    expect(await round(CLOSED)).toMatchObject({ problem: null })
    expect(steps()).toEqual([])
    expect(kept()).toHaveLength(1)
  })

  test('of which a step fails is told of by group and step, and keeps what it was to give back', async () => {
    const { round, alerts, steps, kept } = arrange({ kind: 'failed', reason: 'denied' })
    expect((await round(CLOSED)).problem).toMatch(/^sg-1: cannot authorize .*: denied$/)
    expect(steps()).toEqual(['authorize'])
    await round(OPEN)
    expect(kept()).toHaveLength(1)
    expect(alerts().map(({ kind }) => kind)).toEqual(['lockdown', 'lockdown-refused', 'lockdown-refused'])
  })

  test('of a group that is gone gives nothing back', async () => {
    const { round, steps, kept } = arrange({ kind: 'gone' })
    expect(await round(CLOSED)).toMatchObject({ problem: null })
    expect(steps()).toEqual(['authorize'])
    await round(OPEN)
    expect(kept()).toEqual([])
  })

  test('in a preview is planned and neither moved nor told of', async () => {
    const { round, alerts, steps, kept } = arrange()
    expect((await round(CLOSED, false)).steps).toHaveLength(2)
    expect([alerts(), steps(), kept()]).toEqual([[], [], []])
  })
})
