import type { DetectionClass } from './suspicion.ts'

/** Instants in milliseconds, both included. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** What a hot tick said when it was judged. */
export interface HotTick {
  readonly at: number
  readonly why: string
}

/** One second in which a class had points enough to keep a detection open. */
export interface Tick extends HotTick {
  readonly class: DetectionClass
  /** Packets a second that a block would keep away. */
  readonly weight: number
  /** The class had points enough to open a detection. */
  readonly hot: boolean
  readonly reachable: boolean
}

/**
 * Ticks of one class by one source, as one host saw it, none further than 10 s from the next. It holds what is the
 * same whatever the order in which the ticks came and however often: first and last, and the earliest hot ones.
 */
export interface Episode extends Span {
  readonly class: DetectionClass
  /** The earliest hot ticks, as many as the class needs. */
  readonly hot: readonly HotTick[]
  /** The most that any tick weighed. */
  readonly weight: number
  /** From the first to the last tick whose source had shown to be there; null where none had. */
  readonly proven: Span | null
  /** People have been told that this must not become a block. */
  readonly told: boolean
}

/** The victim of a reflection did not ask for anything, so one hot tick is enough to stop bombarding it. */
const HOT_TICKS: Record<DetectionClass, number> = { reflection: 1, flood: 2, 'brute-force': 2 }
const GAP_MS = 10_000
/** A report is tried for five minutes; one that is this much older than the newest changes nothing any more. */
export const KEPT_MS = 360_000

/** The tick with which the class was detected, or undefined where it is not yet. */
export function detectedWith({ class: name, hot }: Episode): HotTick | undefined {
  return hot[HOT_TICKS[name] - 1]
}

/** The episodes with one more tick; adding the same ticks in another order, or again, gives the same. */
export function withTick(episodes: readonly Episode[], tick: Tick): readonly Episode[] {
  const { at, weight, why } = tick
  let grown: Episode = {
    class: tick.class,
    from: at,
    to: at,
    hot: tick.hot ? [{ at, why }] : [],
    weight,
    proven: tick.reachable ? { from: at, to: at } : null,
    told: false,
  }
  const apart: Episode[] = []
  for (const episode of episodes) {
    if (episode.class === tick.class && isNear(episode, { from: at, to: at })) {
      grown = joined(grown, episode)
    } else apart.push(episode)
  }
  const all = [...apart, grown].sort((a, b) => a.from - b.from || (a.class < b.class ? -1 : 1))
  const newest = Math.max(...all.map(({ to }) => to))
  return all.filter(({ to }) => to >= newest - KEPT_MS)
}

/** The episode of the class that the instant lies in. */
export function episodeAt(episodes: readonly Episode[], name: DetectionClass, at: number) {
  return episodes.find((each) => each.class === name && each.from <= at && at <= each.to)
}

/** Whether less than 10 s lie between them. */
export function isNear(one: Span, other: Span): boolean {
  return one.from < other.to + GAP_MS && other.from < one.to + GAP_MS
}

/** The span that holds both; null is none. */
export function hull(one: Span | null, other: Span | null): Span | null {
  if (one === null || other === null) return one ?? other
  return { from: Math.min(one.from, other.from), to: Math.max(one.to, other.to) }
}

function joined(one: Episode, other: Episode): Episode {
  const byAt = new Map([...other.hot, ...one.hot].sort(byWords).map((tick) => [tick.at, tick]))
  const hot = [...byAt.values()].sort((a, b) => a.at - b.at).slice(0, HOT_TICKS[one.class])
  return {
    class: one.class,
    ...hull(one, other)!,
    hot,
    weight: Math.max(one.weight, other.weight),
    proven: hull(one.proven, other.proven),
    told: one.told || other.told,
  }
}

/** Two reports of the same second differ only where a host restarted within it; any order will do, but one. */
function byWords(a: HotTick, b: HotTick): number {
  return a.why < b.why ? -1 : a.why > b.why ? 1 : 0
}
