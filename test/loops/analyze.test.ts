import { describe, expect, test } from 'vitest'
import {
  type AnalyzeLedger,
  type AnalyzeOptions,
  type AnalyzePorts,
  analyze,
  learnProofs,
} from '../../lib/analyze.ts'
import { DEFAULTS } from '../../lib/config.ts'
import { type Protected, Protection } from '../../lib/core/protection.ts'
import type { SourceReport } from '../../lib/core/source-report.ts'
import type { JournalEntry } from '../../lib/journal.ts'
import { MemoryLedger } from '../../lib/local/ledger.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { bruteForced, NOW, proofsOf, reflected, report } from '../core/reports.ts'

const VICTIM = onePrefix('192.0.2.7/32')
const OPTIONS = { limits: DEFAULTS.limits, ladders: DEFAULTS.ladders, learningSeconds: 0 }

function fence(protectedPrefixes: readonly Protected[] = [], ledger?: AnalyzeLedger) {
  const memory = new MemoryLedger(new Protection(protectedPrefixes))
  const journal: JournalEntry[] = []
  const woken: number[] = []
  const ports: AnalyzePorts = {
    ledger: ledger ?? memory,
    journal: {
      write: async (entry) => {
        journal.push(entry)
      },
    },
    wake: async (at) => {
      woken.push(at)
    },
    random: () => 0.5,
    newId: (at) => `id ${at}`,
  }
  return { memory, journal, woken, ports }
}

/** Handles a report the moment it was written. */
function handle(from: SourceReport, ports: AnalyzePorts, options: AnalyzeOptions): Promise<void> {
  return analyze(from, ports, options, { sentAt: from.at, again: false })
}

function kinds(journal: readonly JournalEntry[]): string[] {
  return journal.map((entry) => entry.kind)
}

