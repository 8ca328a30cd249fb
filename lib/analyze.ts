import { alertHalfBlind, alertLate, announce, tellIfArriving, tellOfProtected } from './analyze-alerts.ts'
import { atOnce } from './core/at-once.ts'
import type { Block, Ladders } from './core/block.ts'
import {
  type Active,
  isHarmless,
  type Judgement,
  judge,
  type SourceHistory,
  withTold,
} from './core/detection.ts'
import { detectedWith } from './core/episode.ts'
import { noOffences, type Offences, withEpisode } from './core/offences.ts'
import type { Prefix } from './core/prefix.ts'
import type { Protection } from './core/protection.ts'
import { type Refused, refusalOf } from './core/refusal.ts'
import type { Observation, ProofReport, SourceReport } from './core/source-report.ts'
import type { DetectionLimits } from './core/suspicion.ts'
import type { Journal } from './journal.ts'

/** What the analyze loop reads and writes of the ledger. A read that fails throws; it never reads as empty. */
export interface AnalyzeLedger {
  /** Changes one row at once: `change` is called with what stands there, again where somebody else was faster. */
  changeHistory(source: Prefix, host: string, change: (before: SourceHistory) => SourceHistory): Promise<void>
  /** The same; undefined stands for a source without offences. Where the same object comes back nothing is written. */
  changeOffences(
    source: Prefix,
    change: (before: Offences | undefined) => Offences | undefined,
  ): Promise<{ readonly before: Offences | undefined; readonly after: Offences | undefined }>
  /** When any host of the fence last proved the source, in milliseconds; null where none did within 24 h. */
  knownGoodAt(source: Prefix, now: number): Promise<number | null>
  /** Keeps, of the proofs, those that the host may still give within the hour; returns how many it refused. */
  keepProofs(report: ProofReport): Promise<number>
  /** Allowlist and everything else that is never blocked. */
  protection(): Promise<Protection>
  /** The source's block that has not ended. */
  openBlock(prefix: Prefix): Promise<Block | undefined>
  /** When an entry was written that denies the source; null where no network ACL holds one. */
  deniedSince(source: Prefix): Promise<number | null>
  /** Counts one more block that the host causes; false where it has caused its share within the hour. */
  mayAccuse(host: string): Promise<boolean>
  /** Whether it is known by now that the host has caused its share; false says nothing. Costs no call. */
  isCapped(host: string): boolean
  /** The earliest instant of any report; keeps this one where it is earlier. */
  firstReport(at: number): Promise<FirstReport>
}

export interface FirstReport {
  readonly at: number
  /** Whether anybody was known-good when the first word from any host came in. */
  readonly knewAnybody: boolean
}

