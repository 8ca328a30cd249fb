import type { Message } from './message.ts'

interface Live {
  readonly message: Message
  /** By the dispatch's clock. */
  readonly since: number
}

const MOST_MESSAGES = 256
const MOST_LENGTH = 8 * 1024 * 1024

/**
 * Messages that have just been made, in the order made, at most 256 and 8 Mi characters. More than that come only
 * while a disk stalls; then the oldest report goes, and a proof only where no report is left.
 */
export class LiveQueue {
  readonly dropped = { report: 0, proofs: 0 }
  readonly #waiting: Live[] = []
  #length = 0

  get size(): number {
    return this.#waiting.length
  }

  get first(): Message | undefined {
    return this.#waiting[0]?.message
  }

  /** When the message came that has waited longest; undefined where none waits. */
  get oldestSince(): number | undefined {
    return this.#waiting[0]?.since
  }

  push(message: Message, now: number): void {
    this.#waiting.push({ message, since: now })
    this.#length += message.body.length
    while (this.#waiting.length > MOST_MESSAGES || this.#length > MOST_LENGTH) {
      const report = this.#waiting.findIndex((live) => live.message.kind === 'report')
      const [gone] = this.#waiting.splice(Math.max(0, report), 1)
      this.#length -= gone!.message.body.length
      this.dropped[gone!.message.kind]++
    }
  }

  /** Takes the message out, where it is still in. */
  remove(message: Message): void {
    const index = this.#waiting.findIndex((live) => live.message === message)
    if (index < 0) return
    this.#waiting.splice(index, 1)
    this.#length -= message.body.length
  }
}
