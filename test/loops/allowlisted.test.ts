import { expect, test } from 'vitest'
import { type AnalyzePorts, analyze } from '../../lib/analyze.ts'
import { DEFAULTS } from '../../lib/config.ts'
import { Protection } from '../../lib/core/protection.ts'
import type { Observation } from '../../lib/core/source-report.ts'
import { MemoryLedger } from '../../lib/local/ledger.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { reflected, report } from '../core/reports.ts'

const CARRIER = onePrefix('192.0.2.7/32')
const OPTIONS = { limits: DEFAULTS.limits, ladders: DEFAULTS.ladders, learningSeconds: 0 }

/** Kinds of alerts about an allowlisted source that is seen so for ten seconds. */
async function alertsOn(seen: Observation): Promise<readonly string[]> {
  const alerts: string[] = []
  const ports: AnalyzePorts = {
    ledger: new MemoryLedger(new Protection([{ prefix: CARRIER, why: 'on the allowlist' }])),
    journal: { write: async (entry) => void (entry.kind === 'alert' && alerts.push(entry.alert.kind)) },
    wake: async () => undefined,
    random: () => 0.5,
    newId: (at) => `id ${at}`,
  }
  for (let second = 0; second < 10; second++) {
    const from = report(second, seen)
    await analyze(from, ports, OPTIONS, { sentAt: from.at, again: false })
  }
  return alerts
}

test('a carrier on the allowlist may ask as often as it likes whether the PBX is there', async () => {
  const { settled } = reflected(CARRIER)
  const answered = { packetsIn: 310, packetsOut: 310, outOfDialog: 310, replies: 310, finals: 310 }
  const asking = reflected(CARRIER, {
    w10: answered,
    settled: { ...settled, challenges: 0, challenges60: 0, finals: 310, packetsIn: 310, requests: 310 },
  })
  expect(await alertsOn(asking)).toEqual([])
})

test('a flood of challenges in its name is told of all the same', async () => {
  expect(await alertsOn(reflected(CARRIER))).toEqual(['protected-source-flood'])
})
