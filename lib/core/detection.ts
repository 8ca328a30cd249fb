import { detectedWith, type Episode, episodeAt, withTick } from './episode.ts'
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

/** What is kept of a source on one host between reports, so that they may come late, twice or out of order. */
export interface SourceHistory {
  readonly episodes: readonly Episode[]
}

export const NO_HISTORY: SourceHistory = { episodes: [] }

/** A detection that is open at the tick that was judged, and the episode it belongs to. */
export interface Active {
  readonly detection: Detection
  readonly episode: Episode
}

export interface Judgement {
  readonly history: SourceHistory
  /** Detections that this tick opened. */
  readonly opened: readonly Detection[]
  readonly active: readonly Active[]
}

const OWN_SHARE = 0.1
/** Low-rate classes weigh as if they sent this many packets a second, or floods would take every entry. */
const WEIGHT_FLOOR: Record<DetectionClass, number> = { reflection: 0, flood: 0, 'brute-force': 50 }

/**
 * Judges one tick of one source. A class opens with enough hot ticks in one episode, and is closed by 10 s under
 * 40 points or without a report. The history that results depends on which ticks were judged, not on their order.
 */
export function judge(
  observation: Observation,
  at: number,
  { episodes: before }: SourceHistory,
  circumstances: Circumstances,
): Judgement {
  const suspicions = weigh(observation, circumstances).filter(({ points }) => points >= LEAVE_POINTS)
  const found = suspicions.map((each) => detectionOf(each, observation, at, circumstances.knownGood))
  const episodes = found.reduce((sum, each) => withTick(sum, { ...each, hot: isHot(each) }), before)
  const active = found.flatMap((detection): Active[] => {
    const episode = episodeAt(episodes, detection.class, at)
    return episode === undefined || detectedWith(episode) === undefined ? [] : [{ detection, episode }]
  })
  const opened = active.filter(({ episode }) => !before.some((each) => wasOpen(each, episode)))
  return { history: { episodes }, opened: opened.map(({ detection }) => detection), active }
}

/** The same history, with people told of these classes' episodes at the instant. */
export function withTold(
  { episodes }: SourceHistory,
  classes: readonly DetectionClass[],
  at: number,
): SourceHistory {
  const told = classes.map((name) => episodeAt(episodes, name, at))
  return { episodes: episodes.map((each) => (told.includes(each) ? { ...each, told: true } : each)) }
}

/** No tick of the source can be part of a detection, whoever it is: nothing of it needs to be kept or asked. */
export function isHarmless(
  observation: Observation,
  circumstances: Omit<Circumstances, 'knownGood'>,
): boolean {
  return [true, false].every((knownGood) =>
    weigh(observation, { ...circumstances, knownGood }).every(({ points }) => points < LEAVE_POINTS),
  )
}

function isHot({ points }: Detection): boolean {
  return points >= ENTER_POINTS
}

function wasOpen(before: Episode, now: Episode): boolean {
  const within = before.class === now.class && before.from >= now.from && before.to <= now.to
  return within && detectedWith(before) !== undefined
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

/**
 * Proof says that somebody is there; for a flood he must also have answered a tenth of its own challenges. Whoever has
 * shown a TCP handshake and nothing else may still be forged over UDP, by somebody who knows the nonces that all get.
 */
function isReachable(name: DetectionClass, { proof, settled, transports }: Observation): boolean {
  if (name === 'reflection' || proof === 'none') return false
  if (proof === 'handshake') return !transports.includes('udp')
  if (name === 'brute-force') return true
  return settled.challenges > 0 && settled.followed >= settled.challenges * OWN_SHARE
}

function packetsPerSecond(w10: Counts): number {
  return ((w10.packetsIn ?? 0) + (w10.packetsOut ?? 0)) / 10
}
