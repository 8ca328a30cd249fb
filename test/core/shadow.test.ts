import { expect, test } from 'vitest'
import type { Entry } from '../../lib/core/entry.ts'
import { makePlan } from '../../lib/core/plan.ts'
import { Protection } from '../../lib/core/protection.ts'
import { proposeWindow } from '../../lib/core/window-proposal.ts'
import { onePrefix } from './arbitraries.ts'

const VPC = onePrefix('10.0.0.0/16')
const SIP = [{ from: 5060, to: 5060 }]
const protection = new Protection([{ prefix: VPC, why: 'in the VPC' }])

function allow(ruleNumber: number, prefix: string): Entry {
  return { ruleNumber, prefix: onePrefix(prefix), protocol: -1, ports: null, action: 'allow' }
}

function shadowedBy(...current: Entry[]): number | undefined {
  const plan = makePlan({
    desired: [],
    current,
    claims: [],
    rulesQuota: 20,
    reserve: 0,
    window: { firstRule: 20, lastRule: 79 },
    ranges: SIP,
    protects: (prefix) => protection.protects(prefix),
    neverBlocked: (prefix) => protection.covers(prefix),
    now: 0,
  })
  return plan.shadowedBy?.ruleNumber
}

test.each([
  [
    'all of it lies in the VPC, which is never blocked',
    [allow(10, '10.0.1.0/24'), allow(100, '0.0.0.0/0')],
    undefined,
  ],
  ['it lets in one who may be blocked, too', [allow(10, '10.0.0.0/15')], 10],
  ['it lets in everybody', [allow(10, '0.0.0.0/0')], 10],
])('whether an allow before ours keeps denials from their work: %s', (_, current, expected) => {
  expect(shadowedBy(...current)).toBe(expected)
})

test('init proposes numbers behind an allow of the VPC, and before one of everybody', () => {
  const usual = { firstRule: 20, lastRule: 79 }
  const entries = [allow(10, '10.0.0.0/16'), allow(100, '0.0.0.0/0')]
  expect(proposeWindow(entries, SIP, usual, (prefix) => protection.covers(prefix))).toEqual(usual)
  expect(proposeWindow(entries, SIP, usual)).toEqual({ firstRule: 1, lastRule: 9 })
})
