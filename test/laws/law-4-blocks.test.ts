import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/config.ts'
import { type Block, blockSeconds, LONGEST_UNREACHABLE_SECONDS } from '../../lib/core/block.ts'
import { type Episode, episodeAt, type Tick, withTick } from '../../lib/core/episode.ts'
import { noOffences, type Offences, stands, withEnd, withEpisode } from '../../lib/core/offences.ts'
import { onePrefix, tick } from '../core/arbitraries.ts'
import { search } from '../search.ts'

const NOW = 1_800_000_000_000
const SOURCE = onePrefix('192.0.2.7/32')
const PACES_MS = [5_000, 60_000, 600_000, 3_600_000, 30 * 86_400_000] as const
const STEADY = { ...DEFAULTS.ladders, jitterShare: 0 }

const STEP = fc.record({
  found: tick,
  /** In shares of the run's pace, so that some sources come back each second and others after days. */
  later: fc.double({ min: 0, max: 1, noNaN: true }),
})

const runs = fc.array(STEP, { minLength: 1, maxLength: 200, size: 'max' })

/** One source's life: every tick at its time, and the block that stands after it. */
class Life {
  offences: Offences = noOffences(SOURCE, 7)
  #episodes: readonly Episode[] = []

  add(found: Tick, ladders: typeof DEFAULTS.ladders | typeof STEADY = DEFAULTS.ladders): Block | null {
    this.#episodes = withTick(this.#episodes, found)
    const episode = episodeAt(this.#episodes, found.class, found.at)!
    this.offences = withEpisode(this.offences, episode, ladders, (from) => `id ${from}`)
    return this.offences.block
  }
}

function hot(at: number, reachable = false): Tick {
  return {
    class: reachable ? 'brute-force' : 'reflection',
    at,
    hot: true,
    reachable,
    weight: 300,
    why: 'it is',
  }
}

/** What of the block the law forbids, by the last instant at which its source was proven to be there. */
function wrongsOf({ why, from, until, scope, level }: Block, now: number, provenAt: number): string[] {
  const length = blockSeconds(DEFAULTS.ladders, true, level) * 1000
  const wrongs = {
    'says no why': why === '',
    'has no end': !Number.isFinite(until) || until <= from,
    'begins later': from > now,
    'denies everything': scope === 'all',
    'denies TCP of an unreachable source': scope === 'sip' && provenAt === Number.NEGATIVE_INFINITY,
    'is not capped': scope === 'sip-udp' && until - from > LONGEST_UNREACHABLE_SECONDS * 1000,
    'outlasts its proof': scope === 'sip' && until > Math.max(from, provenAt) + 1.25 * length,
  }
  return Object.entries(wrongs).flatMap(([wrong, is]) => (is ? [wrong] : []))
}

describe('Every Block has an `until` and a `why`. Unreachable sources: short, capped, UDP SIP ports only.', () => {
  test('whatever is detected, in whatever order and pace', () => {
    search(
      fc.property(runs, fc.constantFrom(...PACES_MS), fc.boolean(), (steps, pace, allForged) => {
        const life = new Life()
        let now = NOW
        let provenAt = Number.NEGATIVE_INFINITY
        for (const { found, later } of steps) {
          now += Math.round(later * pace)
          const reachable = found.reachable && !allForged
          if (reachable) provenAt = now
          const block = life.add({ ...found, at: now, reachable })
          if (block !== null) expect(wrongsOf(block, now, provenAt)).toEqual([])
        }
      }),
      { seed: 4, numRuns: 300 },
    )
  })

  test('an unreachable source that never stops climbs 2, 5, 15, 30, at most 60 minutes', () => {
    const life = new Life()
    const minutes: number[] = []
    let now = NOW
    for (let offence = 0; offence < 7; offence++) {
      const block = life.add(hot(now), STEADY)!
      minutes.push((block.until - block.from) / 60_000)
      expect(stands(block, now)).toBe(true)
      now = block.until + 10_000
    }
    expect(minutes).toEqual([2, 5, 15, 30, 60, 60, 60])
  })

  test('a source that never leaves off under observation is blocked for an hour, and then anew, a level up', () => {
    const life = new Life()
    const blocks = new Map<string, Block>()
    let changes = 0
    for (let second = 0; second < 8_000; second++) {
      const before = life.offences
      const block = life.add(hot(NOW + second * 1000), STEADY)!
      if (life.offences !== before) changes++
      blocks.set(block.id, block)
    }
    const spans = [...blocks.values()].map(({ from, until, level }) => [
      (from - NOW) / 1000,
      (until - NOW) / 1000,
      level,
    ])
    expect(spans).toEqual([
      [0, 3_600, 1],
      [3_600, 7_200, 2],
      [7_200, 8_100 + 900, 3],
    ])
    expect(changes).toBeLessThan(60)
  })

  test('a level is forgotten for each four lengths of quiet', () => {
    const levelAfter = (quiet: number): number => {
      const life = new Life()
      life.add(hot(NOW, true), STEADY)
      const first = life.add(hot(NOW + 1, true), STEADY)!
      life.add(hot(first.until, true), STEADY)
      const second = life.add(hot(first.until + 1, true), STEADY)!
      const length = second.until - second.from
      const later = second.until + Math.round(quiet * length)
      life.add(hot(later, true), STEADY)
      return life.add(hot(later + 1, true), STEADY)!.level
    }
    expect(levelAfter(0.01)).toBe(3)
    expect(levelAfter(3.99)).toBe(3)
    expect(levelAfter(4)).toBe(2)
    expect(levelAfter(100)).toBe(1)
  })

  test('one kind of block does not make the other forgotten', () => {
    const life = new Life()
    const levels: number[] = []
    let now = NOW
    for (const reachable of [true, true, true, false, true, false]) {
      life.add(hot(now, reachable), STEADY)
      const block = life.add(hot(now + 1, reachable), STEADY)!
      levels.push(block.level)
      now = block.until + 10_000
    }
    expect(levels).toEqual([1, 2, 3, 1, 4, 1]) // eight hours of quiet are many lengths of two minutes
  })

  test('proof that comes later widens the block and lengthens it; forged packets lengthen it no further', () => {
    const life = new Life()
    const at = (second: number, reachable: boolean) => ({
      ...hot(NOW + second * 1000, reachable),
      class: 'flood' as const,
    })
    life.add(at(0, false), STEADY)
    expect(life.add(at(1, false), STEADY)).toMatchObject({ scope: 'sip-udp', until: NOW + 121_000 })
    expect(life.add(at(2, true), STEADY)).toMatchObject({
      scope: 'sip',
      from: NOW + 1_000,
      until: NOW + 601_000,
    })
    for (let second = 3; second < 590; second++) life.add(at(second, false), STEADY)
    expect(life.offences.block).toMatchObject({ scope: 'sip', until: NOW + 601_000 })
  })

  test('a block that was lifted early does not keep the source from being blocked again', () => {
    const life = new Life()
    life.add(hot(NOW, true), STEADY)
    const first = life.add(hot(NOW + 1_000, true), STEADY)!
    life.offences = withEnd(life.offences, NOW + 60_000, true)
    life.add(hot(NOW + 200_000, true), STEADY)
    const again = life.add(hot(NOW + 201_000, true), STEADY)!
    expect(again).toMatchObject({ from: NOW + 201_000, endedAt: null })
    expect(again.id).not.toBe(first.id)
  })

  test('a source that comes and goes for days under observation leaves few traces', () => {
    const life = new Life()
    for (let minute = 0; minute < 3 * 24 * 60; minute++) {
      const at = NOW + minute * 60_000
      for (let second = 0; second < 20; second += 5) life.add(hot(at + second * 1_000, true), STEADY)
    }
    expect(life.offences.presences.length).toBeLessThan(20)
    expect(stands(life.offences.block, NOW + (3 * 24 * 60 - 1) * 60_000)).toBe(true)
  })

  test('a block that was lifted is remembered, and what was seen before it is not held against the source again', () => {
    const life = new Life()
    life.add(hot(NOW), STEADY)
    life.offences = withEnd(life.offences, NOW + 5_000, true)
    expect(life.offences.block?.endedAt).toBe(NOW + 5_000)
    expect(life.add(hot(NOW + 4_000), STEADY)?.endedAt).toBe(NOW + 5_000)
    expect(life.add(hot(NOW + 6_000), STEADY)).toMatchObject({ from: NOW + 5_000, level: 2, endedAt: null })
  })
})
