import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/config.ts'
import type { Block } from '../../lib/core/block.ts'
import { brakeOf, underBrake } from '../../lib/core/brake.ts'
import type { Entry } from '../../lib/core/entry.ts'
import { makePlan } from '../../lib/core/plan.ts'
import type { PlanInput } from '../../lib/core/plan-input.ts'
import { portRanges } from '../../lib/core/wanted.ts'
import { onePrefix } from './arbitraries.ts'

const NOW = 1_800_000_000_000
const LAST: Entry = {
  ruleNumber: 32_767,
  prefix: onePrefix('0.0.0.0/0'),
  protocol: -1,
  ports: null,
  action: 'deny',
}

function block(text: string, weight: number): Block {
  const fixed = { scope: 'sip-udp', class: 'flood', origin: 'detector', level: 1, endedAt: null } as const
  const times = { from: NOW - 1_000, until: NOW + 60_000 }
  return { ...fixed, ...times, id: text, prefix: onePrefix(text), weight, why: `${text} floods` }
}

function held(ruleNumber: number, text: string): Entry {
  const ports = { from: 5060, to: 5060 }
  return { ruleNumber, prefix: onePrefix(text), protocol: 17, ports, action: 'deny' }
}

function input(ours: readonly Entry[], desired: readonly Block[], more: Partial<PlanInput> = {}): PlanInput {
  return {
    desired,
    current: [...ours, LAST],
    claims: ours.map((entry) => ({ entry, at: NOW })),
    rulesQuota: 20,
    reserve: 0,
    window: { firstRule: 20, lastRule: 79 },
    ranges: portRanges([5060]),
    protects: () => undefined,
    now: NOW,
    ...more,
  }
}

/** What is left to do of the plan under the default brake. */
function under(given: PlanInput): string[] {
  return underBrake(makePlan(given), DEFAULTS.brake, given).map(
    ({ kind, entry }) => `${kind} ${entry.ruleNumber} ${entry.prefix}`,
  )
}

describe('past the limit on denying', () => {
  const wide = block('192.0.0.0/16', 900)

  test('a block that stands does not give way to what may not come', () => {
    const given = input([held(20, '203.0.113.1/32')], [block('203.0.113.1/32', 1), wide], { rulesQuota: 2 })
    expect(makePlan(given).changes).toMatchObject([{ kind: 'replace', entry: { prefix: '192.0.0.0/16' } }])
    expect(brakeOf(makePlan(given), DEFAULTS.brake)).toContain('65536 addresses')
    expect(under(given)).toEqual([])
  })

  test('a block that is over, or is protected now, goes all the same, and nothing comes', () => {
    const ours = [held(20, '203.0.113.1/32'), held(21, '203.0.113.2/32')]
    const good = onePrefix('203.0.113.2/32')
    const given = input(ours, [wide, block('203.0.113.2/32', 1)], {
      protects: (prefix) => (prefix === good ? 'known-good' : undefined),
      knownGood: (prefix) => prefix === good,
    })
    const gone = underBrake(makePlan(given), DEFAULTS.brake, given)
    expect(gone).toMatchObject([
      { kind: 'remove', entry: { ruleNumber: 20 }, why: 'its block is over' },
      { kind: 'remove', entry: { ruleNumber: 21 }, why: 'protected now: known-good' },
    ])
  })
})

describe('past the limit on lifting', () => {
  const ours = Array.from({ length: 12 }, (_, i) => held(20 + i, `203.0.113.${i}/32`))
  const standing = ours.map(({ prefix }) => block(prefix, 100))
  const protects = (prefix: string) => (prefix.startsWith('203.0.113.') ? 'on the allowlist' : undefined)
  const fresh = Array.from({ length: 12 }, (_, i) => block(`198.51.100.${i}/32`, 100))

  test('who is new comes beside what stays, up to the quota and no further', () => {
    const left = under(input(ours, [...standing, ...fresh], { protects }))
    expect(left).toEqual(Array.from({ length: 7 }, (_, i) => `add ${32 + i} 198.51.100.${i}/32`))
  })

  test('who is new leaves the reserve free', () => {
    const left = under(input(ours, [...standing, ...fresh], { protects, reserve: 5 }))
    expect(left).toEqual([`add 32 198.51.100.0/32`, `add 33 198.51.100.1/32`])
  })

  test('what would move stays where it is: its new place may be held by what stays', () => {
    const outside = held(40, '198.51.100.0/32')
    const window = { firstRule: 20, lastRule: 31 }
    const desired = [...standing, block('198.51.100.0/32', 100)]
    const given = input([...ours, outside], desired, { protects, window })
    const moves = makePlan(given).changes.filter(({ entry }) => entry.prefix === outside.prefix)
    expect(moves.map(({ kind, entry }) => `${kind} ${entry.ruleNumber}`)).toEqual(['replace 20', 'remove 40'])
    expect(under(given)).toEqual([])
  })

  test('what would take the number of another stays where it is, and the other goes if it is over', () => {
    const outside = held(40, '198.51.100.0/32')
    const over = held(19, '192.0.2.1/32')
    const desired = [...standing, block('198.51.100.0/32', 100)]
    const given = input([over, ...ours, outside], desired, {
      protects,
      window: { firstRule: 19, lastRule: 31 },
    })
    const [taking] = makePlan(given).changes.filter(({ kind }) => kind === 'replace')
    expect(taking).toMatchObject({ entry: { prefix: outside.prefix } })
    expect(under(given)).toEqual(['remove 19 192.0.2.1/32'])
  })

  test('no number past the window is given', () => {
    const window = { firstRule: 20, lastRule: 33 }
    const left = under(input(ours, [...standing, ...fresh], { protects, window }))
    expect(left).toEqual(['add 32 198.51.100.0/32', 'add 33 198.51.100.1/32'])
  })
})

test('at its limits the brake is off', () => {
  const limits = { newlyCovered: 38, lifted: 10 }
  expect(brakeOf({ newlyCovered: 38, early: Array(10) }, limits)).toBeUndefined()
  expect(brakeOf({ newlyCovered: 39, early: [] }, limits)).toContain('39 addresses at once (limit 38)')
  expect(brakeOf({ newlyCovered: 0, early: Array(11) }, limits)).toContain('lift 11 denials')
})
