import type { Address, Family, Prefix } from '../core/prefix.ts'
import { bitsOf, familyOf } from '../core/prefix.ts'

/** An address as 32-bit words, one for IPv4 and four for IPv6, most significant first. Reading overwrites it. */
export type AddressWords = Uint32Array

const WORDS = { 4: 1, 6: 4 } as const
const WIDTH = { 4: 32n, 6: 128n } as const

/**
 * The addresses of some prefixes of one family, as ranges that neither touch nor overlap, in order: whether an
 * address is in one of a thousand takes ten comparisons, and nothing is allocated for it.
 */
export class SourceSet {
  readonly #words: number
  readonly #count: number
  readonly #first: Uint32Array
  readonly #last: Uint32Array

  /** Prefixes of the other family are left out. */
  constructor(prefixes: readonly Prefix[], family: Family) {
    const ranges = joined(prefixes.filter((prefix) => familyOf(prefix) === family))
    this.#words = WORDS[family]
    this.#count = ranges.length
    this.#first = packed(ranges, 'first', family)
    this.#last = packed(ranges, 'last', family)
  }

  has(address: AddressWords): boolean {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#compare(this.#first, middle, address) > 0) high = middle
      else low = middle + 1
    }
    return low > 0 && this.#compare(this.#last, low - 1, address) >= 0
  }

  /** Positive where the bound is after the address. */
  #compare(bounds: Uint32Array, index: number, address: AddressWords): number {
    for (let i = 0, at = index * this.#words; i < this.#words; i++, at++) {
      const difference = (bounds[at] as number) - (address[i] as number)
      if (difference !== 0) return difference
    }
    return 0
  }
}

interface Range {
  readonly first: bigint
  readonly last: bigint
}

function joined(prefixes: readonly Prefix[]): readonly Range[] {
  const ranges = prefixes.map(rangeOf).sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))
  const result: Range[] = []
  for (const range of ranges) {
    const before = result.at(-1)
    if (before === undefined || range.first > before.last + 1n) result.push(range)
    else if (range.last > before.last) result[result.length - 1] = { first: before.first, last: range.last }
  }
  return result
}

function rangeOf(prefix: Prefix): Range {
  const { family, bits, length } = bitsOf(prefix)
  return { first: bits, last: bits | ((1n << (WIDTH[family] - BigInt(length))) - 1n) }
}

function packed(ranges: readonly Range[], bound: keyof Range, family: Family): Uint32Array {
  const words = WORDS[family]
  const list = new Uint32Array(ranges.length * words)
  ranges.forEach((range, index) => {
    for (let i = 0; i < words; i++) {
      const word = range[bound] >> BigInt(32 * (words - 1 - i))
      list[index * words + i] = Number(BigInt.asUintN(32, word))
    }
  })
  return list
}

const DOT = 46
const COLON = 58
const words4 = new Uint32Array(1)
const words6 = new Uint32Array(4)
const groups = new Uint16Array(8)

/**
 * Reads canonical text, which an `Address` is; other text gives some words and never an exception. The result is
 * good until the next address of its family is read.
 */
export function addressWords(address: Address): AddressWords {
  return address.includes(':') ? readIpv6(address) : readIpv4(address)
}

function readIpv4(text: string): AddressWords {
  let word = 0
  let part = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code !== DOT) part = part * 10 + code - 48
    else {
      word = (word << 8) | part
      part = 0
    }
  }
  words4[0] = (word << 8) | part
  return words4
}

/** RFC 5952 text. The groups after `::` are the last ones, whatever their number. */
function readIpv6(text: string): AddressWords {
  groups.fill(0)
  let at = 0
  let gap = -1
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const digit = code <= 57 ? code - 48 : code - 87
    if (code !== COLON) groups[at] = ((groups[at] as number) << 4) | digit
    else if (text.charCodeAt(i + 1) !== COLON) at++
    else {
      gap = ++at
      i++
    }
  }
  const target = 7 - at + gap
  if (gap >= 0) groups.copyWithin(target, gap, at + 1).fill(0, gap, target)
  for (let i = 0; i < 8; i += 2) {
    words6[i >> 1] = ((groups[i] as number) << 16) | (groups[i + 1] as number)
  }
  return words6
}
