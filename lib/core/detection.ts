import type { Prefix } from './prefix.ts'
import type { Counts, Proof } from './source-record.ts'
import type { Observation } from './source-report.ts'
import {
  type Circumstances,
  type DetectionClass,
  ENTER_POINTS,
  LEAVE_POINTS,
  type Suspicion,
  weigh,
} from './suspicion.ts'

/** This source tripped this detector. */
export interface Detection extends Suspicion {
  readonly at: number
  readonly source: Prefix
  readonly proof: Proof
  readonly knownGood: boolean
  /** What was detected itself comes from somebody who is there, so that he and nobody else is to be blocked. */
  readonly reachable: boolean
  /** Packets a second that a block would keep away, both directions; never under the class's floor. */
  readonly weight: number
}

/** What is kept of a source between reports, so that reports may come late, twice or out of order. */
export interface SourceHistory {
  /** The newest ticks, in milliseconds, in which the class had 100 points or more. */
  readonly hot: { readonly [name in DetectionClass]?: readonly number[] }
  /** Classes that have been detected and have not yet cooled, and since when. */
  readonly active: { readonly [name in DetectionClass]?: number }
  /** Open classes that must not become a block, and of which people have been told. */
  readonly refused: readonly DetectionClass[]
  readonly at: number
}

export const NO_HISTORY: SourceHistory = { hot: {}, active: {}, refused: [], at: 0 }

/** The victim of a reflection did not ask for anything, so one hot tick is enough to stop bombarding it. */
const HOT_TICKS: Record<DetectionClass, number> = { reflection: 1, flood: 2, 'brute-force': 2 }
const HOT_SPAN_MS = 10_000
const KEPT_TICKS = 4
const OWN_SHARE = 0.1
/** An episode without any report of the source for this long is over. */
const SILENCE_MS = 60_000
/** Low-rate classes weigh as if they sent this many packets a second, or floods would take every entry. */
const WEIGHT_FLOOR: Record<DetectionClass, number> = { reflection: 0, flood: 0, 'brute-force': 50 }

/**
 * Judges one tick of one source. A class opens with enough hot ticks within 10 s and closes under 40 points.
 * `opened` holds what opened with this tick, `active` all that is open. Hot ticks are a set, so the order in
 * which ticks are judged does not matter to what opens.
 */
export function judge(
  observation: Observation,
  at: number,
  history: SourceHistory,
  circumstances: Circumstances,
): { readonly history: SourceHistory; readonly opened: Detection[]; readonly active: Detection[] } {
  const opened: Detection[] = []
  const active: Detection[] = []
  const stale = at - history.at > SILENCE_MS
  const hot: { [name in DetectionClass]?: readonly number[] } = stale ? {} : { ...history.hot }
  const open: { [name in DetectionClass]?: number } = stale ? {} : { ...history.active }
  const suspicions = weigh(observation, circumstances)
  for (const suspicion of suspicions) {
    const name = suspicion.class
    const detection = detectionOf(suspicion, observation, at, circumstances.knownGood)
    if (suspicion.points >= ENTER_POINTS) hot[name] = withTick(hot[name] ?? [], at)
    const ticks = (hot[name] ?? []).filter((tick) => Math.abs(tick - at) < HOT_SPAN_MS)
    if (open[name] === undefined && suspicion.points >= ENTER_POINTS && ticks.length >= HOT_TICKS[name]) {
      open[name] = at
      opened.push(detection)
    }
    if (open[name] !== undefined && suspicion.points >= LEAVE_POINTS) active.push(detection)
  }
  if (at >= history.at) {
    for (const name of Object.keys(open) as DetectionClass[]) {
      if (!active.some((detection) => detection.class === name)) delete open[name]
    }
  }
  const refused = history.refused.filter((name) => open[name] !== undefined)
  return { history: { hot, active: open, refused, at: Math.max(at, history.at) }, opened, active }
}

function withTick(ticks: readonly number[], at: number): readonly number[] {
  return [...new Set([...ticks, at])].sort((a, b) => b - a).slice(0, KEPT_TICKS)
}

function detectionOf(
  suspicion: Suspicion,
  observation: Observation,
  at: number,
  knownGood: boolean,
): Detection {
  const { prefix: source, proof } = observation
  const weight = Math.max(packetsPerSecond(observation.w10), WEIGHT_FLOOR[suspicion.class])
  return {
    ...suspicion,
    at,
    source,
    proof,
    knownGood,
    weight,
    reachable: isReachable(suspicion.class, observation),
  }
}

/** Proof says that somebody is there; for a flood he must also have answered a tenth of its own challenges. */
function isReachable(name: DetectionClass, { proof, settled }: Observation): boolean {
  if (name === 'reflection' || proof === 'none') return false
  if (name === 'brute-force' || proof === 'handshake') return true
  return settled.challenges > 0 && settled.followed >= settled.challenges * OWN_SHARE
}

function packetsPerSecond(w10: Counts): number {
  return ((w10.packetsIn ?? 0) + (w10.packetsOut ?? 0)) / 10
}
