import { describe, expect, test } from 'vitest'
import type { Block } from '../../lib/core/block.ts'
import { isAttacking } from '../../lib/core/block.ts'
import { FIGURES, figuresOf } from '../../lib/figures.ts'
import type { HostSeen, RoundRecord } from '../../lib/round-record.ts'
import { onePrefix } from '../core/arbitraries.ts'

const NOW = 1_800_000_000_000
const HOUR = 3_600_000
const ACL = { id: 'acl-1', entries: 3, refused: 0, braked: null, problem: null, free: 15, foreign: 0 }
const ROUND: RoundRecord = {
  at: NOW,
  mode: 'enforce',
  firewalls: [ACL],
  sets: [],
  trusted: [],
  lockdown: null,
  attacking: 2,
}
const HOST: HostSeen = {
  host: 'i-1',
  at: NOW - 60_000,
  boot: 'b',
  seq: 1,
  halfBlind: false,
  lossFraction: 0.123,
  clockSkewMs: 0,
}

function figures(over: Partial<RoundRecord> = {}, hosts: readonly HostSeen[] = [HOST]) {
  return figuresOf({ ...ROUND, ...over }, hosts, ['i-1'], NOW)
}

describe('the figures of a round', () => {
  test('are four; two more are counted where reports come in', () => {
    expect(Object.keys(figures())).toEqual(FIGURES.slice(0, 4))
    expect(FIGURES).toHaveLength(6)
  })

  test('say how many attack, what is free, and what the worst sensor misses', () => {
    expect(figures()).toEqual({ AttackingSources: 2, FreeEntries: 15, UnseenPercent: 12, Safeguards: 0 })
  })

  test('go by the fullest network ACL, below nothing where blocks find no entry', () => {
    const firewalls = [ACL, { ...ACL, id: 'acl-2', free: -4 }]
    expect(figures({ firewalls }).FreeEntries).toBe(-4)
  })

  test('leave out what could not be read', () => {
    const { free: _, ...unread } = ACL
    expect(figures({ firewalls: [unread] })).not.toHaveProperty('FreeEntries')
  })

  test.each([
    ['silent', [{ ...HOST, at: NOW - 180_000 }], 100],
    ['half-blind', [{ ...HOST, halfBlind: true }], 100],
    ['unheard of', [], 100],
    ['of a host that the settings do not name any more', [HOST, { ...HOST, host: 'i-2', at: 0 }], 12],
  ])('take a sensor that is %s for what it is', (_, hosts, percent) => {
    expect(figures({}, hosts).UnseenPercent).toBe(percent)
  })

  test('say nothing of sensors while the fence is off, because nobody judges what they see', () => {
    expect(figures({ mode: 'off' })).not.toHaveProperty('UnseenPercent')
  })

  test('add up safeguards, each with a digit of its own', () => {
    const lockdown = { closed: true, why: 'somebody said so', rules: [], refused: [], problem: null }
    expect(figures({ lockdown }).Safeguards).toBe(1)
    expect(figures({ lockdown: { ...lockdown, closed: false } }).Safeguards).toBe(0)
    const rules = [{ group: 'sg-1', rule: 'udp 5060' }]
    expect(figures({ lockdown: { ...lockdown, closed: false, rules } }).Safeguards).toBe(1)
    expect(figures({ sets: [{ ...ACL, braked: 'too much' }] }).Safeguards).toBe(10)
    expect(figures({ lockdown, firewalls: [{ ...ACL, braked: 'too much', foreign: 3 }] }).Safeguards).toBe(
      111,
    )
  })
})

describe('a source is attacking', () => {
  const block: Block = {
    id: 'b',
    prefix: onePrefix('192.0.2.1/32'),
    scope: 'sip-udp',
    class: 'reflection',
    origin: 'detector',
    level: 1,
    weight: 1,
    from: NOW,
    until: NOW + HOUR,
    endedAt: null,
    why: '',
  }
  test.each([
    ['while a short block stands', block, 3 * HOUR, true],
    ['in the first hour of a long one', { ...block, scope: 'sip' as const }, HOUR - 1, true],
    ['and not afterwards', { ...block, scope: 'sip' as const }, HOUR, false],
    ['nor because a person blocks it', { ...block, origin: 'operator' as const }, 0, false],
  ])('%s', (_, each, later, expected) => {
    expect(isAttacking(each, NOW + later)).toBe(expected)
  })
})
