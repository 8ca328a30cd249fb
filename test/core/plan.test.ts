import { describe, expect, test } from 'vitest'
import type { Block, Scope } from '../../lib/core/block.ts'
import { brakeOf } from '../../lib/core/brake.ts'
import type { Entry } from '../../lib/core/entry.ts'
import { changesToApply, makePlan, type Plan } from '../../lib/core/plan.ts'
import type { Claim, PlanInput } from '../../lib/core/plan-input.ts'
import { denialKey, portRanges } from '../../lib/core/wanted.ts'
import { onePrefix } from './arbitraries.ts'

const NOW = 1_800_000_000_000
const DEFAULT_DENY: Entry = {
  ruleNumber: 32_767,
  prefix: onePrefix('0.0.0.0/0'),
  protocol: -1,
  ports: null,
  action: 'deny',
}
const ALLOW_ALL: Entry = { ...DEFAULT_DENY, ruleNumber: 100, action: 'allow' }

function block(text: string, weight = 100, scope: Scope = 'sip-udp', left = 60_000): Block {
  return {
    id: text,
    prefix: onePrefix(text),
    scope,
    class: 'flood',
    origin: 'detector',
    level: 1,
    weight,
    from: NOW - 1_000,
    until: NOW + left,
    endedAt: null,
    why: `${text} floods`,
  }
}

function udp(ruleNumber: number, text: string): Entry {
  return {
    ruleNumber,
    prefix: onePrefix(text),
    protocol: 17,
    ports: { from: 5060, to: 5060 },
    action: 'deny',
  }
}

function claim(...entries: Entry[]): Claim[] {
  return entries.map((entry) => ({ entry, at: NOW }))
}

function plan(input: Partial<PlanInput>): Plan {
  return makePlan({
    desired: [],
    current: [],
    claims: [],
    rulesQuota: 20,
    reserve: 0,
    window: { firstRule: 20, lastRule: 79 },
    ranges: portRanges([5060]),
    protects: () => undefined,
    now: NOW,
    ...input,
    ...(input.current === undefined ? { current: [ALLOW_ALL, DEFAULT_DENY] } : {}),
  })
}

/** `add 20 deny 192.0.2.7/32 17 5060-5060`: a change in one line. */
function told(result: Plan): string[] {
  return changesToApply(result).map(({ kind, entry }) => `${kind} ${entry.ruleNumber} ${denialKey(entry)}`)
}

const OURS = udp(20, '192.0.2.1/32')
const HERS = udp(21, '198.51.100.1/32')

