import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/config.ts'
import type { Prefix } from '../../lib/core/prefix.ts'
import { ReportWriter } from '../../lib/core/report-writer.ts'
import { COUNTERS } from '../../lib/core/source-record.ts'
import type { SourceReport } from '../../lib/core/source-report.ts'
import { Sources } from '../../lib/core/sources.ts'
import { search } from '../search.ts'

/** A whole minute. */
const START = 1_700_000_100
const STATE = { lossFraction: 0, clockSkewMs: 0 }
const OPTIONS = { reporter: { fence: 'f'.repeat(31), host: 'h'.repeat(64), boot: 'b'.repeat(64) } }

function victim(number: number): Prefix {
  return `203.0.${number >> 8}.${number & 255}/32` as Prefix
}

/** A sensor whose sources are challenged, each at the rate of a reflection, and never follow up. */
class Sensor {
  readonly sources = new Sources(1)
  readonly writer = this.another()
  second = START

  /** One that knows the same sources and has told nothing yet. */
  another(): ReportWriter {
    return new ReportWriter(this.sources, { ...OPTIONS, limits: DEFAULTS.limits })
  }

  /** A second in which these are challenged, and the report at its end. */
  passes(victims: readonly Prefix[], challenges = 90): SourceReport | undefined {
    for (const source of victims) {
      const record = this.sources.touch(source, true)!
      record.lastSecond = this.second
      record.transports.add('udp')
      for (const counter of ['packetsIn', 'packetsOut', 'register', 'outOfDialog'] as const)
        record.add(counter, this.second, challenges)
      for (const counter of ['challenges', 'replies', 'finals'] as const)
        record.add(counter, this.second, challenges)
    }
    this.sources.endSecond(++this.second)
    return this.writer.report(this.second, STATE)
  }

  quiet(seconds: number): (SourceReport | undefined)[] {
    return Array.from({ length: seconds }, () => this.passes([]))
  }
}

const MANY = Array.from({ length: 300 }, (_, i) => victim(i))
/** What a flood shows before it is worth a report: challenges are judged when they are 2 s old. */
const UNSEEN_SECONDS = 3

function isReport(report: SourceReport | undefined): report is SourceReport {
  return report !== undefined
}

describe('while a flood goes on', () => {
  const sensor = new Sensor()
  sensor.quiet(61)
  const began = sensor.second
  const each = Array.from({ length: 600 }, () => sensor.passes(MANY))
  const reports = each.filter(isReport)

  test('the first second that is worth a report is reported at once, and so are those that follow', () => {
    const first = each.findIndex((report) => (report?.sources.length ?? 0) > 0)
    expect(first).toBeLessThan(UNSEEN_SECONDS)
    expect(each.slice(first, first + 10).filter(isReport)).toHaveLength(10)
  })

  test('the host sends no more than 625,000 bytes and 12,500 a second, and that in few messages', () => {
    const lengths = reports.map((report) => JSON.stringify(report).length)
    const sum = lengths.reduce((all, length) => all + length, 0)
    expect(sum).toBeLessThanOrEqual(625_000 + 12_500 * 600)
    expect(sum).toBeGreaterThan(5_000_000)
    expect(reports.length).toBeLessThanOrEqual(10 + 600 / 4)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(62_000)
  })

  test('no two reports are more than five seconds apart', () => {
    const gaps = reports.slice(1).map(({ at }, i) => (at - reports[i]!.at) / 1000)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(5)
    expect(gaps).toContain(5)
    expect(sensor.second * 1000 - reports.at(-1)!.at).toBeLessThanOrEqual(5_000)
  })

  test('sources that do not fit are counted', () => {
    const { sources, leftOut } = reports.at(-1)!
    expect(sources.length).toBeGreaterThan(60)
    expect(sources.length + leftOut).toBe(300)
    expect(reports[0]!.at).toBeGreaterThan(began)
  })

  test('it numbers its reports without a gap', () => {
    expect(reports.map(({ seq }) => seq)).toEqual(reports.map((_, i) => reports[0]!.seq + i))
  })
})

