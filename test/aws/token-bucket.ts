/** A bucket as EC2 throttles with: one for each API action ("Request throttling", Amazon EC2 Developer Guide). */
export interface BucketSize {
  /** Calls that a full bucket allows at once. */
  readonly burst: number
  readonly refillPerSecond: number
}

/** Starts full and never holds more than its burst. */
export class TokenBucket {
  readonly #size: BucketSize
  #tokens: number
  #at: number

  constructor(size: BucketSize, now: number) {
    this.#size = size
    this.#tokens = size.burst
    this.#at = now
  }

  /** Whether there is a token for a call at this instant, in milliseconds; takes it. */
  take(now: number): boolean {
    const { burst, refillPerSecond } = this.#size
    const gained = (Math.max(0, now - this.#at) / 1000) * refillPerSecond
    this.#tokens = Math.min(burst, this.#tokens + gained)
    this.#at = Math.max(this.#at, now)
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
