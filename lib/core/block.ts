import type { Detection } from './detection.ts'
import type { Prefix } from './prefix.ts'
import type { DetectionClass } from './suspicion.ts'

/** What of a source's traffic is denied: UDP on the SIP ports, UDP and TCP on them, or everything. */
export type Scope = 'sip-udp' | 'sip' | 'all'

/** The decision to block a prefix. Times are milliseconds of packet time. */
export interface Block {
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
  /** The last block of the other ladder, so that one kind of block does not make the other forgotten. */
  readonly otherLadder: { readonly level: number; readonly from: number; readonly ended: number } | null
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
/** A level is forgotten for each time that a source stays quiet for four times its last block. */
const QUIET_LENGTHS = 4
/** A block whose source still sends is extended when under this share of its time is left. */
const EXTEND_SHARE = 0.25

export interface Decision {
  readonly ladders: Ladders
  readonly now: number
  /** 0 to 1, drawn afresh. */
  readonly random: number
  /** A new name for a new block. */
  readonly id: string
  /** The source's newest block, standing or ended. */
  readonly last: Block | undefined
}

/**
 * Decides on a detection whose source may be blocked. A standing block is extended on the same row, at the same
 * level, when it is about to end while the source still sends; undefined means that nothing needs to change.
 * The scope follows reachability: an address that may be forged loses UDP alone, so that its owner can still
 * come by TCP or TLS, which nobody can forge.
 */
export function decide(
  detection: Detection,
  { ladders, now, random, id, last }: Decision,
): Block | undefined {
  const { reachable } = detection
  if (last !== undefined && now < (last.endedAt ?? last.until)) {
    // Standing; or from before the last block ended, as a late report is, which is no new offence.
    return stands(last, now) ? extend(last, detection, { ladders, now }) : undefined
  }
  const level = nextLevel(last, reachable, now)
  const seconds = blockSeconds(ladders, reachable, level) * (1 + ladders.jitterShare * random)
  const capped = reachable ? seconds : Math.min(seconds, LONGEST_UNREACHABLE_SECONDS)
  return {
    id,
    prefix: detection.source,
    scope: reachable ? 'sip' : 'sip-udp',
    class: detection.class,
    origin: 'detector',
    level,
    weight: detection.weight,
    from: now,
    until: now + Math.round(capped * 1000),
    endedAt: null,
    why: detection.why,
    otherLadder:
      last === undefined || isSameLadder(last, reachable) ? (last?.otherLadder ?? null) : lengthOf(last),
  }
}

/** Whether the block is in force at the time, as far as decisions go. */
export function stands(block: Block, now: number): boolean {
  return block.endedAt === null && block.from <= now && now < block.until
}

/** Undefined where nothing needs to change. What may be forged never lengthens a block of what was proven. */
function extend(block: Block, detection: Detection, { ladders, now }: Pick<Decision, 'ladders' | 'now'>) {
  const { reachable } = detection
  if (block.origin === 'operator' || (block.scope !== 'sip-udp' && !reachable)) return undefined
  const scope = reachable && block.scope === 'sip-udp' ? 'sip' : block.scope
  const length = blockSeconds(ladders, reachable, block.level) * 1000
  const ending = block.until - now <= length * EXTEND_SHARE
  const longer = now + length
  const latest = reachable ? longer : block.from + LONGEST_UNREACHABLE_SECONDS * 1000
  const until = ending ? Math.max(block.until, Math.min(longer, latest)) : block.until
  if (until === block.until && scope === block.scope) return undefined
  return { ...block, scope, until, weight: Math.max(block.weight, detection.weight) }
}

/** Each ladder is climbed by itself: blocks that anybody can provoke by forging must not make later ones long. */
function nextLevel(last: Block | undefined, reachable: boolean, now: number): number {
  if (last === undefined || last.origin === 'operator') return 1
  const earlier = isSameLadder(last, reachable) ? lengthOf(last) : last.otherLadder
  if (earlier === null) return 1
  const length = Math.max(1, earlier.ended - earlier.from)
  const forgotten = Math.floor((now - earlier.ended) / (QUIET_LENGTHS * length))
  return Math.max(1, earlier.level + 1 - forgotten)
}

function isSameLadder({ scope }: Block, reachable: boolean): boolean {
  return (scope !== 'sip-udp') === reachable
}

function lengthOf({ level, from, until, endedAt }: Block): NonNullable<Block['otherLadder']> {
  return { level, from, ended: endedAt ?? until }
}

function blockSeconds(ladders: Ladders, reachable: boolean, level: number): number {
  const ladder = reachable ? ladders.reachableSeconds : ladders.unreachableSeconds
  return ladder[Math.min(level, ladder.length) - 1] ?? LONGEST_UNREACHABLE_SECONDS
}
