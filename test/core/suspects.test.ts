import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Prefix } from '../../lib/core/prefix.ts'
import type { SourceRecord } from '../../lib/core/source-record.ts'
import { Suspects } from '../../lib/core/suspects.ts'
import { search } from '../search.ts'

const SEED = 33
const SECOND = 1_700_000_000
const KEY = 0x5eed

function source(number: number): Prefix {
  return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}/32` as Prefix
}

function counted(record: SourceRecord | undefined): number {
  return record?.window600(SECOND + 1).packetsIn ?? 0
}

/** Suspects that count one packet a touch, beside exact counts of everything. */
class Counted {
  readonly suspects: Suspects
  readonly truth = new Map<Prefix, number>()
  /** Packets that a source sent before its present record was its own. */
  readonly before = new Map<Prefix, number>()

  constructor(capacity: number) {
    this.suspects = new Suspects(capacity, KEY)
  }

  touch(prefix: Prefix): SourceRecord | undefined {
    const had = this.suspects.find(prefix) !== undefined
    const record = this.suspects.touch(prefix)
    if (!had) this.before.set(prefix, this.truth.get(prefix) ?? 0)
    this.truth.set(prefix, (this.truth.get(prefix) ?? 0) + 1)
    record?.add('packetsIn', SECOND)
    return record
  }

  uncounted(prefix: Prefix): number {
    return this.truth.get(prefix)! - counted(this.suspects.find(prefix))
  }
}

describe('suspects', () => {
  const touches = fc.array(fc.oneof(fc.nat(5), fc.nat(40)), { maxLength: 300 })

  test('with room are counted exactly', () => {
    const all = new Counted(50)
    for (let i = 0; i < 500; i++) all.touch(source(i % 50))
    expect(all.suspects.size).toBe(50)
    expect(all.suspects.leastWeight).toBe(12)
    for (const prefix of all.truth.keys()) expect(all.uncounted(prefix)).toBe(0)
  })

  test('never count more than the truth since they were let in, and never hide more than leastWeight', () => {
    search(
      fc.property(fc.integer({ min: 1, max: 8 }), touches, (capacity, numbers) => {
        const all = new Counted(capacity)
        for (const number of numbers) all.touch(source(number))
        expect(all.suspects.size).toBeLessThanOrEqual(capacity)
        for (const [prefix, truth] of all.truth) {
          const record = all.suspects.find(prefix)
          if (record !== undefined) expect(counted(record)).toBe(truth - all.before.get(prefix)!)
          expect(all.uncounted(prefix)).toBeLessThanOrEqual(all.suspects.leastWeight)
        }
      }),
      { seed: SEED, numRuns: 2_000 },
    )
  })

  test('let in every source at its third packet at the latest', () => {
    const all = new Counted(4)
    for (let i = 0; i < 40; i++) all.touch(source(i % 4))
    const results = [1, 2, 3].map(() => all.touch(source(9)) !== undefined)
    expect(results).toEqual([false, false, true])
    expect(all.suspects.find(source(9))?.prefix).toBe(source(9))
  })

  test('give way in the order of their weights, through any touches, removals and ageing', () => {
    const step = fc.oneof(
      { weight: 20, arbitrary: fc.record({ action: fc.constant('touch'), number: fc.nat(30) }) },
      { weight: 2, arbitrary: fc.record({ action: fc.constant('remove'), number: fc.nat(30) }) },
      { weight: 1, arbitrary: fc.constant({ action: 'age', number: 0 }) },
    )
    search(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 400 }), (capacity, steps) => {
        const suspects = new Suspects(capacity, KEY)
        const weights = new Map<Prefix, number>()
        for (const { action, number } of steps) {
          const prefix = source(number)
          if (action === 'age') {
            suspects.age()
            for (const [each, weight] of weights) weights.set(each, Math.floor(weight / 2))
          } else if (action === 'remove') {
            expect(suspects.remove(prefix)?.prefix).toBe(weights.has(prefix) ? prefix : undefined)
            weights.delete(prefix)
          } else touchBoth(suspects, weights, prefix, capacity)
          expect(suspects.size).toBe(weights.size)
          expect([...suspects.records()].map((record) => record.prefix).sort()).toEqual(
            [...weights.keys()].sort(),
          )
          if (weights.size < capacity) continue
          expect(suspects.leastWeight).toBeGreaterThanOrEqual(Math.min(...weights.values()) + 2)
        }
      }),
      { seed: SEED, numRuns: 1_000 },
    )
  })

  test('hand a record over with nothing of its former source in it', () => {
    const all = new Counted(1)
    const record = all.touch(source(1))!
    record.addFailedUser(123_456, SECOND)
    record.prove('dialog', SECOND)
    record.transports.add('udp')
    Object.assign(record, { echoes: 2, ttl: 64, unansweredSince: SECOND, knownGoodAt: SECOND })
    for (let i = 0; i < 3; i++) all.touch(source(2))
    const taken = all.suspects.find(source(2))!
    expect(taken).toBe(record)
    expect(taken.window600(SECOND + 1)).toEqual({ packetsIn: 1 })
    expect(taken.window10(SECOND + 1)).toEqual({ packetsIn: 1 })
    const { packetsIn: _, ...settled } = taken.settled(SECOND + 10)
    expect(Object.values(settled).every((value) => value === 0)).toBe(true)
    expect(taken.failedUsers(SECOND + 1).every((register) => register === 0)).toBe(true)
    expect(taken.proof(SECOND)).toBe('none')
    expect([...taken.transports]).toEqual([])
    expect(taken).toMatchObject({ echoes: 0, ttl: 0, unansweredSince: null, knownGoodAt: null })
    expect(all.suspects.find(source(1))).toBeUndefined()
  })

  test('do not hide more than leastWeight after one of them was taken out', () => {
    const all = new Counted(2)
    for (let i = 0; i < 10; i++) all.touch(source(i % 2))
    for (let i = 0; i < 3; i++) all.touch(source(2))
    all.suspects.remove(source(2))
    const evicted = [source(0), source(1)].find((prefix) => all.suspects.find(prefix) === undefined)!
    expect(all.uncounted(evicted)).toBe(5)
    expect(all.suspects.leastWeight).toBeGreaterThanOrEqual(5)
  })

  test('do not hide more than leastWeight just after ageing', () => {
    const all = new Counted(2)
    for (let i = 0; i < 20; i++) all.touch(source(i % 2))
    for (let i = 0; i < 3; i++) all.touch(source(2))
    const evicted = [source(0), source(1)].find((prefix) => all.suspects.find(prefix) === undefined)!
    all.suspects.age()
    expect(all.uncounted(evicted)).toBe(10)
    expect(all.suspects.leastWeight).toBeGreaterThanOrEqual(10)
  })
})

function touchBoth(suspects: Suspects, weights: Map<Prefix, number>, prefix: Prefix, capacity: number): void {
  const record = suspects.touch(prefix)
  const weight = weights.get(prefix)
  if (weight !== undefined) weights.set(prefix, weight + 1)
  else if (weights.size < capacity) weights.set(prefix, 1)
  else if (record !== undefined) {
    const least = Math.min(...weights.values())
    const gone = [...weights.keys()].filter((each) => suspects.find(each) === undefined)
    expect(gone).toHaveLength(1)
    expect(weights.get(gone[0]!)).toBe(least)
    weights.delete(gone[0]!)
    weights.set(prefix, least + 1)
  }
  expect(record?.prefix).toBe(weights.has(prefix) ? prefix : undefined)
}

describe('under 200,000 forged sources', () => {
  const HEAVY = 40

  function flood(): Counted {
    const all = new Counted(4_096)
    for (let i = 0; i < 200_000; i++) {
      all.touch(source(1_000_000 + i))
      if (i % 20 === 0) all.touch(source((i / 20) % HEAVY))
    }
    return all
  }

  test('every source with more than its share of the packets is found, and mostly counted', () => {
    const all = flood()
    expect(all.suspects.size).toBe(4_096)
    for (let i = 0; i < HEAVY; i++) {
      const truth = all.truth.get(source(i))!
      expect(truth).toBe(250)
      expect(counted(all.suspects.find(source(i)))).toBeGreaterThanOrEqual(truth - all.suspects.leastWeight)
      expect(all.uncounted(source(i))).toBeLessThan(truth / 10)
    }
  })

  test('no source is counted above the truth or hides more than leastWeight', () => {
    const all = flood()
    for (const [prefix, truth] of all.truth) {
      const record = counted(all.suspects.find(prefix))
      if (record > truth || truth - record > all.suspects.leastWeight) {
        throw new Error(`${prefix} is counted ${record} times of ${truth}`)
      }
    }
  })

  test('a source that comes late, on full tables, is found too', () => {
    const all = flood()
    for (let i = 0; i < 500; i++) all.touch(source(77))
    expect(all.uncounted(source(77) as Prefix)).toBeLessThanOrEqual(all.suspects.leastWeight)
    expect(counted(all.suspects.find(source(77)))).toBeGreaterThan(480)
  })

  test('up to 10,000 sources of one packet each push nobody out', () => {
    const all = new Counted(4_096)
    for (let i = 0; i < 4_096; i++) all.touch(source(i))
    for (let i = 0; i < 10_000; i++) all.touch(source(1_000_000 + i))
    for (let i = 0; i < 4_096; i++) expect(all.uncounted(source(i))).toBe(0)
  })
})
