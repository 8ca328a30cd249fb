import type { Mode } from './reconcile.ts'
import type { TierRecords } from './tiers.ts'

/** What a host said of itself in its newest report. */
export interface HostSeen {
  readonly host: string
  /** The report's own time. */
  readonly at: number
  readonly boot: string
  readonly seq: number
  readonly halfBlind: boolean
  readonly lossFraction: number
  readonly clockSkewMs: number
}

/** What came of the last round, for people who ask. */
export interface RoundRecord extends TierRecords {
  readonly at: number
  readonly mode: Mode
}
