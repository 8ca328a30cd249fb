import { describe, expect, test } from 'vitest'
import type { ReportSink } from '../../lib/capture.ts'
import { Deliveries } from '../../lib/host/deliveries.ts'
import { Vitals } from '../../lib/host/vitals.ts'
import { aProof, aReport } from './reports.ts'

const SIGNAL = new AbortController().signal
const TOTALS = { packets: 0, sipMessages: 0, malformed: 0, ignored: 0 }
const NOTHING = { spooled: 0, waiting: 0, lost: { report: 0, proofs: 0 } } as const

/** Vitals of a sink that works, beside a queue whose answer can be changed. */
function stage() {
  const heard: string[] = []
  const sink: ReportSink = {
    report: async ({ seq }) => void heard.push(`report ${seq}`),
    proofs: async ({ seq }) => void heard.push(`proofs ${seq}`),
    endSecond: async (at) => void heard.push(`second ${at}`),
  }
  const time = { now: 1_000 }
  const queue = { answer: async () => ({ ok: true }) as { ok: true } | { ok: false; reason: string } }
  const deliveries = new Deliveries(() => time.now)
  const send = deliveries.counted(() => queue.answer())
  const vitals = new Vitals(
    sink,
    () => time.now,
    () => ({ ...deliveries, ...NOTHING }),
  )
  return { heard, time, queue, deliveries, vitals, send: () => send('{}', SIGNAL) }
}

const fail = async () => {
  throw new Error('Cannot send: nobody answers')
}

describe('the vitals of a sidecar', () => {
  test('hand everything on to the sink', async () => {
    const { heard, vitals } = stage()
    await vitals.proofs(aProof(1))
    await vitals.report(aReport(2))
    await vitals.endSecond(3_000, TOTALS)
    expect(heard).toEqual(['proofs 1', 'report 2', 'second 3000'])
  })

  test('have no problem while seconds end and reports arrive', async () => {
    const { vitals, time, send } = stage()
    await vitals.endSecond(1_000, TOTALS)
    await send()
    time.now += 29_000
    expect(vitals.health()).toEqual({
      schema: 'sipfence.health/1',
      ok: true,
      problems: [],
      tickAgeSeconds: 29,
      sentAgeSeconds: 29,
      waiting: 0,
    })
  })

  test('tell that counting has not begun, and that it stands still after 30 s', async () => {
    const { vitals, time } = stage()
    expect(vitals.health()).toMatchObject({ ok: false, problems: ['Counting has not begun'] })
    expect(vitals.tickedWithin(1e9)).toBe(false)
    await vitals.endSecond(1_000, TOTALS)
    time.now += 30_000
    expect(vitals.health().ok).toBe(true)
    time.now += 1_000
    expect(vitals.health().problems).toEqual(['The capture has stood still for 31 s'])
    expect(vitals.tickedWithin(30_000)).toBe(false)
    await vitals.endSecond(2_000, TOTALS)
    expect(vitals.health().ok).toBe(true)
    expect(vitals.tickedWithin(0)).toBe(true)
  })

  test('tell that nothing could be sent for three minutes, until something is', async () => {
    const { vitals, time, queue, send } = stage()
    queue.answer = fail
    for (let minute = 0; minute < 4; minute++) {
      await expect(send()).rejects.toThrow('nobody answers')
      time.now += 60_000
      await vitals.endSecond(time.now, TOTALS)
      expect(vitals.health().ok).toBe(minute < 3)
    }
    expect(vitals.health().problems).toEqual(['No report could be sent for 240 s; 0 wait in the spool'])
    queue.answer = async () => ({ ok: true })
    await send()
    expect(vitals.health()).toMatchObject({ ok: true, sentAgeSeconds: 0 })
  })

  test('tell of an attempt that hangs as of one that fails', async () => {
    const { vitals, time, queue, send } = stage()
    queue.answer = () => new Promise(() => {})
    void send()
    time.now += 181_000
    await vitals.endSecond(time.now, TOTALS)
    expect(vitals.health().problems).toEqual([expect.stringMatching(/^No report could be sent for 181 s/)])
  })

  test('are fine where there is nothing to send for long, or nothing is sent at all', async () => {
    const { vitals, time, send } = stage()
    await send()
    time.now += 3_600_000
    await vitals.endSecond(time.now, TOTALS)
    expect(vitals.health()).toMatchObject({ ok: true, sentAgeSeconds: 3600 })
    const printing = new Vitals(vitals, () => time.now)
    await printing.endSecond(time.now, TOTALS)
    expect(printing.health()).toMatchObject({ ok: true, sentAgeSeconds: null })
  })

  test('tell of half-blindness as long as reports do', async () => {
    const { vitals } = stage()
    await vitals.endSecond(1_000, TOTALS)
    await vitals.report({ ...aReport(1), halfBlind: true })
    expect(vitals.health().problems).toEqual([expect.stringMatching(/^Half-blind/)])
    await vitals.report(aReport(2))
    expect(vitals.health().ok).toBe(true)
  })
})

test('a message that the queue refuses was answered, so sending works', async () => {
  const { deliveries, queue, send, time } = stage()
  queue.answer = async () => ({ ok: false, reason: 'too long' })
  expect(await send()).toEqual({ ok: false, reason: 'too long' })
  time.now += 5
  queue.answer = async () => ({ ok: true })
  await send()
  queue.answer = fail
  await expect(send()).rejects.toThrow()
  expect(deliveries).toMatchObject({ sent: 1, refused: 1, failed: 1, lastSentAt: 1_005, tryingSince: 1_005 })
})
