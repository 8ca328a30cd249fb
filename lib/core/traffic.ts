import { Conversations } from './conversations.ts'
import { isInbound, type Sockets } from './direction.ts'
import type { Packet } from './packet.ts'
import { type Prefix, sourcePrefix } from './prefix.ts'
import { type Reading, readPayload } from './sip-message.ts'
import { type ProofNews, Sources } from './sources.ts'

export interface TrafficOptions extends Sockets {
  /** Secret 32-bit number, drawn afresh at each start: it keeps senders from choosing colliding texts. */
  readonly key: number
}

export interface CaptureTotals {
  /** Everything that was seen, packets or not. */
  packets: number
  sipMessages: number
  /** On a SIP port, looks like SIP, and does not parse. */
  malformed: number
  /** What is in neither count: keepalives, STUN, other protocols, frames that cannot be read. */
  ignored: number
}

/**
 * Traffic accounting beside one PBX: packets in, counters by source out. Memory is bounded whatever is sent: the
 * two tables of sources, and fixed tables of nonces and exchanges, together under 150 MB when all are full. It
 * has no clock: a packet that is older than the newest is counted in the newest second.
 */
export class Traffic {
  readonly totals: CaptureTotals = { packets: 0, sipMessages: 0, malformed: 0, ignored: 0 }
  readonly sources: Sources
  readonly #conversations: Conversations
  readonly #sockets: Sockets

  constructor(options: TrafficOptions) {
    this.#sockets = options
    this.sources = new Sources(options.key)
    this.#conversations = new Conversations(this.sources, options.key)
  }

  /** Counts one packet. One that does not go between a source and a SIP port of the PBX is ignored. */
  count(packet: Packet): void {
    this.totals.packets++
    this.sources.second = Math.max(this.sources.second, Math.floor(packet.at / 1000))
    const inbound = isInbound(packet, this.#sockets)
    if (inbound === undefined) {
      this.totals.ignored++
      return
    }
    const source = sourcePrefix(inbound ? packet.source : packet.destination)
    this.#countPacket(source, packet, inbound)
    let isSip = false
    for (const reading of readPayload(packet)) {
      if (this.#countReading(reading, source, inbound)) isSip = true
    }
    if (!isSip) this.totals.ignored++
  }

  /** Counts frames that hold no packet that sipfence reads. */
  ignore(frames: number): void {
    this.totals.packets += frames
    this.totals.ignored += frames
  }

  /** To be called at each whole second of packet time. Returns the proofs since the last call. */
  endSecond(second: number): ProofNews[] {
    return this.sources.endSecond(second)
  }

  #countPacket(source: Prefix, packet: Packet, inbound: boolean): void {
    const { second, all } = this.sources
    const record = this.sources.touch(source, inbound)
    for (const each of [all, record]) {
      each?.add(inbound ? 'packetsIn' : 'packetsOut', second)
      each?.add(inbound ? 'bytesIn' : 'bytesOut', second, packet.bytes)
    }
    if (record === undefined) return
    record.lastSecond = second
    record.transports.add(packet.transport)
    if (inbound) record.ttl = packet.ttl
    // The kernel sends payload only over a connection that the peer has confirmed.
    else if (packet.transport === 'tcp') this.sources.prove(source, 'handshake')
  }

  #countReading(reading: Reading, source: Prefix, inbound: boolean): boolean {
    if (reading.kind === 'message') {
      this.totals.sipMessages++
      this.#conversations.hear(source, reading.message, inbound)
      return true
    }
    if (inbound && reading.kind !== 'keepalive') this.sources.count(source, 'junk')
    if (reading.kind !== 'malformed') return false
    this.totals.malformed++
    return true
  }
}
