import { describe, expect, test } from 'vitest'
import type { Prefix } from '../../lib/core/prefix.ts'
import type { JournalEntry } from '../../lib/journal.ts'
import { FENCE, openFenceAccount } from '../aws/fence-account.ts'
import { deliver, portsOver } from '../contract/ledger.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { NOW, proofsOf, reflected, reportOf } from '../core/reports.ts'

const HOUR = 3_600_000

function sources(count: number, from = 0): Prefix[] {
  return Array.from({ length: count }, (_, i) =>
    onePrefix(`198.18.${(from + i) >> 8}.${(from + i) & 255}/32`),
  )
}

function journalOf(account: { readonly ledger: Parameters<typeof portsOver>[0] }) {
  const entries: JournalEntry[] = []
  const write = async (entry: JournalEntry) => {
    entries.push(entry)
  }
  return { entries, ports: { ...portsOver(account.ledger), journal: { write } } }
}

describe('Blocks and proofs per host per hour are capped', () => {
  test('a host that accuses more sources than it may is refused, and told of, and others are heard', async () => {
    const account = await openFenceAccount(
      { fence: { ...FENCE, perHostHour: { blocks: 10, proofs: 20 } } },
      NOW,
    )
    try {
      const { entries, ports } = journalOf(account)
      await deliver(reportOf('h', 0, ...sources(30).map((source) => reflected(source))), ports)
      expect(await account.ledger.openBlocks()).toHaveLength(10)
      const refusals = entries.filter((entry) => entry.kind === 'refusal')
      expect(refusals).toHaveLength(20)
      expect(refusals[0]).toMatchObject({
        reason: 'host-capped',
        why: expect.stringContaining('h has caused'),
      })
      expect(entries).toContainEqual(
        expect.objectContaining({ alert: expect.objectContaining({ kind: 'host-capped', host: 'h' }) }),
      )
      await deliver(reportOf('i', 0, ...sources(5, 100).map((source) => reflected(source))), ports)
      expect(await account.ledger.openBlocks()).toHaveLength(15)
      account.now += HOUR
      await deliver({ ...reportOf('h', 3_600, ...sources(1, 200).map((source) => reflected(source))) }, ports)
      expect(await account.ledger.openBlocks()).toHaveLength(16)
    } finally {
      await account.stop()
    }
  })

  test('a host that claims other hours is capped by our clock', async () => {
    const account = await openFenceAccount(
      { fence: { ...FENCE, perHostHour: { blocks: 3, proofs: 3 } } },
      NOW,
    )
    try {
      const { ports } = journalOf(account)
      for (const [i, source] of sources(8).entries())
        await deliver(reportOf('h', -i * 3_600, reflected(source)), ports)
      expect(await account.ledger.openBlocks()).toHaveLength(3)
    } finally {
      await account.stop()
    }
  })

  test('a host that vouches for more sources than it may is not believed, and told of', async () => {
    const account = await openFenceAccount(
      { fence: { ...FENCE, perHostHour: { blocks: 10, proofs: 20 } } },
      NOW,
    )
    try {
      const { entries, ports } = journalOf(account)
      await deliver(proofsOf('h', 0, ...sources(15)), ports)
      await deliver(proofsOf('h', 0, ...sources(15, 100)), ports)
      const known = await Promise.all(
        [...sources(15), ...sources(15, 100)].map((each) => account.ledger.knownGoodAt(each, NOW)),
      )
      expect(known.filter((at) => at !== null)).toHaveLength(20)
      expect(entries).toMatchObject([
        { alert: { kind: 'host-capped', host: 'h', why: expect.stringContaining('10 of 15') } },
      ])
      await deliver(proofsOf('i', 0, ...sources(1, 200)), ports)
      expect(await account.ledger.knownGoodAt(sources(1, 200)[0]!, NOW)).toBe(NOW)
    } finally {
      await account.stop()
    }
  })
})

test('nobody is known-good from the future, whatever a host claims', async () => {
  const account = await openFenceAccount({}, NOW)
  try {
    const [source] = sources(1) as [Prefix]
    await deliver(proofsOf('h', 10 * 86_400, source), journalOf(account).ports)
    expect(await account.ledger.knownGoodAt(source, NOW + 86_400_000)).toBeNull()
  } finally {
    await account.stop()
  }
})