describe('makePlan()', () => {
  test('adds at the first free number of the window', () => {
    const current = [ALLOW_ALL, DEFAULT_DENY, OURS, HERS]
    const desired = [block('192.0.2.1/32'), block('192.0.2.7/32')]
    expect(told(plan({ desired, current, claims: claim(OURS) }))).toEqual([
      'add 22 deny 192.0.2.7/32 17 5060-5060',
    ])
  })

  test('keeps an entry at its number while its block stands', () => {
    const current = [DEFAULT_DENY, udp(45, '192.0.2.1/32')]
    const result = plan({ desired: [block('192.0.2.1/32')], current, claims: claim(udp(45, '192.0.2.1/32')) })
    expect(result.changes.map(({ kind, entry }) => [kind, entry.ruleNumber])).toEqual([['keep', 45]])
  })

  test('removes an entry whose block is over', () => {
    const result = plan({ current: [DEFAULT_DENY, OURS], claims: claim(OURS) })
    expect(told(result)).toEqual(['remove 20 deny 192.0.2.1/32 17 5060-5060'])
    expect(result.early).toEqual([])
  })

  test('replaces in place what goes by what comes, so that a full ACL never opens in between', () => {
    const result = plan({
      desired: [block('192.0.2.7/32')],
      current: [DEFAULT_DENY, OURS],
      claims: claim(OURS),
    })
    expect(told(result)).toEqual(['replace 20 deny 192.0.2.7/32 17 5060-5060'])
  })

  test('replaces each by its like where ports change, so that no block stands open for another', () => {
    const [lighter, heavier] = [block('192.0.2.1/32', 100), block('192.0.2.2/32', 900)]
    const current = [udp(20, '192.0.2.1/32'), udp(21, '192.0.2.2/32'), ALLOW_ALL, DEFAULT_DENY]
    const claims = claim(...current.slice(0, 2))
    const result = plan({
      desired: [lighter, heavier],
      current,
      claims,
      ranges: portRanges([5060, 5061]),
    })
    expect(told(result)).toEqual([
      'replace 21 deny 192.0.2.2/32 17 5060-5061',
      'replace 20 deny 192.0.2.1/32 17 5060-5061',
    ])
  })

  test('adds what takes over in parts before the whole goes, where there is room', () => {
    const whole = { ...udp(20, '192.0.2.1/32'), ports: { from: 5060, to: 5062 } }
    const input = {
      desired: [block('192.0.2.1/32')],
      current: [whole, ALLOW_ALL, DEFAULT_DENY],
      claims: claim(whole),
      ranges: portRanges([5060, 5062]),
    }
    expect(told(plan(input))).toEqual([
      'add 21 deny 192.0.2.1/32 17 5060-5060',
      'add 22 deny 192.0.2.1/32 17 5062-5062',
      'remove 20 deny 192.0.2.1/32 17 5060-5062',
    ])
    expect(told(plan({ ...input, rulesQuota: 4 }))).toEqual([
      'replace 20 deny 192.0.2.1/32 17 5060-5060',
      'add 21 deny 192.0.2.1/32 17 5062-5062',
    ])
  })

  test('does not replace across families, which have quotas of their own', () => {
    const result = plan({
      desired: [block('2001:db8::/64')],
      current: [DEFAULT_DENY, OURS],
      claims: claim(OURS),
    })
    expect(told(result)).toEqual([
      'remove 20 deny 192.0.2.1/32 17 5060-5060',
      'add 20 deny 2001:db8::/64 17 5060-5060',
    ])
  })

  test('leaves alone an entry in the window that nobody claimed, even one that denies the same', () => {
    const result = plan({ desired: [block('198.51.100.1/32')], current: [DEFAULT_DENY, HERS] })
    expect(result.foreign).toEqual([HERS])
    expect(told(result)).toEqual(['add 20 deny 198.51.100.1/32 17 5060-5060'])
  })

  test('leaves alone an entry at a claimed number that is not what was claimed', () => {
    const edited = { ...OURS, ports: { from: 1, to: 65_535 } }
    const result = plan({ current: [DEFAULT_DENY, edited], claims: claim(OURS) })
    expect(result.foreign).toEqual([edited])
    expect(told(result)).toEqual([])
  })

  test('removes a second entry of its own that denies the same', () => {
    const twice = [OURS, udp(30, '192.0.2.1/32')]
    const result = plan({
      desired: [block('192.0.2.1/32')],
      current: [DEFAULT_DENY, ...twice],
      claims: claim(...twice),
    })
    expect(told(result)).toEqual(['remove 30 deny 192.0.2.1/32 17 5060-5060'])
  })

  test('holds 18 of 25 equal sources under the default quota, and next time the same 18', () => {
    const desired = Array.from({ length: 25 }, (_, i) => block(`192.0.2.${i}/32`))
    const first = plan({ desired })
    const held = changesToApply(first).map(({ entry }) => entry)
    expect(held).toHaveLength(18)
    expect(first.refused).toHaveLength(7)
    const again = plan({
      desired: desired.toReversed(),
      current: [ALLOW_ALL, DEFAULT_DENY, ...held],
      claims: claim(...held),
    })
    expect(told(again)).toEqual([])
  })

  test('lets a clearly heavier source take the place of the lightest, and a slightly heavier one not', () => {
    const held = Array.from({ length: 18 }, (_, i) => udp(20 + i, `192.0.2.${i}/32`))
    const blocks = held.map(({ prefix }) => block(prefix))
    const current = [ALLOW_ALL, DEFAULT_DENY, ...held]
    const with_ = (weight: number) =>
      told(plan({ desired: [...blocks, block('203.0.113.9/32', weight)], current, claims: claim(...held) }))
    expect(with_(124)).toEqual([])
    expect(with_(126)).toEqual(['replace 37 deny 203.0.113.9/32 17 5060-5060'])
  })

  test('favours no block of which only some entries are in place', () => {
    const held = udp(20, '192.0.2.1/32')
    const desired = [block('192.0.2.1/32', 100, 'sip'), block('192.0.2.2/32', 110, 'sip')]
    const { refused } = plan({
      desired,
      current: [held, DEFAULT_DENY],
      claims: claim(held),
      rulesQuota: 3,
    })
    expect(refused).toMatchObject([{ block: { prefix: '192.0.2.1/32' }, reason: 'no-free-entry' }])
  })

  test('counts two entries for UDP and TCP, and two more for ports that are not one range', () => {
    const desired = [block('192.0.2.1/32', 100, 'sip')]
    expect(told(plan({ desired }))).toHaveLength(2)
    expect(told(plan({ desired, ranges: portRanges([5060, 5080]) }))).toHaveLength(4)
    expect(told(plan({ desired, ranges: portRanges([5061, 5060]) }))).toEqual([
      'add 20 deny 192.0.2.1/32 17 5060-5061',
      'add 21 deny 192.0.2.1/32 6 5060-5061',
    ])
  })

  test('denies no port that lies between two of ours', () => {
    const ranges = portRanges([5064, 5060, 5062, 5063])
    expect(told(plan({ desired: [block('192.0.2.1/32')], ranges }))).toEqual([
      'add 20 deny 192.0.2.1/32 17 5060-5060',
      'add 21 deny 192.0.2.1/32 17 5062-5064',
    ])
  })

  test('passes over a block that does not fit whole, and places the next that does', () => {
    const desired = [
      block('192.0.2.1/32', 300, 'sip'),
      block('192.0.2.2/32', 200, 'sip'),
      block('192.0.2.3/32', 100),
    ]
    const result = plan({ desired, rulesQuota: 5 })
    expect(told(result).map((line) => line.split(' ')[3])).toEqual([
      '192.0.2.1/32',
      '192.0.2.1/32',
      '192.0.2.3/32',
    ])
    expect(result.refused.map(({ block: { prefix } }) => prefix)).toEqual(['192.0.2.2/32'])
  })

  test('spends no entry on a source that a chosen wider block covers', () => {
    const desired = [block('192.0.2.0/24', 500), block('192.0.2.1/32', 100)]
    const result = plan({ desired })
    expect(told(result)).toEqual(['add 20 deny 192.0.2.0/24 17 5060-5060'])
    expect(result.refused[0]?.why).toContain('192.0.2.0/24')
  })

  test("places an operator's block before any detector's", () => {
    const operator: Block = { ...block('203.0.113.1/32', 0), origin: 'operator', class: 'operator' }
    const result = plan({ desired: [block('192.0.2.1/32', 9_000), operator], rulesQuota: 3 })
    expect(told(result)).toEqual(['add 20 deny 203.0.113.1/32 17 5060-5060'])
  })

  test('tells of an allow of SIP that is matched before the denials, and of no other allow', () => {
    const early = (more: Partial<Entry>): Entry => ({ ...ALLOW_ALL, ruleNumber: 10, ...more })
    const shadowOf = (entry: Entry) => plan({ current: [DEFAULT_DENY, entry] }).shadowedBy
    expect(shadowOf(early({}))).toMatchObject({ ruleNumber: 10 })
    expect(shadowOf(early({ protocol: 17, ports: { from: 5000, to: 5100 } }))).toMatchObject({
      ruleNumber: 10,
    })
    expect(shadowOf(early({ protocol: 6, ports: { from: 22, to: 22 } }))).toBeUndefined()
    expect(shadowOf(early({ ruleNumber: 100 }))).toBeUndefined()
    expect(shadowOf(early({ action: 'deny' }))).toBeUndefined()
  })
})

