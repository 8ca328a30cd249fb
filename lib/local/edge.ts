import { isInbound, type Sockets } from '../core/direction.ts'
import { TCP, UDP } from '../core/entry.ts'
import { keyedHash } from '../core/keyed-hash.ts'
import type { Packet } from '../core/packet.ts'
import type { Address } from '../core/prefix.ts'
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

  /** Whether the packet reaches the sensor: neither denied itself, nor a reply to what was denied. */
  admits(packet: Packet): boolean {
    const inbound = isInbound(packet, this.#sockets)
    if (inbound === undefined || (!inbound && this.#dropped.size === 0)) return true
    if (inbound && !this.#denies(packet)) return true
    const source = inbound ? packet.source : packet.destination
    const readings = readPayload(packet)
    const kind = inbound ? 'request' : 'response'
    const transactions = readings.flatMap((reading) => transactionOf(source, reading, kind))
    if (inbound) {
      this.effect.packetsDropped++
      this.effect.bytesDropped += packet.bytes
      for (const transaction of transactions) this.#dropped.set(transaction, true)
    } else {
      if (!transactions.some((transaction) => this.#dropped.get(transaction))) return true
      this.effect.repliesPrevented++
      this.effect.repliesPreventedBytes += packet.bytes
    }
    this.#tally(readings)
    return false
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

/** RFC 3261 17.1.3 and 17.2.3: a response carries the branch and CSeq of its request, and goes where it came from. */
function transactionOf(source: Address, reading: Reading, kind: SipMessage['kind']): number[] {
  if (reading.kind !== 'message' || reading.message.kind !== kind) return []
  const { via, callId, cseq, method } = reading.message
  return [keyedHash(0, `${source} ${via.branch}`, `${callId} ${cseq} ${method}`)]
}
