import fc from 'fast-check'
import { expect, test } from 'vitest'
import { address6 } from '../../lib/host/address6.ts'
import { addressFromBytes16 } from '../core/address-bytes.ts'
import { search } from '../search.ts'

test('the text is the canonical one, wherever the zeros are', () => {
  const group = fc.oneof(fc.constant(0), fc.constant(0), fc.nat(0xffff))
  search(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), fc.nat(5), (groups, at) => {
      const bytes = Uint8Array.from([
        ...Array(at).fill(7),
        ...groups.flatMap((value) => [value >> 8, value & 255]),
        7,
      ])
      const expected = addressFromBytes16(bytes.subarray(at))
      fc.pre(expected.includes(':'))
      expect(address6(bytes, at)).toBe(expected)
    }),
    { seed: 20, numRuns: 5000 },
  )
})

test.each([
  [[0, 0, 0, 0, 0, 0, 0, 0], '::'],
  [[0, 0, 0, 0, 0, 0, 0, 1], '::1'],
  [[1, 0, 0, 0, 0, 0, 0, 0], '1::'],
  [[0x2001, 0xdb8, 0, 1, 1, 1, 1, 1], '2001:db8:0:1:1:1:1:1'],
  [[0x2001, 0xdb8, 0, 0, 1, 0, 0, 1], '2001:db8::1:0:0:1'],
  [[0, 1, 2, 3, 4, 5, 6, 7], '0:1:2:3:4:5:6:7'],
  [[1, 2, 3, 4, 5, 6, 0, 0], '1:2:3:4:5:6::'],
])('%j is %s', (groups, text) => {
  const bytes = Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 255]))
  expect(address6(bytes, 0)).toBe(text)
})
