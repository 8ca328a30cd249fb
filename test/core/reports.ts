import { HyperLogLog } from '../../lib/core/hyper-log-log.ts'
import { keyedHash } from '../../lib/core/keyed-hash.ts'
import type { Prefix } from '../../lib/core/prefix.ts'
import type { Observation, ProofReport, SourceReport } from '../../lib/core/source-report.ts'

/** Reports as a sidecar writes them, for tests of what becomes of them. */

export const NOW = 1_800_000_000_000

export function report(second: number, ...sources: Observation[]): SourceReport {
  return reportOf('h', second, ...sources)
}

export function reportOf(host: string, second: number, ...sources: Observation[]): SourceReport {
  return {
    schema: 'sipfence.report/1',
    fence: 'f',
    host,
    boot: 'b',
    seq: second + 1,
    at: NOW + second * 1000,
    clockSkewMs: 0,
    lossFraction: 0,
    countError: 0,
    halfBlind: false,
    totals: { w10: {}, sources: 1, knownGood: 0 },
    baseline: { sources: 1 },
    sources,
    leftOut: 0,
  }
}

export function proofsOf(host: string, second: number, ...good: Prefix[]): ProofReport {
  const at = NOW + second * 1000
  const proofs = good.map((source) => ({ source, proof: 'nonce' as const, knownGoodAt: at }))
  return { schema: 'sipfence.proofs/1', fence: 'f', host, boot: 'b', seq: second + 1, at, proofs }
}

/** The victim of forged requests: 90 challenges a second go to it, and nobody follows them up. */
export function reflected(prefix: Prefix, more: Partial<Observation> = {}): Observation {
  const settled = {
    challenges: 900,
    followed: 0,
    challenges60: 900,
    followed60: 0,
    finals: 900,
    acknowledged: 0,
    packetsIn: 900,
  }
  return {
    prefix,
    transports: ['udp'],
    w10: { packetsIn: 1_500, packetsOut: 1_500, outOfDialog: 1_500 },
    w600: { packetsIn: 900 },
    settled: { ...settled, bytesIn: 1, bytesOut: 1, requests: 900, excused: 0 },
    users: '0'.repeat(64),
    proof: 'none',
    knownGoodAt: null,
    ttl: 60,
    ...more,
  }
}

/** A source that is there and has failed to log in 30 times, as five users. */
export function bruteForced(prefix: Prefix): Observation {
  const sketch = new HyperLogLog(64)
  for (let i = 0; i < 5; i++) sketch.add(keyedHash(1, `${i}`))
  const users = Array.from(sketch.registers, (rank) => rank.toString(16)).join('')
  const quiet = { challenges: 0, challenges60: 0, finals: 0, requests: 0 }
  const { settled } = reflected(prefix)
  return reflected(prefix, {
    w10: {},
    w600: { failures: 30 },
    users,
    proof: 'nonce',
    settled: { ...settled, ...quiet },
  })
}