describe('brakeOf()', () => {
  const limits = { newlyCovered: 4_096, lifted: 10 }

  test('lets 38 single addresses through, and 18 due expiries', () => {
    const many = Array.from({ length: 38 }, (_, i) => block(`192.0.2.${i}/32`))
    expect(brakeOf(plan({ desired: many, rulesQuota: 40 }), limits)).toBeUndefined()
    const held = Array.from({ length: 18 }, (_, i) => udp(20 + i, `192.0.2.${i}/32`))
    const over = plan({ current: [DEFAULT_DENY, ...held], claims: claim(...held) })
    expect(told(over)).toHaveLength(18)
    expect(brakeOf(over, limits)).toBeUndefined()
  })

  test('stops a /16, and says how large it is and what the limit is', () => {
    expect(brakeOf(plan({ desired: [block('192.0.0.0/16')] }), limits)).toMatch(
      /65536 addresses.*limit 4096.*approve/,
    )
  })

  test('stops the lifting of 11 blocks that are not over', () => {
    const held = Array.from({ length: 11 }, (_, i) => udp(20 + i, `192.0.2.${i}/32`))
    const result = plan({
      desired: held.map(({ prefix }) => block(prefix)),
      current: [DEFAULT_DENY, ...held],
      claims: claim(...held),
      protects: () => 'on the allowlist',
    })
    expect(told(result)).toHaveLength(11)
    expect(brakeOf(result, limits)).toMatch(/lift 11 denials.*limit 10/)
  })

  test('does not count a weaker block that gives way to a heavier one', () => {
    const held = Array.from({ length: 18 }, (_, i) => udp(20 + i, `192.0.2.${i}/32`))
    const desired = [
      ...held.map(({ prefix }) => block(prefix, 1)),
      ...Array.from({ length: 18 }, (_, i) => block(`203.0.113.${i}/32`, 1_000)),
    ]
    const result = plan({ desired, current: [ALLOW_ALL, DEFAULT_DENY, ...held], claims: claim(...held) })
    expect(told(result).filter((line) => line.startsWith('replace'))).toHaveLength(18)
    expect(brakeOf(result, limits)).toBeUndefined()
  })

  test('takes what it holds outside a window that was moved into the window, and nothing else out there', () => {
    const moved = udp(20, '192.0.2.7/32')
    const over = udp(21, '192.0.2.8/32')
    const hers = udp(22, '198.51.100.1/32')
    const { changes } = plan({
      window: { firstRule: 30, lastRule: 79 },
      desired: [block('192.0.2.7/32')],
      current: [moved, over, hers],
      claims: claim(moved, over),
    })
    expect(changes.map(({ kind, entry: { ruleNumber } }) => `${kind} ${ruleNumber}`)).toEqual([
      'add 30',
      'remove 20',
      'remove 21',
    ])
  })
})
