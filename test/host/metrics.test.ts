import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { metricsOf } from '../../lib/host/metrics.ts'
import { type Sending, Vitals } from '../../lib/host/vitals.ts'
import { aReport } from './reports.ts'

const IDENTITY = { version: '1.2.3', fence: 'pbx', host: 'i-0123456789abcdef0' }
const SENDING: Sending = {
  sent: 7,
  refused: 1,
  failed: 2,
  spooled: 5,
  lost: { report: 3, proofs: 0 },
  waiting: 4,
  lastSentAt: 2_000,
  tryingSince: undefined,
}
const SINK = { report: async () => {}, proofs: async () => {}, endSecond: async () => {} }

/** The values of our own series, by name without `sipfence_`. */
async function read(vitals: Vitals): Promise<Record<string, string>> {
  const text = await metricsOf(vitals, IDENTITY).metrics()
  const lines = text.split('\n').filter((line) => line.startsWith('sipfence_'))
  return Object.fromEntries(lines.map((line) => line.slice('sipfence_'.length).split(' ')))
}

test('metrics say what the vitals hold at the moment of asking', async () => {
  const time = { now: 1_000 }
  const vitals = new Vitals(
    SINK,
    () => time.now,
    () => SENDING,
  )
  const registry = metricsOf(vitals, IDENTITY)
  expect(await registry.metrics()).toContain('\nsipfence_healthy 0\n')
  const totals = { packets: 10, sipMessages: 6, malformed: 1, ignored: 3 }
  await vitals.endSecond(1_000, totals)
  const report = { ...aReport(1), lossFraction: 0.25, halfBlind: true }
  await vitals.report({ ...report, totals: { w10: {}, sources: 9, knownGood: 8 } })
  time.now = 6_500
  const expected = {
    packets_total: '10',
    sip_messages_total: '6',
    malformed_total: '1',
    ignored_total: '3',
    sources: '9',
    known_good: '8',
    loss_fraction: '0.25',
    half_blind: '1',
    healthy: '0',
    tick_age_seconds: '5',
    reports_sent_total: '7',
    reports_refused_total: '1',
    reports_failed_total: '2',
    reports_spooled_total: '5',
    reports_lost_total: '3',
    proofs_lost_total: '0',
    spool_reports: '4',
    sent_age_seconds: '4',
    'sidecar{version="1.2.3",fence="pbx",host="i-0123456789abcdef0"}': '1',
  }
  expect(await read(vitals)).toEqual(expected)
  totals.packets = 20 // the loop's own object
  expect(await read(vitals)).toEqual({ ...expected, packets_total: '20' })
  for (const scrape of ['first', 'second'])
    expect([scrape, await registry.metrics()]).toEqual([
      scrape,
      expect.stringContaining('sipfence_packets_total 20\n'),
    ])
})

test('where nothing is sent there are no metrics of sending, and those of the process are there', async () => {
  const vitals = new Vitals(SINK, () => 0)
  const text = await metricsOf(vitals, IDENTITY).metrics()
  expect(text).not.toMatch(/reports_|spool|sent_age/)
  expect(text).toMatch(/^process_resident_memory_bytes \d+/m)
})

test('there is a fixed number of series, whatever was seen', async () => {
  const vitals = new Vitals(
    SINK,
    () => 0,
    () => SENDING,
  )
  const before = Object.keys(await read(vitals))
  for (let second = 1; second < 50; second++) {
    const sources = { w10: {}, sources: second * 1_000, knownGood: second }
    await vitals.report({ ...aReport(second), totals: sources })
  }
  expect(Object.keys(await read(vitals))).toEqual(before)
})

test('docs/sidecar.md tells of each of our series, and of no other', async () => {
  const names = Object.keys(
    await read(
      new Vitals(
        SINK,
        () => 0,
        () => SENDING,
      ),
    ),
  )
  const text = readFileSync(join(import.meta.dirname, '../../docs/sidecar.md'), 'utf8')
  const rows = text.split('\n').filter((line) => line.startsWith('| `sipfence_'))
  const told = rows.flatMap((row) =>
    [...row.split('|')[1]!.matchAll(/`sipfence_(\w+)/g)].map((match) => match[1]),
  )
  expect(told.sort()).toEqual(names.map((name) => name.split('{')[0]).sort())
})
