import { type Block, decide, type Ladders } from './core/block.ts'
import { type Detection, judge, NO_HISTORY, type SourceHistory } from './core/detection.ts'
import type { Change } from './core/plan.ts'
import type { Prefix } from './core/prefix.ts'
import type { Protection } from './core/protection.ts'
import type { Observation, ProofReport, SourceReport } from './core/source-report.ts'
import type { DetectionLimits } from './core/suspicion.ts'

/** What the analyze loop reads and writes of the ledger. A read that fails throws; it never reads as empty. */
export interface AnalyzeLedger {
  history(source: Prefix, host: string): Promise<SourceHistory | undefined>
  keepHistory(source: Prefix, host: string, history: SourceHistory): Promise<void>
  /** When any host of the fence last proved the source, in milliseconds; null where none did within 24 h. */
  knownGoodAt(source: Prefix, now: number): Promise<number | null>
  keepProofs(report: ProofReport): Promise<void>
  /** Allowlist and everything else that is never blocked. */
  protection(): Promise<Protection>
  /** The source's newest block, standing or ended. */
  lastBlock(prefix: Prefix): Promise<Block | undefined>
  keepBlock(block: Block): Promise<void>
  /** When the fence's first report came, and whether anybody was known-good by then; kept on first call. */
  firstReport(at: number): Promise<{ readonly at: number; readonly knewAnybody: boolean }>
}

/** An alert is for people: something is going on that sipfence will not or cannot act on. */
export interface Alert {
  readonly at: number
  readonly kind:
    | 'protected-source-flood'
    | 'half-blind'
    | 'shadowed'
    | 'foreign-entry'
    | 'brake'
    | 'no-free-entry'
  readonly source: Prefix | null
  readonly why: string
}

/** Why a detection becomes no block, or a block no entry. */
export type RefusalReason = 'protected' | 'known-good' | 'learning' | 'no-free-entry'

/** What happened, for people and for the record: one line each, in the order of time. */
export type JournalEntry =
  | { readonly kind: 'detection'; readonly detection: Detection }
  | {
      readonly kind: 'refusal'
      readonly at: number
      readonly source: Prefix
      readonly reason: RefusalReason
      readonly why: string
    }
  | { readonly kind: 'alert'; readonly alert: Alert }
  | { readonly kind: 'block'; readonly block: Block; readonly change: 'new' | 'extended' | 'ended' }
  /** A change to a firewall: made, or failed for the reason given. */
  | { readonly kind: 'change'; readonly at: number; readonly change: Change; readonly failed: string | null }

export interface Journal {
  write(entry: JournalEntry): Promise<void>
}

export interface AnalyzeOptions {
  readonly limits: DetectionLimits
  readonly ladders: Ladders
  /** After its first report a fence that knows nobody blocks reflection only, for this long. */
  readonly learningSeconds: number
}

export interface AnalyzePorts {
  readonly ledger: AnalyzeLedger
  readonly journal: Journal
  /** Asks for a reconcile round. */
  wake(at: number): Promise<void>
  /** 0 to 1, for jitter. */
  random(): number
  /** A ULID for a new block. */
  newId(at: number): string
}

/** A report that took longer to come counts for the history of its sources, not for blocks. */
const LATEST_MS = 60_000

/**
 * Loop 2: one report in, blocks out. For each source: judge it with its history; what is detected becomes a block,
 * or a refusal with its reason where the source is protected. Time is the report's own; `receivedAt` tells how old
 * it is. Handling a report again, or reports in another order, ends in the same blocks. Nothing is written of a
 * source before everything that protects it has been read.
 */
