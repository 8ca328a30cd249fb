import type { Packet } from './core/packet.ts'

/**
 * What a packet source hands over at once. Live sources hand over an empty batch each second
 * in which nothing came, so that time passes without traffic.
 */
export interface Batch {
  /** Packets in the order seen. May be lazy: the reader takes one, finishes with it, then takes the next. */
  readonly packets: Iterable<Packet>
  /** Frames read for this batch, whether or not they became packets. */
  readonly frames: number
  /** Live sources only: the clock's time in milliseconds when the batch was handed over. */
  readonly now?: number
  /** Live sources only: packets the kernel has dropped since the capture began. */
  readonly dropped?: number
}

export type PacketSource = AsyncIterable<Batch>
