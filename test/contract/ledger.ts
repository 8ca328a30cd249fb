import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { type AnalyzeLedger, type AnalyzePorts, analyze, learnProofs } from '../../lib/analyze.ts'
import { DEFAULTS } from '../../lib/config.ts'
import type { Block } from '../../lib/core/block.ts'
import type { SourceHistory } from '../../lib/core/detection.ts'
import { noOffences, type Offences } from '../../lib/core/offences.ts'
import type { Prefix } from '../../lib/core/prefix.ts'
import type { ProofReport, SourceReport } from '../../lib/core/source-report.ts'
import type { ReconcileLedger } from '../../lib/reconcile.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { bruteForced, NOW, proofsOf, reflected, reportOf } from '../core/reports.ts'
import { blockOf } from './firewall.ts'

export interface ArrangedLedger {
  readonly ledger: AnalyzeLedger & ReconcileLedger
  stop(): Promise<void>
}

export const SOURCES = ['192.0.2.7/32', '192.0.2.8/32', '2001:db8:7::/64'].map(onePrefix)
const HOSTS = ['h', 'i'] as const
const OPTIONS = { limits: DEFAULTS.limits, ladders: DEFAULTS.ladders, learningSeconds: 0 }

/** Ports of the analyze loop that note nothing; blocks get the same jitter and names whenever they begin. */
export function portsOver(
  ledger: AnalyzeLedger,
  wake: () => Promise<void> = async () => undefined,
): AnalyzePorts {
  const journal = { write: async () => undefined }
  return { ledger, journal, wake, random: () => 0.5, newId: (at) => `id ${at}` }
}

/** One message of a host, sent within a second, however late it is handled. */
export type Delivery = SourceReport | ProofReport

export async function deliver(message: Delivery, ports: AnalyzePorts, again = false): Promise<void> {
  if (message.schema === 'sipfence.proofs/1') await learnProofs(message, ports)
  else await analyze(message, ports, OPTIONS, { sentAt: message.at + 1_000, again })
}

/**
 * What a fence ends up with: its blocks, but for their names, and whoever is known-good. Blocks of somebody known-good
 * are left out, because the next round lifts them.
 */
export async function stateOf(ledger: AnalyzeLedger & ReconcileLedger) {
  const good = await Promise.all(SOURCES.map((source) => ledger.knownGoodAt(source, NOW + 60_000)))
  const open = (await ledger.openBlocks()).filter(({ prefix }) => good[SOURCES.indexOf(prefix)] === null)
  const blocks = open.map(({ id: _, ...rest }) => rest).sort((a, b) => (a.prefix < b.prefix ? -1 : 1))
  return { blocks, good }
}

const message = fc
  .record({
    host: fc.constantFrom(...HOSTS),
    second: fc.integer({ min: 0, max: 59 }),
    source: fc.constantFrom(...SOURCES),
    kind: fc.constantFrom('reflected', 'reflected', 'forced', 'forced', 'warm', 'both'),
  })
  .map(({ host, second, source, kind }): SourceReport => {
    if (kind === 'reflected') return reportOf(host, second, reflected(source))
    if (kind === 'forced') return reportOf(host, second, bruteForced(source))
    const { settled } = reflected(source)
    const warm = reflected(source, { settled: { ...settled, challenges: 60, challenges60: 60, finals: 60 } })
    if (kind === 'warm') return reportOf(host, second, warm)
    return reportOf(host, second, { ...bruteForced(source), settled, proof: 'none' })
  })

/** What the hosts of a fence say within a minute, in the order of time. At most one report of a host and second. */
export const conversation: fc.Arbitrary<Delivery[]> = fc
  .record({
    reports: fc.uniqueArray(message, { maxLength: 40, selector: ({ host, at }) => `${host} ${at}` }),
    proofs: fc.array(fc.tuple(fc.constantFrom(...HOSTS), fc.integer({ min: 0, max: 59 })), { maxLength: 3 }),
  })
  .map(({ reports, proofs }) => [
    ...reports.toSorted((a, b) => a.at - b.at || (a.host < b.host ? -1 : 1)),
    ...proofs.map(([host, second]) => proofsOf(host, second, SOURCES[2]!)),
  ])

