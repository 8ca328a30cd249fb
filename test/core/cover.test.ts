import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { coverOf } from '../../lib/core/cover.ts'
import {
  type Address,
  bitsOf,
  comparePrefixes,
  covers,
  type Prefix,
  prefixOf,
  sourcesIn,
} from '../../lib/core/prefix.ts'
import { search } from '../search.ts'
import { onePrefix } from './arbitraries.ts'

const SEED = 59

function list(...texts: string[]): Prefix[] {
  return texts.map(onePrefix)
}

describe('coverOf()', () => {
  test('takes the sources themselves where there are enough prefixes', () => {
    const sources = list('192.0.2.9/32', '192.0.2.1/32', '198.51.100.0/24')
    expect(coverOf(sources, { most: 3, widest: 8 })).toEqual({
      prefixes: list('192.0.2.1/32', '192.0.2.9/32', '198.51.100.0/24'),
      left: [],
      extra: 0,
    })
  })

  test('joins two pairs rather than three neighbours, where that holds fewer further addresses', () => {
    const sources = list('192.0.2.0/32', '192.0.2.3/32', '192.0.2.4/32', '192.0.2.12/32', '192.0.2.15/32')
    expect(coverOf(sources, { most: 3, widest: 8 }).prefixes).toEqual(
      list('192.0.2.0/30', '192.0.2.4/32', '192.0.2.12/30'),
    )
  })

  test('spends one prefix on halves that were both asked for', () => {
    const sources = list('192.0.2.0/25', '192.0.2.128/26', '192.0.2.192/26')
    expect(coverOf(sources, { most: 3, widest: 8 })).toEqual({
      prefixes: ['192.0.2.0/24'],
      left: [],
      extra: 0,
    })
    expect(coverOf(sources, { most: 3, widest: 25 }).prefixes).toEqual(['192.0.2.0/25', '192.0.2.128/25'])
  })

  test('is not wider than the limit, and leaves the fewest sources', () => {
    const sources = list('192.0.2.1/32', '198.51.100.1/32', '198.51.100.77/32', '203.0.113.1/32')
    expect(coverOf(sources, { most: 1, widest: 24 })).toEqual({
      prefixes: list('198.51.100.0/25'),
      left: list('192.0.2.1/32', '203.0.113.1/32'),
      extra: 126,
    })
    expect(coverOf(sources, { most: 1, widest: 0 }).left).toEqual([])
    for (const most of [0, -1]) {
      expect(coverOf(sources, { most, widest: 0 })).toEqual({ prefixes: [], left: sources, extra: 0 })
    }
  })

  test('of sources that are equally far away keeps the lower', () => {
    const sources = list('10.0.0.1/32', '10.1.0.1/32', '10.2.0.1/32')
    const { prefixes, left } = coverOf(sources, { most: 2, widest: 24 })
    expect([prefixes, left]).toEqual([list('10.0.0.1/32', '10.1.0.1/32'), list('10.2.0.1/32')])
  })

  test('a source that was given wider than the limit is held, and what lies in it with it', () => {
    const sources = list('10.9.9.9/32', '10.0.0.0/8', '10.9.0.0/16', '11.0.0.1/32')
    expect(coverOf(sources, { most: 1, widest: 24 })).toEqual({
      prefixes: list('10.0.0.0/8'),
      left: list('11.0.0.1/32'),
      extra: 0,
    })
  })

  test('what lies in a source that is left is left with it, and each counts', () => {
    const sources = list('10.0.0.1/32', '192.0.2.7/32', '192.0.2.0/24', '192.0.2.7/32')
    expect(coverOf(sources, { most: 1, widest: 32 }).left).toEqual(list('10.0.0.1/32'))
    const more = list('10.0.0.1/32', '10.0.0.2/32', '10.0.0.6/32')
    expect(coverOf([...sources, ...more], { most: 1, widest: 29 }).left).toEqual(
      list('192.0.2.0/24', '192.0.2.7/32'),
    )
  })

  test('counts /64s of IPv6, and keeps addresses of one /64 apart while there are prefixes', () => {
    expect(coverOf(list('2001:db8::/64', '2001:db8:0:3::/64'), { most: 1, widest: 32 })).toEqual({
      prefixes: list('2001:db8::/62'),
      left: [],
      extra: 2,
    })
    const neighbours = list('2001:db8::1/128', '2001:db8::8/128')
    expect(coverOf(neighbours, { most: 2, widest: 32 })).toEqual({ prefixes: neighbours, left: [], extra: 0 })
    expect(coverOf(neighbours, { most: 1, widest: 32 })).toEqual({
      prefixes: list('2001:db8::/124'),
      left: [],
      extra: 1,
    })
  })

  test('covers nothing where there is nothing, and refuses two families', () => {
    expect(coverOf([], { most: 3, widest: 8 })).toEqual({ prefixes: [], left: [], extra: 0 })
    const both = list('192.0.2.1/32', '2001:db8::/64')
    expect(() => coverOf(both, { most: 3, widest: 8 })).toThrow('Cannot cover IPv4 and IPv6 at once')
  })

  test('covers 65,536 sources with 60 prefixes without leaving one', () => {
    const sources = Array.from({ length: 65_536 }, (_, i) => {
      const bits = Math.imul(i + 1, 2_654_435_761) >>> 0
      return onePrefix(`${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}/32`)
    })
    const { prefixes, left, extra } = coverOf(sources, { most: 60, widest: 0 })
    const held = prefixes.reduce((sum, prefix) => sum + sourcesIn(bitsOf(prefix)), 0)
    expect(left).toEqual([])
    expect(prefixes.length).toBeLessThanOrEqual(60)
    expect(extra).toBe(held - sources.length)
  })
})

