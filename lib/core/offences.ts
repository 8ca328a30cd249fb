import {
  type Block,
  blockSeconds,
  type Ladders,
  LONGEST_UNREACHABLE_SECONDS,
  nextLevel,
  type Rung,
} from './block.ts'
import { detectedWith, type Episode, type HotTick, hull, isNear, KEPT_MS, type Span } from './episode.ts'
import { keyedHash } from './keyed-hash.ts'
import type { Prefix } from './prefix.ts'
import type { DetectionClass } from './suspicion.ts'

/** A stretch of time in which a source was detected, by whichever hosts and as whatever. */
interface Presence extends Span {
  readonly proven: Span | null
  readonly weight: number
  /** What was detected first. */
  readonly first: HotTick & { readonly class: DetectionClass }
}

/**
 * What one source has done, and the block that follows from it. The block is computed from the presences each time, so
 * it depends on what was reported and not on the order or number of times it was.
 */
export interface Offences {
  readonly prefix: Prefix
  /** 32 bits, drawn once: jitter follows from it, so that it is the same whenever it is computed. */
  readonly salt: number
  /** Where the source's last settled blocks ended, on each ladder. */
  readonly rungs: { readonly unreachable: Rung | null; readonly reachable: Rung | null }
  /** What lies before is settled: its blocks are remembered in the rungs and change no more. */
  readonly settledAt: number
  readonly presences: readonly Presence[]
  /** The newest block, standing or ended. */
  readonly block: Block | null
}

/** A block whose source still sends is extended when under this share of its length is left. */
const EXTEND_SHARE = 0.25
const STEP = 1.25

export function noOffences(prefix: Prefix, salt: number): Offences {
  const rungs = { unreachable: null, reachable: null }
  return { prefix, salt, rungs, settledAt: 0, presences: [], block: null }
}

/** Whether the block is in force at the time, as far as decisions go. */
export function stands(block: Block | null, now: number): block is Block {
  return block !== null && block.endedAt === null && block.from <= now && now < block.until
}

/**
 * The offences with an episode in which the source was detected. The same object where the block stays as it is: what
 * else the episode tells comes again with the next one. The scope follows reachability: an address that may be forged
 * loses UDP alone, so that its owner can still come by TCP or TLS, which nobody can forge. An operator's block
 * stays as he made it.
 *
 * @param newId a ULID for a block that begins at the instant
 */
export function withEpisode(
  before: Offences,
  episode: Episode,
  ladders: Ladders,
  newId: (from: number) => string,
): Offences {
  const presence = presenceOf(episode, before.settledAt)
  if (presence === undefined) return before
  if (before.block?.origin === 'operator' && stands(before.block, presence.to)) return before
  const presences = withPresence(before.presences, presence)
  const settled = few(settle({ ...before, presences }, ladders), ladders)
  const block = named(blocksOf(settled, ladders).at(-1), before, newId)
  return block === before.block ? before : { ...settled, block }
}

/** The offences with the block ended: because it is over, or earlier because it is lifted; else as they were. */
export function withEnd(offences: Offences, at: number, lifted: boolean): Offences {
  const { block } = offences
  if (block === null || block.endedAt !== null || (at < block.until && !lifted)) return offences
  if (at >= block.until) {
    const settledAt = block.origin === 'operator' ? block.until : offences.settledAt
    return { ...offences, settledAt, block: { ...block, endedAt: block.until } }
  }
  const ended = { ...block, endedAt: at }
  return { ...offences, block: ended, presences: [], settledAt: at, rungs: climbed(offences.rungs, ended) }
}

/** A block as it follows from the presences, before it is known whether it is one that there is already. */
type Derived = Omit<Block, 'id' | 'endedAt'>

interface Step {
  readonly block: Derived
  /** What the block follows from, and where the ladders stood before it. */
  readonly presence: Presence
  readonly rungs: Offences['rungs']
}

/** Folds the presences in order of time: each begins a block, or falls into the one before and may extend it. */
function blocksOf(offences: Offences, ladders: Ladders): Derived[] {
  const steps: Step[] = []
  for (const presence of offences.presences) {
    const last = steps.at(-1)
    if (last === undefined || presence.from >= last.block.until) follow(presence, presence.from)
    else {
      steps.pop()
      follow(joined(last.presence, presence), last.block.from)
    }
  }
  return steps.map(({ block }) => block)

  /** A presence that outlasts its block, because the block is capped, goes on in the next one. */
  function follow(presence: Presence, begin: number): void {
    for (let from = begin; from <= presence.to; from = steps.at(-1)!.block.until) {
      const last = steps.at(-1)
      const rungs = last === undefined ? offences.rungs : climbed(last.rungs, last.block)
      steps.push({ block: derive(offences, ladders, { from, presence, rungs }), presence, rungs })
    }
  }
}

