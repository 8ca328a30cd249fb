import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { merged, mergedUpTo } from '../../lib/core/merged.ts'
import { type Address, bitsOf, comparePrefixes, type Prefix, prefixOf } from '../../lib/core/prefix.ts'
import { prefixTrees } from '../../lib/core/prefix-tree.ts'
import { search } from '../search.ts'
import { onePrefix } from './arbitraries.ts'

const SEED = 53
const PLACES = 16

/** Three fields of 16 places each: IPv4 addresses, IPv6 /64s, and IPv6 addresses of one /64. */
const FIELDS = [
  { width: 32, address: (place: number) => `192.0.2.${240 + place}` },
  { width: 64, address: (place: number) => `2001:db8:0:${(0xab0 + place).toString(16)}::` },
  { width: 128, address: (place: number) => `2001:db8:1::${(0xfff0 + place).toString(16)}` },
] as const

/** Of each field, the prefix of 2^bits places that holds the place. */
const WHOLES = FIELDS.map(({ width, address }) =>
  Array.from({ length: PLACES }, (_, place) =>
    [0, 1, 2, 3, 4].map((bits) => prefixOf(address(place) as Address, width - bits)),
  ),
)

const prefixes: fc.Arbitrary<Prefix> = fc
  .tuple(fc.nat(FIELDS.length - 1), fc.nat(PLACES - 1), fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 4))
  .map(([field, place, bits]) => WHOLES[field]![place]![bits]!)
const lists = fc.array(prefixes, { maxLength: 40 })

/** The places of all fields that some prefix holds, by asking of each place for itself. */
function placesOf(list: readonly Prefix[]): boolean[][] {
  const all = new Set(list)
  return WHOLES.map((field) => field.map((wholes) => wholes.some((whole) => all.has(whole))))
}

/** The least list that holds exactly these places: of each field the whole, or the least of its halves. */
function leastList(fields: readonly (readonly boolean[])[]): Prefix[] {
  const least = (field: number, places: readonly boolean[], from: number, bits: number): Prefix[] => {
    const mine = places.slice(from, from + 2 ** bits)
    if (mine.every((held) => held)) return [WHOLES[field]![from]![bits]!]
    if (!mine.some((held) => held)) return []
    return [
      ...least(field, places, from, bits - 1),
      ...least(field, places, from + 2 ** (bits - 1), bits - 1),
    ]
  }
  return FIELDS.flatMap((_, i) => least(i, fields[i]!, 0, 4))
}

function list(...texts: string[]): Prefix[] {
  return texts.map(onePrefix)
}

describe('merged()', () => {
  test.each([
    ['nothing', [], []],
    ['one', ['192.0.2.7/32'], ['192.0.2.7/32']],
    ['the same twice', ['192.0.2.7/32', '192.0.2.7/32'], ['192.0.2.7/32']],
    [
      'what another covers',
      ['192.0.2.7/32', '192.0.2.0/24', '2001:db8::/64'],
      ['192.0.2.0/24', '2001:db8::/64'],
    ],
    ['two halves', ['192.0.2.7/32', '192.0.2.6/32'], ['192.0.2.6/31']],
    ['neighbours that are no halves', ['192.0.2.7/32', '192.0.2.8/32'], ['192.0.2.7/32', '192.0.2.8/32']],
    ['halves of halves', ['192.0.2.0/25', '192.0.2.192/26', '192.0.2.128/26'], ['192.0.2.0/24']],
    ['the IPv6 halves', ['2001:db8:0:1::/64', '2001:db8::/64'], ['2001:db8::/63']],
    ['both halves of all', ['128.0.0.0/1', '0.0.0.0/1', '::/1', '8000::/1'], ['0.0.0.0/0', '::/0']],
  ])('%s', (_, before, after) => {
    expect(merged(list(...before))).toEqual(after)
  })

  test('IPv4 addresses and IPv6 addresses with the same bits are two', () => {
    expect(merged(list('::c000:207/128', '192.0.2.7/32'))).toEqual(['192.0.2.7/32', '::c000:207/128'])
  })

  test('the list is the least that holds the same addresses, in the order of tables', () => {
    search(
      fc.property(lists, (before) => {
        const after = merged(before)
        expect(after).toEqual(leastList(placesOf(before)))
        expect(after).toEqual(after.toSorted(comparePrefixes))
      }),
      { seed: SEED, numRuns: 2_000 },
    )
  })

  test('10,000 addresses in a row become the few blocks that they fill', () => {
    const row = Array.from({ length: 10_000 }, (_, i) => onePrefix(`10.0.${i >> 8}.${i & 255}/32`))
    const blocks = list('10.0.0.0/19', '10.0.32.0/22', '10.0.36.0/23', '10.0.38.0/24', '10.0.39.0/28')
    expect(merged(row)).toEqual(blocks)
    expect(merged(row.toReversed())).toEqual(blocks)
  })
})