/** The same messages as they may arrive: in any order, some of them several times. */
export function disorder(messages: readonly Delivery[]): fc.Arbitrary<Delivery[]> {
  const twice = fc.subarray([...messages])
  return twice.chain((again) =>
    fc.shuffledSubarray([...messages, ...again], { minLength: messages.length + again.length }),
  )
}

/** What every ledger does, whatever it is kept in. */
export function ledgerContract(name: string, arrange: () => Promise<ArrangedLedger>): void {
  describe(`the ledger in ${name}`, () => {
    let arranged: ArrangedLedger | undefined
    afterEach(async () => {
      await arranged?.stop()
      arranged = undefined
    })

    async function start() {
      arranged = await arrange()
      return arranged.ledger
    }

    const [source, other] = SOURCES as [Prefix, Prefix]
    const offencesWith = (block: Block): Offences => ({ ...noOffences(block.prefix, 1), block })
    const put = (ledger: AnalyzeLedger, block: Block) =>
      ledger.changeOffences(block.prefix, () => offencesWith(block))

    test('keeps a history for each source and host', async () => {
      const ledger = await start()
      const histories: SourceHistory[] = []
      const keep = (from: Prefix, host: string, at: number) =>
        ledger.changeHistory(from, host, (before) => {
          histories.push(before)
          return { episodes: [...before.episodes, episode(at)] }
        })
      await keep(source, 'h', 1)
      await keep(source, 'i', 2)
      await keep(other, 'h', 3)
      await keep(source, 'h', 4)
      expect(histories.map(({ episodes }) => episodes.map(({ from }) => from))).toEqual([[], [], [], [1]])
    })

    test('loses no change where several change one history at once', async () => {
      const ledger = await start()
      const all = Array.from({ length: 8 }, (_, at) =>
        ledger.changeHistory(source, 'h', (before) => ({ episodes: [...before.episodes, episode(at)] })),
      )
      await Promise.all(all)
      let seen: SourceHistory | undefined
      await ledger.changeHistory(source, 'h', (before) => {
        seen = before
        return before
      })
      expect(seen?.episodes.map(({ from }) => from).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    })

    test('tells what stood there before, and writes nothing where nothing changes', async () => {
      const ledger = await start()
      expect(await ledger.changeOffences(source, () => undefined)).toEqual({
        before: undefined,
        after: undefined,
      })
      const block = blockOf(source)
      expect(await put(ledger, block)).toMatchObject({ before: undefined, after: { block } })
      expect(await ledger.changeOffences(source, (found) => found)).toMatchObject({
        before: { block },
        after: { block },
      })
      expect(await ledger.openBlock(source)).toEqual(block)
      expect(await ledger.openBlock(other)).toBeUndefined()
    })

    test('lists every block that has not ended, however many there are', async () => {
      const ledger = await start()
      const blocks = Array.from({ length: 120 }, (_, i) => ({
        ...blockOf(`203.0.113.${i}/32`),
        why: 'x'.repeat(10_000),
      }))
      for (const block of blocks) await put(ledger, block)
      const open = await ledger.openBlocks()
      expect(open.map(({ prefix }) => prefix).sort()).toEqual(blocks.map(({ prefix }) => prefix).sort())
    })

    test('ends a block that is over, keeps one that was extended meanwhile, and remembers both', async () => {
      const ledger = await start()
      const block = blockOf(source)
      await put(ledger, block)
      expect((await ledger.endBlock(block, block.until - 1, false))?.endedAt).toBeNull()
      await put(ledger, { ...block, until: block.until + 60_000 })
      expect((await ledger.endBlock(block, block.until, false))?.endedAt).toBeNull()
      expect(await ledger.openBlocks()).toHaveLength(1)
      expect((await ledger.endBlock(block, block.until + 60_000, false))?.endedAt).toBe(block.until + 60_000)
      expect(await ledger.openBlocks()).toEqual([])
      expect(await ledger.openBlock(source)).toBeUndefined()
      const { before } = await ledger.changeOffences(source, (found) => found)
      expect(before?.block?.id).toBe(block.id)
    })

    test('lifts a block before its time, and knows its level when the source comes again', async () => {
      const ledger = await start()
      const ports = portsOver(ledger)
      await deliver(reportOf('h', 0, reflected(source)), ports)
      const [block] = await ledger.openBlocks()
      expect((await ledger.endBlock(block!, NOW + 5_000, true))?.endedAt).toBe(NOW + 5_000)
      expect(await ledger.openBlocks()).toEqual([])
      await deliver(reportOf('h', 20, reflected(source)), ports)
      expect(await ledger.openBlocks()).toMatchObject([{ prefix: source, level: 2 }])
    })

    test('knows who was good within 24 h, by the latest proof, in whatever order proofs come', async () => {
      const ledger = await start()
      for (const second of [-10, -90_000, -50]) await ledger.keepProofs(proofsOf('h', second, source))
      await ledger.keepProofs(proofsOf('h', -86_400, other))
      expect(await ledger.knownGoodAt(source, NOW)).toBe(NOW - 10_000)
      expect(await ledger.knownGoodAt(other, NOW)).toBeNull()
      expect(await ledger.knownGoodAt(other, NOW - 1)).toBe(NOW - 86_400_000)
    })

    test('finds who is known-good within a prefix, of IPv4 and of IPv6', async () => {
      const ledger = await start()
      await ledger.keepProofs(
        proofsOf('h', 0, ...SOURCES, onePrefix('192.0.3.0/32'), onePrefix('2001:db8:8::/64')),
      )
      const within = async (text: string) => [...(await ledger.knownGoodWithin(onePrefix(text), NOW))].sort()
      expect(await within('192.0.2.0/24')).toEqual(['192.0.2.7/32', '192.0.2.8/32'])
      expect(await within('192.0.2.8/32')).toEqual(['192.0.2.8/32'])
      expect(await within('192.0.2.9/32')).toEqual([])
      expect(await within('2001:db8:7::/48')).toEqual(['2001:db8:7::/64'])
      expect(await within('2001:db8::/32')).toEqual(['2001:db8:7::/64', '2001:db8:8::/64'])
      expect(await within('0.0.0.0/0')).toHaveLength(3)
    })

    test('keeps when the first report was made and whether anybody was known-good when it came', async () => {
      const ledger = await start()
      expect(await ledger.firstReport(NOW)).toEqual({ at: NOW, knewAnybody: false })
      await ledger.keepProofs(proofsOf('h', 0, source))
      expect(await ledger.firstReport(NOW + 1)).toEqual({ at: NOW, knewAnybody: false })
      expect(await ledger.firstReport(NOW - 1)).toEqual({ at: NOW - 1, knewAnybody: false })
      expect(await ledger.firstReport(NOW)).toEqual({ at: NOW - 1, knewAnybody: false })
    })

    test('keeps the claims of each firewall', async () => {
      const ledger = await start()
      const entry = { ruleNumber: 20, prefix: source, protocol: 17, ports: null, action: 'deny' } as const
      const claims = [{ entry, at: NOW }]
      expect(await ledger.claims('acl-1')).toEqual([])
      await ledger.keepClaims('acl-1', claims)
      expect(await ledger.claims('acl-1')).toEqual(claims)
      expect(await ledger.claims('acl-2')).toEqual([])
    })
  })
}

function episode(at: number): SourceHistory['episodes'][number] {
  return { class: 'flood', from: at, to: at, hot: [], weight: 1, proven: null, told: false }
}
