interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Things to do, the earliest first and at equal times in the order they were put. O(log n) each way. */
export class TimeQueue {
  readonly #heap: Event[] = []
  #order = 0

  get nextAt(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  put(at: number, run: () => void): void {
    const event = { at, order: this.#order++, run }
    let place = this.#heap.length
    this.#heap.push(event)
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!isBefore(event, this.#heap[parent]!)) break
      this.#heap[place] = this.#heap[parent]!
      place = parent
    }
    this.#heap[place] = event
  }

  take(): (() => void) | undefined {
    const first = this.#heap[0]
    const last = this.#heap.pop()
    if (first !== undefined && last !== undefined && first !== last) this.#sink(last)
    return first?.run
  }

  #sink(event: Event): void {
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= this.#heap.length) break
      if (child + 1 < this.#heap.length && isBefore(this.#heap[child + 1]!, this.#heap[child]!)) child++
      if (isBefore(event, this.#heap[child]!)) break
      this.#heap[place] = this.#heap[child]!
      place = child
    }
    this.#heap[place] = event
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
