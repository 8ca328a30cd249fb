import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Batch, capture, type ReportSink } from '../../lib/capture.ts'
import { DEFAULTS, defaultFence } from '../../lib/config.ts'
import { ASSUMED } from '../../lib/core/assumed.ts'
import {
  billOf,
  countedOf,
  type FenceShape,
  mostReports,
  SCENARIOS,
  type Scenario,
} from '../../lib/core/cost.ts'
import { COUNTED, ROW_BYTES } from '../../lib/core/counted-calls.ts'
import { type Billed, PRICES } from '../../lib/core/prices.ts'
import { FULL_REPORT_BYTES, REPORT_BYTES } from '../../lib/core/report-budget.ts'
import type { Observation } from '../../lib/core/source-report.ts'
import { LEAVE_POINTS, weigh } from '../../lib/core/suspicion.ts'
import { FIGURES } from '../../lib/figures.ts'
import { shapeOf } from '../../lib/view/fence-shape.ts'
import { search } from '../search.ts'
import { SCENARIOS as SCENARIO_RECORDINGS } from '../traffic/scenarios.ts'
import type { Recording } from '../traffic/stage.ts'

const SEED = 35
const ONE = shapeOf(defaultFence('f'))

const shape: fc.Arbitrary<FenceShape> = fc.record({
  pbxs: fc.integer({ min: 1, max: 1_000 }),
  networkAcls: fc.integer({ min: 1, max: 50 }),
  denyList: fc.boolean(),
  ipSets: fc.boolean(),
  trustedPeers: fc.boolean(),
  alarmMetrics: fc.integer({ min: 0, max: 50 }),
  metricSeries: fc.integer({ min: 0, max: 50 }),
  dashboard: fc.boolean(),
  key: fc.constantFrom('aws', 'own', 'existing'),
  emails: fc.integer({ min: 0, max: 20 }),
  hostBlocks: fc.integer({ min: 1, max: 10_000 }),
})
const scenario = fc.constantFrom(...SCENARIOS)

function usd(of: FenceShape, when: Scenario, freeTier = false): number {
  return billOf(countedOf(of, when), freeTier).usd
}

describe('a bill', () => {
  test('of one PBX is at most 5 dollars for a month in which nothing happens', () => {
    expect(usd(ONE, 'idle-month')).toBeLessThanOrEqual(5)
    expect(usd(ONE, 'idle-month')).toBeGreaterThan(3.1)
  })

  test('is what its lines add up to, each by its price, and none below nothing', () => {
    search(
      fc.property(shape, scenario, fc.boolean(), (of, when, freeTier) => {
        const { usd: total, lines } = billOf(countedOf(of, when), freeTier)
        expect(lines.reduce((sum, line) => sum + line.usd, 0)).toBeCloseTo(total, 9)
        for (const line of lines) {
          const { usd: price, free } = PRICES[line.billed]
          expect(line.usd).toBeGreaterThan(0)
          expect(line.usd).toBeCloseTo((line.quantity - (freeTier ? free : 0)) * price, 9)
        }
      }),
      { seed: SEED },
    )
  })

  test('grows with everything that a fence may have more of', () => {
    const more: Partial<FenceShape>[] = [
      { pbxs: ONE.pbxs + 1 },
      { networkAcls: ONE.networkAcls + 1 },
      { denyList: true },
      { ipSets: true },
      { trustedPeers: true },
      { alarmMetrics: ONE.alarmMetrics + 1 },
      { metricSeries: ONE.metricSeries + 1 },
      { dashboard: true },
      { key: 'existing' },
      { key: 'own' },
    ]
    for (const each of more)
      for (const when of SCENARIOS) expect(usd({ ...ONE, ...each }, when)).toBeGreaterThan(usd(ONE, when))
    expect(usd({ ...ONE, emails: 3 }, 'attacked-month')).toBeGreaterThan(usd(ONE, 'attacked-month'))
  })

  test('has for each tier what its rounds read of the ledger', () => {
    const reads = (more: Partial<FenceShape>) => countedOf({ ...ONE, ...more }, 'idle-month').reads
    const perRound = (more: Partial<FenceShape>) => (reads(more) - reads({})) / (60 * ASSUMED.hoursAMonth)
    expect(perRound({ networkAcls: ONE.networkAcls + 2 })).toBeCloseTo(2 * COUNTED.networkAcl.reads, 6)
    expect(perRound({ denyList: true })).toBeCloseTo(COUNTED.denyList.reads, 6)
    expect(perRound({ ipSets: true })).toBeCloseTo(COUNTED.ipSets.reads, 6)
    const known = Math.ceil((ASSUMED.knownGood * ROW_BYTES.knownGood) / 4_096)
    expect(perRound({ trustedPeers: true })).toBeCloseTo(COUNTED.trustedPeers.reads + known, 6)
  })

  test('of an attacked month is no less than that of an idle one', () => {
    search(
      fc.property(shape, (of) => usd(of, 'attacked-month') >= usd(of, 'idle-month')),
      { seed: SEED },
    )
  })

  test('with the free tier is no more than without', () => {
    search(
      fc.property(shape, scenario, (of, when) => usd(of, when, true) <= usd(of, when)),
      { seed: SEED },
    )
    expect(usd(ONE, 'idle-month', true)).toBeLessThan(1.5)
  })

  test('reckons with as many series as there are figures', () => {
    expect(ONE.metricSeries).toBe(FIGURES.length)
  })
})

