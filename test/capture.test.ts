import { describe, expect, test } from 'vitest'
import { type Batch, type CaptureOptions, capture, type ReportSink } from '../lib/capture.ts'
import { DEFAULTS } from '../lib/config.ts'
import type { Packet } from '../lib/core/packet.ts'
import type { Address } from '../lib/core/prefix.ts'
import type { ProofReport, SourceReport } from '../lib/core/source-report.ts'
import { PBX, packet, request } from './core/talk.ts'

const NOON = 1_700_000_100_000
const HOUR = 3_600_000
const PHONE = '203.0.113.7'

const OPTIONS: CaptureOptions = {
  reporter: { fence: 'f', host: 'h', boot: 'b' },
  limits: DEFAULTS.limits,
  key: 1,
  pbx: new Set([PBX as Address]),
  ports: new Set([5060]),
  heartbeatSeconds: 10,
}

/** A request that the wire showed at that time. */
function requestAt(at: number): Packet {
  return packet(PHONE, PBX, at, request('OPTIONS', { callId: `call-${at}` }))
}

/** A batch of a live source, with a packet from each of the times. */
function live(now: number, ...times: readonly number[]): Batch {
  return { packets: times.map(requestAt), ignored: 0, now }
}

/** Batches of a live source, one a second, with a packet each. */
function seconds(from: number, count: number): Batch[] {
  return Array.from({ length: count }, (_, i) => live(from + i * 1000 + 500, from + i * 1000))
}

async function captured(...batches: readonly Batch[]) {
  const reports: (SourceReport | ProofReport)[] = []
  const ended: number[] = []
  const sink: ReportSink = {
    report: async (report) => void reports.push(report),
    proofs: async (report) => void reports.push(report),
    endSecond: async (at) => void ended.push(at),
  }
  async function* source(): AsyncIterable<Batch> {
    yield* batches
  }
  const totals = await capture(source(), sink, OPTIONS)
  return { reports: reports as SourceReport[], ended, totals }
}

describe('what the kernel has dropped', () => {
  /** A second of a live source, with its statistics since the start. */
  const second = (i: number, received: number, dropped: number): Batch => ({
    ...live(NOON + i * 10_000 + 500, NOON + i * 10_000),
    received,
    dropped,
  })

  test('is a share of what came since the last statistics', async () => {
    const { reports } = await captured(
      second(0, 100, 25),
      second(1, 200, 25),
      second(2, 300, 75),
      second(3, 310, 200),
    )
    const shares = new Set(reports.map(({ lossFraction }) => lossFraction))
    expect([...shares]).toEqual(expect.arrayContaining([0.25, 0, 0.5, 1]))
    for (const share of shares) expect(share >= 0 && share <= 1).toBe(true)
  })
})

describe('a live source whose clock is set back', () => {
  test('is counted anew from there on, under another boot name', async () => {
    const { reports, ended } = await captured(...seconds(NOON, 15), ...seconds(NOON - HOUR, 15))
    expect(reports.map(({ boot, seq, at }) => [boot, seq, (at - NOON) / 1000])).toEqual([
      ['b', 1, 1],
      ['b', 2, 11],
      ['b.2', 1, 1 - 3_600],
      ['b.2', 2, 11 - 3_600],
      ['b.2', 3, 15 - 3_600],
    ])
    expect(ended).toHaveLength(29)
    expect(reports[1]!.sources[0]!.w600.packetsIn).toBe(11)
    expect(reports[2]!.sources[0]!.w600.packetsIn).toBe(1)
  })

  test('gets a name of its own each time', async () => {
    const { reports } = await captured(...[3, 2, 1, 0].flatMap((hours) => seconds(NOON + hours * HOUR, 2)))
    expect(reports.map(({ boot }) => boot)).toEqual(['b', 'b.2', 'b.3', 'b.4', 'b.4'])
  })

  test('has all packets in its totals', async () => {
    const { totals } = await captured(
      { ...live(NOON, NOON), ignored: 7 },
      ...seconds(NOON - HOUR, 3),
      ...seconds(NOON - 2 * HOUR, 3),
    )
    expect(totals).toEqual({ packets: 14, sipMessages: 7, malformed: 0, ignored: 7 })
  })

  test('may have seen packets just before that, which are of now then', async () => {
    const back = NOON - HOUR
    const both = live(back + 500, NOON + 900, NOON + 999, back + 100)
    const { reports } = await captured(...seconds(NOON, 2), both, ...seconds(back + 1000, 10))
    expect(reports.map(({ boot, at }) => [boot, at])).toEqual([
      ['b', NOON + 1000],
      ['b.2', back + 1000],
      ['b.2', back + 11_000],
    ])
    expect(reports[1]!.sources[0]!.w600.packetsIn).toBe(3)
    expect(reports[1]!.clockSkewMs).toBe(400)
  })

  test('is waited for where it goes back by five seconds and no more', async () => {
    const by = async (back: number) => {
      const { reports } = await captured(...seconds(NOON, 1), ...seconds(NOON - back, 17))
      return reports.map(({ boot, at }) => [boot, at - NOON])
    }
    expect(await by(5_500)).toEqual([
      ['b', 1_000],
      ['b', 11_000],
      ['b', 12_000],
    ])
    expect((await by(5_501))[0]).toEqual(['b.2', -5_000])
  })
})