test('whatever floods, in any N seconds at most 625,000 + 12,500 × N bytes are sent, and five seconds hide nothing', () => {
  const spells = fc.array(
    fc.record({ victims: fc.constantFrom(0, 0, 1, 20, 100, 300), seconds: fc.integer({ min: 1, max: 40 }) }),
    { minLength: 1, maxLength: 5 },
  )
  search(
    fc.property(spells, (asked) => {
      const sensor = new Sensor()
      const sent: { readonly second: number; readonly bytes: number }[] = []
      let silent = 0
      for (const { victims, seconds } of asked) {
        for (let i = 0; i < seconds; i++) {
          const report = sensor.passes(MANY.slice(0, victims))
          const free = sensor.another().report(sensor.second, STATE)!
          silent = report === undefined && free.sources.length > 20 ? silent + 1 : 0
          expect(silent).toBeLessThan(5)
          if (report !== undefined) sent.push({ second: sensor.second, bytes: JSON.stringify(report).length })
        }
      }
      for (const [from, { second: first }] of sent.entries()) {
        const after = sent.slice(from)
        const bytes = after.reduce((sum, each) => sum + each.bytes, 0)
        expect(bytes).toBeLessThanOrEqual(625_000 + 12_500 * (after.at(-1)!.second - first))
      }
    }),
    { seed: 36, numRuns: 12 },
  )
})

test('a report after seconds without one tells what it would have told with them', () => {
  const sensor = new Sensor()
  let compared = 0
  let held = false
  for (let i = 0; i < 120; i++) {
    const report = sensor.passes(MANY)
    const free = sensor.another().report(sensor.second, STATE)
    if (report !== undefined && held) {
      expect(report.sources).toEqual(free?.sources)
      compared++
    }
    held = report === undefined
  }
  expect(compared).toBeGreaterThan(10)
})

test('a few attackers are reported each second, for as long as it takes', () => {
  const sensor = new Sensor()
  const few = MANY.slice(0, 8)
  const each = Array.from({ length: 1_800 }, () => sensor.passes(few))
  expect(each.slice(UNSEEN_SECONDS).every(isReport)).toBe(true)
})

test('heartbeats come each minute, after a flood as before it', () => {
  const sensor = new Sensor()
  const minutes = (reports: readonly (SourceReport | undefined)[]) => reports.filter(isReport).length
  expect(minutes(sensor.quiet(301))).toBe(6)
  for (let i = 0; i < 60; i++) sensor.passes(MANY)
  sensor.quiet(100)
  expect(minutes(sensor.quiet(300))).toBe(5)
})

test('a heartbeat that is due is sent whatever was sent before, and so is the last report', () => {
  const sensor = new Sensor()
  const writer = new ReportWriter(sensor.sources, {
    ...OPTIONS,
    limits: DEFAULTS.limits,
    heartbeatSeconds: 2,
  })
  let sent = 0
  for (let i = 0; i < 60; i++) {
    sensor.passes(MANY)
    if (writer.report(sensor.second, STATE) !== undefined) sent++
  }
  expect(sent).toBeGreaterThanOrEqual(30)
  expect(sensor.passes(MANY)).toBeUndefined()
  expect(sensor.writer.report(sensor.second, STATE, true)).toBeDefined()
})

test('what stands beside the sources of a report is less than is reckoned with, whatever was counted', () => {
  const sensor = new Sensor()
  for (const counter of COUNTERS) sensor.sources.all.add(counter, START, 2 ** 40)
  const report = sensor.writer.report(START + 1, { lossFraction: 1 / 3, clockSkewMs: -1_700_000_000_000 })
  expect(JSON.stringify(report).length).toBeLessThanOrEqual(2_000)
})
