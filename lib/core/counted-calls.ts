/** Request units of DynamoDB: a strongly consistent read of 4 KB begun, a write of 1 KB begun. */
export interface LedgerUnits {
  readonly reads: number
  readonly writes: number
}

/**
 * What the functions ask of the ledger, counted: test/e2e/cost.test.ts runs the deployed bundles and wants these very
 * numbers, and no more where it says "at most". Whoever changes what a round or a report reads or writes changes them here, and with them the bill.
 */
export const COUNTED = {
  /** A round of one network ACL in which nothing is blocked and nothing is to be done. */
  round: { reads: 11, writes: 3 },
  /** Each further network ACL. */
  networkAcl: { reads: 1, writes: 0 },
  /** Each of the tiers beside them. */
  denyList: { reads: 2, writes: 0 },
  ipSets: { reads: 2, writes: 0 },
  trustedPeers: { reads: 3, writes: 0 },
  /** Any round while something is blocked, at most: claims of what it changes, incidents, alerts. */
  attackedRound: { reads: 3, writes: 16 },
  /** Each block that stands, in each round, beside its share of the queries that find it; and once, when it ends. */
  openBlock: { reads: 1, writes: 0 },
  endedBlock: { reads: 1, writes: 3 },
  /** Any report of a host, if it is a heartbeat. */
  report: { reads: 1, writes: 1 },
  /** Any report of an attack, at most: news for the rounds, and what is asked again after a while, by eight sources at once. */
  attackReport: { reads: 8, writes: 1 },
  /** Each suspicious source of a report that gets a block. */
  newSource: { reads: 5, writes: 4 },
  /** Each that has one, which stays as it is; and how much more where it becomes longer. */
  standingSource: { reads: 4, writes: 1 },
  extendedSource: { reads: 0, writes: 2 },
  /** Each round that a report asks for: one with its first change, and one after its last. */
  wake: { reads: 0, writes: 1 },
  /** Each of a host that has caused its share of blocks within the hour. */
  cappedSource: { reads: 1, writes: 0 },
  /** A message of proofs, and each proof in it. */
  proofs: { reads: 1, writes: 1 },
  proof: { reads: 1, writes: 1 },
} as const satisfies Readonly<Record<string, LedgerUnits>>

/** Rounds that one report asks for, at most. */
export const WAKES_A_REPORT = 2

/** So often does a round ask for the blocks that stand. */
export const BLOCK_QUERIES = 2

/** Bytes, at most, of a row that a round finds by a query: a block that stands, a host, and with trusted peers who is known-good. */
export const ROW_BYTES = { openBlock: 1_000, host: 250, knownGood: 200 } as const

/** Bytes that the functions write to their logs, at most, but for what a round tells of its changes. Lambda's own lines are not in it. */
export const LOG_BYTES = { round: 600, message: 100, newSource: 1_600 } as const
