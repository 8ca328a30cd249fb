import { expect, test } from 'vitest'
import { type AnalyzePorts, analyze } from '../../lib/analyze.ts'
import { DEFAULTS } from '../../lib/config.ts'
import { UDP } from '../../lib/core/entry.ts'
import { Protection } from '../../lib/core/protection.ts'
import type { Alert, JournalEntry } from '../../lib/journal.ts'
import { MemoryLedger } from '../../lib/local/ledger.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { NOW, reflected, report } from '../core/reports.ts'

const VICTIM = onePrefix('192.0.2.7/32')
const OPTIONS = { limits: DEFAULTS.limits, ladders: DEFAULTS.ladders, learningSeconds: 0 }
const ENTRY = {
  ruleNumber: 20,
  prefix: VICTIM,
  protocol: UDP,
  ports: { from: 5060, to: 5060 },
  action: 'deny',
} as const

/** A reflection that goes on in these seconds, and what is counted of it in the last one. */
async function after(
  seconds: readonly number[],
  {
    claimedAt,
    protectedBy,
    silentAfter = Number.POSITIVE_INFINITY,
  }: { claimedAt?: number; protectedBy?: string; silentAfter?: number } = {},
) {
  const why = protectedBy ?? ''
  const ledger = new MemoryLedger(new Protection(protectedBy === undefined ? [] : [{ prefix: VICTIM, why }]))
  if (claimedAt !== undefined) await ledger.keepClaims('acl-1', [{ entry: ENTRY, at: claimedAt }])
  const told: JournalEntry[] = []
  let counted: string[] = []
  const lasting: Alert[] = []
  const ports: AnalyzePorts = {
    ledger,
    journal: {
      write: async (entry) => void told.push(entry),
      count: (what) => void counted.push(what),
      lasts: async (alert) => void lasting.push(alert),
    },
    wake: async () => undefined,
    random: () => 0.5,
    newId: (at) => `id ${at}`,
  }
  for (const second of seconds) {
    counted = []
    const seen = reflected(VICTIM)
    const silent = { ...seen, w10: { ...seen.w10, packetsIn: 0 } }
    const from = report(second, second > silentAfter ? silent : seen)
    await analyze(from, ports, OPTIONS, { sentAt: from.at, again: false })
  }
  const alerts = told.flatMap((entry) => (entry.kind === 'alert' ? [entry.alert] : []))
  return { counted, alerts, lasting: lasting.length }
}

test('whoever is denied and arrives a minute later all the same is told of and counted', async () => {
  const { counted, alerts } = await after([0, 61], { claimedAt: NOW })
  expect(counted).toEqual(['BlockedArriving'])
  expect(alerts).toMatchObject(
    [{ kind: 'still-arriving', source: VICTIM, host: expect.any(String), why: /still reaches/ }].map(
      ({ why: _, ...alert }) => alert,
    ),
  )
  expect(alerts[0]!.why).toContain('still reaches')
})

test.each([
  ['the entry has just been written, and windows look back', { claimedAt: NOW + 30_000 }],
  ['no network ACL holds an entry, as in observe or where none is free', {}],
])('and is not where %s', async (_, options) => {
  expect(await after([0, 61], options)).toEqual({ counted: [], alerts: [], lasting: 0 })
})

test('nor where nothing of it comes in any more, whatever longer windows still tell', async () => {
  expect((await after([0, 61], { claimedAt: NOW, silentAfter: 60 })).alerts).toEqual([])
})

test('nor within the first minute of a block', async () => {
  expect((await after([0, 59], { claimedAt: NOW - 3_600_000 })).alerts).toEqual([])
})

test('a protected source that floods is told of once, and counted and said to last each time', async () => {
  const { counted, alerts, lasting } = await after([0, 1, 2], { protectedBy: 'on the allowlist' })
  expect(lasting).toBe(3)
  expect(counted).toEqual(['ProtectedFloods'])
  expect(alerts.map(({ kind }) => kind)).toEqual(['protected-source-flood'])
})
