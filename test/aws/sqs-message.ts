import { createHash } from 'node:crypto'
import type { WireObject } from './wire-value.ts'

/** What a sender wants in a queue; it has passed every check. */
export interface Draft {
  readonly body: string
  readonly senderId: string
  readonly groupId: string | undefined
  readonly deduplicationId: string | undefined
  readonly delaySeconds: number
  /** Message attributes, by name, as the wire carries them. */
  readonly attributes: WireObject
}

/** A message that a queue holds. Instants are milliseconds since the epoch. */
export interface HeldMessage {
  readonly id: string
  readonly body: string
  readonly senderId: string
  readonly groupId: string | undefined
  readonly deduplicationId: string | undefined
  readonly attributes: WireObject
  /** 20 digits that grow within the queue; FIFO queues alone have them. */
  readonly sequenceNumber: string | undefined
  readonly sentAt: number
  /** Over all queues that it has been in. */
  readonly receiveCount: number
  readonly firstReceivedAt: number | undefined
  readonly lastReceivedAt: number | undefined
  /** Until then no one receives it, because someone else has it or because it was sent with a delay. */
  readonly hiddenUntil: number
  /** Of the receive that was the last; undefined where there was none in this queue. */
  readonly receiptHandle: string | undefined
  /** ARN of the queue that it was moved from. */
  readonly deadLetterSource: string | undefined
}

/** Hex, as SQS and its clients compare them. */
export function md5Of(text: string): string {
  return createHash('md5').update(text).digest('hex')
}

/** The deduplication id of a body where the queue makes it ("Exactly-once processing", Amazon SQS Developer Guide). */
export function contentId(body: string): string {
  return createHash('sha256').update(body).digest('hex')
}

/** In the form of a UUID; the same text gives the same id. */
export function idOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
