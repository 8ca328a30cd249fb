import { HyperLogLog } from './hyper-log-log.ts'
import type { Counts } from './source-record.ts'
import { type Observation, usersRegisters } from './source-report.ts'

export type DetectionClass = 'reflection' | 'flood' | 'brute-force'

/** Limits of the detectors; the defaults and their reasons are in lib/config.ts. */
export interface DetectionLimits {
  /** Reflection: challenges in 10 s, and in 60 s, of which under `followUpShare` are followed up. */
  readonly challenges10: number
  readonly challenges60: number
  readonly followUpShare: number
  /** Reflection: final replies in 10 s; the lower number where bytes out are `byteRatio` times bytes in. */
  readonly replies10: number
  readonly amplifiedReplies10: number
  readonly byteRatio: number
  /** Flood: out-of-dialog requests a second, over 10 s, that came to nothing. */
  readonly requestsPerSecond: number
  /** Brute force: failures in 10 minutes over at least `failedUsers` users, or failures in 10 s on any. */
  readonly failures600: number
  readonly failedUsers: number
  readonly failures10: number
}

/** One measured reason, in the unit it was measured in. Points from 100 on are enough for a detection. */
interface Evidence {
  readonly code: string
  readonly value: number
  readonly limit: number
  readonly unit: string
  readonly points: number
}

/** How far an observation fits one class. */
export interface Suspicion {
  readonly class: DetectionClass
  readonly points: number
  /** The strongest first; criteria of a class are alternatives, so only the strongest carries points. */
  readonly evidence: readonly Evidence[]
  readonly why: string
}

export const ENTER_POINTS = 100
export const LEAVE_POINTS = 40
const MOST_POINTS = 150
const MOST_COPIES = 11
/** An acknowledged reply reached somebody, unless the ACK is forged; so it counts a tenth, not nothing. */
const ACKNOWLEDGED_SHARE = 0.9

export interface Circumstances {
  readonly limits: DetectionLimits
  readonly knownGood: boolean
  /** It is never blocked, because the settings or its place say so: it is weighed as one that is known-good. */
  readonly allowed?: boolean
  /** The sensor misses replies of the PBX: what rests on requests that came to nothing says nothing. */
  readonly halfBlind: boolean
}

/** Below both of these no source can have points enough to keep a detection open. */
export function leastNotable(limits: DetectionLimits): {
  readonly failures: number
  readonly traffic: number
} {
  const { challenges10, challenges60, replies10, amplifiedReplies10, requestsPerSecond } = limits
  const traffic = Math.min(challenges10, challenges60, replies10, amplifiedReplies10, requestsPerSecond * 10)
  const failures = Math.min(limits.failures600, limits.failures10)
  return { failures: (failures * LEAVE_POINTS) / 100, traffic: (traffic * LEAVE_POINTS) / 100 }
}

/**
 * Weighs one observation against every class. A source that has shown to be there is weighed for reflection on its
 * unfollowed challenges alone: nonces that others know too can be echoed in its name, and so can the proof. A
 * known-good source likewise, because a flood that claims to be it must raise an alert. What reflects is not called
 * a flood too: both are the same packets.
 */
export function weigh(
  observation: Observation,
  { limits, knownGood: hasProven, allowed = false, halfBlind }: Circumstances,
): Suspicion[] {
  const knownGood = hasProven || allowed
  const suspicions = [bruteForce(observation, limits)]
  const overUdp = observation.transports.includes('udp')
  const mayBeForged = knownGood || observation.proof !== 'handshake' || overUdp
  const reflected =
    mayBeForged && seesRequests(observation)
      ? reflection(observation, limits, knownGood || observation.proof !== 'none')
      : undefined
  if (reflected !== undefined) suspicions.push(reflected)
  const seesReplies = !halfBlind && (observation.w10.replies ?? 0) > 0
  if (seesReplies && (reflected?.points ?? 0) < LEAVE_POINTS) suspicions.push(flood(observation, limits))
  return suspicions.filter(({ points }) => points > 0)
}

