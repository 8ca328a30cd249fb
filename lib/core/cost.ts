import { ASSUMED } from './assumed.ts'
import {
  BLOCK_QUERIES,
  COUNTED,
  type LedgerUnits,
  LOG_BYTES,
  ROW_BYTES,
  WAKES_A_REPORT,
} from './counted-calls.ts'
import { type Billed, PRICES } from './prices.ts'
import { FULL_REPORT_BYTES, REPORT_BYTES } from './report-budget.ts'

/** What of a fence makes its bill. */
export interface FenceShape {
  readonly pbxs: number
  readonly networkAcls: number
  readonly denyList: boolean
  readonly ipSets: boolean
  readonly trustedPeers: boolean
  /** Metrics that its alarms look at: one for each alarm, and more where an alarm reckons with several. */
  readonly alarmMetrics: number
  readonly metricSeries: number
  readonly dashboard: boolean
  /** Whose key encrypts queues and topics: AWS's, the fence's own, or one that is there anyway. */
  readonly key: 'aws' | 'own' | 'existing'
  /** Who gets e-mails. */
  readonly emails: number
  /** Blocks that one host may cause in an hour. */
  readonly hostBlocks: number
}

export type Scenario = 'idle-month' | 'attacked-month' | 'worst-hour'

export const SCENARIOS: readonly Scenario[] = ['idle-month', 'attacked-month', 'worst-hour']

export type Counted = Readonly<Record<Billed, number>>

interface BillLine {
  readonly billed: Billed
  readonly quantity: number
  readonly usd: number
}

export interface Bill {
  readonly usd: number
  /** What costs nothing here is left out. */
  readonly lines: readonly BillLine[]
}

const NOTHING: Counted = Object.fromEntries(Object.keys(PRICES).map((billed) => [billed, 0])) as Counted
const NO_UNITS: LedgerUnits = { reads: 0, writes: 0 }
const GIGA = 1e9

/** What is used in the scenario, in the units that AWS counts. */
export function countedOf(shape: FenceShape, scenario: Scenario): Counted {
  const idle = sum(standing(shape), idleHours(shape, ASSUMED.hoursAMonth))
  if (scenario === 'idle-month') return idle
  if (scenario === 'attacked-month') return sum(idle, scaled(attack(shape), ASSUMED.attacksAMonth))
  return sum(scaled(idle, 1 / ASSUMED.hoursAMonth), worstHour(shape))
}

/** @param freeTier with what every account has for nothing each month, as if the fence were alone in it */
export function billOf(counted: Counted, freeTier = false): Bill {
  const lines = (Object.keys(PRICES) as Billed[]).map((billed): BillLine => {
    const quantity = counted[billed]
    const { usd, free } = PRICES[billed]
    return { billed, quantity, usd: Math.max(0, quantity - (freeTier ? free : 0)) * usd }
  })
  return {
    usd: lines.reduce((total, line) => total + line.usd, 0),
    lines: lines.filter(({ usd }) => usd > 0),
  }
}

/** Reports a host can send in an hour, each of so many bytes: one a second, and what the budget allows. */
export function mostReports(bytes: number): number {
  return Math.min(3_600, (REPORT_BYTES.saved + REPORT_BYTES.aSecond * 3_600) / bytes)
}

/** What is paid for by the month, whatever happens. */
function standing({ alarmMetrics, metricSeries, dashboard, key }: FenceShape): Counted {
  return {
    ...NOTHING,
    alarmMetrics,
    metricSeries,
    dashboards: dashboard ? 1 : 0,
    storage: ASSUMED.ledgerGigabytes,
    recovery: ASSUMED.ledgerGigabytes,
    keys: key === 'own' ? 1 : 0,
  }
}

/** Rounds, heartbeats, proofs and polls. */
function idleHours(shape: FenceShape, hours: number): Counted {
  const { pbxs, key } = shape
  const heartbeats = 60 * hours * pbxs
  const proofs = ASSUMED.knownGood * hours * pbxs
  const polls = (ASSUMED.pollers * 3_600 * hours) / ASSUMED.pollSeconds
  const used = [
    rounds(shape, { count: 60 * hours, wakes: 60 * hours, blocks: 0 }),
    messages({ count: heartbeats, seconds: ASSUMED.messageSeconds, ledger: COUNTED.report }),
    messages({
      count: proofs,
      seconds: ASSUMED.messageSeconds,
      ledger: plus(COUNTED.proofs, COUNTED.proof),
    }),
    { ...NOTHING, standardRequests: polls, fifoRequests: polls },
    { ...NOTHING, keyRequests: key === 'aws' ? 0 : keyRequests(pbxs, hours) },
  ]
  return used.reduce(sum)
}

