import fc from 'fast-check'
import type { Block, Scope } from '../../lib/core/block.ts'
import type { Tick } from '../../lib/core/episode.ts'
import { type Address, type Prefix, prefixOf } from '../../lib/core/prefix.ts'
import type { DetectionClass } from '../../lib/core/suspicion.ts'

/** Random values of the core's nouns, for property tests. Addresses come from few networks so that they meet. */

const CLASSES: readonly DetectionClass[] = ['reflection', 'flood', 'brute-force']
const SCOPES: readonly Scope[] = ['sip-udp', 'sip', 'all']

const address4 = fc
  .tuple(fc.constantFrom('192.0.2', '198.51.100', '203.0.113'), fc.integer({ min: 0, max: 255 }))
  .map(([network, host]) => `${network}.${host}` as Address)

const address6 = fc
  .tuple(fc.constantFrom('2001:db8:1', '2001:db8:2'), fc.integer({ min: 0, max: 40 }))
  .map(([network, site]) => `${network}:${site.toString(16)}::` as Address)

/** Mostly single sources, now and then a wider prefix as an operator may block. */
export const prefix = fc.oneof(
  { weight: 6, arbitrary: address4.map((address) => prefixOf(address, 32)) },
  { weight: 3, arbitrary: address6.map((address) => prefixOf(address, 64)) },
  {
    weight: 1,
    arbitrary: fc.tuple(address4, fc.integer({ min: 24, max: 31 })).map(([a, n]) => prefixOf(a, n)),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(address6, fc.integer({ min: 48, max: 63 })).map(([a, n]) => prefixOf(a, n)),
  },
)

/** SIP ports as settings may list them: in no order, next to each other or with gaps, of one port or of several. */
export const sipPorts = fc.uniqueArray(fc.integer({ min: 5_058, max: 5_066 }), { minLength: 1, maxLength: 4 })

/** The same things in any order. */
export function anyOrder<T>(items: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length })
}

export function blockOf(now: number): fc.Arbitrary<Block> {
  return fc
    .record({
      prefix,
      scope: fc.constantFrom(...SCOPES),
      class: fc.constantFrom(...CLASSES),
      origin: fc.constantFrom(
        'detector' as const,
        'detector' as const,
        'detector' as const,
        'operator' as const,
      ),
      level: fc.integer({ min: 1, max: 6 }),
      weight: fc.integer({ min: 0, max: 6 }).map((weight) => weight * 50),
      // Few instants, because the blocks of one report begin at the same.
      from: fc.integer({ min: 0, max: 3 }).map((steps) => now - steps * 25_000),
      left: fc.integer({ min: 1, max: 100_000 }),
    })
    .map(({ left, ...rest }) => ({
      ...rest,
      id: `${rest.prefix} ${rest.scope} ${rest.from}`,
      until: now + left,
      endedAt: null,
      why: `because of ${rest.prefix}`,
    }))
}

/** One second of suspicion, at no time yet. */
export const tick: fc.Arbitrary<Tick> = fc
  .record({
    class: fc.constantFrom(...CLASSES),
    at: fc.constant(0),
    hot: fc.boolean(),
    reachable: fc.boolean(),
    weight: fc.integer({ min: 0, max: 5_000 }),
  })
  .map((each) => ({
    ...each,
    reachable: each.reachable && each.class !== 'reflection',
    why: `${each.class} of ${each.weight}`,
  }))

export function onePrefix(text: string): Prefix {
  return text as Prefix
}
