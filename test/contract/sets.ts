import { afterEach, describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/config.ts'
import type { Block } from '../../lib/core/block.ts'
import type { Family, Prefix } from '../../lib/core/prefix.ts'
import { Protection } from '../../lib/core/protection.ts'
import { readDesired } from '../../lib/desired.ts'
import type { JournalEntry } from '../../lib/journal.ts'
import { MemoryLedger } from '../../lib/local/ledger.ts'
import type { Mode } from '../../lib/reconcile.ts'
import { type DenyingSet, reconcileSet, type SetState } from '../../lib/reconcile-set.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { blockOf } from './firewall.ts'

/** A set that a test can also look at, and write to as somebody else would. */
interface ArrangedSet {
  readonly set: DenyingSet
  /** What it really holds. */
  held(): readonly Prefix[] | Promise<readonly Prefix[]>
  /** Somebody else adds these and removes those. */
  change(add: readonly string[], remove?: readonly string[]): void | Promise<void>
  /** Calls that wrote to it so far, whatever became of them. */
  writes(): number
  stop(): Promise<void>
}

export interface SetContractOptions {
  /** What the port writes at once. */
  readonly mostAtOnce: number
  /** The smallest set that can be arranged, or the only one. */
  readonly capacity: number
  /** Whether a write from an old reading is refused; so it is on AWS. */
  readonly guards?: boolean
  readonly arrange: (family: Family, capacity: number) => Promise<ArrangedSet>
}

const NOW = 1_800_000_000_000
const MINUTE = 60_000
/** What is left for us in the test of the limit. */
const ROOM = 20

function manyBlocks(count: number, first = 0): Block[] {
  return Array.from({ length: count }, (_, i) => {
    const n = 2 * (first + i) // every other address, so that none join
    return blockOf(`10.${100 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}/32`, 100 + i, 'sip')
  })
}

/** What every port to a set of prefixes that denies does. Each step is applied twice: the second time changes nothing. */
export function setContract(
  name: string,
  { mostAtOnce, capacity, guards = true, arrange }: SetContractOptions,
): void {
  describe(`the set port over ${name}`, () => {
    let arranged: ArrangedSet | undefined
    afterEach(async () => {
      await arranged?.stop()
      arranged = undefined
    })

    async function start(family: Family = 4, most = 1_000) {
      const parts = await arrange(family, most)
      arranged = parts
      const ledger = new MemoryLedger(
        new Protection([{ prefix: onePrefix('198.51.100.0/24'), why: 'on the allowlist' }]),
      )
      const told: JournalEntry[] = []
      const journal = { write: async (entry: JournalEntry) => void told.push(entry) }
      async function round(minutes = 0, { mode = 'enforce' as Mode, set = parts.set, apply = true } = {}) {
        const now = NOW + minutes * MINUTE
        const options = { mode, apply, brake: DEFAULTS.brake }
        return await reconcileSet({ ledger, set, journal }, await readDesired(ledger, now), options, now)
      }
      async function settle(minutes?: number, more?: { mode?: Mode }) {
        const first = await round(minutes, more)
        expect(first.problem).toBeNull()
        const writes = parts.writes()
        const before = [...(await parts.held())].sort()
        await round(minutes, more)
        expect(parts.writes()).toBe(writes)
        expect([...(await parts.held())].sort()).toEqual(before)
        return first
      }
      return {
        ...parts,
        ledger,
        told,
        round,
        settle,
        block: (...blocks: Block[]) => Promise.all(blocks.map((each) => ledger.keepBlock(each))),
        now: async () => [...(await parts.held())].sort(),
      }
    }

    test('holds a block while it is in force; when the last one is over, it is empty', async () => {
      const { block, settle, now } = await start()
      await block(blockOf('192.0.2.7/32', 100, 'sip'))
      await settle()
      expect(await now()).toEqual(['192.0.2.7/32'])
      await settle(10)
      expect(await now()).toEqual([])
    })

    test('is of one family: IPv6 sources are in a set of their own', async () => {
      const { block, settle, now } = await start(6)
      await block(blockOf('192.0.2.7/32', 100, 'sip'), blockOf('2001:db8:7::/64', 100, 'sip'))
      await settle()
      expect(await now()).toEqual(['2001:db8:7::/64'])
    })

    test('holds no overlap: two halves become their whole, and go when one of them is over', async () => {
      const { block, settle, now } = await start()
      const short = { ...blockOf('192.0.2.6/32', 100, 'sip'), until: NOW + MINUTE }
      await block(
        short,
        blockOf('192.0.2.7/32', 100, 'sip'),
        blockOf('203.0.113.9/32', 1, 'sip'),
        blockOf('203.0.113.0/28', 100, 'sip'),
      )
      await settle()
      expect(await now()).toEqual(['192.0.2.6/31', '203.0.113.0/28'])
      await settle(2)
      expect(await now()).toEqual(['192.0.2.7/32', '203.0.113.0/28'])
    })

    test.each([
      [100, Math.ceil(100 / mostAtOnce)],
      [101, Math.ceil(101 / mostAtOnce)],
      [1_000, Math.ceil(1_000 / mostAtOnce)],
    ])('exactly %i changes take %i writes, and as many to undo', async (count, calls) => {
      const { block, settle, held, writes } = await start()
      await block(...manyBlocks(count))
      await settle()
      expect(await held()).toHaveLength(count)
      expect(writes()).toBe(calls)
      await settle(10)
      expect(await held()).toEqual([])
      expect(writes()).toBe(2 * calls)
    })

    test('one past the limit still updates: the lightest waits, the rest is held', async () => {
      const { block, settle, held, change } = await start(4, capacity)
      const theirs = Array.from({ length: capacity - ROOM }, (_, i) => `11.${i >> 7}.${2 * (i & 127)}.1/32`)
      if (theirs.length > 0) await change(theirs)
      const ours = async () => (await held()).filter((each) => !theirs.includes(each))
      const [lightest, ...heavier] = manyBlocks(ROOM + 1)
      await block(lightest!, ...heavier)
      await settle()
      expect(await ours()).toHaveLength(ROOM)
      expect(await ours()).not.toContain(lightest!.prefix)
      const [heaviest] = manyBlocks(1, 100_000).map((each) => ({ ...each, weight: 1_000_000 }))
      await block(heaviest!)
      const { plan } = await settle()
      expect(await ours()).toHaveLength(ROOM)
      expect(await ours()).toContain(heaviest!.prefix)
      expect(plan.refused.map(({ block: { prefix }, reason }) => `${reason} ${prefix}`).sort()).toEqual(
        [lightest!, heavier[0]!].map(({ prefix }) => `no-free-entry ${prefix}`),
      )
    })

    test("leaves somebody else's prefixes alone, in its plans and in its writes, and says that they are there", async () => {
      const { block, settle, change, now, told } = await start()
      await change(['203.0.113.0/28', '192.0.2.7/32'])
      await block(
        blockOf('203.0.113.9/32', 100, 'sip'),
        blockOf('192.0.2.7/32', 100, 'sip'),
        blockOf('192.0.2.9/32', 100, 'sip'),
      )
      await settle()
      expect(await now()).toEqual(['192.0.2.7/32', '192.0.2.9/32', '203.0.113.0/28'])
      expect(told).toContainEqual(
        expect.objectContaining({
          alert: expect.objectContaining({
            kind: 'foreign-entry',
            why: expect.stringContaining('2 prefixes'),
          }),
        }),
      )
      await change([], ['192.0.2.7/32'])
      await settle(1)
      expect(await now()).toEqual(['192.0.2.7/32', '192.0.2.9/32', '203.0.113.0/28'])
      await settle(10)
      expect(await now()).toEqual(['203.0.113.0/28'])
    })

    const race =
      'somebody writes between its reading and its writing: it plans again, and nothing of theirs is lost'
    if (guards)
      test(race, async () => {
        const { block, round, set, change, now } = await start()
        await block(blockOf('192.0.2.7/32', 100, 'sip'), blockOf('192.0.2.9/32', 100, 'sip'))
        let reads = 0
        const raced: DenyingSet = {
          id: set.id,
          family: set.family,
          takes: set.takes,
          async read(): Promise<SetState> {
            const state = await set.read()
            if (++reads === 1) await change(['203.0.113.77/32', '192.0.2.7/32'])
            return state
          },
          apply: (changes, state) => set.apply(changes, state),
        }
        expect((await round(0, { set: raced })).problem).toBeNull()
        expect(reads).toBeGreaterThan(1)
        expect(await now()).toEqual(['192.0.2.7/32', '192.0.2.9/32', '203.0.113.77/32'])
      })

    test('somebody takes away what is ours: it comes back', async () => {
      const { block, settle, change, now } = await start()
      await block(blockOf('192.0.2.7/32', 100, 'sip'))
      await settle()
      await change([], ['192.0.2.7/32'])
      await settle(1)
      expect(await now()).toEqual(['192.0.2.7/32'])
    })

    test('lets go whom something protects now, and never takes him', async () => {
      const { block, settle, ledger, now } = await start()
      await block(blockOf('192.0.2.7/32', 100, 'sip'), blockOf('198.51.100.7/32', 100, 'sip'))
      await settle()
      expect(await now()).toEqual(['192.0.2.7/32'])
      const proof = { source: onePrefix('192.0.2.7/32'), proof: 'dialog', knownGoodAt: NOW } as const
      await ledger.keepProofs({
        schema: 'sipfence.proofs/1',
        fence: 'f',
        host: 'h',
        boot: 'b',
        seq: 1,
        at: NOW,
        proofs: [proof],
      })
      await settle(1)
      expect(await now()).toEqual([])
    })

    test('in observe it holds nothing of ours, and still says what it would', async () => {
      const { block, settle, change, now } = await start()
      await change(['203.0.113.0/28'])
      await block(blockOf('192.0.2.7/32', 100, 'sip'))
      await settle()
      const { plan } = await settle(1, { mode: 'observe' })
      expect(await now()).toEqual(['203.0.113.0/28'])
      expect(plan.kept).toEqual(['192.0.2.7/32'])
    })

    test('a preview writes nothing, to the set or to the ledger', async () => {
      const { block, round, writes, ledger, set } = await start()
      await block(blockOf('192.0.2.7/32', 100, 'sip'))
      expect((await round(0, { apply: false })).plan.changes).toHaveLength(1)
      expect(writes()).toBe(0)
      expect(await ledger.setClaims(set.id)).toEqual([])
    })
  })
}
