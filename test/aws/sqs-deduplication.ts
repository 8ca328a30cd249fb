/** What an accepted send was answered with. */
export interface Sent {
  readonly messageId: string
  readonly sequenceNumber: string | undefined
}

/** Documented: FIFO queues know a deduplication id for 5 minutes, also after the message was deleted. */
const INTERVAL_MS = 300_000

/**
 * The deduplication ids that a FIFO queue knows, over all its groups. The interval begins with the send that was
 * accepted; a duplicate does not prolong it (inferred).
 */
export class Deduplication {
  readonly #known = new Map<string, { readonly sent: Sent; readonly until: number }>()

  /** The send that this one, at this instant in milliseconds, is a duplicate of. */
  firstOf(id: string, now: number): Sent | undefined {
    for (const [known, { until }] of this.#known) {
      if (until <= now) this.#known.delete(known)
    }
    return this.#known.get(id)?.sent
  }

  accept(id: string, sent: Sent, now: number): void {
    this.#known.set(id, { sent, until: now + INTERVAL_MS })
  }
}
