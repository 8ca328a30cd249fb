import { describe, expect, test } from 'vitest'
import { throwProblems } from '../../lib/round.ts'
import type { Fault } from '../aws/faults.ts'
import {
  type Call,
  everything,
  expectConverges,
  expectNothingOpened,
  inTheMiddle,
  isWrite,
  round,
} from './law-6-middle.ts'

/** What goes wrong at the failing call, and at those after it. */
interface Mishap {
  readonly at: Fault
  /** What becomes of all calls after it; they are answered unless told. */
  readonly later?: Fault
  /** One in so many calls that do not write outside the ledger meets it. */
  readonly oneIn: number
}

const GONE: Fault = { kind: 'before', drop: true }
const MISHAPS: Readonly<Record<string, Mishap>> = {
  'it fails': { at: { kind: 'before' }, oneIn: 24 },
  'it fails after it took effect': { at: { kind: 'after' }, oneIn: 24 },
  'its answer is lost': { at: { kind: 'lost' }, oneIn: 24 },
  'it is throttled': { at: { kind: 'throttle' }, oneIn: 40 },
  'the process dies before it': { at: GONE, later: GONE, oneIn: 24 },
  'the process dies right after it took effect': { at: { kind: 'lost' }, later: GONE, oneIn: 24 },
}
/** The kinds for which it matters which write it is: each meets them. */
const AT_EACH_WRITE: readonly string[] = ['its answer is lost', 'the process dies right after it took effect']
const EVERY = process.env['SIPFENCE_EVERY_FAULT'] !== undefined

/** The calls that a clean round makes; they are made to fail in turn. */
async function callsOfRound(): Promise<readonly Call[]> {
  const middle = await inTheMiddle()
  const { account } = middle
  try {
    const before = account.aws.calls().length
    throwProblems(await round(account.restart(1), account.now))
    const calls = account.aws.calls().slice(before)
    await expectConverges(middle)
    return calls
  } finally {
    await account.stop()
  }
}

const calls = await callsOfRound()

describe('A fault at any call of a round that places one decision in every tier and closes the door', () => {
  test('a round makes so many calls that this says something', () => {
    expect(calls.length).toBeGreaterThan(60)
    expect(calls.length).toBeLessThan(160)
    expect(calls.filter(isWrite).length).toBeGreaterThan(15)
  })

  /**
   * Some of the calls; `npm run prove` takes all of them. What is throttled makes the clients slow themselves down in real
   * time, so that fewer calls are.
   */
  test.each(Object.entries(MISHAPS).map(([name, mishap], i) => [name, mishap, i] as const))(
    '%s',
    async (name, { at, later, oneIn }, turn) => {
      for (const [i, call] of calls.entries()) {
        const failing = i + 1
        const matters = AT_EACH_WRITE.includes(name) && isWrite(call)
        if (!EVERY && !matters && (failing + turn) % oneIn > 0) continue
        const middle = await inTheMiddle()
        const { account } = middle
        try {
          const seen: ReturnType<typeof everything>[] = []
          account.aws.faults.plan(() => {
            seen.push(everything(account))
            return seen.length === failing ? at : seen.length > failing ? later : undefined
          })
          await round(account.restart(1), account.now).catch(() => undefined)
          for (const moment of [...seen, everything(account)]) expectNothingOpened(moment)
          account.aws.faults.clear()
          await expectConverges(middle)
        } finally {
          await account.stop()
        }
      }
    },
  )
})
