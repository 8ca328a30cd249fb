import { expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/config.ts'
import type { Prefix } from '../../lib/core/prefix.ts'
import { Protection } from '../../lib/core/protection.ts'
import { readDesired } from '../../lib/desired.ts'
import { MemoryLedger } from '../../lib/local/ledger.ts'
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

  get held(): readonly Prefix[] {
    return this.#states.at(-1)!
  }

  async read() {
    const held = this.#states[Math.max(0, this.#states.length - 1 - this.behind)]!
    return { held, capacity: 10, version: '1' }
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

test('what a lagging read does not show yet is still ours when it shows', async () => {
  const ledger = new MemoryLedger(new Protection([]))
  const set = new LaggingSet()
  const journal = { write: async () => undefined }
  const round = async (now: number) => {
    const desired = await readDesired(ledger, now)
    const options = { mode: 'enforce', apply: true, brake: DEFAULTS.brake } as const
    return await reconcileSet({ ledger, set, journal }, desired, options, now)
  }
  const block = { ...blockOf('192.0.2.7/32'), from: NOW, until: NOW + 60_000 }
  await ledger.keepBlock(block)
  await round(NOW)
  expect(set.held).toEqual([block.prefix])
  set.behind = 1
  await round(NOW + 60_000) // the block is over, and the list seems to be empty
  expect(set.held).toEqual([block.prefix])
  set.behind = 0
  const { plan } = await round(NOW + 120_000)
  expect(plan.foreign).toEqual([])
  expect(set.held).toEqual([])
})
