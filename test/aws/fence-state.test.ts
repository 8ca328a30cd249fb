import { describe, expect, test } from 'vitest'
import type { JournalEntry } from '../../lib/journal.ts'
import { fenceRound } from '../../lib/round.ts'
import { roundOptions } from '../../lib/settings/round-options.ts'
import { NOW } from '../core/reports.ts'
import { FENCE, type FenceAccount, openFenceAccount, RECONCILE_QUEUE } from './fence-account.ts'

const MINUTE = 60_000
const OPTIONS = {
  ...roundOptions(FENCE),
  owner: 'o',
  mode: 'observe',
} as const

async function inFence(doing: (account: FenceAccount) => Promise<void>): Promise<void> {
  const account = await openFenceAccount({}, NOW)
  try {
    await doing(account)
  } finally {
    await account.stop()
  }
}

describe("a fence's state", () => {
  test('has the mode that somebody set last, or none', () =>
    inFence(async ({ state }) => {
      expect(await state.mode()).toBeUndefined()
      await state.setMode({ mode: 'enforce', at: NOW, by: 'somebody' })
      await state.setMode({ mode: 'off', at: NOW + 1, by: 'somebody else' })
      expect(await state.mode()).toMatchObject({ mode: 'off', by: 'somebody else' })
    }))

  test('gives no generation twice, however many ask at once', () =>
    inFence(async ({ state }) => {
      const all = await Promise.all(Array.from({ length: 20 }, () => state.nextGeneration()))
      expect(new Set(all).size).toBe(20)
    }))

  test('keeps the newest that a host has said', () =>
    inFence(async ({ state }) => {
      const seen = { host: 'h', boot: 'b', halfBlind: false, lossFraction: 0, clockSkewMs: 0 }
      await state.sawHost({ ...seen, at: NOW + 5, seq: 2 })
      await state.sawHost({ ...seen, at: NOW, seq: 1 })
      expect(await state.hosts()).toMatchObject([{ host: 'h', at: NOW + 5, seq: 2 }])
    }))

  test('tells news once within its time, whoever asks', () =>
    inFence(async (account) => {
      const another = account.restart(1).state
      expect(await account.state.isNews('brake ', NOW, 10 * MINUTE)).toBe(true)
      expect(await another.isNews('brake ', NOW + 9 * MINUTE, 10 * MINUTE)).toBe(false)
      expect(await another.isNews('half-blind h', NOW, 10 * MINUTE)).toBe(true)
      expect(await another.isNews('brake ', NOW + 10 * MINUTE, 10 * MINUTE)).toBe(true)
    }))

  test('a lease is ended by nobody but its owner', () =>
    inFence(async ({ state }) => {
      const until = NOW + MINUTE
      expect(await state.takeLease({ owner: 'o', until }, NOW)).toBe(true)
      await state.endLease('p')
      expect(await state.takeLease({ owner: 'p', until }, NOW)).toBe(false)
      expect(await state.lease()).toMatchObject({ owner: 'o', until })
      await state.endLease('o')
      expect(await state.takeLease({ owner: 'p', until }, NOW)).toBe(true)
    }))

  test('a round that is refused the lease leaves it to whoever works', () =>
    inFence(async (account) => {
      const write = async () => undefined
      await account.state.takeLease({ owner: 'p', until: NOW + MINUTE }, NOW)
      const round = fenceRound({ ...account, journal: { write } }, { ...OPTIONS, roster: [] }, NOW)
      await expect(round).rejects.toThrow(/somebody else holds the lease/)
      expect(await account.state.lease()).toMatchObject({ owner: 'p' })
    }))

  test('a round that outlived its lease leaves that of the next one alone', () =>
    inFence(async (account) => {
      const write = async () => undefined
      const { state } = account
      const keepRound = state.keepRound.bind(state)
      state.keepRound = async (record) => {
        await state.takeLease({ owner: 'next', until: NOW + 3 * MINUTE }, NOW + 2 * MINUTE)
        await keepRound(record)
      }
      await fenceRound({ ...account, journal: { write } }, { ...OPTIONS, roster: [] }, NOW)
      expect(await state.lease()).toMatchObject({ owner: 'next' })
    }))

  test('wakes the reconcile loop by messages of which none is taken for another', () =>
    inFence(async ({ wake, aws }) => {
      await wake()
      await wake()
      const messages = aws.queue(RECONCILE_QUEUE).visible()
      expect(messages.map(({ deduplicationId }) => deduplicationId)).toEqual(['generation-1', 'generation-2'])
      expect(messages.map(({ groupId }) => groupId)).toEqual(['f', 'f'])
    }))

  test('a round tells of every sensor that is silent, and of none that is not', () =>
    inFence(async (account) => {
      const journal: JournalEntry[] = []
      const write = async (entry: JournalEntry) => {
        journal.push(entry)
      }
      const seen = { boot: 'b', seq: 1, halfBlind: false, lossFraction: 0, clockSkewMs: 0 }
      await account.state.sawHost({ ...seen, host: 'h', at: NOW - 3 * MINUTE })
      await account.state.sawHost({ ...seen, host: 'i', at: NOW - 3 * MINUTE + 1 })
      const { figures, ...record } = await fenceRound(
        { ...account, journal: { write } },
        { ...OPTIONS, roster: ['h', 'i', 'j'] },
        NOW,
      )
      expect(journal).toMatchObject([
        {
          alert: { kind: 'silent-sensor', host: 'h', why: expect.stringContaining('has not reported since') },
        },
        { alert: { kind: 'silent-sensor', host: 'j', why: expect.stringContaining('has never reported') } },
      ])
      expect(figures.UnseenPercent).toBe(100)
      expect(await account.state.round()).toMatchObject({ ...record })
    }))
})
