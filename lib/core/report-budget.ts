/**
 * Bytes of a report, at most: its sources, and what stands beside them, which is who reports and counters of all. SQS takes
 * four times as much in a message, and charges for each 64 KiB begun.
 */
const SOURCES_BYTES = 60_000
const OTHER_BYTES = 2_000
export const FULL_REPORT_BYTES = SOURCES_BYTES + OTHER_BYTES

/** What a host may send in reports. */
export const REPORT_BYTES = {
  sources: SOURCES_BYTES,
  other: OTHER_BYTES,
  /** A full report each five seconds: below the 10 s after which an episode is over, and far above what a few sources need. */
  aSecond: 12_500,
  /** Ten full reports: the seconds in which a flood begins, or grows. */
  saved: 625_000,
} as const

/**
 * Bytes that a host may spend on reports, saved up while it sends less: a token bucket in packet time. What is spent in
 * any N seconds is at most 625,000 + 12,500 × N bytes, so a flood of forged sources runs up a bill that is known beforehand.
 */
export class ReportBudget {
  #left: number = REPORT_BYTES.saved
  #second = Number.NEGATIVE_INFINITY

  /** Whether so many bytes may be spent at the second, which never goes back. */
  allows(bytes: number, second: number): boolean {
    this.#left = Math.min(REPORT_BYTES.saved, this.#left + REPORT_BYTES.aSecond * (second - this.#second))
    this.#second = second
    return bytes <= this.#left
  }

  /** What had to be sent although it was not allowed leaves nothing, and no debt. */
  spend(bytes: number): void {
    this.#left = Math.max(0, this.#left - bytes)
  }
}
