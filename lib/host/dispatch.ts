import type { ReportSink } from '../capture.ts'
import type { ProofReport, SourceReport } from '../core/source-report.ts'
import { DispatchWords } from './dispatch-words.ts'
import { LiveQueue } from './live-queue.ts'
import { type Message, messageOf } from './message.ts'
import type { Spool } from './spool.ts'

/** Whether a message has arrived, or never will because the receiver does not take such a one. */
export type Delivery = { readonly ok: true } | { readonly ok: false; readonly reason: string }

export interface DispatchOptions {
  /** Throws, in words for people, where the message should be sent again later. */
  readonly send: (body: string, signal: AbortSignal) => Promise<Delivery>
  readonly spool: Spool
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number
  /** 0 to 1, for jitter. */
  readonly random: () => number
  /** Takes a line for people. */
  readonly tell: (line: string) => void
}

/** A report has windows of 10 s: after that the next one tells the same, and this one can wait on disk. */
const LIVE_MS = 10_000
/** A fifth of a second from one message of the backlog to the next: live ones must not wait behind it. */
const BACKLOG_MS = 200
const SEND_MS = 10_000
const LEAST_PAUSE_MS = 1_000
const MOST_PAUSE_MS = 30_000
const CLOSE_MS = 5_000

/**
 * The sink that sends. The capture loop never waits for it: a report is queued, and sent by a loop of its own. Live
 * reports go first, in the order made, so proofs go before the reports of their second. What has waited for 10 s
 * goes to the spool, and the spool goes out behind the live ones, five a second, while sending works. While it fails, there
 * is one attempt after each pause of 1 to 30 s. A message may arrive twice: each carries its own `at`, `boot` and `seq`.
 */
export class Dispatch implements ReportSink {
  readonly #options: DispatchOptions
  readonly #words: DispatchWords
  readonly #live = new LiveQueue()
  readonly #ended: Promise<void>
  #pause = LEAST_PAUSE_MS
  #retryAt = Number.NEGATIVE_INFINITY
  #backlogAt = Number.NEGATIVE_INFINITY
  #closeAt = Number.POSITIVE_INFINITY
  #attempt: AbortController | undefined
  #hasNews = false
  #wake: () => void = () => undefined

  constructor(options: DispatchOptions) {
    this.#options = options
    this.#words = new DispatchWords(options.tell)
    this.#ended = this.#run()
  }

  /** Messages that were thrown away for lack of room, since the start. */
  get lost(): { readonly report: number; readonly proofs: number } {
    const { spool } = this.#options
    const { report, proofs } = this.#live.dropped
    return { report: report + spool.dropped.report, proofs: proofs + spool.dropped.proofs }
  }

  async report(report: SourceReport): Promise<void> {
    this.#take(report)
  }

  async proofs(report: ProofReport): Promise<void> {
    this.#take(report)
  }

  async endSecond(): Promise<void> {}

  /**
   * Tries for at most 5 s, or until pressed, to send what is live, and spools the rest. Nothing may be reported after it.
   */
  async close(pressed?: AbortSignal): Promise<void> {
    this.#closeAt = this.#options.clock() + CLOSE_MS
    this.#retryAt = Number.NEGATIVE_INFINITY
    this.#pause = LEAST_PAUSE_MS
    const deadline = setTimeout(() => this.#cutShort(), CLOSE_MS)
    const cut = () => this.#cutShort()
    if (pressed?.aborted === true) cut()
    pressed?.addEventListener('abort', cut)
    this.#stir()
    await this.#ended
    clearTimeout(deadline)
    pressed?.removeEventListener('abort', cut)
  }

  #cutShort(): void {
    this.#closeAt = Number.NEGATIVE_INFINITY
    this.#attempt?.abort()
    this.#stir()
  }

  #take(report: SourceReport | ProofReport): void {
    this.#live.push(messageOf(report), this.#options.clock())
    this.#stir()
  }

  #stir(): void {
    this.#hasNews = true
    this.#wake()
  }

  async #run(): Promise<void> {
    const { clock, spool } = this.#options
    while (!this.#isDone()) {
      this.#hasNews = false
      await this.#spoolSince(clock() - LIVE_MS)
      this.#words.lost(this.lost, clock())
      const pause = this.#isDone() ? 0 : await this.#step(clock())
      if (pause > 0) await this.#wait(Math.min(pause, this.#untilOverdue(), this.#closeAt - clock()))
    }
    await this.#spoolSince(Number.POSITIVE_INFINITY)
    const { inMemory } = spool
    this.#words.ended({ kept: spool.size - inMemory, inMemory }, this.lost)
  }

  #isDone(): boolean {
    return (
      this.#closeAt < Number.POSITIVE_INFINITY &&
      (this.#live.size === 0 || this.#options.clock() >= this.#closeAt)
    )
  }

  /** Sends one message, where one may be sent now. Returns the milliseconds until there may be more to do. */
  async #step(now: number): Promise<number> {
    if (this.#retryAt > now) return this.#retryAt - now
    const { first } = this.#live
    if (first !== undefined) {
      if (await this.#deliver(first)) this.#live.remove(first)
      return 0
    }
    if (this.#options.spool.size === 0) return Number.POSITIVE_INFINITY
    if (this.#backlogAt > now) return this.#backlogAt - now
    this.#backlogAt = now + BACKLOG_MS
    const next = await this.#options.spool.next()
    if (next !== undefined && !this.#isDone() && (await this.#deliver(next))) await next.done()
    return 0
  }

  /** Whether the message is done with. */
  async #deliver({ body }: Message): Promise<boolean> {
    const { clock, spool, random } = this.#options
    try {
      const delivery = await this.#send(body)
      this.#pause = LEAST_PAUSE_MS
      this.#words.worked(spool.size)
      if (!delivery.ok) this.#words.refused(delivery.reason, clock())
      return true
    } catch (error) {
      const most = Math.min(MOST_PAUSE_MS, this.#pause * 3)
      this.#pause = LEAST_PAUSE_MS + random() * (most - LEAST_PAUSE_MS)
      this.#retryAt = clock() + this.#pause
      this.#words.failed(error instanceof Error ? error.message : String(error), clock())
      return false
    }
  }

  /** Ends by itself, even where what sends does not. */
  #send(body: string): Promise<Delivery> {
    const attempt = new AbortController()
    this.#attempt = attempt
    const timer = setTimeout(() => attempt.abort(), SEND_MS)
    return new Promise<Delivery>((resolve, reject) => {
      attempt.signal.addEventListener('abort', () =>
        reject(new Error('Cannot send reports: no answer in time')),
      )
      this.#options.send(body, attempt.signal).then(resolve, reject)
    }).finally(() => clearTimeout(timer))
  }

  async #spoolSince(since: number): Promise<void> {
    while ((this.#live.oldestSince ?? Number.POSITIVE_INFINITY) <= since) {
      const { first } = this.#live
      if (first === undefined) return
      await this.#options.spool.put(first)
      this.#live.remove(first)
    }
  }

  #untilOverdue(): number {
    return (this.#live.oldestSince ?? Number.POSITIVE_INFINITY) + LIVE_MS - this.#options.clock()
  }

  /** Until then, or until there is something new. */
  async #wait(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      if (this.#hasNews) resolve()
      else if (milliseconds < Number.POSITIVE_INFINITY) timer = setTimeout(resolve, Math.max(0, milliseconds))
    })
    clearTimeout(timer)
  }
}
