import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/config.ts'
import type { Prefix } from '../../lib/core/prefix.ts'
import { Protection } from '../../lib/core/protection.ts'
import { readDesired } from '../../lib/desired.ts'
import type { Alert, JournalEntry } from '../../lib/journal.ts'
import { MemoryLedger } from '../../lib/local/ledger.ts'
import type { Mode } from '../../lib/reconcile.ts'
import { type DenyingSet, reconcileSet } from '../../lib/reconcile-set.ts'
import { blockOf } from '../contract/firewall.ts'

const NOW = 1_800_000_000_000

/** A set whose reads show what stood some writes ago. */
class LaggingSet implements DenyingSet {
  readonly id = 'set'
  readonly family = 4
  behind = 0
  readonly takes = () => true
  readonly #states: (readonly Prefix[])[] = [[]]
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get held(): readonly Prefix[] {
    return this.#states.at(-1)!
  }

  async read() {
    const held = this.#states[Math.max(0, this.#states.length - 1 - this.behind)]!
    return { held, capacity: this.#capacity, version: '1' }
  }

  async apply(changes: Parameters<DenyingSet['apply']>[0]) {
    const next = new Set(this.held)
    for (const { kind, prefix } of changes) {
      if (kind === 'add') next.add(prefix)
      else next.delete(prefix)
    }
    this.#states.push([...next])
    return { done: changes, stopped: null }
  }
}

/** A fence of one set: `round` is one round of it, `told` the alerts of the last one. */
function arrange(capacity = 10) {
  const ledger = new MemoryLedger(new Protection([]))
  const set = new LaggingSet(capacity)
  const told: Alert[] = []
  const write = async (entry: JournalEntry) => void (entry.kind === 'alert' && told.push(entry.alert))
  const round = async (now = NOW, mode: Mode = 'enforce') => {
    told.length = 0
    const desired = await readDesired(ledger, now)
    const options = { mode, apply: true, brake: DEFAULTS.brake } as const
    return await reconcileSet({ ledger, set, journal: { write } }, desired, options, now)
  }
  const block = async (prefix: string) =>
    await ledger.keepBlock({ ...blockOf(prefix), from: NOW, until: NOW + 60_000 })
  return { set, round, told, block }
}

test('what a lagging read does not show yet is still ours when it shows', async () => {
  const { set, round, block } = arrange()
  await block('192.0.2.7/32')
  await round()
  expect(set.held).toEqual(['192.0.2.7/32'])
  set.behind = 1
  await round(NOW + 60_000) // the block is over, and the list seems to be empty
  expect(set.held).toEqual(['192.0.2.7/32'])
  set.behind = 0
  const { plan } = await round(NOW + 120_000)
  expect(plan.foreign).toEqual([])
  expect(set.held).toEqual([])
})

describe('people are told', () => {
  test('of the brake, by the name of the set, and not while the fence only observes', async () => {
    const { set, round, told, block } = arrange()
    await block('192.0.0.0/16')
    expect((await round()).braked).toContain('65536 addresses')
    expect(told).toMatchObject([{ kind: 'brake', host: 'set', why: expect.stringMatching(/^set: /) }])
    expect(set.held).toEqual([])
    expect((await round(NOW, 'observe')).braked).toBeUndefined()
    expect(told).toEqual([])
  })

  test.each([
    [3, /^192\.0\.2\.\d+\/32 find no room in set/],
    [5, /^192\.0\.2\.\d+\/32 and 2 more find no room in set/],
  ])('in one alert of those of %i blocks that find no room', async (count, words) => {
    const { round, told, block } = arrange(2)
    for (let i = 0; i < count; i++) await block(`192.0.2.${3 * i}/32`)
    await round()
    expect(told).toMatchObject([{ kind: 'no-free-entry', host: 'set', why: expect.stringMatching(words) }])
  })
})
