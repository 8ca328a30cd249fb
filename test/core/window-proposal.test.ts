import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Entry, TCP, UDP } from '../../lib/core/entry.ts'
import { isWithin } from '../../lib/core/plan-input.ts'
import { entriesBefore, firstAllow, proposeWindow, roomFor } from '../../lib/core/window-proposal.ts'
import { search } from '../search.ts'
import { onePrefix, prefix } from './arbitraries.ts'

const SIP = [{ from: 5060, to: 5060 }]
const USUAL = { firstRule: 20, lastRule: 79 }
const EVERYBODY = onePrefix('0.0.0.0/0')

function entry(ruleNumber: number, action: Entry['action'], more: Partial<Entry> = {}): Entry {
  return { ruleNumber, action, prefix: EVERYBODY, protocol: -1, ports: null, ...more }
}

const ports = fc.option(
  fc
    .tuple(fc.integer({ min: 0, max: 65_535 }), fc.integer({ min: 0, max: 6_000 }))
    .map(([from, more]) => ({ from, to: Math.min(65_535, from + more) })),
  { nil: null },
)

/** Numbers are close to each other and to the ends of what AWS takes, so that gaps are narrow. */
const entries = fc.uniqueArray(
  fc.record({
    ruleNumber: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 1, max: 130 }) },
      { weight: 1, arbitrary: fc.integer({ min: 32_700, max: 32_766 }) },
    ),
    action: fc.constantFrom<Entry['action']>('allow', 'deny'),
    prefix: fc.oneof(prefix, fc.constant(EVERYBODY)),
    protocol: fc.constantFrom(-1, UDP, TCP, 1),
    ports,
  }),
  { selector: ({ ruleNumber }) => ruleNumber, maxLength: 40 },
)
const usual = fc.constantFrom(USUAL, { firstRule: 1, lastRule: 5 }, { firstRule: 90, lastRule: 32_766 })

/** By EC2's words: protocol -1 is for every port, the others go by their range; only UDP and TCP carry SIP. */
function lowestAllow(all: readonly Entry[]): number | undefined {
  const letsIn = all.filter(({ action, protocol, ports: range }) => {
    const hasPort = range === null || (range.from <= 5060 && range.to >= 5060)
    return action === 'allow' && (protocol === -1 || ((protocol === UDP || protocol === TCP) && hasPort))
  })
  return letsIn.length === 0 ? undefined : Math.min(...letsIn.map(({ ruleNumber }) => ruleNumber))
}

describe('the window that is proposed', () => {
  test('never holds an entry, always lies before the first allow of SIP, and has numbers that AWS takes', () => {
    search(
      fc.property(entries, usual, (all, like) => {
        const window = proposeWindow(all, SIP, like)
        if (window === null) return
        expect(window.firstRule).toBeGreaterThanOrEqual(1)
        expect(window.lastRule).toBeLessThanOrEqual(32_766)
        expect(window.firstRule).toBeLessThanOrEqual(window.lastRule)
        expect(all.filter(({ ruleNumber }) => isWithin(window, ruleNumber))).toEqual([])
        const allow = lowestAllow(all)
        if (allow !== undefined) expect(window.lastRule).toBeLessThan(allow)
      }),
      { numRuns: 2_000 },
    )
  })

  test('is missing only where every number before the first allow is taken', () => {
    search(
      fc.property(entries, usual, (all, like) => {
        if (proposeWindow(all, SIP, like) !== null) return
        const end = lowestAllow(all) ?? 32_767
        const taken = new Set(all.map(({ ruleNumber }) => ruleNumber))
        for (let number = 1; number < end; number++) expect(taken.has(number)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  test('depends on no order of the entries', () => {
    search(
      fc.property(entries, usual, (all, like) => {
        expect(proposeWindow([...all].reverse(), SIP, like)).toEqual(proposeWindow(all, SIP, like))
      }),
    )
  })

  test.each<[string, Entry[], ReturnType<typeof proposeWindow>]>([
    ['the usual one where a VPC is as AWS made it', [entry(100, 'allow')], USUAL],
    ['the usual one just before the allow', [entry(80, 'allow')], USUAL],
    ['the widest gap where the allow is too low', [entry(79, 'allow')], { firstRule: 1, lastRule: 78 }],
    ['round an entry of somebody', [entry(30, 'deny'), entry(100, 'allow')], { firstRule: 31, lastRule: 99 }],
    [
      'the lower of two gaps of one width',
      [entry(20, 'deny'), entry(40, 'allow')],
      { firstRule: 1, lastRule: 19 },
    ],
    ['none before rule 1', [entry(1, 'allow')], null],
    ['none where all before is taken', [entry(1, 'deny'), entry(2, 'deny'), entry(3, 'allow')], null],
    ['the usual one where nothing lets SIP in', [entry(100, 'deny')], USUAL],
    [
      'not by an allow of other ports',
      [entry(10, 'allow', { protocol: TCP, ports: { from: 22, to: 22 } }), entry(100, 'allow')],
      USUAL,
    ],
    [
      'by an allow of a carrier alone, too',
      [entry(10, 'allow', { prefix: onePrefix('203.0.113.0/24'), protocol: UDP }), entry(100, 'allow')],
      { firstRule: 1, lastRule: 9 },
    ],
  ])('is %s', (_, all, window) => {
    expect(proposeWindow(all, SIP, USUAL)).toEqual(window)
  })

  test('is no wider than AWS would ever fill', () => {
    const all = [entry(20, 'deny'), entry(1_000, 'allow')]
    expect(proposeWindow(all, SIP, USUAL)).toEqual({ firstRule: 21, lastRule: 98 })
  })
})

describe('what stands before the window', () => {
  test('is the first allow of a SIP port by number, and all that comes before it', () => {
    const all = [
      entry(32_767, 'deny'),
      entry(100, 'allow'),
      entry(50, 'allow', { protocol: UDP, ports: { from: 5000, to: 5060 } }),
      entry(10, 'deny'),
    ]
    expect(firstAllow(all, SIP)?.ruleNumber).toBe(50)
    expect(entriesBefore(all, SIP).map(({ ruleNumber }) => ruleNumber)).toEqual([10])
  })
})

test('room is counted by family, the `*` rules included, and is never less than none', () => {
  const all = [
    entry(100, 'allow'),
    entry(32_767, 'deny'),
    entry(32_768, 'deny', { prefix: onePrefix('::/0') }),
  ]
  expect(roomFor(all, 20)).toEqual({ 4: 18, 6: 19 })
  expect(roomFor(all, 1)).toEqual({ 4: 0, 6: 0 })
})
