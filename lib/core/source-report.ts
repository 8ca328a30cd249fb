import type { Transport } from './packet.ts'
import type { Prefix } from './prefix.ts'
import type { Counts, Proof, Settled, SourceRecord } from './source-record.ts'

/** What one host saw of one source, in windows that end at the report's `at`. */
export interface Observation {
  readonly prefix: Prefix
  readonly transports: readonly Transport[]
  /** Counts of the last 10 s, and of the running minute with the nine before it. */
  readonly w10: Counts
  readonly w600: Counts
  readonly settled: Settled
  /** HyperLogLog registers of the users whose attempts failed within 5 to 10 minutes, in hexadecimal. */
  readonly users: string
  readonly proof: Proof
  /** Milliseconds; null where the host has no proof within 24 h. */
  readonly knownGoodAt: number | null
  /** Of the newest packet in; it may protect a source and never convicts one. */
  readonly ttl: number
}

/** One host's account of its sources: sent each second in which something is notable, as far as the budget allows, else once a minute. */
export interface SourceReport {
  readonly schema: 'sipfence.report/1'
  readonly fence: string
  readonly host: string
  /** Drawn at each start of the sidecar; with `seq` it orders the reports of a host. */
  readonly boot: string
  readonly seq: number
  /** Packet time in milliseconds, a whole second. */
  readonly at: number
  /** The host's clock minus packet time, where it is known. */
  readonly clockSkewMs: number
  /** Packets that the kernel dropped from the capture, as a share of all, since the last report. */
  readonly lossFraction: number
  /** Packets that a source may have sent without being counted, at most. */
  readonly countError: number
  readonly halfBlind: boolean
  readonly totals: { readonly w10: Counts; readonly sources: number; readonly knownGood: number }
  /** Usual number of distinct sources in 10 s, learned while nothing is notable. */
  readonly baseline: { readonly sources: number }
  readonly sources: readonly Observation[]
  /** Sources that were worth reporting and did not fit. */
  readonly leftOut: number
}

/** The known-good and reachable news of one host; never cut for size. */
export interface ProofReport {
  readonly schema: 'sipfence.proofs/1'
  readonly fence: string
  readonly host: string
  readonly boot: string
  readonly seq: number
  readonly at: number
  readonly proofs: readonly {
    readonly source: Prefix
    readonly proof: Proof
    readonly knownGoodAt: number | null
  }[]
}

/** Reads the source's counters in the windows that end at `second`. */
export function observe(record: SourceRecord, second: number): Observation {
  return {
    prefix: record.prefix,
    transports: [...record.transports].sort(),
    w10: record.window10(second),
    w600: record.window600(second),
    settled: record.settled(second),
    users: toHex(record.failedUsers(second)),
    proof: record.proof(second),
    knownGoodAt: record.knownGoodAt === null ? null : record.knownGoodAt * 1000,
    ttl: record.ttl,
  }
}

/** Registers as one hexadecimal digit each: they never pass 15 where fewer than a million users fail. */
function toHex(registers: Uint8Array): string {
  let text = ''
  for (const rank of registers) text += Math.min(rank, 15).toString(16)
  return text
}

/** The registers of `Observation.users`; anything that is not hexadecimal reads as zero. */
export function usersRegisters(users: string): number[] {
  return Array.from(users, (digit) => {
    const rank = Number.parseInt(digit, 16)
    return Number.isNaN(rank) ? 0 : rank
  })
}