describe('mergedUpTo()', () => {
  test('passes over what does not fit, and still takes what is covered and what completes a pair', () => {
    const { taken, merged: after } = mergedUpTo(
      list(
        '192.0.2.0/25',
        '198.51.100.6/32',
        '203.0.113.1/32',
        '192.0.2.9/32',
        '198.51.100.7/32',
        '192.0.2.128/25',
      ),
      2,
    )
    expect(taken).toEqual([true, true, false, true, true, true])
    expect(after).toEqual(['192.0.2.0/24', '198.51.100.6/31'])
  })

  test('a pair is completed past a prefix that holds it and was passed over', () => {
    const given = list('192.0.2.6/32', '10.0.0.1/32', '192.0.2.4/30', '192.0.2.7/32')
    expect(mergedUpTo(given.toSpliced(2, 1), 2).merged).toEqual(['10.0.0.1/32', '192.0.2.6/31'])
    expect(mergedUpTo(given, 2).merged).toEqual(['10.0.0.1/32', '192.0.2.4/30'])
  })

  test('one that covers several makes room, and what was passed over within it counts as taken', () => {
    const { taken, merged: after } = mergedUpTo(
      list(
        '192.0.2.1/32',
        '192.0.2.3/32',
        '192.0.2.5/32',
        '203.0.113.1/32',
        '192.0.2.0/24',
        '203.0.113.2/32',
      ),
      2,
    )
    expect(taken).toEqual([true, true, true, false, true, true])
    expect(after).toEqual(['192.0.2.0/24', '203.0.113.2/32'])
  })

  test('takes nothing where there is no room', () => {
    expect(mergedUpTo(list('192.0.2.1/32', '192.0.2.0/24'), 0)).toEqual({ taken: [false, false], merged: [] })
  })

  test('takes each in turn exactly where the list with it is no longer than there is room', () => {
    search(
      fc.property(lists, fc.nat(12), (given, most) => {
        let kept: Prefix[] = []
        for (const each of given) {
          const next = leastList(placesOf([...kept, each]))
          if (next.length <= most) kept = next
        }
        const result = mergedUpTo(given, most)
        expect(result.merged).toEqual(kept)
        expect(result.taken).toEqual(
          given.map((each) => leastList(placesOf([...kept, each])).join() === kept.join()),
        )
      }),
      { seed: SEED, numRuns: 2_000 },
    )
  })

  test('10,000 prefixes of which 1,000 fit', () => {
    const given = Array.from({ length: 10_000 }, (_, i) =>
      onePrefix(`2001:db8:${(5 * i + 5).toString(16)}::/64`),
    )
    const { taken, merged: after } = mergedUpTo(given, 1_000)
    expect(after).toEqual(merged(given.slice(0, 1_000)))
    expect(taken.lastIndexOf(true)).toBe(999)
  })
})

describe('prefixTrees()', () => {
  test('holds what was given, and the longest prefixes that hold two', () => {
    const [tree, ...others] = prefixTrees(
      list('192.0.2.7/32', '192.0.2.0/25', '192.0.3.4/32', '192.0.2.12/30'),
    )
    const told = (node: typeof tree): unknown[] => [
      `${node!.given ?? '-'} /${node!.bits.length}`,
      ...node!.inside.map(told),
    ]
    expect(others).toEqual([])
    expect(told(tree)).toEqual([
      '- /23',
      ['192.0.2.0/25 /25', ['- /28', ['192.0.2.7/32 /32'], ['192.0.2.12/30 /30']]],
      ['192.0.3.4/32 /32'],
    ])
    expect(tree!.bits).toEqual(bitsOf(onePrefix('192.0.2.0/23')))
  })
})