function reflection(
  { settled, prefix }: Observation,
  limits: DetectionLimits,
  knownGood: boolean,
): Suspicion {
  const evidence = [
    unfollowed(
      'challenges-unfollowed-10s',
      settled.challenges,
      settled.followed,
      limits.challenges10,
      limits,
    ),
    unfollowed(
      'challenges-unfollowed-60s',
      settled.challenges60,
      settled.followed60,
      limits.challenges60,
      limits,
    ),
  ]
  if (!knownGood) {
    const { bytesIn, bytesOut } = settled
    const finals = Math.round(settled.finals - settled.acknowledged * ACKNOWLEDGED_SHARE)
    const amplified = bytesOut >= limits.byteRatio * bytesIn
    evidence.push(measured('replies-10s', finals, limits.replies10, 'replies'))
    if (amplified)
      evidence.push(measured('amplified-replies-10s', finals, limits.amplifiedReplies10, 'replies'))
  }
  return suspicion('reflection', evidence, (top) => {
    const sixty = top.code.endsWith('60s')
    const challenges = sixty ? settled.challenges60 : settled.challenges
    const what = top.code.startsWith('challenges')
      ? `${top.value} of ${challenges} challenges to ${prefix} in ${sixty ? 60 : 10} s were never followed up (limit ${top.limit})`
      : `${top.value} replies went to ${prefix} in 10 s (limit ${top.limit}), which has never shown to be there`
    return `${what}: it is the victim of forged requests, or a device that loops without credentials`
  })
}

/**
 * Replies whose requests are not seen are no sign of forged requests but of a sensor that misses what comes in, and
 * with it every follow-up. A PBX that gets no ACK sends a final reply 11 times (RFC 3261 17.2.1).
 */
function seesRequests({ settled, w600 }: Observation): boolean {
  const lately = settled.packetsIn * MOST_COPIES
  return lately > 0 && lately >= settled.finals && (w600.packetsIn ?? 0) * MOST_COPIES >= settled.challenges60
}

function unfollowed(
  code: string,
  challenges: number,
  followed: number,
  limit: number,
  limits: DetectionLimits,
) {
  const guilty = followed < challenges * limits.followUpShare
  return measured(code, guilty ? challenges - followed : 0, limit, 'challenges')
}

/** What came to nothing 5 s ago, and no more than comes now: a source that was cut off floods no longer. */
function flood({ w10, settled, prefix }: Observation, limits: DetectionLimits): Suspicion {
  const rate = Math.min(Math.max(0, settled.requests - settled.excused), w10.outOfDialog ?? 0) / 10
  const evidence = [measured('requests-to-nothing', rate, limits.requestsPerSecond, 'requests/s')]
  return suspicion('flood', evidence, (top) => {
    const what = `${top.value} requests/s from ${prefix} over 10 s (limit ${top.limit})`
    return `${what} led to no login, no accepted call and no follow-up`
  })
}

function bruteForce({ w10, w600, users, prefix, proof }: Observation, limits: DetectionLimits): Suspicion {
  const failures = unredeemed(w600)
  const failedUsers = distinctUsers(users)
  const spread = failedUsers >= limits.failedUsers ? failures : 0
  const evidence = [
    measured('failures-10min', spread, limits.failures600, 'failures'),
    measured('failures-10s', unredeemed(w10), limits.failures10, 'failures'),
  ]
  return suspicion('brute-force', evidence, (top) => {
    const span = top.code === 'failures-10s' ? '10 s' : '10 min'
    const doubt = proof === 'none' ? '; its address may be forged, for others know the same nonces' : ''
    return `${top.value} failed logins from ${prefix} in ${span} over ${failedUsers} users (limit ${top.limit})${doubt}`
  })
}

/** An office where more logins succeed than fail has forgetful people, or a PBX that was restarted. */
function unredeemed({ failures = 0, successes = 0 }: Counts): number {
  return successes >= failures ? 0 : failures
}

function suspicion(name: DetectionClass, found: Evidence[], say: (top: Evidence) => string): Suspicion {
  const evidence = found
    .filter(({ points }) => points > 0)
    .sort((a, b) => b.points - a.points)
    .map((each, place) => (place === 0 ? each : { ...each, points: 0 }))
  const top = evidence[0]
  if (top === undefined) return { class: name, points: 0, evidence, why: '' }
  return { class: name, points: top.points, evidence, why: say(top) }
}

/** 100 points at the limit, 10 more for each doubling, in proportion below it. */
function measured(code: string, value: number, limit: number, unit: string): Evidence {
  const share = value / limit
  const points = share >= 1 ? Math.min(MOST_POINTS, 100 + 10 * Math.log2(share)) : 100 * share
  return { code, value, limit, unit, points: Math.floor(points) }
}

function distinctUsers(users: string): number {
  const registers = usersRegisters(users)
  const sketch = new HyperLogLog(64)
  sketch.merge(registers)
  return Math.round(sketch.estimate())
}
