import type { Batch, PacketSource } from '../capture.ts'
import { isInbound, type Sockets } from '../core/direction.ts'
import { TCP, UDP } from '../core/entry.ts'
import { keyedHash } from '../core/keyed-hash.ts'
import type { Packet } from '../core/packet.ts'
import { RotatingMap } from '../core/rotating-map.ts'
import { type Reading, readPayload, type SipMessage } from '../core/sip-message.ts'
import type { CaptureTotals } from '../core/traffic.ts'
import type { NetworkAcl } from './network-acl.ts'

/** What blocking would have kept away from the PBX, and from those whose addresses were forged. */
export interface Effect {
  packetsDropped: number
  bytesDropped: number
  /** Recorded replies to requests that were dropped: the PBX would not have sent them. */
  repliesPrevented: number
  repliesPreventedBytes: number
}

const DROPPED_TRANSACTIONS = 65_536

/**
 * Plays the network ACL against recorded traffic: what the ACL denies at that moment does not reach the sensor,
 * and neither do the recorded replies to it. Remembers the newest 65,536 dropped transactions.
 */
export class Edge {
  readonly effect: Effect = {
    packetsDropped: 0,
    bytesDropped: 0,
    repliesPrevented: 0,
    repliesPreventedBytes: 0,
  }
  /** What was kept away, counted as the sensor would have counted it. */
  readonly totals: CaptureTotals = { packets: 0, sipMessages: 0, malformed: 0, ignored: 0 }
  readonly #acl: NetworkAcl
  readonly #sockets: Sockets
  readonly #dropped = new RotatingMap<number, true>(DROPPED_TRANSACTIONS)

  constructor(acl: NetworkAcl, sockets: Sockets) {
    this.#acl = acl
    this.#sockets = sockets
  }

  /** The same source without what the ACL keeps away; lazy, so that each packet meets the ACL of its time. */
  async *admit(source: PacketSource, seen: (packet: Packet, dropped: boolean) => void): AsyncIterable<Batch> {
    for await (const batch of source) yield { ...batch, packets: this.#admitted(batch.packets, seen) }
  }

  *#admitted(packets: Iterable<Packet>, seen: (packet: Packet, dropped: boolean) => void): Iterable<Packet> {
    for (const packet of packets) {
      const dropped = this.#isDropped(packet)
      seen(packet, dropped)
      if (!dropped) yield packet
    }
  }

  #isDropped(packet: Packet): boolean {
    const inbound = isInbound(packet, this.#sockets)
    if (inbound === undefined || (!inbound && this.#dropped.size === 0)) return false
    if (inbound && !this.#denies(packet)) return false
    const readings = readPayload(packet)
    const transactions = readings.flatMap((reading) =>
      transactionOf(reading, inbound ? 'request' : 'response'),
    )
    if (inbound) {
      this.effect.packetsDropped++
      this.effect.bytesDropped += packet.bytes
      for (const transaction of transactions) this.#dropped.set(transaction, true)
    } else {
      if (!transactions.some((transaction) => this.#dropped.get(transaction))) return false
      this.effect.repliesPrevented++
      this.effect.repliesPreventedBytes += packet.bytes
    }
    this.#tally(readings)
    return true
  }

  #tally(readings: readonly Reading[]): void {
    const messages = readings.filter(({ kind }) => kind === 'message').length
    const malformed = readings.filter(({ kind }) => kind === 'malformed').length
    this.totals.packets++
    this.totals.sipMessages += messages
    this.totals.malformed += malformed
    if (messages + malformed === 0) this.totals.ignored++
  }

  #denies({ source, transport, destinationPort }: Packet): boolean {
    const protocol = transport === 'udp' ? UDP : TCP
    return (
      this.#acl.evaluate({ egress: false, address: source, protocol, port: destinationPort }).action ===
      'deny'
    )
  }
}

/** RFC 3261 17.1.3 and 17.2.3: a response carries the branch and CSeq of its request. */
function transactionOf(reading: Reading, kind: SipMessage['kind']): number[] {
  if (reading.kind !== 'message' || reading.message.kind !== kind) return []
  const { via, callId, cseq, method } = reading.message
  return [keyedHash(0, via.branch, `${callId} ${cseq} ${method}`)]
}
