import { describe, expect, test } from 'vitest'
import { type Episode, episodeAt, KEPT_MS, type Tick, withTick } from '../../lib/core/episode.ts'

const NOW = 1_800_000_000_000

function tick(at: number, more: Partial<Tick> = {}): Tick {
  return { class: 'flood', at: NOW + at, why: `at ${at}`, hot: true, weight: 1, reachable: false, ...more }
}

function episodes(...ticks: readonly Tick[]): readonly Episode[] {
  return ticks.reduce<readonly Episode[]>(withTick, [])
}

describe('episodes', () => {
  test('are in one order, whichever of two classes came first', () => {
    const [one, other] = [tick(0), tick(0, { class: 'brute-force' })]
    expect(episodes(one, other)).toEqual(episodes(other, one))
    expect(episodes(one, other).map((each) => each.class)).toEqual(['brute-force', 'flood'])
  })

  test('are one where less than 10 s lie between ticks, and two where 10 s do', () => {
    expect(episodes(tick(0), tick(9_999))).toMatchObject([{ from: NOW, to: NOW + 9_999 }])
    expect(episodes(tick(0), tick(10_000))).toHaveLength(2)
    expect(episodes(tick(10_000), tick(0))).toHaveLength(2)
  })

  test('of two that a tick joins are one', () => {
    expect(episodes(tick(0), tick(16_000), tick(8_000))).toMatchObject([{ from: NOW, to: NOW + 16_000 }])
  })

  test('are kept while they lie no further back than reports may come', () => {
    expect(episodes(tick(0), tick(KEPT_MS))).toHaveLength(2)
    expect(episodes(tick(0), tick(KEPT_MS + 1))).toHaveLength(1)
  })

  test('hold the instants of their first and last tick', () => {
    const found = episodes(tick(0), tick(5_000))
    for (const at of [0, 5_000]) expect(episodeAt(found, 'flood', NOW + at)).toBe(found[0])
    for (const at of [-1, 5_001]) expect(episodeAt(found, 'flood', NOW + at)).toBeUndefined()
    expect(episodeAt(found, 'reflection', NOW)).toBeUndefined()
  })
})
