import { type Family, formatPrefix, type Prefix, type PrefixBits } from './prefix.ts'
import { type PrefixNode, prefixTrees } from './prefix-tree.ts'

export interface CoverLimits {
  /** How many prefixes there may be. */
  readonly most: number
  /** The least length in bits of a prefix that was not itself asked for. */
  readonly widest: number
}

export interface Cover {
  /** Disjoint, in the order of comparePrefixes; each holds a source. */
  readonly prefixes: readonly Prefix[]
  /** Sources that no prefix holds, in the same order, each once; none where the limits suffice for all. */
  readonly left: readonly Prefix[]
  /** How many addresses are held that were not asked for; of IPv6 /64s, their parts summed and rounded up. */
  readonly extra: number
}

/**
 * The prefixes that hold as many of the sources as the limits allow, and then as few further addresses as
 * possible, and then are as few as possible. A source that is given twice counts once, one that lies in
 * another counts too. The order of the sources does not matter; of equally good results it is the one that
 * spends more prefixes on the lower addresses. Sums of addresses and of /64s are exact below 2^53.
 *
 * The sources are of one family. It takes time in proportion to their number times `most`.
 *
 * The best prefixes are nodes of the sources' tree, since any other can be longer and hold the same sources.
 * For each node, the best with at most k prefixes is itself, or the best split of k between its halves.
 */
export function coverOf(sources: readonly Prefix[], limits: CoverLimits): Cover {
  const [tree, other] = prefixTrees(sources)
  if (tree === undefined) return { prefixes: [], left: [], extra: 0 }
  if (other !== undefined) throw new RangeError('Cannot cover IPv4 and IPv6 at once: give one family')
  const most = Math.max(0, limits.most)
  const part = partOf(tree, { ...limits, most })
  const used = Math.min(most, part.missed.length - 1)
  const prefixes: Prefix[] = []
  const left: Prefix[] = []
  choose(part, used, limits.widest, { prefixes, left })
  return { prefixes, left, extra: Math.ceil(part.extra[used]!) }
}

/**
 * The best that can be had within a node: `missed[k]` sources and `extra[k]` addresses with at most k
 * prefixes. Never worse for a greater k, and ends where still more prefixes change nothing.
 */
interface Part {
  readonly node: PrefixNode
  readonly halves: readonly [Part, Part] | undefined
  /** How many addresses in it were asked for. */
  readonly asked: number
  readonly missed: number[]
  readonly extra: number[]
}

/** Length of what counts as one address: IPv4 addresses, IPv6 /64s. */
const UNIT: Record<Family, number> = { 4: 32, 6: 64 }

/** As sourcesIn, but a part of a /64 is a fraction: its neighbours in the /64 were not asked for. */
function addressesIn({ family, length }: PrefixBits): number {
  return 2 ** (UNIT[family] - length)
}

function partOf(node: PrefixNode, limits: CoverLimits): Part {
  // Within what was asked for nothing narrower is better.
  if (node.given !== undefined) {
    return {
      node,
      halves: undefined,
      asked: addressesIn(node.bits),
      missed: [countGiven(node), 0],
      extra: [0, 0],
    }
  }
  const [low, high] = node.inside
  return joined(node, partOf(low!, limits), partOf(high!, limits), limits)
}

function joined(node: PrefixNode, low: Part, high: Part, { most, widest }: CoverLimits): Part {
  const asked = low.asked + high.asked
  const part: Part = { node, halves: [low, high], asked, missed: [], extra: [] }
  for (let i = 0; i < low.missed.length; i++) {
    for (let j = 0; j < high.missed.length && i + j <= most; j++) {
      offer(part, i + j, low.missed[i]! + high.missed[j]!, low.extra[i]! + high.extra[j]!)
    }
  }
  // Its halves are narrower, so that with two prefixes they are no worse than the node with one.
  if (node.bits.length >= widest) offer(part, 1, 0, addressesIn(node.bits) - asked)
  trim(part)
  return part
}

function offer({ missed, extra }: Part, k: number, misses: number, extras: number): void {
  const least = missed[k]
  if (least !== undefined && (misses > least || (misses === least && extras >= extra[k]!))) return
  missed[k] = misses
  extra[k] = extras
}

function trim({ missed, extra }: Part): void {
  let last = missed.length - 1
  while (last > 0 && missed[last] === missed[last - 1] && extra[last] === extra[last - 1]) last--
  missed.length = last + 1
  extra.length = last + 1
}

interface Chosen {
  readonly prefixes: Prefix[]
  readonly left: Prefix[]
}

/** Collects the best with k prefixes, lower addresses first, where k are better than fewer. */
function choose(part: Part, k: number, widest: number, chosen: Chosen): void {
  const { node, halves } = part
  if (k === 0) {
    collectGiven(node, chosen.left)
    return
  }
  // One prefix in a half would miss the other, so that the node itself is the best one where it may be.
  if (halves === undefined || (k === 1 && node.bits.length >= widest)) {
    chosen.prefixes.push(node.given ?? formatPrefix(node.bits))
    return
  }
  const [low, high] = halves
  const i = shareOf(low, high, part, k)
  choose(low, i, widest, chosen)
  choose(high, k - i, widest, chosen)
}

/** How many of the k prefixes the lower half gets in the best split: where several are as good, the most. */
function shareOf(low: Part, high: Part, { missed, extra }: Part, k: number): number {
  const isBest = (i: number) =>
    low.missed[i]! + high.missed[k - i]! === missed[k] && low.extra[i]! + high.extra[k - i]! === extra[k]
  let i = Math.min(k, low.missed.length - 1)
  while (i > 0 && !isBest(i)) i--
  return i
}

function countGiven({ given, inside }: PrefixNode): number {
  return inside.reduce((count, each) => count + countGiven(each), given === undefined ? 0 : 1)
}

function collectGiven({ given, inside }: PrefixNode, into: Prefix[]): void {
  if (given !== undefined) into.push(given)
  for (const each of inside) collectGiven(each, into)
}
