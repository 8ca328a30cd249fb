import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keyedHash } from '../../lib/core/keyed-hash.ts'
import { search } from '../search.ts'

const SEED = 32

describe('the keyed hash', () => {
  const text = fc.string({ unit: 'binary', maxLength: 12 })

  test('is a whole number of 53 bits that key and texts alone decide', () => {
    search(
      fc.property(fc.integer(), text, text, (key, first, second) => {
        const hash = keyedHash(key, first, second)
        expect(Number.isSafeInteger(hash) && hash >= 0).toBe(true)
        expect(keyedHash(key, first, second)).toBe(hash)
      }),
      { seed: SEED, numRuns: 1_000 },
    )
  })

  test('differs by key', () => {
    search(
      fc.property(fc.integer(), fc.integer(), text, (key, other, first) => {
        fc.pre((key | 0) !== (other | 0))
        expect(keyedHash(key, first)).not.toBe(keyedHash(other, first))
      }),
      { seed: SEED, numRuns: 1_000 },
    )
  })

  test('differs by where one part ends and the next begins', () => {
    search(
      fc.property(fc.integer(), fc.string({ minLength: 1, maxLength: 12 }), (key, whole) => {
        const hashes = Array.from({ length: whole.length + 1 }, (_, at) =>
          keyedHash(key, whole.slice(0, at), whole.slice(at)),
        )
        expect(new Set(hashes).size).toBe(hashes.length)
      }),
      { seed: SEED, numRuns: 1_000 },
    )
  })

  test('of 200,000 like texts meets nowhere and spreads evenly', () => {
    const cells = new Uint32Array(256)
    const seen = new Set<number>()
    for (let i = 0; i < 200_000; i++) {
      const hash = keyedHash(0, `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`)
      seen.add(hash)
      cells[hash % 256]!++
    }
    expect(seen.size).toBe(200_000)
    const mean = 200_000 / 256
    const spread = cells.reduce((sum, cell) => sum + (cell - mean) ** 2 / mean, 0)
    expect(spread).toBeLessThan(360) // chi-squared of 255 degrees of freedom: one in 100,000 is above
  })
})
