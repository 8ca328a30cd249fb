import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ReportBudget } from '../../lib/core/report-budget.ts'
import { search } from '../search.ts'

const SEED = 34
const SAVED = 625_000
const A_SECOND = 12_500

/** What somebody wants to send: so many seconds after the one before, and so many bytes. */
const wishes = fc.array(
  fc.record({
    gap: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 600 })),
    bytes: fc.oneof(fc.integer({ min: 1, max: 62_000 }), fc.constant(62_000)),
  }),
  { minLength: 1, maxLength: 400 },
)

interface Sent {
  readonly second: number
  readonly bytes: number
}

function sentOf(asked: readonly { readonly gap: number; readonly bytes: number }[]): Sent[] {
  const budget = new ReportBudget()
  const sent: Sent[] = []
  let second = 1_700_000_000
  for (const { gap, bytes } of asked) {
    second += gap
    if (!budget.allows(bytes, second)) continue
    budget.spend(bytes)
    sent.push({ second, bytes })
  }
  return sent
}

describe('the budget of reports', () => {
  test('in any N seconds, whatever is asked, at most 625,000 + 12,500 × N bytes are sent', () => {
    search(
      fc.property(wishes, (asked) => {
        const sent = sentOf(asked)
        for (let from = 0; from < sent.length; from++) {
          let bytes = 0
          for (const each of sent.slice(from)) {
            bytes += each.bytes
            expect(bytes).toBeLessThanOrEqual(SAVED + A_SECOND * (each.second - sent[from]!.second))
          }
        }
      }),
      { seed: SEED, numRuns: 200 },
    )
  })

  test('after five seconds a full report is always allowed, whatever was sent before', () => {
    search(
      fc.property(wishes, fc.integer({ min: 5, max: 100 }), (asked, pause) => {
        const budget = new ReportBudget()
        let second = 0
        for (const { gap, bytes } of asked) {
          second += gap
          budget.allows(bytes, second)
          budget.spend(bytes)
        }
        expect(budget.allows(62_000, second + pause)).toBe(true)
      }),
      { seed: SEED },
    )
  })

  test('ten full reports are allowed at once, and then none for five seconds', () => {
    const budget = new ReportBudget()
    const at = (second: number) => {
      const allowed = budget.allows(62_000, second)
      if (allowed) budget.spend(62_000)
      return allowed
    }
    expect(Array.from({ length: 11 }, () => at(1_000))).toEqual([...Array(10).fill(true), false])
    expect([1_003, 1_004, 1_005, 1_009, 1_010].map(at)).toEqual([false, false, true, false, true])
  })

  test('what is sent though it is not allowed leaves no debt', () => {
    const budget = new ReportBudget()
    budget.allows(1, 1_000)
    for (let i = 0; i < 100; i++) budget.spend(62_000)
    expect([1_004, 1_005].map((second) => budget.allows(62_000, second))).toEqual([false, true])
  })
})
