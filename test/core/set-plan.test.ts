import { expect, test } from 'vitest'
import type { Prefix } from '../../lib/core/prefix.ts'
import { type DenialInput, planDenials } from '../../lib/core/set-plan.ts'
import { blockOf } from '../contract/firewall.ts'
import { onePrefix } from './arbitraries.ts'

const one = onePrefix('192.0.2.1/32')
const other = onePrefix('203.0.113.1/32')

/** Why the set gives up the one prefix that it holds, in words. */
function goneBecause(more: Partial<DenialInput>): string | undefined {
  const plan = planDenials({
    family: 4,
    held: [one],
    claims: [{ prefix: one, at: 0 }],
    capacity: 10,
    desired: [],
    protects: () => undefined,
    knownGood: () => false,
    ...more,
  })
  return plan.changes.find(({ kind }) => kind === 'remove')?.why
}

test('what goes from a set says why', () => {
  expect(goneBecause({})).toBe('its block is over')
  expect(goneBecause({ givenUp: 'the fence is off' })).toBe('the fence is off')
  const protects = (prefix: Prefix) => (prefix === one ? 'known-good' : undefined)
  expect(goneBecause({ desired: [blockOf(one)], protects })).toBe('protected now: known-good')
  const heavier = { ...blockOf(other), weight: 1e9 }
  expect(goneBecause({ desired: [blockOf(one), heavier], capacity: 1 })).toBe(
    'joined with others, or gives way to heavier blocks',
  )
  expect(goneBecause({ desired: [blockOf(one)] })).toBeUndefined()
})
