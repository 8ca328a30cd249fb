interface Counts {
  readonly report: number
  readonly proofs: number
}

const MINUTE_MS = 60_000

/**
 * What people are told of the sending: that it fails, and why; that it works again; what was lost. Each kind of line
 * comes at once and then at most once a minute, so that a queue that comes and goes fills no log.
 */
export class DispatchWords {
  readonly #tell: (line: string) => void
  #inTrouble = false
  #troubleToldAt = Number.NEGATIVE_INFINITY
  #reason = ''
  #lostToldAt = Number.NEGATIVE_INFINITY
  #lost: Counts = { report: 0, proofs: 0 }
  #refusedToldAt = Number.NEGATIVE_INFINITY

  constructor(tell: (line: string) => void) {
    this.#tell = tell
  }

  failed(reason: string, now: number): void {
    if ((this.#inTrouble && reason === this.#reason) || now - this.#troubleToldAt < MINUTE_MS) return
    this.#tell(this.#inTrouble ? reason : `${reason}; reports wait and are sent when it works`)
    this.#inTrouble = true
    this.#reason = reason
    this.#troubleToldAt = now
  }

  worked(waiting: number): void {
    if (!this.#inTrouble) return
    this.#inTrouble = false
    this.#tell(`Reports can be sent again; ${waiting} wait in the spool`)
  }

  refused(reason: string, now: number): void {
    if (now - this.#refusedToldAt < MINUTE_MS) return
    this.#refusedToldAt = now
    this.#tell(`${reason}; that report is dropped`)
  }

  /** @param lost since the start */
  lost(lost: Counts, now: number): void {
    const report = lost.report - this.#lost.report
    const proofs = lost.proofs - this.#lost.proofs
    if (report + proofs === 0 || now - this.#lostToldAt < MINUTE_MS) return
    this.#lostToldAt = now
    this.#lost = { ...lost }
    this.#tell(
      `Dropped ${report} reports and ${proofs} proof reports, the oldest: there was no room for more`,
    )
  }

  /** The last words: what is left, and what is lost with this process. */
  ended(left: { readonly kept: number; readonly inMemory: number }, lost: Counts): void {
    this.lost(lost, Number.POSITIVE_INFINITY)
    if (left.inMemory > 0) this.#tell(`Lost ${left.inMemory} reports that could be neither sent nor spooled`)
    if (left.kept > 0) this.#tell(`${left.kept} reports stay in the spool and are sent after the next start`)
  }
}
