import type { Prefix } from '../../lib/core/prefix.ts'
import type { ProofReport, SourceReport } from '../../lib/core/source-report.ts'

const WHO = { fence: 'pbx', host: 'i-0123456789abcdef0', boot: 'b' } as const

/** A report of nobody, made in that second. */
export function aReport(second: number): SourceReport {
  return {
    schema: 'sipfence.report/1',
    ...WHO,
    seq: second,
    at: second * 1000,
    clockSkewMs: 0,
    lossFraction: 0,
    countError: 0,
    halfBlind: false,
    totals: { w10: {}, sources: 0, knownGood: 0 },
    baseline: { sources: 0 },
    sources: [],
    leftOut: 0,
  }
}

/** The proof of one source, made in that second. */
export function aProof(second: number): ProofReport {
  const proofs = [{ source: '192.0.2.1/32' as Prefix, proof: 'nonce', knownGoodAt: null }] as const
  return { schema: 'sipfence.proofs/1', ...WHO, seq: second, at: second * 1000, proofs }
}
