import { type Block, decide, type Ladders, stands } from './core/block.ts'
import {
  type Detection,
  type DetectionLimits,
  judge,
  NO_HISTORY,
  type SourceHistory,
} from './core/detection.ts'
import type { Change } from './core/plan.ts'
import type { Prefix } from './core/prefix.ts'
import type { Protection } from './core/protection.ts'
import type { Observation, ProofReport, SourceReport } from './core/source-report.ts'

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

/** What happened, for people and for the record: one line each, in the order of time. */
export type JournalEntry =
  | { readonly kind: 'detection'; readonly detection: Detection }
  | { readonly kind: 'refusal'; readonly at: number; readonly source: Prefix; readonly why: string }
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

/**
 * Loop 2: one report in, blocks out. For each source: judge it with its history; what is detected becomes a block,
 * or a refusal with its reason where the source is protected. Time is the report's own. Handling a report again
 * ends in the same ledger. Nothing is written before everything that protects has been read.
 */
export async function analyze(
  report: SourceReport,
  ports: AnalyzePorts,
  options: AnalyzeOptions,
): Promise<void> {
  const { ledger } = ports
  const protection = await ledger.protection()
  const first = await ledger.firstReport(report.at)
  const learning = !first.knewAnybody && report.at < first.at + options.learningSeconds * 1000
  for (const observation of report.sources) {
    const knownGoodAt = await ledger.knownGoodAt(observation.prefix, report.at)
    const knownGood = knownGoodAt !== null || observation.knownGoodAt !== null
    const before = (await ledger.history(observation.prefix, report.host)) ?? NO_HISTORY
    const circumstances = { limits: options.limits, knownGood, halfBlind: report.halfBlind }
    const { history, opened, active } = judge(observation, report.at, before, circumstances)
    const refusal = refusalOf(observation, { protection, knownGood, learning })
    for (const detection of opened) await announce(detection, refusal(detection), ports)
    const strongest = worst(active.filter((detection) => refusal(detection) === undefined))
    if (strongest !== undefined) await block(strongest, ports, options)
    await ledger.keepHistory(observation.prefix, report.host, history)
  }
}

/** Keeps what a host says of who is known-good or reachable. */
export async function learnProofs(
  report: ProofReport,
  { ledger }: Pick<AnalyzePorts, 'ledger'>,
): Promise<void> {
  await ledger.firstReport(report.at) // who is known-good by it was not known before it
  await ledger.keepProofs(report)
}

interface Shelter {
  readonly protection: Protection
  readonly knownGood: boolean
  readonly learning: boolean
}

/** Why a detection of this source must not become a block, or undefined where it may. */
function refusalOf({ prefix }: Observation, { protection, knownGood, learning }: Shelter) {
  const protectedBy = protection.protects(prefix)
  return (detection: Detection): string | undefined => {
    if (protectedBy !== undefined) return `never blocked: ${protectedBy}`
    if (knownGood) return 'never blocked: known-good, so somebody forges its address or it misbehaves itself'
    if (learning && detection.class !== 'reflection') return `not blocked while learning who is known-good`
    return undefined
  }
}

async function announce(
  detection: Detection,
  refused: string | undefined,
  { journal }: AnalyzePorts,
): Promise<void> {
  await journal.write({ kind: 'detection', detection })
  if (refused === undefined) return
  const { at, source } = detection
  const why = `${refused}; ${detection.why}`
  await journal.write({ kind: 'refusal', at, source, why })
  if (!refused.startsWith('never')) return
  await journal.write({ kind: 'alert', alert: { at, kind: 'protected-source-flood', source, why } })
}

async function block(detection: Detection, ports: AnalyzePorts, options: AnalyzeOptions): Promise<void> {
  const { ledger, journal } = ports
  const now = detection.at
  const last = await ledger.lastBlock(detection.source)
  const id = ports.newId(now)
  const next = decide(detection, { ladders: options.ladders, now, random: ports.random(), id, last })
  if (next === undefined) return
  await ledger.keepBlock(next)
  const extended = last !== undefined && stands(last, now)
  await journal.write({ kind: 'block', block: next, change: extended ? 'extended' : 'new' })
  await ports.wake(now)
}

/** A source that fits several classes is blocked once, for what proves most. */
function worst(detections: readonly Detection[]): Detection | undefined {
  return detections.toSorted((a, b) => b.points - a.points)[0]
}
