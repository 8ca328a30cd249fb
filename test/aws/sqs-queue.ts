import type { Sent } from './sqs-deduplication.ts'
import { Deduplication } from './sqs-deduplication.ts'
import type { Draft, HeldMessage } from './sqs-message.ts'
import { contentId, idOf } from './sqs-message.ts'
import { readReceipt, receiptHandle } from './sqs-receipt.ts'

/** A queue of the account; one whose name ends in ".fifo" is a FIFO queue. */
export interface QueueOptions {
  readonly name: string
  /** 30 unless given, as in AWS. */
  readonly visibilitySeconds?: number
  /** 345,600, which is 4 days, unless given, as in AWS. */
  readonly retentionSeconds?: number
  readonly contentBasedDeduplication?: boolean
  /** The other queue, of the same kind, for what was received that often and never deleted. */
  readonly deadLetter?: { readonly queue: string; readonly maxReceiveCount: number }
}

/** What became of a change to the message of a receipt handle. */
export type Change = 'done' | 'not this queue' | 'expired' | 'absent' | 'not in flight' | 'too long'

/** Documented: a message stays in flight for 12 hours from its receive at most, however often that is extended. */
const LONGEST_FLIGHT_MS = 43_200_000

const FIRST_SEQUENCE = 10_000_000_000_000_000_000n

/**
 * The messages of one queue and when whom they are for. Instants are milliseconds since the epoch.
 *
 * Standard queues promise no order and may deliver twice; here they deliver once, in the order of sending. A limit of
 * messages in flight there is none.
 */
export class Queue {
  readonly options: Required<Omit<QueueOptions, 'deadLetter'>> & Pick<QueueOptions, 'deadLetter'>
  readonly fifo: boolean
  readonly arn: string
  readonly #deduplication = new Deduplication()
  #messages: HeldMessage[] = []
  #sends = 0
  #receives = 0
  #deadLetterQueue: Queue | undefined

  constructor(options: QueueOptions, arn: string) {
    const defaults = { visibilitySeconds: 30, retentionSeconds: 345_600, contentBasedDeduplication: false }
    this.options = { ...defaults, ...options }
    this.fifo = options.name.endsWith('.fifo')
    this.arn = arn
  }

  redriveTo(queue: Queue): void {
    this.#deadLetterQueue = queue
  }

  /** As GetQueueAttributes tells it; undefined where there is none. */
  redrivePolicy(): string | undefined {
    const { deadLetter } = this.options
    if (deadLetter === undefined) return undefined
    const deadLetterTargetArn = this.#deadLetterQueue!.arn
    return JSON.stringify({ deadLetterTargetArn, maxReceiveCount: deadLetter.maxReceiveCount })
  }

  /** Accepts a message; a duplicate within the interval is answered like the first and not held. */
  send(draft: Draft, now: number): Sent {
    const deduplicationId = this.fifo ? (draft.deduplicationId ?? contentId(draft.body)) : undefined
    const first = deduplicationId && this.#deduplication.firstOf(deduplicationId, now)
    if (first) return first
    const message = this.#newMessage({ ...draft, deduplicationId }, now)
    this.#messages.push(message)
    const sent = { messageId: message.id, sequenceNumber: message.sequenceNumber }
    if (deduplicationId !== undefined) this.#deduplication.accept(deduplicationId, sent, now)
    return sent
  }