export async function analyze(
  report: SourceReport,
  ports: AnalyzePorts,
  options: AnalyzeOptions,
  receivedAt: number,
): Promise<void> {
  const { ledger } = ports
  const protection = await ledger.protection()
  const first = await ledger.firstReport(report.at)
  const learning = !first.knewAnybody && report.at < first.at + options.learningSeconds * 1000
  if (report.halfBlind) await alertHalfBlind(report, ports)
  for (const observation of report.sources) {
    const knownGoodAt = await ledger.knownGoodAt(observation.prefix, report.at)
    const knownGood = knownGoodAt !== null || observation.knownGoodAt !== null
    const before = (await ledger.history(observation.prefix, report.host)) ?? NO_HISTORY
    const circumstances = { limits: options.limits, knownGood, halfBlind: report.halfBlind }
    const { history, opened, active } = judge(observation, report.at, before, circumstances)
    const refusal = refusalOf(observation, { protection, knownGood, learning })
    for (const detection of opened) await ports.journal.write({ kind: 'detection', detection })
    const refused = active.filter((detection) => refusal(detection) !== undefined)
    for (const detection of refused) {
      if (!history.refused.includes(detection.class)) await announce(detection, refusal(detection)!, ports)
    }
    const strongest = worst(active.filter((detection) => !refused.includes(detection)))
    const fresh = receivedAt - report.at <= LATEST_MS
    if (strongest !== undefined && fresh) await block(strongest, ports, options)
    const told = [...new Set([...history.refused, ...refused.map((detection) => detection.class)])]
    await ledger.keepHistory(observation.prefix, report.host, { ...history, refused: told })
  }
}

async function alertHalfBlind({ at, host }: SourceReport, { journal }: AnalyzePorts): Promise<void> {
  const why = `the sensor on ${host} sees one direction only, or the PBX answers hardly anybody; floods are not judged`
  await journal.write({ kind: 'alert', alert: { at, kind: 'half-blind', source: null, why } })
}

/** Keeps what a host says of who is known-good or reachable; a block of somebody known-good is to be lifted now. */
export async function learnProofs(
  report: ProofReport,
  { ledger, wake }: Pick<AnalyzePorts, 'ledger' | 'wake'>,
): Promise<void> {
  await ledger.firstReport(report.at) // who is known-good by it was not known before it
  await ledger.keepProofs(report)
  for (const { source, knownGoodAt } of report.proofs) {
    const last = knownGoodAt === null ? undefined : await ledger.lastBlock(source)
    if (last?.endedAt === null) await wake(report.at)
  }
}

interface Shelter {
  readonly protection: Protection
  readonly knownGood: boolean
  readonly learning: boolean
}

interface Refused {
  readonly reason: RefusalReason
  readonly why: string
}

/** Why a detection of this source must not become a block, or undefined where it may. */
function refusalOf({ prefix }: Observation, { protection, knownGood, learning }: Shelter) {
  const protectedBy = protection.protects(prefix)
  return (detection: Detection): Refused | undefined => {
    if (protectedBy !== undefined) return { reason: 'protected', why: `never blocked: ${protectedBy}` }
    if (knownGood) {
      const why = 'never blocked: known-good, so somebody forges its address or it misbehaves itself'
      return { reason: 'known-good', why }
    }
    if (learning && detection.class !== 'reflection') {
      return { reason: 'learning', why: 'not blocked while learning who is known-good' }
    }
    return undefined
  }
}

async function announce(
  detection: Detection,
  { reason, why }: Refused,
  { journal }: AnalyzePorts,
): Promise<void> {
  const { at, source } = detection
  const told = `${why}; ${detection.why}`
  await journal.write({ kind: 'refusal', at, source, reason, why: told })
  if (reason === 'learning') return
  await journal.write({ kind: 'alert', alert: { at, kind: 'protected-source-flood', source, why: told } })
}

async function block(detection: Detection, ports: AnalyzePorts, options: AnalyzeOptions): Promise<void> {
  const { ledger, journal } = ports
  const now = detection.at
  const last = await ledger.lastBlock(detection.source)
  const id = ports.newId(now)
  const next = decide(detection, { ladders: options.ladders, now, random: ports.random(), id, last })
  if (next === undefined) return
  const extended = last?.id === next.id
  if (last?.endedAt === null && !extended) {
    await journal.write({ kind: 'block', block: { ...last, endedAt: last.until }, change: 'ended' })
  }
  await ledger.keepBlock(next)
  await journal.write({ kind: 'block', block: next, change: extended ? 'extended' : 'new' })
  await ports.wake(now)
}

/** A source that fits several classes is blocked once, for what proves most. */
function worst(detections: readonly Detection[]): Detection | undefined {
  return detections.toSorted((a, b) => b.points - a.points)[0]
}