/** A tree of 16 places; a node is a number as in a heap: 1 is the whole, 2n and 2n+1 are the halves of n. */
const PLACES = 16
const NODES = 2 * PLACES
const DEPTH = 4

const FIELDS = [
  { name: 'IPv4 addresses', width: 32, address: (place: number) => `192.0.2.${240 + place}`, counts: 1 },
  {
    name: 'IPv6 /64s',
    width: 64,
    address: (place: number) => `2001:db8:0:${(0xab0 + place).toString(16)}::`,
    counts: 1,
  },
  {
    name: 'IPv6 addresses of one /64',
    width: 128,
    address: (place: number) => `2001:db8:1::${(0xf0 + place).toString(16)}`,
    counts: 2 ** -64,
  },
] as const

type Field = (typeof FIELDS)[number]

function depthOf(node: number): number {
  return 31 - Math.clz32(node)
}

/** The places of a node as bits. */
const HELD = Array.from({ length: NODES }, (_, node) => {
  if (node === 0) return 0
  const size = PLACES >> depthOf(node)
  const first = (node << (DEPTH - depthOf(node))) - PLACES
  return ((1 << size) - 1) << first
})

function prefixOfNode({ width, address }: Field, node: number): Prefix {
  const first = (node << (DEPTH - depthOf(node))) - PLACES
  return prefixOf(address(first) as Address, width - DEPTH + depthOf(node))
}

function popCount(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++
  return count
}

/** Every set of disjoint nodes there is, by the nodes that it holds: 458,330 of them. */
const CHOICES: readonly number[] = choicesBelow(1)

function choicesBelow(node: number): number[] {
  if (node >= NODES) return [0]
  if (node >= PLACES) return [0, 1 << node]
  const low = choicesBelow(2 * node)
  const high = choicesBelow(2 * node + 1)
  return [...low.flatMap((one) => high.map((other) => one | other)), 1 << node]
}

type Worth = ReturnType<typeof worthOf>

/** What a choice of nodes is worth, told from the places that it holds. */
function worthOf(choice: number, sources: readonly number[]) {
  let places = 0
  for (let rest = choice; rest !== 0; rest &= rest - 1) places |= HELD[31 - Math.clz32(rest & -rest)]!
  let asked = 0
  let missed = 0
  for (const source of sources) {
    asked |= HELD[source]!
    if ((places & HELD[source]!) !== HELD[source]) missed++
  }
  return { missed, extra: popCount(places & ~asked), count: popCount(choice) }
}

function isBetter(one: Worth, other: Worth): boolean {
  if (one.missed !== other.missed) return one.missed < other.missed
  if (one.extra !== other.extra) return one.extra < other.extra
  return one.count < other.count
}

