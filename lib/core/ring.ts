/**
 * Sums over the last `buckets` steps of time, in fixed memory: one row of `columns` counters a step (a second,
 * a minute; the caller names steps by number). It has no clock: writing a later step moves the ring on. Steps
 * that are older than the ring, or that nobody wrote, read as zero. Counters wrap at 2^32, far above any rate
 * that a capture can deliver in one ring.
 */
export class Ring {
  readonly #rows: Uint32Array
  readonly #buckets: number
  readonly #columns: number
  #newest = Number.NEGATIVE_INFINITY

  constructor(buckets: number, columns: number) {
    this.#rows = new Uint32Array(buckets * columns)
    this.#buckets = buckets
    this.#columns = columns
  }

  add(step: number, column: number, count = 1): void {
    if (step > this.#newest) this.#advance(step)
    else if (step <= this.#newest - this.#buckets) return
    this.#rows[(step % this.#buckets) * this.#columns + column]! += count
  }

  /** Sum of one column over the steps `from` to `to`, both included. */
  sum(column: number, from: number, to: number): number {
    const first = Math.max(0, from, this.#newest - this.#buckets + 1)
    const last = Math.min(to, this.#newest)
    let total = 0
    for (let step = first; step <= last; step++) {
      total += this.#rows[(step % this.#buckets) * this.#columns + column]!
    }
    return total
  }

  clear(): void {
    this.#rows.fill(0)
    this.#newest = Number.NEGATIVE_INFINITY
  }

  #advance(step: number): void {
    const stale = Math.min(this.#buckets, step - this.#newest)
    for (let back = 0; back < stale; back++) {
      const row = ((step - back) % this.#buckets) * this.#columns
      this.#rows.fill(0, row, row + this.#columns)
    }
    this.#newest = step
  }
}
