import { REPORT_BYTES, ReportBudget } from './report-budget.ts'
import type { SourceRecord } from './source-record.ts'
import { type Observation, observe, type ProofReport, type SourceReport } from './source-report.ts'
import type { ProofNews, Sources } from './sources.ts'
import { type DetectionLimits, LEAVE_POINTS, leastNotable, weigh } from './suspicion.ts'

/** Who reports. */
export interface Reporter {
  readonly fence: string
  /** The instance id on AWS; any name of the PBX host elsewhere. */
  readonly host: string
  /** Drawn at each start. */
  readonly boot: string
}

/** What the capture knows of itself at the time of a report. */
export interface CaptureState {
  readonly lossFraction: number
  readonly clockSkewMs: number
}

export interface ReportOptions {
  readonly reporter: Reporter
  readonly limits: DetectionLimits
  readonly heartbeatSeconds?: number
}

const HEARTBEAT_SECONDS = 60
const HEARTBEAT_SOURCES = 20
/** A proof takes up to 110 bytes, so this many stay below what a report may hold, too. */
const MOST_PROOFS = 500
/** No window looks further back than this, so a source that was silent for longer has nothing notable. */
const LOOK_BACK_SECONDS = 70
/** A heartbeat shows who sent something within its longest window. */
const HEARTBEAT_LOOK_BACK_SECONDS = 540
const BASELINE_SHARE = 1 / 60

/**
 * Writes the reports of one host: at each notable second that the budget allows, else a heartbeat a minute. Windows end at
 * the report's second, so what a second without a report would have told, the next one tells, 5 s later at most.
 */
export class ReportWriter {
  readonly #sources: Sources
  readonly #reporter: Reporter
  readonly #limits: DetectionLimits
  readonly #heartbeatSeconds: number
  readonly #leastNotable: ReturnType<typeof leastNotable>
  readonly #budget = new ReportBudget()
  #seq = 0
  #lastReport = 0
  #baseline = 0

  constructor(sources: Sources, { reporter, limits, heartbeatSeconds = HEARTBEAT_SECONDS }: ReportOptions) {
    this.#sources = sources
    this.#reporter = reporter
    this.#limits = limits
    this.#heartbeatSeconds = heartbeatSeconds
    this.#leastNotable = leastNotable(limits)
  }

  /**
   * The report of the seconds before `second`, or undefined where there is nothing to tell, or too much was told lately.
   * Heartbeats are never held back, and the last one always tells.
   */
  report(second: number, state: CaptureState, last = false): SourceReport | undefined {
    const notable = this.#notable(second)
    if (notable.length === 0 && second % 10 === 0) this.#learn()
    const heartbeat = last || second - this.#lastReport >= this.#heartbeatSeconds
    if (notable.length === 0 && !heartbeat) return undefined
    const candidates = notable.length > 0 ? notable : this.#busiest(second)
    const { sources, bytes } = whatFits(candidates)
    if (!this.#budget.allows(bytes + REPORT_BYTES.other, second) && !heartbeat) return undefined
    this.#budget.spend(bytes + REPORT_BYTES.other)
    this.#lastReport = second
    const { all, distinct, halfBlind, knownGood, suspects } = this.#sources
    return {
      schema: 'sipfence.report/1',
      ...this.#reporter,
      seq: ++this.#seq,
      at: second * 1000,
      ...state,
      countError: suspects.leastWeight,
      halfBlind,
      totals: { w10: all.window10(second), sources: distinct, knownGood: knownGood.size },
      baseline: { sources: Math.round(this.#baseline) },
      sources,
      leftOut: candidates.length - sources.length,
    }
  }

  /** All of them, in as many messages as it takes. */
  proofs(second: number, proofs: readonly ProofNews[]): ProofReport[] {
    const reports: ProofReport[] = []
    for (let from = 0; from < proofs.length; from += MOST_PROOFS) {
      const some = proofs.slice(from, from + MOST_PROOFS)
      const who = { ...this.#reporter, seq: ++this.#seq }
      reports.push({ schema: 'sipfence.proofs/1', ...who, at: second * 1000, proofs: some })
    }
    return reports
  }

  /** Sources with at least the points at which a detection would still be kept open, the worst first. */
  #notable(second: number): Observation[] {
    const found: { observation: Observation; points: number }[] = []
    for (const record of this.#recent(second, LOOK_BACK_SECONDS)) {
      const { failures, traffic } = this.#leastNotable
      if (record.failures(second) < failures && record.busiest(second) < traffic) continue
      const observation = observe(record, second)
      const knownGood = record.knownGoodAt !== null
      const suspicions = weigh(observation, { limits: this.#limits, knownGood, halfBlind: false })
      const points = Math.max(0, ...suspicions.map((suspicion) => suspicion.points))
      if (points >= LEAVE_POINTS) found.push({ observation, points })
    }
    const ranked = found.sort((a, b) => b.points - a.points).map(({ observation }) => observation)
    return inTurn(
      ranked.filter(({ proof }) => proof !== 'none'),
      ranked.filter(({ proof }) => proof === 'none'),
    )
  }

  #busiest(second: number): Observation[] {
    const packets = ({ w600 }: Observation) => (w600.packetsIn ?? 0) + (w600.packetsOut ?? 0)
    return [...this.#recent(second, HEARTBEAT_LOOK_BACK_SECONDS)]
      .map((record) => observe(record, second))
      .sort((a, b) => packets(b) - packets(a))
      .slice(0, HEARTBEAT_SOURCES)
  }

  *#recent(second: number, lookBackSeconds: number): IterableIterator<SourceRecord> {
    for (const record of this.#sources.records()) {
      if (record.lastSecond >= second - lookBackSeconds) yield record
    }
  }

  #learn(): void {
    const { distinct } = this.#sources
    this.#baseline =
      this.#baseline === 0 ? distinct : this.#baseline + (distinct - this.#baseline) * BASELINE_SHARE
  }
}

/** As many observations as one message holds, from the front, and what they take. */
function whatFits(candidates: readonly Observation[]): { sources: Observation[]; bytes: number } {
  const sources: Observation[] = []
  let bytes = 0
  for (const observation of candidates) {
    const more = JSON.stringify(observation).length + 1
    if (bytes + more > REPORT_BYTES.sources) break
    bytes += more
    sources.push(observation)
  }
  return { sources, bytes }
}

/** Of each a turn, so that sources anybody can forge leave room for those that have shown to be there. */
function inTurn<T>(one: readonly T[], other: readonly T[]): T[] {
  const turns = Array.from({ length: Math.max(one.length, other.length) }, (_, i) => [one[i], other[i]])
  return turns.flat().filter((each) => each !== undefined) as T[]
}
