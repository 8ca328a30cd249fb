import { describe, expect, test } from 'vitest'
import type { Block, Ladders } from '../../lib/core/block.ts'
import type { Episode } from '../../lib/core/episode.ts'
import { noOffences, type Offences, stands, withEnd, withEpisode } from '../../lib/core/offences.ts'
import { onePrefix } from './arbitraries.ts'

const NOW = 1_800_000_000_000
/** Two and five minutes for whoever may be forged, without chance. */
const LADDERS: Ladders = { unreachableSeconds: [120, 300], reachableSeconds: [600, 3_600], jitterShare: 0 }

/** Seen from one second to another, as a reflection unless said otherwise. */
function episode(from: number, to = from, more: Partial<Episode> = {}): Episode {
  const span = { from: NOW + from * 1_000, to: NOW + to * 1_000 }
  const hot = [{ at: span.from, why: `since ${from}` }]
  return { class: 'reflection', ...span, hot, weight: 100, proven: null, told: false, ...more }
}

function found(...episodes: readonly Episode[]): Offences {
  const source = onePrefix('192.0.2.7/32')
  return episodes.reduce(
    (sum, each) => withEpisode(sum, each, LADDERS, (from) => `from ${(from - NOW) / 1_000}`),
    noOffences(source, 0),
  )
}

/** The block's seconds, from the first to the last, and its level. */
function told({ block }: Offences): readonly number[] {
  return [(block!.from - NOW) / 1_000, (block!.until - NOW) / 1_000, block!.level]
}

describe('a block', () => {
  test('begins with the detection and lasts as long as its level', () => {
    expect(told(found(episode(0)))).toEqual([0, 120, 1])
  })

  test('stays as it is while more than a quarter of it is left when its source is seen again', () => {
    expect(told(found(episode(0), episode(90)))).toEqual([0, 120, 1])
  })

  test('is a length longer where less is left, whether it was seen all the time or anew', () => {
    expect(told(found(episode(0, 91)))).toEqual([0, 240, 1])
    expect(told(found(episode(0), episode(91)))).toEqual([0, 240, 1])
    expect(told(found(episode(91), episode(0)))).toEqual([0, 240, 1])
  })

  test('is followed by one of the next level from the very instant at which it ends', () => {
    expect(told(found(episode(0), episode(119)))).toEqual([0, 240, 1])
    expect(told(found(episode(0), episode(120)))).toEqual([120, 420, 2])
    expect(found(episode(0), episode(120)).block!.id).toBe('from 120')
  })

  test('has the greatest weight of its episodes, rounded up to the next quarter more', () => {
    const weightOf = (...weights: number[]) =>
      found(...weights.map((weight, i) => episode(20 * i, 20 * i, { weight }))).block!.weight
    expect(weightOf(100, 50)).toBe(weightOf(100))
    expect(weightOf(50, 100)).toBe(weightOf(100))
    expect(weightOf(0)).toBe(0)
    expect(weightOf(1)).toBe(1)
    for (const weight of [2, 10, 99, 100, 1_000]) {
      expect(weightOf(weight)).toBeGreaterThanOrEqual(weight)
      expect(weightOf(weight)).toBeLessThanOrEqual(Math.ceil(1.25 * weight))
    }
  })

  test('says what was seen first, whichever report came first', () => {
    const hot = (second: number, why: string) => ({ hot: [{ at: NOW + second * 1_000, why }] })
    const early = episode(0, 0, hot(0, 'z'))
    const late = episode(20, 20, hot(20, 'a'))
    expect(found(early, late).block!.why).toBe('z')
    expect(found(late, early).block!.why).toBe('z')
  })

  test('that ended long before the newest report is remembered as a rung and no more', () => {
    const { presences, rungs, settledAt } = found(episode(0), episode(3_600), episode(7_200))
    expect(presences).toHaveLength(1)
    expect(settledAt).toBe(NOW + 3_720_000)
    expect(rungs).toEqual({
      unreachable: { level: 1, from: NOW + 3_600_000, ended: NOW + 3_720_000 },
      reachable: null,
    })
  })

  test('of whoever has shown to be there is longer and denies TCP too', () => {
    const proven = { from: NOW, to: NOW }
    const { block } = found(episode(0, 0, { proven }))
    expect(block).toMatchObject({ scope: 'sip', until: NOW + 600_000 })
  })
})

describe('an end', () => {
  const before = found(episode(0))

  test('comes at the last instant of the block and no earlier, unless it is lifted', () => {
    const { until } = before.block!
    expect(withEnd(before, until - 1, false)).toBe(before)
    expect(withEnd(before, until, false).block).toMatchObject({ endedAt: until })
    expect(withEnd(before, until + 5, false).block).toMatchObject({ endedAt: until })
    expect(withEnd(before, until - 1, true).block).toMatchObject({ endedAt: until - 1 })
    expect(withEnd(withEnd(before, until, false), until + 9, true).block).toMatchObject({ endedAt: until })
  })

  test('that was early settles what was seen before it', () => {
    const lifted = withEnd(before, NOW + 60_000, true)
    const again = withEpisode(lifted, episode(0, 30), LADDERS, () => 'new')
    expect(again).toBe(lifted)
    expect(withEpisode(lifted, episode(61), LADDERS, () => 'new').block).toMatchObject({
      id: 'new',
      level: 2,
    })
  })
})

test('a block stands from its first instant to before its last, until it has ended', () => {
  const block = found(episode(0)).block as Block
  const { from, until } = block
  expect([from - 1, from, until - 1, until].map((at) => stands(block, at))).toEqual([
    false,
    true,
    true,
    false,
  ])
  expect(stands({ ...block, endedAt: from + 1 }, from)).toBe(false)
  expect(stands(null, from)).toBe(false)
})
