import { setTimeout as sleep } from 'node:timers/promises'
import { REPORT_BYTES, ReportBudget } from '../../lib/core/report-budget.ts'
import type { Observation } from '../../lib/core/source-report.ts'
import type { LocalFence } from '../e2e/local-fence.ts'
import { reportAt } from './flooding.ts'

/** A host of the fleet and what it has to report. */
export interface Attacked {
  readonly host: string
  readonly sources: Observation[]
}

/** What the queue of reports held while it was watched. */
export interface QueueWatch {
  /** Milliseconds that the oldest report had waited, at worst. */
  oldestMs: number
  /** Reports that were not handled yet, at worst and in the end. */
  most: number
  left: number
}

/**
 * Every attacked host reports its sources each second, as far as its budget goes, as sidecars do while a flood lasts.
 * Their seconds do not begin at once. Ends when the signal aborts.
 */
export async function attack(
  fence: LocalFence,
  attacked: readonly Attacked[],
  signal: AbortSignal,
): Promise<number> {
  let sent = 0
  await Promise.all(
    attacked.map(async ({ host, sources }, i) => {
      const budget = new ReportBudget()
      const bytes = JSON.stringify(sources).length + REPORT_BYTES.other
      await pause((i * 1000) / attacked.length, signal)
      for (let seq = 1; !signal.aborted; seq++) {
        const now = Date.now()
        if (budget.allows(bytes, Math.floor(now / 1000))) {
          budget.spend(bytes)
          sent++
          await fence.send(host, JSON.stringify(reportAt(host, now, seq, sources)))
        }
        await pause(1000 - (Date.now() - now), signal)
      }
    }),
  )
  return sent
}

/** Each host sends one report, evenly within the time. Returns when the last one was taken. */
export async function heartbeats(
  fence: LocalFence,
  attacked: readonly Attacked[],
  withinMs: number,
): Promise<void> {
  await Promise.all(
    attacked.map(async ({ host, sources }, i) => {
      await sleep((i * withinMs) / attacked.length)
      await fence.send(host, JSON.stringify(reportAt(host, Date.now(), 1, sources)))
    }),
  )
}

/** Watches the queue of reports until `done`, or for so long. */
export async function watchQueue(
  { aws }: LocalFence,
  mostMs: number,
  done: (left: number) => boolean,
): Promise<QueueWatch> {
  const reports = aws.queue('sipfence-f-reports')
  const watched: QueueWatch = { oldestMs: 0, most: 0, left: 0 }
  for (const began = Date.now(); Date.now() - began < mostMs; await sleep(100)) {
    const held = [...reports.visible(), ...reports.inFlight()]
    watched.left = held.length
    watched.most = Math.max(watched.most, held.length)
    const oldest = Math.min(...held.map(({ sentAt }) => sentAt))
    watched.oldestMs = Math.max(watched.oldestMs, Date.now() - oldest)
    if (done(held.length)) break
  }
  return watched
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, milliseconds), undefined, { signal }).catch(() => undefined)
}
