import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BoundedMap } from '../../lib/core/bounded-map.ts'
import { HyperLogLog } from '../../lib/core/hyper-log-log.ts'
import { keyedHash } from '../../lib/core/keyed-hash.ts'
import { Ring } from '../../lib/core/ring.ts'
import { search } from '../search.ts'

const SEED = 32

interface Write {
  readonly step: number
  readonly column: number
  readonly count: number
}

/** What a ring promises, kept without forgetting: writes that were not too old, summed where they still count. */
class Remembered {
  #writes: Write[] = []
  #newest = Number.NEGATIVE_INFINITY
  readonly #buckets: number

  constructor(buckets: number) {
    this.#buckets = buckets
  }

  add(write: Write): void {
    this.#newest = Math.max(this.#newest, write.step)
    if (write.step > this.#newest - this.#buckets) this.#writes.push(write)
  }

  sum(column: number, from: number, to: number): number {
    const oldest = this.#newest - this.#buckets + 1
    return this.#writes
      .filter((write) => write.column === column && write.step >= Math.max(from, oldest) && write.step <= to)
      .reduce((total, { count }) => total + count, 0)
  }

  clear(): void {
    this.#writes = []
    this.#newest = Number.NEGATIVE_INFINITY
  }
}

describe('a ring', () => {
  const walk = fc.array(
    fc.record({
      move: fc.oneof(fc.integer({ min: -12, max: 3 }), fc.integer({ min: 0, max: 40 })),
      column: fc.nat(2),
      count: fc.integer({ min: 1, max: 1000 }),
      clear: fc.boolean(),
    }),
    { maxLength: 60 },
  )

  test('sums what a list of all writes sums, whatever the gaps and however old the steps', () => {
    const start = fc.constantFrom(1_000, 28_333_333, 1_700_000_000)
    search(
      fc.property(
        start,
        fc.integer({ min: 1, max: 16 }),
        walk,
        fc.nat(20),
        (first, buckets, moves, width) => {
          const ring = new Ring(buckets, 3)
          const remembered = new Remembered(buckets)
          let step: number = first
          for (const [index, { move, column, count, clear }] of moves.entries()) {
            if (clear && index % 20 === 19) {
              ring.clear()
              remembered.clear()
            }
            step = Math.max(0, step + move)
            ring.add(step, column, count)
            remembered.add({ step, column, count })
            for (const end of [step, step + 1, step - 3]) {
              expect(ring.sum(column, end - width, end)).toBe(remembered.sum(column, end - width, end))
            }
          }
        },
      ),
      { seed: SEED, numRuns: 2_000 },
    )
  })

  // Before step `buckets` the sum reads rows of negative steps, which do not exist, and is not a number.
  test('sums from its first step on', () => {
    const ring = new Ring(8, 1)
    ring.add(3, 0)
    expect(ring.sum(0, -6, 3)).toBe(1)
  })

  test('that nobody wrote to sums to zero', () => {
    expect(new Ring(8, 1).sum(0, 0, 1000)).toBe(0)
  })

  test('forgets everything after a gap of its length', () => {
    const ring = new Ring(8, 1)
    for (let step = 0; step < 8; step++) ring.add(step, 0)
    expect(ring.sum(0, 0, 7)).toBe(8)
    ring.add(15, 0)
    expect(ring.sum(0, 0, 15)).toBe(1)
    ring.add(7, 0)
    expect(ring.sum(0, 0, 15)).toBe(1)
    ring.add(8, 0)
    expect(ring.sum(0, 0, 15)).toBe(2)
  })
})

describe('HyperLogLog', () => {
  function holding(size: number, count: number, key = 1, prefix = 'user'): HyperLogLog {
    const sketch = new HyperLogLog(size)
    for (let i = 0; i < count; i++) sketch.add(keyedHash(key, `${prefix}${i}`))
    return sketch
  }

  test.each([
    [64, 0.13, [20, 100, 1_000, 20_000]],
    [4_096, 0.016, [100, 1_000, 10_000, 20_000, 200_000]],
  ])('with %i registers has a standard error of %d', (size, error, counts) => {
    for (const count of counts) {
      const runs = size === 64 ? 100 : count > 50_000 ? 4 : 20
      let squares = 0
      for (let key = 1; key <= runs; key++) {
        const off = (holding(size, count, key * 7919).estimate() - count) / count
        expect(Math.abs(off)).toBeLessThan(4.5 * error)
        squares += off * off
      }
      // Near 2.5 things a register, where the two ways of counting meet, it is up to 1.8 times that.
      expect(Math.sqrt(squares / runs)).toBeLessThan(1.8 * error)
    }
  })

  test('with 64 registers never takes up to 3 things for more, and up to 10 for at most one more', () => {
    for (let key = 1; key <= 500; key++) {
      for (let count = 0; count <= 10; count++) {
        const estimate = Math.round(holding(64, count, key * 104_729).estimate())
        expect(estimate).toBeLessThanOrEqual(count <= 7 ? count : count + 1)
        expect(estimate).toBeGreaterThanOrEqual(Math.min(count, 1))
      }
    }
  })

  test('counts the same thing once', () => {
    const sketch = new HyperLogLog(64)
    for (let i = 0; i < 1000; i++) sketch.add(keyedHash(1, 'alice'))
    expect(Math.round(sketch.estimate())).toBe(1)
    sketch.clear()
    expect(sketch.estimate()).toBe(0)
  })

  test('merges in any order, and again, to what one sketch of all would hold', () => {
    const sets = fc.array(fc.array(fc.string({ maxLength: 6 }), { maxLength: 40 }), {
      minLength: 1,
      maxLength: 4,
    })
    search(
      fc.property(sets, (parts) => {
        const sketches = parts.map((part) => sketchOf(part))
        const together = sketchOf(parts.flat())
        const forwards = new HyperLogLog(64)
        for (const { registers } of sketches) forwards.merge(registers)
        const backwards = new HyperLogLog(64)
        for (const { registers } of [...sketches, ...sketches].reverse()) backwards.merge(registers)
        expect(forwards.registers).toEqual(together.registers)
        expect(backwards.registers).toEqual(together.registers)
      }),
      { seed: SEED, numRuns: 500 },
    )
  })

  function sketchOf(texts: readonly string[]): HyperLogLog {
    const sketch = new HyperLogLog(64)
    for (const text of texts) sketch.add(keyedHash(3, text))
    return sketch
  }
})

describe('a bounded map', () => {
  const operation = fc.record({
    key: fc.nat(12),
    action: fc.constantFrom('set', 'set', 'get', 'delete'),
    value: fc.nat(),
  })

  test('never holds more than its capacity, and forgets what was written longest ago', () => {
    search(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(operation, { maxLength: 80 }),
        (capacity, operations) => {
          const map = new BoundedMap<number, number>(capacity)
          let model: [number, number][] = []
          for (const { key, action, value } of operations) {
            if (action === 'get') {
              expect(map.get(key)).toBe(model.find(([each]) => each === key)?.[1])
              continue
            }
            model = model.filter(([each]) => each !== key)
            if (action === 'set') {
              model = [...model, [key, value] as [number, number]].slice(-capacity)
              map.set(key, value)
            } else map.delete(key)
            expect(map.size).toBeLessThanOrEqual(capacity)
            expect([...map.entries()]).toEqual(model)
          }
        },
      ),
      { seed: SEED, numRuns: 500 },
    )
  })
})
