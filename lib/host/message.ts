import type { ProofReport, SourceReport } from '../core/source-report.ts'

/** One report as it travels. */
export interface Message {
  readonly kind: 'report' | 'proofs'
  /** The report's own time: milliseconds since 1970. */
  readonly at: number
  /** JSON text. */
  readonly body: string
}

/** Both kinds of reports are cut to the size of a message already. */
export function messageOf(report: SourceReport | ProofReport): Message {
  const kind = report.schema === 'sipfence.report/1' ? 'report' : 'proofs'
  return { kind, at: report.at, body: JSON.stringify(report) }
}