export interface AnalyzeOptions {
  readonly limits: DetectionLimits
  readonly ladders: Ladders
  /** Sources of a report that are handled at a time, one unless said otherwise; they do not depend on each other. */
  readonly sourcesAtOnce?: number
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

/** How a report came in. */
export interface Receipt {
  /** When it was handed over to be delivered, in milliseconds since 1970; however often it is tried since. */
  readonly sentAt: number
  /** It may have been handled before, up to any step; what was not done then is done now. */
  readonly again: boolean
}

/** A report that took longer to come counts for the history of its sources, not for blocks. */
const LATEST_MS = 60_000
const ASKED_AT_ONCE = 16

/**
 * Loop 2: one report in, blocks out. For each source: judge it with its history; what is detected becomes a block,
 * or a refusal with its reason where the source is protected. Time is the report's own. Handling a report again, or
 * reports in another order, ends in the same blocks. Nothing is written of a source before everything that protects
 * it has been read.
 */
export async function analyze(
  report: SourceReport,
  ports: AnalyzePorts,
  options: AnalyzeOptions,
  receipt: Receipt,
): Promise<void> {
  const { ledger } = ports
  const protection = await ledger.protection()
  const first = await ledger.firstReport(report.at)
  const learning = !first.knewAnybody && report.at < first.at + options.learningSeconds * 1000
  if (report.halfBlind) await alertHalfBlind(report, ports)
  const fresh = receipt.sentAt - report.at <= LATEST_MS
  if (!fresh) await alertLate(report, ports)
  const harmful = report.sources.filter(
    (observation) => !isHarmless(observation, { limits: options.limits, halfBlind: report.halfBlind }),
  )
  let changes = 0 // a round is asked for with the first block, so that it does not wait for the others, and after the last
  const wake = async (at: number) => {
    if (++changes === 1) await ports.wake(at)
  }
  const handling = { protection, learning, fresh, ports: { ...ports, wake }, options, receipt }
  const failed: unknown[] = [] // one source that cannot be handled does not keep the others from it
  await atOnce(options.sourcesAtOnce ?? 1, harmful, (each) =>
    handle(each, report, handling).catch((error: unknown) => failed.push(error)),
  )
  if (changes > 1) await ports.wake(report.at)
  if (failed.length > 0) throw failed[0]
}

interface Handling {
  readonly protection: Protection
  readonly learning: boolean
  /** It came soon enough to make blocks. */
  readonly fresh: boolean
  readonly ports: AnalyzePorts
  readonly options: AnalyzeOptions
  readonly receipt: Receipt
}

async function handle(observation: Observation, report: SourceReport, handling: Handling): Promise<void> {
  const { protection, learning, fresh, ports, options, receipt } = handling
  const { prefix, knownGoodAt } = observation
  const { host, at } = report
  if (ports.ledger.isCapped(host) && (await ports.ledger.openBlock(prefix)) === undefined) {
    return await refuseMore(prefix, host, at, ports)
  }
  const knownGood = (knownGoodAt ?? (await ports.ledger.knownGoodAt(prefix, at))) !== null
  const refusal = refusalOf(prefix, { protection, knownGood, learning })
  const allowed = protection.protects(prefix) !== undefined
  const { opened, active } = await judged(observation, report, { knownGood, allowed, ports, options })
  const untoldBefore = receipt.again ? active.filter(isWhereItBegan).map(({ detection }) => detection) : []
  for (const detection of new Set([...opened, ...untoldBefore])) {
    await ports.journal.write({ kind: 'detection', detection })
  }
  const untold = active.filter(({ detection, episode }) => refusal(detection) !== undefined && !episode.told)
  for (const { detection } of untold) await announce(detection, refusal(detection)!, ports)
  // A fence that learns raises no alert; it must when the same flood goes on and its source has become known-good.
  const alerted = untold.filter(({ detection }) => refusal(detection)?.reason !== 'learning')
  if (alerted.length > 0) {
    const classes = alerted.map(({ detection }) => detection.class)
    await ports.ledger.changeHistory(prefix, host, (before) => withTold(before, classes, at))
  }
  const lasting = active.find(({ detection }) => isProtection(refusal(detection)))
  if (lasting !== undefined) await tellOfProtected(lasting.detection, refusal(lasting.detection)!, ports)
  const guilty = active.filter(({ detection }) => refusal(detection) === undefined)
  if (guilty.length > 0 && fresh)
    await block(guilty, host, { ports, options, receipt, arrives: (observation.w10.packetsIn ?? 0) > 0 })
}

function isProtection(refused: Refused | undefined): boolean {
  return refused !== undefined && refused.reason !== 'learning'
}

/** Keeps what a host says of who is known-good or reachable; a block of somebody known-good is to be lifted now. */
export async function learnProofs(
  report: ProofReport,
  { ledger, wake, journal }: Pick<AnalyzePorts, 'ledger' | 'wake' | 'journal'>,
): Promise<void> {
  const { at, host } = report
  await ledger.firstReport(at) // who is known-good by it was not known before it
  const refused = await ledger.keepProofs(report)
  if (refused > 0) {
    const why = `${host} vouches for more sources than one host may within an hour; ${refused} of ${report.proofs.length} in its last message were not taken`
    await journal.write({ kind: 'alert', alert: { at, kind: 'host-capped', source: null, host, why } })
  }
  const good = report.proofs.flatMap(({ source, knownGoodAt }) => (knownGoodAt === null ? [] : [source]))
  const open = await atOnce(ASKED_AT_ONCE, good, (each) => ledger.openBlock(each))
  if (open.some((block) => block !== undefined)) await wake(at) // one round lifts them all
}

interface Judging {
  readonly knownGood: boolean
  readonly allowed: boolean
  readonly ports: AnalyzePorts
  readonly options: AnalyzeOptions
}

/** Judges one observation with its history, and keeps the history that results. */
async function judged(
  observation: Observation,
  { at, host, halfBlind }: SourceReport,
  { knownGood, allowed, ports, options: { limits } }: Judging,
): Promise<Judgement> {
  let judgement: Judgement | undefined
  await ports.ledger.changeHistory(observation.prefix, host, (before) => {
    judgement = judge(observation, at, before, { limits, knownGood, allowed, halfBlind })
    return judgement.history
  })
  return judgement!
}

function isWhereItBegan({ detection, episode }: Active): boolean {
  return detectedWith(episode)?.at === detection.at
}

interface Blocking {
  /** Packets of the source came in within 10 s; longer windows tell of what came before it was denied. */
  readonly arrives: boolean
  readonly ports: AnalyzePorts
  readonly options: AnalyzeOptions
  readonly receipt: Receipt
}

/** A source that fits several classes is blocked once, for what was detected first. */
async function block(
  guilty: readonly Active[],
  host: string,
  { ports, options, receipt, arrives }: Blocking,
): Promise<void> {
  const { ledger, journal } = ports
  const { source, at } = guilty[0]!.detection
  const grown = (found: Offences | undefined): Offences | undefined => {
    const start = found ?? noOffences(source, Math.floor(ports.random() * 2 ** 32))
    const { ladders } = options
    const next = guilty.reduce((sum, { episode }) => withEpisode(sum, episode, ladders, ports.newId), start)
    return next.block === null ? found : next
  }
  const open = await ledger.openBlock(source)
  if ((open === undefined || open.until <= at) && !(await ledger.mayAccuse(host))) {
    return await refuseMore(source, host, at, ports)
  }
  if (arrives && open !== undefined && at < open.until) await tellIfArriving(open, host, at, ports)
  const { before, after } = await ledger.changeOffences(source, grown)
  const last = before?.block ?? null
  const now = after?.block ?? null
  if (now === null || now.endedAt !== null || (now === last && !receipt.again)) return
  if (last?.endedAt === null && last.id !== now.id) {
    await journal.write({ kind: 'block', block: { ...last, endedAt: last.until }, change: 'ended' })
  }
  const change = changeOf(last, now)
  if (change !== undefined) await journal.write({ kind: 'block', block: now, change })
  await ports.wake(at)
}

/** What people are to be told of a block; a block of which the first try failed to tell is new to them. */
function changeOf(last: Block | null, now: Block): 'new' | 'extended' | undefined {
  if (last?.id !== now.id || last === now) return 'new'
  return now.until > last.until || now.scope !== last.scope ? 'extended' : undefined
}

/** An accusation too many is counted; what the accused did is not looked at, so that a flood of them costs little. */
async function refuseMore(
  source: Prefix,
  host: string,
  at: number,
  { journal }: AnalyzePorts,
): Promise<void> {
  const why = `${host} has caused as many blocks as one host may within an hour; what else it accuses is not blocked`
  await journal.write({ kind: 'refusal', at, source, reason: 'host-capped', why })
  await journal.write({ kind: 'alert', alert: { at, kind: 'host-capped', source: null, host, why } })
}
