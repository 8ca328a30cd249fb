import type { Logger } from '@aws-lambda-powertools/logger'
import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { FenceState } from '../aws/fence-state.ts'
import { BoundedMap } from '../core/bounded-map.ts'
import type { RefusalReason } from '../core/refusal.ts'
import type { Figure, RoundFigures } from '../figures.ts'
import { type Alert, type Journal, type JournalEntry, NEWS_MS, newsKey } from '../journal.ts'

const MOST_LATELY = 10_000
const HEARD_MS = 60_000
/** Refusals of which there may be thousands at a time; one alert tells of them all. */
const TOLD_BY_ONE_ALERT: ReadonlySet<RefusalReason> = new Set(['host-capped', 'no-free-entry'])

export interface JournalOptions {
  readonly logger: Logger
  readonly metrics: Metrics
  readonly state: Pick<FenceState, 'isNews'>
  readonly clock: () => number
}

/**
 * What happens, for people: a line in the log. What is said again and again while it lasts is said once in ten minutes, by
 * whichever function. Notices are not sent from here: they are about incidents, which rounds keep.
 */
export class CloudWatchJournal implements Journal {
  readonly #options: JournalOptions
  /** What this process has told or heard to be told, so that a flood of refusals does not ask the ledger each time. */
  readonly #lately = new BoundedMap<string, number>(MOST_LATELY)

  constructor(options: JournalOptions) {
    this.#options = options
  }

  async write(entry: JournalEntry): Promise<void> {
    const { logger } = this.#options
    if (entry.kind === 'refusal' && TOLD_BY_ONE_ALERT.has(entry.reason)) return
    if (!(await this.#isNews(newsKey(entry)))) return
    const failed = entry.kind === 'change' && entry.failed !== null
    logger[failed || entry.kind === 'alert' ? 'warn' : 'info'](entry.kind, { entry })
  }

  count(what: Figure): void {
    this.#options.metrics.addMetric(what, MetricUnit.Count, 1)
  }

  /** Said again when it is news again. */
  async lasts(alert: Alert): Promise<void> {
    await this.write({ kind: 'alert', alert })
  }

  /** Gives CloudWatch what a round has to tell. */
  tell(figures: RoundFigures): void {
    for (const [name, value] of Object.entries(figures))
      this.#options.metrics.addMetric(name, MetricUnit.NoUnit, value)
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