describe('analyze()', () => {
  test('makes one block of a reflection, with its reason, and wakes the reconcile loop', async () => {
    const { journal, woken, ports, memory } = fence()
    for (const second of [0, 1, 2]) await handle(report(second, reflected(VICTIM)), ports, OPTIONS)
    expect(kinds(journal)).toEqual(['detection', 'block'])
    expect(woken).toEqual([NOW])
    expect(await memory.openBlocks()).toMatchObject([
      {
        prefix: VICTIM,
        scope: 'sip-udp',
        class: 'reflection',
        level: 1,
        from: NOW,
        until: NOW + 134_200,
        weight: 331,
      },
    ])
  })

  test('asks for a round with its first block and after its last, however many there are', async () => {
    const { woken, ports, memory } = fence()
    const sources = Array.from({ length: 20 }, (_, i) => reflected(onePrefix(`192.0.2.${i}/32`)))
    await handle(report(0, ...sources), ports, OPTIONS)
    expect(await memory.openBlocks()).toHaveLength(20)
    expect(woken).toEqual([NOW, NOW])
  })

  test('blocks a proven brute force on UDP and TCP, with the second hot tick', async () => {
    const { memory, ports } = fence()
    await handle(report(0, bruteForced(VICTIM)), ports, OPTIONS)
    expect(await memory.openBlocks()).toEqual([])
    await handle(report(1, bruteForced(VICTIM)), ports, OPTIONS)
    expect(await memory.openBlocks()).toMatchObject([{ scope: 'sip', class: 'brute-force', weight: 56 }])
  })

  test.each([
    ['allowlisted', [{ prefix: onePrefix('192.0.2.0/24'), why: 'on the allowlist' }], /on the allowlist/],
    ["the PBX's own", [{ prefix: VICTIM, why: "the PBX's own address" }], /own address/],
  ])('refuses to block what is %s, and raises an alert', async (_, protectedPrefixes, why) => {
    const { journal, memory, ports } = fence(protectedPrefixes)
    await handle(report(0, reflected(VICTIM)), ports, OPTIONS)
    expect(kinds(journal)).toEqual(['detection', 'refusal', 'alert'])
    expect(journal[2]).toMatchObject({
      alert: { kind: 'protected-source-flood', source: VICTIM, why: expect.stringMatching(why) },
    })
    expect(await memory.openBlocks()).toEqual([])
  })

  test('refuses to block what another host has proven known-good within 24 h, and blocks it after that', async () => {
    const { journal, memory, ports } = fence()
    await learnProofs(proofsOf('other', -86_399, VICTIM), ports)
    await handle(report(0, reflected(VICTIM)), ports, OPTIONS)
    expect(kinds(journal)).toEqual(['detection', 'refusal', 'alert'])
    await handle(report(2, reflected(VICTIM)), ports, OPTIONS)
    expect(await memory.openBlocks()).toHaveLength(1)
  })

  test('while learning who is known-good it blocks reflection only, and says why', async () => {
    const { journal, memory, ports } = fence()
    const learning = { ...OPTIONS, learningSeconds: 4_200 }
    const other = onePrefix('198.51.100.9/32')
    for (const second of [0, 1])
      await handle(report(second, bruteForced(other), reflected(VICTIM)), ports, learning)
    expect((await memory.openBlocks()).map(({ prefix }) => prefix)).toEqual([VICTIM])
    expect(journal).toContainEqual(
      expect.objectContaining({ kind: 'refusal', source: other, why: expect.stringMatching(/learning/) }),
    )
    for (const second of [4_200, 4_201]) await handle(report(second, bruteForced(other)), ports, learning)
    expect((await memory.openBlocks()).map(({ prefix }) => prefix)).toContain(other)
  })

  test('tells that the last block is over where the next one begins before a round has ended it', async () => {
    const { journal, ports, memory } = fence()
    await handle(report(0, reflected(VICTIM)), ports, OPTIONS)
    const [first] = await memory.openBlocks()
    const later = Math.ceil((first!.until - NOW) / 1_000) + 20
    await handle(report(later, reflected(VICTIM)), ports, OPTIONS)
    const blocks = journal.flatMap((entry) => (entry.kind === 'block' ? [entry] : []))
    expect(blocks.map(({ change, block }) => [change, block.id, block.endedAt])).toEqual([
      ['new', first!.id, null],
      ['ended', first!.id, first!.until],
      ['new', `id ${NOW + later * 1_000}`, null],
    ])
  })

  test('tells of a block that becomes longer as the same, and of no other that is over', async () => {
    const { journal, ports, memory } = fence()
    await handle(report(0, reflected(VICTIM)), ports, OPTIONS)
    const [first] = await memory.openBlocks()
    await handle(report(Math.floor((first!.until - NOW) / 1_000) - 1, reflected(VICTIM)), ports, OPTIONS)
    const blocks = journal.flatMap((entry) => (entry.kind === 'block' ? [entry] : []))
    expect(blocks.map(({ change, block }) => [change, block.id])).toEqual([
      ['new', first!.id],
      ['extended', first!.id],
    ])
  })

  test('counts an accusation where no block stands, at the instant at which one is over too', async () => {
    const { ports, memory } = fence()
    let accusations = 0
    memory.mayAccuse = async () => ++accusations > 0
    await handle(report(0, reflected(VICTIM)), ports, OPTIONS)
    await handle(report(1, reflected(VICTIM)), ports, OPTIONS)
    expect(accusations).toBe(1)
    const [block] = await memory.openBlocks()
    await memory.keepBlock({ ...block!, until: NOW + 2_000 })
    await handle(report(2, reflected(VICTIM)), ports, OPTIONS)
    expect(accusations).toBe(2)
  })

  test.each([
    [60_000, 1],
    [60_001, 0],
  ])('of a report that took %i ms makes %i blocks', async (late, blocks) => {
    const { ports, memory } = fence()
    const from = report(0, reflected(VICTIM))
    await analyze(from, ports, OPTIONS, { sentAt: from.at + late, again: false })
    expect(await memory.openBlocks()).toHaveLength(blocks)
  })

  test('asks for a round with a proof only where it is of somebody who is blocked', async () => {
    const { ports, woken } = fence()
    await learnProofs(proofsOf('other', 0, VICTIM), ports)
    expect(woken).toEqual([])
    const blocked = fence()
    await handle(report(0, reflected(VICTIM)), blocked.ports, OPTIONS)
    await learnProofs(proofsOf('other', 5, VICTIM), blocked.ports)
    expect(blocked.woken).toEqual([NOW, NOW + 5_000])
  })

  test('ends in the same block when a report comes twice', async () => {
    const { memory, journal, ports } = fence()
    await handle(report(0, reflected(VICTIM)), ports, OPTIONS)
    const once = await memory.openBlocks()
    await handle(report(0, reflected(VICTIM)), ports, OPTIONS)
    expect(await memory.openBlocks()).toEqual(once)
    expect(kinds(journal)).toEqual(['detection', 'block'])
  })

  test.each([
    'protection',
    'knownGoodAt',
    'firstReport',
    'changeHistory',
    'openBlock',
    'mayAccuse',
    'changeOffences',
  ] as const)('blocks nothing when the ledger cannot tell its %s', async (method) => {
    const memory = new MemoryLedger(new Protection([]))
    const broken = new Proxy(memory, {
      get(target, name) {
        if (name === method) return () => Promise.reject(new Error(`cannot ${method}`))
        const value = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const { ports, woken } = fence([], broken)
    await expect(handle(report(0, reflected(VICTIM)), ports, OPTIONS)).rejects.toThrow(`cannot ${method}`)
    expect(await memory.openBlocks()).toEqual([])
    expect(woken).toEqual([])
  })

  test('a known-good claim by the very host that reports counts, though its proof has not arrived', async () => {
    const { memory, ports } = fence()
    await handle(report(0, reflected(VICTIM, { knownGoodAt: NOW - 1_000 })), ports, OPTIONS)
    expect(await memory.openBlocks()).toEqual([])
  })
})

describe('what goes wrong', () => {
  test('with one source keeps no other from its block, and the report is handled again', async () => {
    const memory = new MemoryLedger(new Protection([]))
    const broken = new Proxy(memory, {
      get(target, name) {
        const value = Reflect.get(target, name)
        if (name !== 'changeOffences') return typeof value === 'function' ? value.bind(target) : value
        return (source: string, change: never) =>
          source === VICTIM
            ? Promise.reject(new Error('its row is broken'))
            : value.call(target, source, change)
      },
    })
    const { ports } = fence([], broken)
    const other = onePrefix('192.0.2.8/32')
    await expect(handle(report(0, reflected(VICTIM), reflected(other)), ports, OPTIONS)).rejects.toThrow(
      'broken',
    )
    expect((await memory.openBlocks()).map(({ prefix }) => prefix)).toEqual([other])
  })

  test('while people are told is made up for: the alert comes with the next try', async () => {
    const { ports, journal } = fence([{ prefix: VICTIM, why: 'on the allowlist' }])
    let down = true
    const write = async (entry: JournalEntry) => {
      if (down) throw new Error('the log is away')
      journal.push(entry)
    }
    const failing = { ...ports, journal: { write } }
    await expect(handle(report(0, reflected(VICTIM)), failing, OPTIONS)).rejects.toThrow('the log is away')
    down = false
    await analyze(report(0, reflected(VICTIM)), failing, OPTIONS, { sentAt: NOW, again: true })
    await handle(report(1, reflected(VICTIM)), failing, OPTIONS)
    expect(kinds(journal)).toEqual(['detection', 'refusal', 'alert'])
  })

  test('after a block was written is made up for: the block is told of and a round asked for', async () => {
    const { ports, journal, woken } = fence()
    let down = true
    const write = async (entry: JournalEntry) => {
      if (down && entry.kind === 'block') throw new Error('the log is away')
      journal.push(entry)
    }
    const failing = { ...ports, journal: { write } }
    await expect(handle(report(0, reflected(VICTIM)), failing, OPTIONS)).rejects.toThrow('the log is away')
    expect(woken).toEqual([])
    down = false
    await analyze(report(0, reflected(VICTIM)), failing, OPTIONS, { sentAt: NOW, again: true })
    expect(journal.at(-1)).toMatchObject({ kind: 'block', change: 'new', block: { prefix: VICTIM } })
    expect(woken).toEqual([NOW])
  })
})

describe('reports in any order', () => {
  test('end in one block of level 1, however they come', async () => {
    const orders = [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [1, 0, 3, 2],
      [2, 2, 0, 1, 3, 0],
    ]
    for (const order of orders) {
      const { memory, ports } = fence()
      for (const second of order) await handle(report(second, reflected(VICTIM)), ports, OPTIONS)
      expect(await memory.openBlocks()).toMatchObject([{ prefix: VICTIM, level: 1 }])
    }
  })

  test('that are older than a minute make no block', async () => {
    const { memory, journal, ports } = fence()
    await analyze(report(0, reflected(VICTIM)), ports, OPTIONS, { sentAt: NOW + 60_001, again: false })
    expect(await memory.openBlocks()).toEqual([])
    expect(kinds(journal)).toEqual(['alert', 'detection'])
    expect(journal[0]).toMatchObject({ alert: { kind: 'late-reports', host: 'h' } })
    await analyze(report(1, reflected(VICTIM)), ports, OPTIONS, { sentAt: NOW + 60_001, again: false })
    expect(await memory.openBlocks()).toHaveLength(1)
  })

  test('a flood that goes on after its source became known-good raises the alert then', async () => {
    const { journal, ports } = fence()
    await handle(report(0, reflected(VICTIM)), ports, OPTIONS)
    await learnProofs(proofsOf('h', 0.5, VICTIM), ports)
    for (const second of [1, 2]) await handle(report(second, reflected(VICTIM)), ports, OPTIONS)
    expect(kinds(journal)).toEqual(['detection', 'block', 'refusal', 'alert'])
  })
})