/** One attack, all of whose sources stay in sight: a fence that only observes, or blocks that are void. */
function attack(shape: FenceShape): Counted {
  const { attackSources: sources, attackSeconds } = ASSUMED
  const hours = attackSeconds / 3_600
  const reports = mostReports(bytesOf(sources)) * hours
  const extended = (sources * attackSeconds) / ASSUMED.blockSeconds
  return flood(shape, { reports, sources, fresh: sources, extended, hours, share: 1 })
}

/**
 * Every PBX sends full reports as often as it may, of sources that are blocked as often as they may. What analyze cannot
 * handle in its time grows too old in the queue and is dropped.
 */
function worstHour(shape: FenceShape): Counted {
  const reports = mostReports(FULL_REPORT_BYTES) * shape.pbxs
  const sources = ASSUMED.fullReportSources
  const proofs = ASSUMED.proofMessages * shape.pbxs
  const accused = Math.min(shape.hostBlocks * shape.pbxs, reports * sources)
  const demanded = reports * reportSeconds(sources) + freshSeconds(accused) + proofs * ASSUMED.messageSeconds
  const share = Math.min(1, (ASSUMED.analyzeAtOnce * 3_600) / demanded)
  const observed = reports * sources * share
  const fresh = accused * share
  const reportsABlock = (ASSUMED.blockSeconds * REPORT_BYTES.aSecond) / FULL_REPORT_BYTES
  const extended = (observed - fresh) / Math.max(1, reportsABlock * share)
  const news = messages({ count: proofs * share, seconds: ASSUMED.messageSeconds, ledger: NO_UNITS })
  const unread = { ...NOTHING, standardRequests: proofs * (1 - share) }
  return [flood(shape, { reports, sources, fresh, extended, hours: 1, share }), news, unread].reduce(sum)
}

interface Flood {
  readonly reports: number
  /** Suspicious sources in each report. */
  readonly sources: number
  /** How many of the observations lead to a new block, and how many make one longer. */
  readonly fresh: number
  readonly extended: number
  readonly hours: number
  /** Of the reports, how many are handled. */
  readonly share: number
}

function flood(shape: FenceShape, { reports, sources, fresh, extended, hours, share }: Flood): Counted {
  const handled = reports * share
  const known = handled * sources - fresh
  const wakes = Math.min(fresh + extended, WAKES_A_REPORT * handled)
  const notices = Math.min(fresh, ASSUMED.noticesAnHour * hours)
  const used = [
    messages({ count: handled, seconds: reportSeconds(sources), ledger: COUNTED.report }),
    ledger(COUNTED.attackReport, handled),
    ledger(COUNTED.newSource, fresh),
    ledger(COUNTED.endedBlock, fresh),
    computed(freshSeconds(fresh), ASSUMED.analyzeMegabytes),
    ledger(COUNTED.standingSource, known),
    ledger(COUNTED.extendedSource, extended),
    ledger(COUNTED.wake, wakes),
    rounds(shape, { count: roundsIn(hours, wakes, fresh), wakes, blocks: fresh }),
    { ...NOTHING, standardRequests: reports - handled },
    { ...NOTHING, publishes: notices, emails: notices * shape.emails },
    logged((fresh + extended) * LOG_BYTES.newSource),
  ]
  return used.reduce(sum)
}

/** A round a wake-up, unless the one before takes longer: then one round does for several. */
function roundsIn(hours: number, wakes: number, blocks: number): number {
  return Math.min(wakes, (hours * 3_600) / roundSeconds(blocks))
}

interface Rounds {
  readonly count: number
  /** Messages that ask for them. */
  readonly wakes: number
  /** Blocks that stand. */
  readonly blocks: number
}

