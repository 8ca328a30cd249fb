import { type Address, sourcePrefix } from '../../lib/core/prefix.ts'
import type { Observation, SourceReport } from '../../lib/core/source-report.ts'
import { reflected, reportOf } from '../core/reports.ts'

/** The sources of a report, out of 198.18.0.0/15 and on: each number has an address of its own, up to four million. */
export function victims(from: number, count: number): Observation[] {
  return Array.from({ length: count }, (_, i) => reflected(sourcePrefix(addressOf(from + i))))
}

/** What a quiet minute tells of its busiest sources. */
export function quiet(from: number, count: number): Observation[] {
  return victims(from, count).map((each) => ({
    ...each,
    w10: {},
    w600: { packetsIn: 5 },
    settled: { ...each.settled, challenges: 1, challenges60: 1, finals: 1, requests: 1 },
  }))
}

/** A report of a host at the instant, in whole seconds. */
export function reportAt(host: string, at: number, seq: number, sources: Observation[]): SourceReport {
  return { ...reportOf(host, 0, ...sources), seq, at: Math.floor(at / 1000) * 1000 }
}

/** Reports as a queue hands them to a function: sent at once, received for the first time. */
export function eventOf(...reports: readonly SourceReport[]) {
  const Records = reports.map((report) => ({
    messageId: `${report.host}-${report.seq}`,
    receiptHandle: `${report.host}-${report.seq}`,
    body: JSON.stringify(report),
    attributes: {
      SenderId: `AROALOCAL:${report.host}`,
      SentTimestamp: String(report.at + 500),
      ApproximateReceiveCount: '1',
    },
  }))
  return { Records }
}

function addressOf(number: number): Address {
  const bits = 0xc612_0000 + number
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.') as Address
}
