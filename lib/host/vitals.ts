import type { ReportSink } from '../capture.ts'
import type { ProofReport, SourceReport } from '../core/source-report.ts'
import type { CaptureTotals } from '../core/traffic.ts'

/** What has become of the reports, as the sink that sends knows it; counts are messages since the start. */
export interface Sending {
  readonly sent: number
  readonly refused: number
  readonly failed: number
  readonly spooled: number
  readonly lost: { readonly report: number; readonly proofs: number }
  /** In the spool now. */
  readonly waiting: number
  readonly lastSentAt: number | undefined
  readonly tryingSince: number | undefined
}

/** How the sidecar is, at one moment. */
export interface Health {
  readonly schema: 'sipfence.health/1'
  /** Whether there is no problem. */
  readonly ok: boolean
  /** Sentences for people. */
  readonly problems: readonly string[]
  /** Since the end of the last second that was counted, or the start; whole seconds as the next. */
  readonly tickAgeSeconds: number
  /** Since the queue took a report, or the start; null where nothing is sent at all. */
  readonly sentAgeSeconds: number | null
  /** Reports in the spool. */
  readonly waiting: number
}

/** The capture ticks each second, with or without traffic. */
const LONGEST_TICK_MS = 30_000
/** Longer than a restart of anything on the way; what waits meanwhile lies in the spool. */
const LONGEST_TRYING_MS = 180_000

/**
 * Stands before a sink, hands everything on, and remembers what tells how the sidecar is: when a second last ended,
 * and what the last report said, at most a heartbeat ago. Constant memory.
 */
export class Vitals implements ReportSink {
  /** Of the last report. */
  lossFraction = 0
  halfBlind = false
  sources = 0
  knownGood = 0
  /** Since the start; undefined until the loop has told. */
  totals: CaptureTotals | undefined
  readonly #sink: ReportSink
  readonly #clock: () => number
  readonly #sending: (() => Sending) | undefined
  readonly #startedAt: number
  #tickedAt: number | undefined

  /** @param clock milliseconds that never go back */
  constructor(sink: ReportSink, clock: () => number, sending?: () => Sending) {
    this.#sink = sink
    this.#clock = clock
    this.#startedAt = clock()
    this.#sending = sending
  }

  /** As of now; undefined where nothing is sent. */
  get sending(): Sending | undefined {
    return this.#sending?.()
  }

  async report(report: SourceReport): Promise<void> {
    this.lossFraction = report.lossFraction
    this.halfBlind = report.halfBlind
    this.sources = report.totals.sources
    this.knownGood = report.totals.knownGood
    await this.#sink.report(report)
  }

  async proofs(report: ProofReport): Promise<void> {
    await this.#sink.proofs(report)
  }

  async endSecond(at: number, totals: CaptureTotals): Promise<void> {
    await this.#sink.endSecond(at, totals)
    this.#tickedAt = this.#clock()
    this.totals = totals
  }

  /** Whether a second has ended within so long. */
  tickedWithin(milliseconds: number): boolean {
    return this.#tickedAt !== undefined && this.#clock() - this.#tickedAt <= milliseconds
  }

  health(): Health {
    const { sending } = this
    const problems = [this.#captureProblem(), this.#sendingProblem(), this.#sightProblem()].filter(
      (problem) => problem !== undefined,
    )
    return {
      schema: 'sipfence.health/1',
      ok: problems.length === 0,
      problems,
      tickAgeSeconds: this.#secondsSince(this.#tickedAt),
      sentAgeSeconds: sending === undefined ? null : this.#secondsSince(sending.lastSentAt),
      waiting: sending?.waiting ?? 0,
    }
  }

  #captureProblem(): string | undefined {
    if (this.#tickedAt === undefined) return 'Counting has not begun'
    if (this.tickedWithin(LONGEST_TICK_MS)) return undefined
    return `The capture has stood still for ${this.#secondsSince(this.#tickedAt)} s`
  }

  #sendingProblem(): string | undefined {
    const { tryingSince = Number.POSITIVE_INFINITY, waiting = 0 } = this.sending ?? {}
    if (this.#clock() - tryingSince <= LONGEST_TRYING_MS) return undefined
    return `No report could be sent for ${this.#secondsSince(tryingSince)} s; ${waiting} wait in the spool`
  }

  #sightProblem(): string | undefined {
    if (!this.halfBlind) return undefined
    return 'Half-blind: one direction of the traffic seems not to be seen'
  }

  #secondsSince(at: number | undefined): number {
    return Math.floor((this.#clock() - (at ?? this.#startedAt)) / 1000)
  }
}
