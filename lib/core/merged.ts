import { formatPrefix, type Prefix } from './prefix.ts'
import { type PrefixNode, prefixTrees } from './prefix-tree.ts'

/** The list that was made, and whether it holds each of the given prefixes, in their order. */
export interface MergedUpTo {
  readonly taken: boolean[]
  readonly merged: Prefix[]
}

/**
 * The fewest prefixes that hold exactly the same addresses, in the order of comparePrefixes: what another
 * covers is left out, and two halves become their whole.
 */
export function merged(prefixes: readonly Prefix[]): Prefix[] {
  return mergedUpTo(prefixes, Number.POSITIVE_INFINITY).merged
}

/**
 * Takes the prefixes in their order and passes over each with which the merged list would be longer than
 * `most`. When the list is full, it still takes what is covered and what completes a whole. One that covers
 * several entries makes room for those after it, not for those that were passed over before. What was passed
 * over and then came to be held by others counts as taken.
 */
export function mergedUpTo(prefixes: readonly Prefix[], most: number): MergedUpTo {
  const places = new Map<Prefix, Place>()
  const roots = prefixTrees(prefixes).map((tree) => placeOf(tree, undefined, places))
  let length = 0
  for (const prefix of prefixes) {
    const place = places.get(prefix)!
    if (isHeld(place)) continue
    const whole = wholeWith(place)
    const growth = 1 - whole.entries
    if (length + growth > most) continue
    whole.isWhole = true
    for (let each: Place | undefined = whole; each !== undefined; each = each.above) each.entries += growth
    length += growth
  }
  const list: Prefix[] = []
  for (const root of roots) collectEntries(root, list)
  return { taken: prefixes.map((prefix) => isHeld(places.get(prefix)!)), merged: list }
}

/** A node of the tree while the list is made. */
interface Place {
  readonly node: PrefixNode
  readonly above: Place | undefined
  readonly inside: Place[]
  /** It is an entry of the list, unless a wider place has become one. */
  isWhole: boolean
  /** How many entries of the list lie in it: 1 where it is whole itself. Not kept up below a whole place. */
  entries: number
}

function placeOf(node: PrefixNode, above: Place | undefined, places: Map<Prefix, Place>): Place {
  const place: Place = { node, above, inside: [], isWhole: false, entries: 0 }
  for (const each of node.inside) place.inside.push(placeOf(each, place, places))
  if (node.given !== undefined) places.set(node.given, place)
  return place
}

function isHeld(place: Place): boolean {
  for (let each: Place | undefined = place; each !== undefined; each = each.above) {
    if (each.isWhole) return true
  }
  return false
}

/** The widest place that is whole once this one is. */
function wholeWith(place: Place): Place {
  let whole = place
  while (whole.above !== undefined && completes(whole, whole.above)) whole = whole.above
  return whole
}

function completes(half: Place, whole: Place): boolean {
  const [low, high] = whole.inside
  if (low === undefined || high === undefined) return false
  const other = half === low ? high : low
  return other.isWhole && isHalf(half, whole) && isHalf(other, whole)
}

function isHalf(place: Place, whole: Place): boolean {
  return place.node.bits.length === whole.node.bits.length + 1
}

function collectEntries({ node, inside, isWhole, entries }: Place, into: Prefix[]): void {
  if (isWhole) into.push(node.given ?? formatPrefix(node.bits))
  else if (entries > 0) for (const each of inside) collectEntries(each, into)
}
