import type { Logger } from '@aws-lambda-powertools/logger'
import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { FenceState } from '../aws/fence-state.ts'
import type { Notices } from '../aws/notices.ts'
import { BoundedMap } from '../core/bounded-map.ts'
import { type Journal, type JournalEntry, NEWS_MS, newsKey } from '../journal.ts'

const MOST_LATELY = 10_000
const HEARD_MS = 60_000
/** Refusals of which there may be thousands at a time, and the metric that counts them. */
const TOLD_BY_ONE_ALERT = {
  'host-capped': 'RefusedAccusations',
  'no-free-entry': 'BlocksWithoutEntry',
} as const

export interface JournalOptions {
  readonly logger: Logger
  readonly metrics: Metrics
  readonly notices: Notices
  readonly state: Pick<FenceState, 'isNews'>
  readonly clock: () => number
}

/**
 * What happens, for people: a line in the log, a count in the metrics, and a notice where it matters. What is said
 * again and again while it lasts is said once in ten minutes, by whichever function.
 */
export class CloudWatchJournal implements Journal {
  readonly #options: JournalOptions
  /** What this process has told or heard to be told, so that a flood of refusals does not ask the ledger each time. */
  readonly #lately = new BoundedMap<string, number>(MOST_LATELY)

  constructor(options: JournalOptions) {
    this.#options = options
  }

  async write(entry: JournalEntry): Promise<void> {
    const { logger, metrics, notices } = this.#options
    if (entry.kind === 'refusal' && entry.reason in TOLD_BY_ONE_ALERT) {
      metrics.addMetric(TOLD_BY_ONE_ALERT[entry.reason as 'host-capped'], MetricUnit.Count, 1)
      return
    }
    if (!(await this.#isNews(newsKey(entry)))) return
    const failed = entry.kind === 'change' && entry.failed !== null
    logger[failed || entry.kind === 'alert' ? 'warn' : 'info'](entry.kind, { entry })
    const metric = metricOf(entry)
    if (metric !== undefined) metrics.addMetric(metric, MetricUnit.Count, 1)
    try {
      await notices.send(entry)
    } catch (error) {
      // People learn of it late, by the log; what protects the PBX goes on.
      logger.error('Cannot send a notice', error as Error)
    }
  }

  async #isNews(key: string | undefined): Promise<boolean> {
    if (key === undefined) return true
    const { state, clock } = this.#options
    const now = clock()
    if (now - (this.#lately.get(key) ?? Number.NEGATIVE_INFINITY) < NEWS_MS) return false
    const isNews = await state.isNews(key, now, NEWS_MS)
    // What another process told a moment ago is asked for again after a minute, lest it stays untold for twice as long.
    this.#lately.set(key, isNews ? now : now - NEWS_MS + HEARD_MS)
    return isNews
  }
}

function metricOf(entry: JournalEntry): string | undefined {
  if (entry.kind === 'alert') return 'Alerts'
  if (entry.kind === 'block' && entry.change === 'new') return 'Blocks'
  return entry.kind === 'change' && entry.failed !== null ? 'FailedChanges' : undefined
}
