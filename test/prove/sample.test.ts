import { describe, expect, test } from 'vitest'
import { drawn } from './sample/drawn.ts'
import { mutantText } from './sample/mutant.ts'
import { mutantsOf } from './sample/mutants-of.ts'
import { switched } from './sample/switched.ts'

const FILE = 'lib/core/any.ts'

function all(text: string): string[] {
  return mutantsOf(FILE, text).map((mutant) => mutantText(mutant).replace(`${FILE}:1: `, ''))
}

/** What the text gives with one of its mutants switched on, or with none. */
function given(text: string, on: number, ...values: readonly unknown[]): unknown {
  const mutants = mutantsOf(FILE, text).map((mutant, id) => ({ id, mutant }))
  const isMutant = (id: number) => id === on
  const code = switched(text, mutants).replaceAll('globalThis.isMutant', 'isMutant')
  return new Function('isMutant', `${code}\nreturn told`)(isMutant)(...values)
}

describe('mutants', () => {
  test.each([
    ['a < b', ['a < b -> (nothing)', 'a < b -> a <= b', 'a < b -> a >= b']],
    ['f((a + b) * c)', ['f((a + b) * c) -> (nothing)', '(a + b) * c -> (a + b) / c', 'a + b -> a - b']],
    ['const x = a && !b', ['a && !b -> a || (!b)', '!b -> b']],
    [
      'const x = list.filter(f).some(g)',
      ['list.filter(f).some(g) -> list.filter(f).every(g)', 'list.filter(f) -> list'],
    ],
    ['const x = a?.list.filter(f)', []],
    ['const x = `a` + b', []],
    ['const x: (1 | 2)[] = y as number[]', []],
    ["import { a } from './b.ts'", []],
  ])('of %s', (text, expected) => {
    expect(all(text)).toEqual(expected)
  })
})

describe('a text that holds all of its mutants', () => {
  const text = [
    'function told(a, b) {',
    '  const seen = []',
    '  if (a > b) if (a > 2 * b) seen.push(a)',
    '  else seen.push(b)',
    '  a < b ? seen.push(1) : seen.push(2)',
    '  return seen',
    '}',
  ].join('\n')

  test('does what the text does where none is on', () => {
    const plain = new Function(`${text}\nreturn told`)()
    for (const [a, b] of [
      [1, 2],
      [3, 2],
      [9, 2],
      [2, 2],
    ])
      expect(given(text, -1, a, b)).toEqual(plain(a, b))
  })

  test('does what the mutant does where one is on', () => {
    const mutants = mutantsOf(FILE, text)
    const on = mutants.findIndex((mutant) => mutant.text === 'a > b' && mutant.replacement === 'true')
    expect(given(text, on, 1, 2)).toEqual([2, 1])
    const gone = mutants.findIndex((mutant) => mutant.isStatement && mutant.text === 'seen.push(b)')
    expect(given(text, gone, 3, 2)).toEqual([2])
  })
})

describe('a seed', () => {
  const items = Array.from({ length: 1_000 }, (_, i) => i % 500)
  const draw = (from: readonly number[], count: number, seed: number) => drawn(from, count, seed, String)

  test('draws the same each time, and another seed others', () => {
    expect(draw(items, 20, 1)).toEqual(draw(items, 20, 1))
    expect(draw(items, 20, 1)).not.toEqual(draw(items, 20, 2))
    expect(draw(items, 20, 3)).toHaveLength(20)
    expect(draw(items, 5_000, 1)).toEqual(items)
  })

  test('draws what it drew where an item goes that it did not draw', () => {
    const sample = draw(items, 20, 1)
    const gone = items.find((item) => !sample.includes(item))
    const left = items.filter((item) => item !== gone)
    expect(draw(left, 20, 1)).toEqual(sample)
  })
})
