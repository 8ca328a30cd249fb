import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/config.ts'
import { type Block, decide, LONGEST_UNREACHABLE_SECONDS, stands } from '../../lib/core/block.ts'
import type { Detection } from '../../lib/core/detection.ts'
import { detection } from '../core/arbitraries.ts'

const PACES_MS = [5_000, 60_000, 600_000, 3_600_000, 30 * 86_400_000] as const

const STEP = fc.record({
  found: detection,
  /** In shares of the run's pace, so that some sources come back each second and others after days. */
  later: fc.double({ min: 0, max: 1, noNaN: true }),
  random: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
})

const runs = fc.array(STEP, { minLength: 1, maxLength: 200, size: 'max' })

interface Step {
  readonly found: Detection
  readonly later: number
  readonly random: number
}

/** Decides on one source again and again, as time goes by, and hands over what came of each. */
function life(steps: readonly Step[], paceMs: number) {
  const decided: { block: Block; now: number; reachable: boolean }[] = []
  let now = 1_800_000_000_000
  let last: Block | undefined
  for (const [index, { found, later, random }] of steps.entries()) {
    now += Math.round(later * paceMs)
    const block = decide(
      { ...found, at: now },
      { ladders: DEFAULTS.ladders, now, random, id: `id ${index}`, last },
    )
    if (block === undefined) continue
    decided.push({ block, now, reachable: found.reachable })
    last = block
  }
  return decided
}

describe('Every Block has an `until` and a `why`. Unreachable sources: short, capped, UDP SIP ports only.', () => {
  test('whatever is detected, in whatever order and pace', () => {
    fc.assert(
      fc.property(runs, fc.constantFrom(...PACES_MS), fc.boolean(), (steps, pace, allForged) => {
        const forged = (step: Step): Step => ({
          ...step,
          found: { ...step.found, proof: 'none', reachable: false },
        })
        let before: Block | undefined
        for (const { block, now, reachable } of life(allForged ? steps.map(forged) : steps, pace)) {
          expect(block.why).not.toBe('')
          expect(Number.isFinite(block.until)).toBe(true)
          expect(block.until).toBeGreaterThan(now)
          expect(block.from).toBeLessThanOrEqual(now)
          if (block.scope === 'sip-udp') {
            expect(block.until - block.from).toBeLessThanOrEqual(LONGEST_UNREACHABLE_SECONDS * 1000)
          }
          if (!reachable && block.from === now) expect(block.scope).toBe('sip-udp')
          if (!reachable && block.scope === 'sip') expect(block.until).toBe(before?.until)
          before = block
          expect(block.scope).not.toBe('all')
        }
      }),
      { seed: 4, numRuns: 300 },
    )
  })

  test('an unreachable source that never stops climbs 2, 5, 15, 30, at most 60 minutes', () => {
    const minutes: number[] = []
    let now = 1_800_000_000_000
    let last: Block | undefined
    const found = fc.sample(detection, { seed: 1, numRuns: 1 })[0]!
    for (let offence = 0; offence < 7; offence++) {
      const forged = {
        ...found,
        class: 'reflection' as const,
        proof: 'none' as const,
        reachable: false,
        at: now,
      }
      last = decide(forged, { ladders: DEFAULTS.ladders, now, random: 0, id: String(offence), last })!
      minutes.push((last.until - last.from) / 60_000)
      expect(stands(last, now)).toBe(true)
      now = last.until + 1_000
    }
    expect(minutes).toEqual([2, 5, 15, 30, 60, 60, 60])
  })

  test('a level is forgotten for each four lengths of quiet', () => {
    const found = {
      ...fc.sample(detection, { seed: 1, numRuns: 1 })[0]!,
      class: 'flood' as const,
      proof: 'nonce' as const,
      reachable: true,
    }
    const at = (now: number, last: Block | undefined) =>
      decide({ ...found, at: now }, { ladders: DEFAULTS.ladders, now, random: 0, id: String(now), last })!
    const first = at(1_800_000_000_000, undefined)
    const second = at(first.until + 1, first)
    expect([first.level, second.level]).toEqual([1, 2])
    const length = second.until - second.from
    expect(at(second.until + 4 * length - 1, second).level).toBe(3)
    expect(at(second.until + 4 * length, second).level).toBe(2)
    expect(at(second.until + 100 * length, second).level).toBe(1)
  })

  test('one kind of block does not make the other forgotten', () => {
    const found = { ...fc.sample(detection, { seed: 1, numRuns: 1 })[0]!, class: 'brute-force' as const }
    const levels: number[] = []
    let now = 1_800_000_000_000
    let last: Block | undefined
    for (const reachable of [true, true, true, false, true, false]) {
      const chance = { ladders: DEFAULTS.ladders, now, random: 0, id: String(now), last }
      last = decide({ ...found, reachable, at: now }, chance)!
      levels.push(last.level)
      now = last.until + 1_000
    }
    expect(levels).toEqual([1, 2, 3, 1, 4, 1]) // eight hours of quiet are many lengths of two minutes
  })

  test('a block that is extended for an hour is extended a few dozen times, not each second', () => {
    const found = { ...fc.sample(detection, { seed: 1, numRuns: 1 })[0]!, class: 'reflection' as const }
    let changes = 0
    let last: Block | undefined
    for (let second = 0; second < 3_600; second++) {
      const now = 1_800_000_000_000 + second * 1000
      const chance = { ladders: DEFAULTS.ladders, now, random: 0, id: String(now), last }
      const next = decide({ ...found, reachable: false, at: now }, chance)
      if (next !== undefined) changes++
      last = next ?? last
    }
    expect(changes).toBeGreaterThan(10)
    expect(changes).toBeLessThan(60)
  })
})
