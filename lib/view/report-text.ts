import type { Counts } from '../core/source-record.ts'
import type { Observation, ProofReport, SourceReport } from '../core/source-report.ts'
import { clock, count, counted, table } from './format.ts'

/** A source report for people, in lines: what each source sent and got in 10 s and in 10 minutes. */
export function reportLines({
  at,
  seq,
  totals,
  halfBlind,
  lossFraction,
  sources,
  leftOut,
}: SourceReport): string[] {
  const warnings = [
    ...(halfBlind ? ['replies of the PBX are not seen: one direction is missing'] : []),
    ...(lossFraction > 0 ? [`${(lossFraction * 100).toFixed(1)} % of packets lost`] : []),
  ]
  const head = `${clock(at)}  report ${seq}: ${counted(totals.sources, 'source')} and ${counted(totals.w10.packetsIn ?? 0, 'packet')} in 10 s, ${count(totals.knownGood)} known-good`
  return [
    [head, ...warnings].join('; '),
    ...table(sources.flatMap(sourceRows)),
    ...(leftOut > 0 ? [`  and ${counted(leftOut, 'source')} more`] : []),
  ]
}

export function proofLines({ at, seq, proofs }: ProofReport): string[] {
  return [
    `${clock(at)}  proofs ${seq}:`,
    ...table(
      proofs.map(({ source, proof, knownGoodAt }) => [
        source,
        knownGoodAt === null ? `reachable (${proof})` : 'known-good',
      ]),
    ),
  ]
}

function sourceRows({ prefix, transports, w10, w600, proof, knownGoodAt }: Observation): string[][] {
  const worth = knownGoodAt !== null ? 'known-good' : proof === 'none' ? 'unproven' : `reachable (${proof})`
  return [
    [prefix, transports.join(' '), worth, `10 s    ${countsText(w10)}`],
    ['', '', '', `10 min  ${countsText(w600)}`],
  ]
}

/** `packetsIn 12, register 4, …`, with the counters' own names, so that text and JSON read the same. */
function countsText(counts: Counts): string {
  const parts = Object.entries(counts).map(([name, value]) => `${name} ${count(value)}`)
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}
