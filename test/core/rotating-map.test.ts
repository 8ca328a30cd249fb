import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RotatingMap } from '../../lib/core/rotating-map.ts'
import { search } from '../search.ts'

test('a rotating map holds the newest half of its capacity for certain and never more than all of it', () => {
  const writes = fc.array(fc.tuple(fc.nat(30), fc.nat()), { maxLength: 200 })
  search(
    fc.property(fc.integer({ min: 1, max: 8 }), writes, (half, pairs) => {
      const map = new RotatingMap<number, number>(2 * half)
      const latest = new Map<number, number>()
      for (const [key, value] of pairs) {
        map.set(key, value)
        latest.delete(key)
        latest.set(key, value)
        const newest = [...latest].slice(-half)
        expect(newest.map(([each]) => map.get(each))).toEqual(newest.map(([, kept]) => kept))
        const held = [...latest].filter(([each]) => map.get(each) !== undefined)
        expect(held.every(([each, kept]) => map.get(each) === kept)).toBe(true)
        expect(held.length).toBeLessThanOrEqual(map.size)
        expect(map.size).toBeLessThanOrEqual(2 * half)
      }
    }),
    { seed: 35, numRuns: 1_000 },
  )
})