  /**
   * Up to that many messages, which no one else receives for as long. In a FIFO queue the messages of one group come
   * in their order, and none while another of the group is in flight. What was received too often goes to the
   * dead-letter queue instead, which happens only here.
   */
  receive(most: number, visibilitySeconds: number, now: number): HeldMessage[] {
    const received: HeldMessage[] = []
    const locked = new Set(this.fifo ? this.inFlight(now).map(({ groupId }) => groupId) : [])
    for (const message of this.messages(now)) {
      if (received.length === most) break
      if (message.hiddenUntil > now || (this.fifo && locked.has(message.groupId))) continue
      if (this.#isDead(message)) this.#bury(message, now)
      else received.push(this.#handOut(message, now + visibilitySeconds * 1000, now))
    }
    return received
  }

  /**
   * A message that is already deleted is no error. Documented for standard queues: an old handle is accepted, but may
   * delete nothing, which here it never does. Observed of FIFO queues: a handle whose visibility timeout is over is
   * refused as expired.
   */
  delete(handle: string, now: number): Change {
    const found = this.#find(handle, now)
    if (typeof found === 'string') return found === 'absent' ? 'done' : found
    const latest = found.receiptHandle === handle
    if (this.fifo && (!latest || found.hiddenUntil <= now)) return 'expired'
    if (latest) this.#messages = this.#messages.filter((message) => message !== found)
    return 'done'
  }

  /** Hides the message until that many seconds from now. */
  changeVisibility(handle: string, seconds: number, now: number): Change {
    const found = this.#find(handle, now)
    if (typeof found === 'string') return found
    if (found.receiptHandle !== handle) return 'absent'
    if (found.hiddenUntil <= now) return 'not in flight'
    const hiddenUntil = now + seconds * 1000
    if (hiddenUntil > found.lastReceivedAt! + LONGEST_FLIGHT_MS) return 'too long'
    this.#replace({ ...found, hiddenUntil })
    return 'done'
  }

  /** Forgets the messages, also those in flight; deduplication ids stay known (inferred). */
  purge(): void {
    this.#messages = []
  }

  /** All that is neither deleted nor past its retention, in the order of sending. */
  messages(now: number): readonly HeldMessage[] {
    const retentionMs = this.options.retentionSeconds * 1000
    if (this.#messages.some(({ sentAt }) => sentAt + retentionMs <= now)) {
      this.#messages = this.#messages.filter(({ sentAt }) => sentAt + retentionMs > now)
    }
    return this.#messages
  }

  /** What can be received, also where its group is locked. */
  visible(now: number): readonly HeldMessage[] {
    return this.messages(now).filter(({ hiddenUntil }) => hiddenUntil <= now)
  }

  inFlight(now: number): readonly HeldMessage[] {
    return this.messages(now).filter((message) => message.hiddenUntil > now && message.receiptHandle)
  }

  /** When the next hidden message becomes visible; Infinity where none is hidden. */
  nextVisibleAt(now: number): number {
    const hidden = this.messages(now).filter(({ hiddenUntil }) => hiddenUntil > now)
    return Math.min(...hidden.map(({ hiddenUntil }) => hiddenUntil))
  }

  #newMessage({ delaySeconds, ...draft }: Draft, now: number): HeldMessage {
    const sequence = ++this.#sends
    return {
      ...draft,
      id: idOf(`${this.arn} ${sequence}`),
      sequenceNumber: this.fifo ? String(FIRST_SEQUENCE + BigInt(sequence)) : undefined,
      sentAt: now,
      receiveCount: 0,
      firstReceivedAt: undefined,
      lastReceivedAt: undefined,
      hiddenUntil: now + delaySeconds * 1000,
      receiptHandle: undefined,
      deadLetterSource: undefined,
    }
  }

  #handOut(message: HeldMessage, hiddenUntil: number, now: number): HeldMessage {
    const receipt = { queue: this.options.name, messageId: message.id }
    const handed = {
      ...message,
      receiveCount: message.receiveCount + 1,
      firstReceivedAt: message.firstReceivedAt ?? now,
      lastReceivedAt: now,
      hiddenUntil,
      receiptHandle: receiptHandle(receipt, ++this.#receives),
    }
    this.#replace(handed)
    return handed
  }

  #isDead({ receiveCount }: HeldMessage): boolean {
    const { deadLetter } = this.options
    return deadLetter !== undefined && receiveCount >= deadLetter.maxReceiveCount
  }

  /**
   * Documented in "Using dead-letter queues in Amazon SQS": the retention of a message goes on where it is moved
   * between standard queues, and begins again between FIFO queues.
   */
  #bury(message: HeldMessage, now: number): void {
    this.#messages = this.#messages.filter(({ id }) => id !== message.id)
    const sentAt = this.fifo ? now : message.sentAt
    const buried = { ...message, sentAt, receiptHandle: undefined, deadLetterSource: this.arn }
    this.#deadLetterQueue!.#messages.push(buried)
  }

  #find(handle: string, now: number): HeldMessage | 'not this queue' | 'absent' {
    const receipt = readReceipt(handle)
    if (receipt?.queue !== this.options.name) return 'not this queue'
    return this.messages(now).find(({ id }) => id === receipt.messageId) ?? 'absent'
  }

  #replace(message: HeldMessage): void {
    this.#messages = this.#messages.map((held) => (held.id === message.id ? message : held))
  }
}
