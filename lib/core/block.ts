import type { Prefix } from './prefix.ts'
import type { DetectionClass } from './suspicion.ts'

/** What of a source's traffic is denied: UDP on the SIP ports, UDP and TCP on them, or everything. */
export type Scope = 'sip-udp' | 'sip' | 'all'

/** The decision to block a prefix. Times are milliseconds of packet time. */
export interface Block {
  /** A ULID; it stays while the block is extended, or turns out to have begun earlier. */
  readonly id: string
  readonly prefix: Prefix
  readonly scope: Scope
  readonly class: DetectionClass | 'operator'
  readonly origin: 'detector' | 'operator'
  /** 1 for a first offence; each later one within memory climbs the ladder. */
  readonly level: number
  /** Packets a second that the block keeps away: what it is worth when entries are scarce. */
  readonly weight: number
  readonly from: number
  readonly until: number
  /** Null while the block stands. */
  readonly endedAt: number | null
  readonly why: string
}

/** Lengths of blocks in seconds by level; the last one serves all higher levels. */
export interface Ladders {
  /** For sources that may be forged: short and capped, because the owner of the address may be innocent. */
  readonly unreachableSeconds: readonly number[]
  readonly reachableSeconds: readonly number[]
  /** Up to this share is added at random, so that nobody can compute when a block ends. */
  readonly jitterShare: number
}

/** No block of a source that may be forged is longer than this, jitter included. */
export const LONGEST_UNREACHABLE_SECONDS = 3_600

/** Where a block ended, on the ladder that it climbed. */
export interface Rung {
  readonly level: number
  readonly from: number
  readonly ended: number
}

/** A level is forgotten for each time that a source stays quiet for four times its last block. */
const QUIET_LENGTHS = 4

/** The level of a block that begins at the instant, after what its ladder remembers. */
export function nextLevel(last: Rung | null, from: number): number {
  if (last === null) return 1
  const length = Math.max(1, last.ended - last.from)
  const forgotten = Math.floor((from - last.ended) / (QUIET_LENGTHS * length))
  return Math.max(1, last.level + 1 - Math.max(0, forgotten))
}

export function blockSeconds(ladders: Ladders, reachable: boolean, level: number): number {
  const ladder = reachable ? ladders.reachableSeconds : ladders.unreachableSeconds
  return ladder[Math.min(level, ladder.length) - 1] ?? LONGEST_UNREACHABLE_SECONDS
}

const HOUR_MS = 3_600_000

/**
 * Whether the source of a block that stands is attacking, as far as anybody can tell: what is blocked is not seen. A short
 * block is extended, or ends soon; a long one says nothing of its source once an hour is over.
 */
export function isAttacking({ origin, scope, from }: Block, now: number): boolean {
  return origin === 'detector' && (scope === 'sip-udp' || now - from < HOUR_MS)
}