function derive(
  { prefix, salt }: Offences,
  ladders: Ladders,
  { from, presence, rungs }: { from: number; presence: Presence; rungs: Offences['rungs'] },
): Derived {
  const { proven, to, first } = presence
  const reachable = proven !== null && proven.to >= from
  const level = nextLevel(reachable ? rungs.reachable : rungs.unreachable, from)
  const length = blockSeconds(ladders, reachable, level) * 1000
  const jitter = 1 + (ladders.jitterShare * keyedHash(salt, String(from))) / 2 ** 53
  // What may be forged never lengthens a block of what was proven.
  const seen = (reachable ? proven.to : to) - from
  // Whole lengths, as many as leave a quarter of one after the source was last seen.
  const more = Math.max(0, Math.ceil(seen / length + EXTEND_SHARE - jitter))
  const whole = Math.round(length * (jitter + more))
  const until = from + (reachable ? whole : Math.min(whole, LONGEST_UNREACHABLE_SECONDS * 1000))
  const { class: name, why } = first
  const scope = reachable ? 'sip' : 'sip-udp'
  const weight = stepped(presence.weight)
  return { prefix, scope, class: name, origin: 'detector', level, weight, from, until, why }
}

/** Rounded up to the next quarter more, so that a flood that swells changes its block a few times and not each second. */
function stepped(weight: number): number {
  return weight <= 0 ? 0 : Math.ceil(STEP ** Math.ceil(Math.log(weight) / Math.log(STEP) - 1e-9))
}

/** Remembers in the rungs what ended before any report that still counts, so that the presences stay few. */
function settle(offences: Offences, ladders: Ladders): Offences {
  const newest = Math.max(...offences.presences.map(({ to }) => to))
  const over = blocksOf(offences, ladders).filter(({ until }) => until < newest - KEPT_MS)
  const settledAt = over.at(-1)?.until
  if (settledAt === undefined) return offences
  const presences = offences.presences.flatMap((each) =>
    each.to < settledAt ? [] : [{ ...each, from: Math.max(each.from, settledAt) }],
  )
  return { ...offences, presences, settledAt, rungs: over.reduce(climbed, offences.rungs) }
}

/** Joins what fell into the running block and is too old to be moved by a late report: the block follows from the whole. */
function few(offences: Offences, ladders: Ladders): Offences {
  const { presences } = offences
  const newest = Math.max(...presences.map(({ to }) => to))
  const begin = blocksOf(offences, ladders).at(-1)?.from ?? Number.POSITIVE_INFINITY
  const isOld = ({ from, to }: Presence) => from >= begin && to < newest - KEPT_MS
  const old = presences.filter(isOld)
  if (old.length < 2) return offences
  return {
    ...offences,
    presences: [old.reduce(joined), ...presences.filter((each) => !isOld(each))].sort(byFrom),
  }
}

function byFrom(a: Presence, b: Presence): number {
  return a.from - b.from
}

/** Each ladder is climbed by itself: blocks that anybody can provoke by forging must not make later ones long. */
function climbed(rungs: Offences['rungs'], block: Derived & Partial<Pick<Block, 'endedAt'>>) {
  if (block.origin === 'operator') return rungs
  const rung = { level: block.level, from: block.from, ended: block.endedAt ?? block.until }
  return block.scope === 'sip-udp' ? { ...rungs, unreachable: rung } : { ...rungs, reachable: rung }
}

/** The block that there is where the derived one is the same, or the same but longer; else a new one. */
function named(derived: Derived | undefined, before: Offences, newId: (from: number) => string) {
  const { block } = before
  if (derived === undefined) return block
  const same = block !== null && derived.from < (block.endedAt ?? block.until) && block.from < derived.until
  if (!same) return { ...derived, id: newId(derived.from), endedAt: null }
  const shorter = block.endedAt === null ? null : Math.min(block.endedAt, derived.until)
  const endedAt = derived.until > block.until ? null : shorter
  const next: Block = { ...derived, id: block.id, endedAt }
  return isEqual(next, block) ? block : next
}

function isEqual(one: Block, other: Block): boolean {
  return (Object.keys(one) as (keyof Block)[]).every((key) => one[key] === other[key])
}

/** From the detection on, and after what is settled; undefined where nothing is left. */
function presenceOf(episode: Episode, settledAt: number): Presence | undefined {
  const tick = detectedWith(episode)
  const from = Math.max(tick?.at ?? Number.POSITIVE_INFINITY, settledAt)
  if (tick === undefined || from > episode.to) return undefined
  const { to, proven, weight, class: name } = episode
  return { from, to, proven, weight, first: { ...tick, class: name } }
}

function withPresence(presences: readonly Presence[], presence: Presence): readonly Presence[] {
  const near = presences.filter((each) => isNear(each, presence))
  const grown = near.reduce(joined, presence)
  const apart = presences.filter((each) => !near.includes(each))
  return [...apart, grown].sort(byFrom)
}

function joined(one: Presence, other: Presence): Presence {
  const first = isBefore(one.first, other.first) ? one.first : other.first
  const weight = Math.max(one.weight, other.weight)
  return { ...hull(one, other)!, proven: hull(one.proven, other.proven), weight, first }
}

/** A total order: the earlier, then the words, so that equal ones need no order of arrival. */
function isBefore(one: Presence['first'], other: Presence['first']): boolean {
  return one.at === other.at ? one.why <= other.why : one.at < other.at
}