describe('the worst hour', () => {
  test('costs no more than a dollar a PBX, and what analyze does is bounded whatever their number', () => {
    search(
      fc.property(shape, (of) => {
        const counted = countedOf({ ...of, dashboard: false, key: 'aws', emails: 0 }, 'worst-hour')
        expect(billOf(counted).usd).toBeLessThanOrEqual(of.pbxs + 1)
        const analyzed = (ASSUMED.analyzeAtOnce * 3_600 * ASSUMED.analyzeMegabytes) / 1_024
        const reconciled = (3_600 + 60 * ASSUMED.roundSeconds) * (ASSUMED.reconcileMegabytes / 1_024)
        const quiet = countedOf(of, 'idle-month').lambdaGigabyteSeconds / ASSUMED.hoursAMonth
        expect(counted.lambdaGigabyteSeconds).toBeLessThanOrEqual(analyzed + reconciled + quiet)
      }),
      { seed: SEED },
    )
  })

  test('knows no more reports than the budget of a host allows', () => {
    expect(mostReports(FULL_REPORT_BYTES) * FULL_REPORT_BYTES).toBeLessThanOrEqual(
      REPORT_BYTES.saved + REPORT_BYTES.aSecond * 3_600,
    )
    expect(mostReports(1_000)).toBe(3_600)
  })

  test('has full reports of as many sources as are assumed', () => {
    expect(Math.floor(REPORT_BYTES.sources / ASSUMED.sourceBytes)).toBe(ASSUMED.fullReportSources)
  })
})

test('no suspicious source takes less of a report than is reckoned with', async () => {
  const bytes: number[] = []
  for (const name of ['reflection-slow', 'options-peer', 'reflection-invite-stateful']) {
    for (const source of await reported(SCENARIO_RECORDINGS[name]!(20_260_302)))
      bytes.push(JSON.stringify(source).length + 1)
  }
  expect(bytes.length).toBeGreaterThan(50)
  expect(Math.min(...bytes)).toBeGreaterThanOrEqual(ASSUMED.sourceBytes)
  expect(Math.min(...bytes)).toBeLessThan(1.05 * ASSUMED.sourceBytes)
})

/** Sources of the reports that a sensor would send of a recording, heartbeats aside. */
async function reported({ frames, pbx }: Recording): Promise<Observation[]> {
  const sources: Observation[] = []
  async function* source(): AsyncIterable<Batch> {
    yield { packets: frames.map(({ packet }) => packet), ignored: 0 }
  }
  const sink: ReportSink = {
    report: async (report) => void sources.push(...report.sources.filter(isSuspicious)),
    proofs: async () => undefined,
    endSecond: async () => undefined,
  }
  const reporter = { fence: 'f', host: 'h', boot: 'b' }
  const sockets = { pbx: new Set(pbx), ports: new Set([5060]) }
  await capture(source(), sink, { reporter, limits: DEFAULTS.limits, key: 1, ...sockets })
  return sources
}

function isSuspicious(source: Observation): boolean {
  const circumstances = { limits: DEFAULTS.limits, knownGood: source.knownGoodAt !== null, halfBlind: false }
  return weigh(source, circumstances).some(({ points }) => points >= LEAVE_POINTS)
}

test('every price has a page of AWS, and nothing is dear by mistake', () => {
  for (const billed of Object.keys(PRICES) as Billed[]) {
    const { page, usd: price, free } = PRICES[billed]
    expect(page).toMatch(/^https:\/\/aws\.amazon\.com\/[a-z/-]+\/$/)
    expect(price).toBeGreaterThan(0)
    expect(price).toBeLessThanOrEqual(3)
    expect(free).toBeGreaterThanOrEqual(0)
  }
})
