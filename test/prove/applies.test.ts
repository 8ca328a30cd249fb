import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FAULTS } from './faults/all.ts'
import { planted } from './planted-fault.ts'
import { ROOT } from './tree.ts'

describe('Every planted fault', () => {
  test.each(FAULTS.map((fault) => [fault.name, fault] as const))('%s', (_, fault) => {
    const text = readFileSync(join(ROOT, fault.file), 'utf8')
    expect(planted(text, fault)).not.toBe(text)
    expect(fault.tests.filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
  })

  test('has a name of its own, and there are at least sixty', () => {
    expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length)
    expect(FAULTS.length).toBeGreaterThanOrEqual(60)
  })

  test('that has no place of its own is told of', () => {
    const fault = { name: 'any', file: 'lib/any.ts', find: 'a', replace: 'b', tests: [] }
    expect(() => planted('aa', fault)).toThrow('stands 2 times in lib/any.ts')
    expect(() => planted('', fault)).toThrow('stands 0 times in lib/any.ts')
  })
})
