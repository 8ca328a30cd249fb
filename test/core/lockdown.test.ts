import { describe, expect, test } from 'vitest'
import type { IngressRule } from '../../lib/core/ingress-rule.ts'
import { type GroupState, planLockdown } from '../../lib/core/lockdown.ts'
import { onePrefix } from './arbitraries.ts'

function openTo(prefix: string): IngressRule {
  const ports = { from: 5060, to: 5060 }
  return {
    protocol: 17,
    ports,
    source: { kind: 'prefix', prefix: onePrefix(prefix) },
    description: '',
    tags: {},
  }
}

function group(rules: readonly IngressRule[], opensOut = { 4: true, 6: true }): GroupState {
  return { id: 'sg-1', rules, weight: { 4: 0, 6: 0 }, rulesQuota: 60, opensOut, isOurs: true }
}

function close(of: GroupState) {
  const list = (id: string) => ({ id, capacity: 1, held: 1, left: [], knownGood: 1, problem: null })
  const trusted = { 4: list('pl-4'), 6: list('pl-6') }
  const ranges = [{ from: 5060, to: 5060 }]
  return planLockdown({ fence: 'f', groups: [of], swaps: [], ranges, trusted, allowlistOnly: false, lose: 0 })
}

describe('flows that stand when the door is closed', () => {
  const world = openTo('0.0.0.0/0')

  test('are cut where the rule was for everybody and everything is let out: EC2 does not track those', () => {
    expect(close(group([world])).tracked).toBe(false)
    expect(close(group([openTo('::/0')])).tracked).toBe(false)
  })

  test.each([
    ['not everything is let out', group([world], { 4: false, 6: true })],
    ['not everything is let out over IPv6', group([openTo('::/0')], { 4: true, 6: false })],
    ['the rule was for half of the world', group([openTo('0.0.0.0/1')])],
    ['one of several rules is tracked', group([world, openTo('128.0.0.0/1')])],
  ])('live on where %s', (_, of) => {
    expect(close(of).tracked).toBe(true)
  })
})
