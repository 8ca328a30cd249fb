import type { Delivery } from './dispatch.ts'

type Send = (body: string, signal: AbortSignal) => Promise<Delivery>

/** What has come of sending, in messages since the start; instants are milliseconds of the clock. */
export class Deliveries {
  /** Taken by the queue. */
  sent = 0
  /** Never to be taken by it. */
  refused = 0
  /** Attempts after which the message waits for the next one. */
  failed = 0
  lastSentAt: number | undefined
  /** Since when every attempt has failed or hangs; undefined while sending works, or nothing was to be sent. */
  tryingSince: number | undefined
  readonly #clock: () => number

  /** @param clock milliseconds that never go back */
  constructor(clock: () => number) {
    this.#clock = clock
  }

  /** The same sending, counted. A message that is refused was answered, so sending works. */
  counted(send: Send): Send {
    return async (body, signal) => {
      this.tryingSince ??= this.#clock()
      try {
        const delivery = await send(body, signal)
        this[delivery.ok ? 'sent' : 'refused']++
        if (delivery.ok) this.lastSentAt = this.#clock()
        this.tryingSince = undefined
        return delivery
      } catch (error) {
        this.failed++
        throw error
      }
    }
  }
}
