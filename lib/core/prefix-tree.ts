import { bitsOf, type Family, type Prefix, type PrefixBits } from './prefix.ts'

/** A prefix that was given, or the longest one that holds two such. What is inside is in order of address. */
export interface PrefixNode {
  readonly bits: PrefixBits
  readonly given: Prefix | undefined
  /** At most two. */
  readonly inside: readonly PrefixNode[]
}

/**
 * The prefixes as one tree for each family that is among them, IPv4 first. Every prefix that holds some of
 * them, and cannot be longer without losing one, is a node, so that a choice of prefixes is a choice of
 * nodes.
 */
export function prefixTrees(prefixes: readonly Prefix[]): PrefixNode[] {
  const all = [...new Set(prefixes)].map((given) => ({ given, bits: bitsOf(given) }))
  const trees = ([4, 6] as const).map((family) => all.filter(({ bits }) => bits.family === family))
  return trees
    .filter((leaves) => leaves.length > 0)
    .map((leaves) => treeOf(leaves.sort(byAddress), 0, leaves.length))
}

interface Leaf {
  readonly given: Prefix
  readonly bits: PrefixBits
}

const WIDTH: Record<Family, number> = { 4: 32, 6: 128 }

/** By address, then the wider first, without parsing text at each comparison. */
function byAddress({ bits: a }: Leaf, { bits: b }: Leaf): number {
  if (a.bits !== b.bits) return a.bits < b.bits ? -1 : 1
  return a.length - b.length
}

/** The tree of the leaves `from` up to and without `to`, of which there is one at least. */
function treeOf(leaves: readonly Leaf[], from: number, to: number): PrefixNode {
  const first = leaves[from]!
  const bits = common(first.bits, leaves[to - 1]!.bits)
  const given = first.bits.length === bits.length ? first.given : undefined
  const start = given === undefined ? from : from + 1
  const middle = start < to ? upperHalf(leaves, bits, start, to) : to
  const inside: PrefixNode[] = []
  if (start < middle) inside.push(treeOf(leaves, start, middle))
  if (middle < to) inside.push(treeOf(leaves, middle, to))
  return { bits, given, inside }
}

/** The longest prefix that holds both. */
function common(a: PrefixBits, b: PrefixBits): PrefixBits {
  const width = WIDTH[a.family]
  const length = Math.min(a.length, b.length, width - bitLength(a.bits ^ b.bits))
  const shift = BigInt(width - length)
  return { family: a.family, bits: (a.bits >> shift) << shift, length }
}

function bitLength(value: bigint): number {
  let rest = value
  let length = 0
  for (; rest > 0xffff_ffffn; rest >>= 32n) length += 32
  return length + 32 - Math.clz32(Number(rest))
}

/** The first of the leaves that lies in the upper half of the prefix, or `to`. */
function upperHalf(leaves: readonly Leaf[], { family, bits, length }: PrefixBits, from: number, to: number) {
  const boundary = bits | (1n << BigInt(WIDTH[family] - length - 1))
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >> 1
    if (leaves[middle]!.bits.bits < boundary) low = middle + 1
    else high = middle
  }
  return low
}
