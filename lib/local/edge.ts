import { isInbound, type Sockets } from '../core/direction.ts'
import { TCP, UDP } from '../core/entry.ts'
import { keyedHash } from '../core/keyed-hash.ts'
import type { Packet } from '../core/packet.ts'
import type { Address } from '../core/prefix.ts'
import { RotatingMap } from '../core/rotating-map.ts'
import { type Reading, readPayload, type SipMessage } from '../core/sip-message.ts'
import type { CaptureTotals } from '../core/traffic.ts'
import type { NetworkAcl } from './network-acl.ts'
import type { SecurityGroupGate } from './security-group-gate.ts'

/** What blocking would have kept away from the PBX, and from those whose addresses were forged. */
export interface Effect {
  packetsDropped: number
  bytesDropped: number
  /** Recorded replies to requests that were dropped: the PBX would not have sent them. */
  repliesPrevented: number
  repliesPreventedBytes: number
  /** Of the dropped packets, those that the network ACL let through and the security group did not. */
  droppedByGroup: number
}

const DROPPED_TRANSACTIONS = 65_536

/**
 * Plays the network ACL, and the security group behind it where there is one, against recorded traffic: what they do not
 * let in at that moment does not reach the sensor, and neither do the recorded replies to it. Remembers the newest 65,536 dropped transactions.
 */
export class Edge {
  readonly effect: Effect = {
    packetsDropped: 0,
    bytesDropped: 0,
    repliesPrevented: 0,
    repliesPreventedBytes: 0,
    droppedByGroup: 0,
  }
  /** What was kept away, counted as the sensor would have counted it. */
  readonly totals: CaptureTotals = { packets: 0, sipMessages: 0, malformed: 0, ignored: 0 }
  readonly #acl: NetworkAcl
  readonly #sockets: Sockets
  readonly #gate: SecurityGroupGate | undefined
  readonly #dropped = new RotatingMap<number, true>(DROPPED_TRANSACTIONS)

  constructor(acl: NetworkAcl, sockets: Sockets, gate?: SecurityGroupGate) {
    this.#acl = acl
    this.#gate = gate
    this.#sockets = sockets
  }

  /** Whether the packet reaches the sensor: neither denied itself, nor a reply to what was denied. */
  admits(packet: Packet): boolean {
    const inbound = isInbound(packet, this.#sockets)
    if (inbound === undefined) return true
    if (inbound ? this.#letsIn(packet) : this.#isSent(packet)) return true
    const source = inbound ? packet.source : packet.destination
    const readings = readPayload(packet)
    const kind = inbound ? 'request' : 'response'
    const transactions = readings.flatMap((reading) => transactionOf(source, reading, kind))
    if (inbound) {
      this.effect.packetsDropped++
      this.effect.bytesDropped += packet.bytes
      for (const transaction of transactions) this.#dropped.set(transaction, true)
    } else {
      if (!transactions.some((transaction) => this.#dropped.get(transaction))) {
        this.#gate?.sent(inboundOf(packet, packet.destination), packet.at)
        return true
      }
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

  #letsIn(packet: Packet): boolean {
    if (this.#denies(packet)) return false
    if (this.#gate === undefined || this.#gate.admits(inboundOf(packet, packet.source), packet.at))
      return true
    this.effect.droppedByGroup++
    return false
  }

  /** Certainly sent; where packets were dropped it must be looked at whether it answers one of them. */
  #isSent(packet: Packet): boolean {
    if (this.#dropped.size > 0) return false
    this.#gate?.sent(inboundOf(packet, packet.destination), packet.at)
    return true
  }

  #denies({ source, transport, destinationPort }: Packet): boolean {
    const protocol = transport === 'udp' ? UDP : TCP
    return (
      this.#acl.evaluate({ egress: false, address: source, protocol, port: destinationPort }).action ===
      'deny'
    )
  }
}

/** The packet, or the one that would answer it, as a security group compares it. */
function inboundOf({ source, transport, sourcePort, destinationPort }: Packet, address: Address) {
  const protocol = transport === 'udp' ? UDP : TCP
  const [remotePort, port] =
    source === address ? [sourcePort, destinationPort] : [destinationPort, sourcePort]
  return { address, protocol, remotePort, port }
}

/** RFC 3261 17.1.3 and 17.2.3: a response carries the branch and CSeq of its request, and goes where it came from. */
function transactionOf(source: Address, reading: Reading, kind: SipMessage['kind']): number[] {
  if (reading.kind !== 'message' || reading.message.kind !== kind) return []
  const { via, callId, cseq, method } = reading.message
  return [keyedHash(0, `${source} ${via.branch}`, `${callId} ${cseq} ${method}`)]
}
