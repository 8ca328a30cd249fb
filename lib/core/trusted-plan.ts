import { coverOf } from './cover.ts'
import { merged, mergedUpTo } from './merged.ts'
import { bitsOf, type Prefix, sourcesIn } from './prefix.ts'
import { PrefixIndex } from './prefix-index.ts'
import { changesBetween, ownAndForeign, type SetContents, type SetPlan } from './set-plan.ts'

export interface TrustedInput extends SetContents {
  /** Allowlist and known-good sources of the family. */
  readonly sources: readonly Prefix[]
  /** Bits of the widest prefix that may stand for several sources. */
  readonly widest: number
  /** Whether nobody loses his place for having been silent: so while only this list is let in. */
  readonly keepsAll: boolean
  /** Whether a person lets pass what the brake would stop. */
  readonly approved: boolean
}

export interface TrustedPlan extends SetPlan {
  /** Sources that the list has no room for. */
  readonly left: readonly Prefix[]
  /** Prefixes that would go with nobody left in them, were they not too many at once; a person should look. */
  readonly withheld: readonly Prefix[]
  /** Addresses (IPv6: /64s) that it lets in beside those asked for. */
  readonly extra: number
}

/** At least so many, and more than there are trusted peers left, going at once looks like a mistake, not like phones falling silent. */
const FEWEST_TOO_MANY = 10

/**
 * Makes the changes that bring the list of trusted peers to those who are trusted. Each source stands for itself where
 * there is room; else what is held is kept while somebody is in it, and where that does not do, sources share the fewest
 * further addresses. Pure and deterministic; planning again after applying is empty, or
 * comes to rest within few rounds where sources share and prefixes of the list join.
 */
export function planTrusted(input: TrustedInput): TrustedPlan {
  const { own, foreign } = ownAndForeign(input)
  const theirs = new PrefixIndex(foreign)
  const sources = merged(input.sources.filter((source) => theirs.holderOf(source) === undefined))
  const most = Math.max(0, input.capacity - foreign.length)
  const empty = heldByNobody(own, sources)
  const isTooMuch = empty.length >= FEWEST_TOO_MANY && empty.length > sources.length
  const withheld = isTooMuch && !input.approved && !input.keepsAll ? empty : []
  const { prefixes, left } =
    withheld.length > 0 ? besides(own, sources, most) : roomFor(sources, own, most, input)
  const gone = () => 'nobody in it is trusted any more, or others share a prefix with them'
  const plan = changesBetween(own, prefixes, () => 'allowlisted or known-good', gone)
  const listed = new PrefixIndex(prefixes)
  const heldSources = sources.filter((source) => listed.holderOf(source) !== undefined)
  return { ...plan, foreign, left, withheld, extra: Math.max(0, sizeOf(prefixes) - sizeOf(heldSources)) }
}

interface Placed {
  readonly prefixes: readonly Prefix[]
  readonly left: readonly Prefix[]
}

/** What is held stays as it is, and takes in whom it has room for. */
function besides(own: readonly Prefix[], sources: readonly Prefix[], most: number): Placed {
  const held = new PrefixIndex(own)
  const fresh = sources.filter((source) => held.holderOf(source) === undefined)
  const room = Math.max(0, most - own.length)
  return { prefixes: [...own, ...fresh.slice(0, room)], left: fresh.slice(room) }
}

function roomFor(
  sources: readonly Prefix[],
  own: readonly Prefix[],
  most: number,
  { keepsAll, widest }: TrustedInput,
): Placed {
  if (keepsAll) {
    const all = placed(merged([...sources, ...own]), own, most, widest)
    if (all.left.length === 0) return all
  }
  return placed(sources, own, most, widest)
}

function placed(exact: readonly Prefix[], own: readonly Prefix[], most: number, widest: number): Placed {
  if (exact.length <= most) return { prefixes: exact, left: [] }
  const empty = new Set(heldByNobody(own, exact))
  const wanted = new PrefixIndex(exact)
  const used = own.filter((prefix) => !empty.has(prefix) && (wanted.holderOf(prefix) ?? prefix) === prefix)
  const held = new PrefixIndex(used)
  const grown = [...used, ...exact.filter((source) => held.holderOf(source) === undefined)]
  if (grown.length <= most) return { prefixes: merged(grown), left: [] }
  const { prefixes, left } = coverOf(exact, { most, widest })
  // Where prefixes of it join to a whole there is room again.
  const { taken, merged: filled } = mergedUpTo([...prefixes, ...left], most)
  return { prefixes: filled, left: left.filter((_, i) => !taken[prefixes.length + i]) }
}

/** Those in which no source is, and which are in no source. */
function heldByNobody(own: readonly Prefix[], sources: readonly Prefix[]): Prefix[] {
  const [held, wanted] = [new PrefixIndex(own), new PrefixIndex(sources)]
  const inUse = new Set(sources.map((source) => held.holderOf(source)))
  return own.filter((prefix) => !inUse.has(prefix) && wanted.holderOf(prefix) === undefined)
}

function sizeOf(prefixes: readonly Prefix[]): number {
  return prefixes.reduce((sum, prefix) => sum + sourcesIn(bitsOf(prefix)), 0)
}