/** Each wake-up is sent, received and deleted, at most. */
function rounds(shape: FenceShape, { count, wakes, blocks }: Rounds): Counted {
  const read = Math.min(blocks, (ASSUMED.longestSeconds - ASSUMED.roundSeconds) / ASSUMED.openBlockSeconds)
  const known = shape.trustedPeers ? shape.pbxs * ASSUMED.knownGood : 0
  const rows =
    BLOCK_QUERIES * read * ROW_BYTES.openBlock +
    (shape.pbxs - 1) * ROW_BYTES.host +
    known * ROW_BYTES.knownGood
  const each: LedgerUnits[] = [
    COUNTED.round,
    times(COUNTED.networkAcl, Math.max(0, shape.networkAcls - 1)),
    times(COUNTED.denyList, shape.denyList ? 1 : 0),
    times(COUNTED.ipSets, shape.ipSets ? 1 : 0),
    times(COUNTED.trustedPeers, shape.trustedPeers ? 1 : 0),
    times(COUNTED.openBlock, read),
    times(COUNTED.attackedRound, blocks > 0 ? 1 : 0),
    { reads: Math.ceil(rows / 4_096), writes: 0 },
  ]
  const used = [
    invoked(count, roundSeconds(blocks), ASSUMED.reconcileMegabytes),
    ledger(each.reduce(plus), count),
    { ...NOTHING, fifoRequests: 3 * wakes },
    logged(count * LOG_BYTES.round),
  ]
  return used.reduce(sum)
}

function roundSeconds(blocks: number): number {
  return Math.min(ASSUMED.longestSeconds, ASSUMED.roundSeconds + blocks * ASSUMED.openBlockSeconds)
}

function reportSeconds(sources: number): number {
  return ASSUMED.messageSeconds + sources * ASSUMED.sourceSeconds
}

/** What new sources take beyond what any take. */
function freshSeconds(sources: number): number {
  return sources * (ASSUMED.newSourceSeconds - ASSUMED.sourceSeconds)
}

function bytesOf(sources: number): number {
  return REPORT_BYTES.other + sources * ASSUMED.sourceBytes
}

interface Messages {
  readonly count: number
  /** How long analyze takes for one. */
  readonly seconds: number
  readonly ledger: LedgerUnits
}

/** Each is sent, received, handled and deleted by itself: in batches it would cost less. */
function messages({ count, seconds, ledger: units }: Messages): Counted {
  const used = [
    invoked(count, seconds, ASSUMED.analyzeMegabytes),
    ledger(units, count),
    { ...NOTHING, standardRequests: 3 * count },
    logged(count * LOG_BYTES.message),
  ]
  return used.reduce(sum)
}

function invoked(count: number, seconds: number, megabytes: number): Counted {
  const used = { ...computed(count * seconds, megabytes), lambdaRequests: count }
  return sum(used, logged(count * ASSUMED.lambdaLogBytes))
}

function computed(seconds: number, megabytes: number): Counted {
  return { ...NOTHING, lambdaGigabyteSeconds: (seconds * megabytes) / 1_024 }
}

/** Kept for a month, at most as many bytes as were taken in. */
function logged(bytes: number): Counted {
  return { ...NOTHING, logGigabytes: bytes / GIGA, logStorage: bytes / GIGA }
}

function ledger(units: LedgerUnits, count: number): Counted {
  return { ...NOTHING, ...times(units, count) }
}

/** Two queues and a topic: each sender asks twice for a data key's time, each receiver once. */
function keyRequests(pbxs: number, hours: number): number {
  const askers = 2 * pbxs + 1 + (2 * 2 + 1) + 2 * 2
  return ((hours * 3_600) / ASSUMED.keySeconds) * askers
}

function times({ reads, writes }: LedgerUnits, count: number): LedgerUnits {
  return { reads: reads * count, writes: writes * count }
}

function plus(one: LedgerUnits, other: LedgerUnits): LedgerUnits {
  return { reads: one.reads + other.reads, writes: one.writes + other.writes }
}

function sum(one: Counted, other: Counted): Counted {
  return mapped((billed) => one[billed] + other[billed])
}

function scaled(counted: Counted, factor: number): Counted {
  return mapped((billed) => counted[billed] * factor)
}

function mapped(quantity: (billed: Billed) => number): Counted {
  return Object.fromEntries(
    (Object.keys(PRICES) as Billed[]).map((billed) => [billed, quantity(billed)]),
  ) as unknown as Counted
}
