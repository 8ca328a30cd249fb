import { describe, expect, test } from 'vitest'
import { Protection } from '../../lib/core/protection.ts'
import type { JournalEntry } from '../../lib/journal.ts'
import { MemoryLedger } from '../../lib/local/ledger.ts'
import { ManagedPrefixList } from '../../lib/local/prefix-list.ts'
import { LocalPrefixSet } from '../../lib/local/prefix-set.ts'
import { keepTrusted, type TrustedOptions } from '../../lib/trusted-peers.ts'
import { onePrefix } from '../core/arbitraries.ts'

const NOW = 1_800_000_000_000
const OPTIONS: TrustedOptions = {
  allow: [],
  widest: { 4: 32, 6: 64 },
  closed: false,
  approved: false,
  apply: true,
}
const peers = (count: number) => Array.from({ length: count }, (_, i) => onePrefix(`203.0.${i}.7/32`))

/** Two lists of twelve entries, and whoever is known-good. */
function arrange() {
  const lists = ([4, 6] as const).map(
    (family) => new ManagedPrefixList({ id: `pl-0000000000000000${family}`, family, maxEntries: 12 }),
  )
  const ledger = new MemoryLedger(new Protection([]))
  const told: JournalEntry[] = []
  const journal = { write: async (entry: JournalEntry) => void told.push(entry) }
  const sets = { 4: new LocalPrefixSet(lists[0]!), 6: new LocalPrefixSet(lists[1]!) }
  const keep = async (good: ReturnType<typeof peers>, more: Partial<TrustedOptions> = {}) => {
    told.length = 0
    ledger.knownGood = async () => good
    const rounds = await keepTrusted({ ledger, lists: sets, journal }, { ...OPTIONS, ...more }, NOW)
    return { ...rounds[4], alerts: told.flatMap((each) => (each.kind === 'alert' ? [each.alert] : [])) }
  }
  return { keep, held: () => lists[0]!.entries.length }
}

describe('the lists of trusted peers', () => {
  test('hold who is known-good and who is allowed, and tell of nothing where they fit', async () => {
    const { keep, held } = arrange()
    const allow = [onePrefix('198.51.100.0/24'), onePrefix('2001:db8::/64')]
    const { knownGood, alerts } = await keep(peers(3), { allow })
    expect([held(), knownGood, alerts]).toEqual([4, 3, []])
  })

  test('tell who finds no room', async () => {
    const { keep } = arrange()
    const { plan, alerts } = await keep(peers(14))
    expect(plan.left).toHaveLength(2)
    expect(alerts).toMatchObject([{ kind: 'trusted-peers', host: 'pl-00000000000000004 full' }])
    expect(alerts[0]!.why).toMatch(/^2 trusted sources do not fit into the 12 entries/)
  })

  test('keep all where nearly everybody would go at once, tell so, and let them go where a person approves', async () => {
    const { keep, held } = arrange()
    await keep(peers(12))
    const { alerts } = await keep(peers(1))
    expect(held()).toBe(12)
    expect(alerts).toMatchObject([{ kind: 'trusted-peers', host: 'pl-00000000000000004 emptied' }])
    expect(alerts[0]!.why).toMatch(/^11 of 12 prefixes/)
    expect((await keep(peers(1), { approved: true })).alerts).toEqual([])
    expect(held()).toBe(1)
  })

  test('are not touched by a preview, which tells nobody', async () => {
    const { keep, held } = arrange()
    const { plan, alerts } = await keep(peers(14), { apply: false })
    expect(plan.left).toHaveLength(2)
    expect([held(), alerts]).toEqual([0, []])
  })
})
