import type { Counts } from '../core/source-record.ts'
import type { Observation, ProofReport, SourceReport } from '../core/source-report.ts'
import { type DetectionLimits, ENTER_POINTS, weigh } from '../core/suspicion.ts'
import { clock, count, counted, table } from './format.ts'

/** A source report for people: what each source sent and got in 10 s and in 10 minutes, and what it looks like. */
export function reportLines(report: SourceReport, limits: DetectionLimits, width: number): string[] {
  const { at, seq, totals, halfBlind, lossFraction, sources, leftOut } = report
  const warnings = [
    ...(halfBlind ? ['replies of the PBX are not seen: one direction is missing'] : []),
    ...(lossFraction > 0 ? [`${(lossFraction * 100).toFixed(1)} % of packets lost`] : []),
  ]
  const packets = counted(totals.w10.packetsIn ?? 0, 'packet')
  const head = `${clock(at)} UTC  report ${seq}: ${packets} in 10 s, ${counted(totals.sources, 'source')}, ${count(totals.knownGood)} known-good`
  const rows = sources.flatMap((source) => [...countRows(source), ...suspicionRows(source, report, limits)])
  return [
    [head, ...warnings].join('; '),
    ...table(rows, width),
    ...(leftOut > 0 ? [`  and ${counted(leftOut, 'source')} more`] : []),
  ]
}

export function proofLines({ at, seq, proofs }: ProofReport, width: number): string[] {
  const rows = proofs.map(({ source, proof, knownGoodAt }) => [
    source,
    knownGoodAt === null ? `reachable (${proof})` : 'known-good',
  ])
  return [`${clock(at)} UTC  proofs ${seq}:`, ...table(rows, width)]
}

/** The 10-minute row only where it tells more than the 10-second one. */
function countRows({ prefix, w10, w600, proof, knownGoodAt }: Observation): string[][] {
  const worth = knownGoodAt !== null ? 'known-good' : proof === 'none' ? 'unproven' : `reachable (${proof})`
  const [ten, tenMinutes] = [countsText(w10), countsText(w600)]
  const first = [prefix, worth, '10 s', ten]
  return ten === tenMinutes ? [first] : [first, ['', '', '10 min', tenMinutes]]
}

function suspicionRows(
  source: Observation,
  { halfBlind }: SourceReport,
  limits: DetectionLimits,
): string[][] {
  const knownGood = source.knownGoodAt !== null
  return weigh(source, { limits, knownGood, halfBlind })
    .filter(({ points }) => points >= ENTER_POINTS)
    .map((suspicion) => ['', '', suspicion.class, suspicion.why])
}

/** `packetsIn 12, register 4, …`, with the counters' own names, so that text and JSON read the same. */
function countsText(counts: Counts): string {
  const parts = Object.entries(counts).map(([name, value]) => `${name} ${count(value)}`)
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}