/** The best of all choices that the limits allow. */
function bestOfAll(sources: readonly number[], most: number, widestDepth: number): Worth {
  let refused = 0
  for (let node = 1; node < NODES; node++) {
    if (depthOf(node) < widestDepth && !sources.includes(node)) refused |= 1 << node
  }
  let best = worthOf(0, sources)
  for (const choice of CHOICES) {
    if ((choice & refused) !== 0 || popCount(choice) > most) continue
    const worth = worthOf(choice, sources)
    if (isBetter(worth, best)) best = worth
  }
  return best
}

/** Mostly single places, up to eight of them. */
const someSources = fc.uniqueArray(
  fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: PLACES, max: NODES - 1 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: PLACES - 1 }) },
  ),
  { minLength: 1, maxLength: 8 },
)
const someLimits = fc.record({ most: fc.nat(5), widestDepth: fc.nat(DEPTH + 1) })

describe('among all choices of prefixes', () => {
  test.each(FIELDS)('of $name, there is no better one', (field) => {
    search(
      fc.property(someSources, someLimits, (nodes, { most, widestDepth }) => {
        const sources = nodes.map((node) => prefixOfNode(field, node))
        const widest = field.width - DEPTH + widestDepth
        const { prefixes, left, extra } = coverOf(sources, { most, widest })
        const all = Array.from({ length: NODES - 1 }, (_, i) => prefixOfNode(field, i + 1))
        const choice = prefixes.reduce((bits, prefix) => bits | (1 << (all.indexOf(prefix) + 1)), 0)
        const worth = worthOf(choice, nodes)
        expect(worth).toEqual(bestOfAll(nodes, most, widestDepth))
        expect([left.length, extra]).toEqual([worth.missed, Math.ceil(worth.extra * field.counts)])
      }),
      { seed: SEED, numRuns: 150 },
    )
  })
})

describe('whatever is asked for', () => {
  const address = fc.oneof(
    fc.tuple(fc.constantFrom(0, 1, 2, 64, 128, 255), fc.nat(255)).map(([a, b]) => `10.${a}.0.${b}`),
    fc.ipV4(),
  )
  const source = fc
    .tuple(address, fc.constantFrom(32, 32, 32, 30, 24, 12))
    .map(([text, length]) => prefixOf(text as Address, length))
  const anything = fc.array(source, { maxLength: 60 })
  const limits = fc.record({ most: fc.nat(20), widest: fc.nat(32) })
  const holds = (prefix: Prefix, inner: Prefix) => covers(bitsOf(prefix), bitsOf(inner))

  test('the limits are kept, each prefix holds a source, none another, and left is what none holds', () => {
    search(
      fc.property(anything, limits, (sources, { most, widest }) => {
        const { prefixes, left, extra } = coverOf(sources, { most, widest })
        expect(prefixes.length).toBeLessThanOrEqual(most)
        for (const prefix of prefixes) {
          expect(bitsOf(prefix).length >= widest || sources.includes(prefix)).toBe(true)
          expect(sources.some((each) => holds(prefix, each))).toBe(true)
          expect(prefixes.filter((each) => holds(prefix, each))).toEqual([prefix])
        }
        expect(prefixes).toEqual(prefixes.toSorted(comparePrefixes))
        const missed = [...new Set(sources)].filter((each) => !prefixes.some((prefix) => holds(prefix, each)))
        expect(left).toEqual(missed.sort(comparePrefixes))
        expect(extra).toBeGreaterThanOrEqual(0)
      }),
      { seed: SEED, numRuns: 500 },
    )
  })

  test('none is left exactly where prefixes of the widest length would do', () => {
    search(
      fc.property(anything, limits, (sources, { most, widest }) => {
        const outermost = new Set(
          sources
            .filter((each) => sources.every((other) => other === each || !holds(other, each)))
            .map((each) => prefixOf(each.split('/')[0] as Address, Math.min(widest, bitsOf(each).length))),
        )
        expect(coverOf(sources, { most, widest }).left.length === 0).toBe(outermost.size <= most)
      }),
      { seed: SEED, numRuns: 1_000 },
    )
  })

  test('the order of the sources does not matter, nor how often one is given', () => {
    search(
      fc.property(
        anything.chain((sources) =>
          fc.tuple(fc.constant(sources), fc.shuffledSubarray(sources, { minLength: sources.length })),
        ),
        limits,
        ([sources, shuffled], limit) => {
          expect(coverOf([...shuffled, ...sources], limit)).toEqual(coverOf(sources, limit))
        },
      ),
      { seed: SEED, numRuns: 200 },
    )
  })
})
