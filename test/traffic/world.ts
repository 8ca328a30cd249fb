import type { Packet } from '../../lib/core/packet.ts'
import type { Address, Prefix } from '../../lib/core/prefix.ts'
import type { DetectionClass } from '../../lib/core/suspicion.ts'
import { Dice } from './dice.ts'
import type { SipText } from './sip-text.ts'
import { textOf } from './sip-writing.ts'
import type { Socket } from './socket.ts'
import { TimeQueue } from './time-queue.ts'
import { ethernet, tcpSegment, udpPacket } from './wire.ts'

/** One UDP datagram on its way, or a stray TCP segment: a SIP message, or other bytes. */
export interface Datagram {
  /** What the IP header says, which a sender may forge. */
  readonly from: Socket
  readonly to: Socket
  readonly content: SipText | Uint8Array
  /** A TCP segment of a connection that was never confirmed: the sensor sees it, and the kernel of the PBX drops it. */
  readonly isStraySegment?: boolean
}

/** What lies between a remote address and the PBX. */
export interface Path {
  readonly latencyMs: number
  /** Up to this much is added to each packet's latency. */
  readonly jitterMs: number
  /** Share of packets that are lost, in each direction. */
  readonly loss: number
  /** Time to live that is left at the PBX. */
  readonly ttl: number
}

/** What is true of a source, whatever a detector thinks. Times are milliseconds of packet time. */
export interface Truth {
  /** Sources that no entry names count to the widest entry that holds them. */
  readonly source: Prefix
  readonly role: string
  readonly verdict: 'never-block' | 'must-block' | 'may-block'
  /** For must-block: the classes that a block may name. */
  readonly classes?: readonly DetectionClass[]
  /** When its attack, or the attack in its name, begins. */
  readonly from?: number
  /** For must-block: how long it may take; 5 for reflection and 20 for the rest unless told. */
  readonly withinSeconds?: number
  /** The attack must raise an alert that names the source. */
  readonly alert?: boolean
}

/** One packet as the sensor beside the PBX sees it; the frame is made when it is asked for. */
export class WireFrame {
  readonly at: number
  readonly packet: Packet

  constructor(packet: Packet) {
    this.at = packet.at
    this.packet = packet
  }

  get frame(): Uint8Array {
    return ethernet(this.packet.transport === 'udp' ? udpPacket(this.packet) : tcpSegment(this.packet))
  }
}

export interface WorldOptions {
  readonly seed: number
  /** Milliseconds that pass before the sensor is switched on: what happened in them it has not seen. */
  readonly unseenMs?: number
}

/** Monday 2026-03-02 08:00:00 UTC, when the sensor is switched on. */
export const START = Date.UTC(2026, 2, 2, 8)

/**
 * Packet time, the network between the PBX and everybody else, and the sensor beside the PBX. Packets to the PBX
 * are seen when they arrive, those from it when they leave.
 */
export class World {
  readonly dice: Dice
  readonly frames: WireFrame[] = []
  readonly truth: Truth[] = []
  /** Milliseconds since 1970. */
  now: number
  readonly #queue = new TimeQueue()
  readonly #receivers = new Map<string, (datagram: Datagram) => void>()
  readonly #paths = new Map<Address, Path>()
  readonly #beside = new Set<Address>()
  readonly #hidden = new Set<Address>()

  constructor({ seed, unseenMs = 0 }: WorldOptions) {
    this.dice = new Dice(seed)
    this.now = START - unseenMs
  }

  /** Runs at that many milliseconds after START. */
  at(offsetMs: number, run: () => void): void {
    this.#queue.put(START + offsetMs, run)
  }

  after(ms: number, run: () => void): void {
    this.#queue.put(this.now + ms, run)
  }

  /** Runs again and again, after as long as `gapMs` says each time, until that many milliseconds after START. */
  repeat(gapMs: () => number, untilMs: number, run: () => void): void {
    this.after(gapMs(), () => {
      if (this.now >= START + untilMs) return
      run()
      this.repeat(gapMs, untilMs, run)
    })
  }

  /** Receives what is sent to the socket. Where nobody listens, packets vanish. */
  listen({ address, port }: Socket, receive: (datagram: Datagram) => void): void {
    this.#receivers.set(`${address} ${port}`, receive)
  }

  /** The sensor sees what goes to and from this address. */
  watch(address: Address): void {
    this.#beside.add(address)
  }

  /** The sensor sees nothing that goes to and from this address, as where it speaks TLS. */
  hide(address: Address): void {
    this.#hidden.add(address)
  }

  /** Sets the path of an address; the first packet draws one where none is set. */
  setPath(address: Address, path: Partial<Path>): void {
    this.#paths.set(address, { ...this.#path(address), ...path })
  }

  /** @param by whose path the packet takes, where its source is forged */
  send(datagram: Datagram, by?: Path): void {
    const outbound = this.#beside.has(datagram.from.address)
    const path = by ?? this.#path(outbound ? datagram.to.address : datagram.from.address)
    if (outbound) this.#see(datagram, 64)
    if (path.loss > 0 && this.dice.chance(path.loss)) return
    this.after(path.latencyMs + this.dice.between(0, path.jitterMs), () => {
      if (!outbound) this.#see(datagram, path.ttl)
      if (datagram.isStraySegment) return
      this.#receivers.get(`${datagram.to.address} ${datagram.to.port}`)?.(datagram)
    })
  }

  /** Lets that many milliseconds after START pass. */
  run(untilMs: number): void {
    while (this.#queue.nextAt <= START + untilMs) {
      this.now = this.#queue.nextAt
      this.#queue.take()?.()
    }
    this.now = START + untilMs
  }

  #path(address: Address): Path {
    const known = this.#paths.get(address)
    if (known !== undefined) return known
    const path = drawPath(this.dice)
    this.#paths.set(address, path)
    return path
  }

  #see({ from, to, content, isStraySegment = false }: Datagram, ttl: number): void {
    if (this.now < START || this.#hidden.has(from.address) || this.#hidden.has(to.address)) return
    const payload = content instanceof Uint8Array ? content : Buffer.from(textOf(content), 'utf8')
    const packet: Packet = {
      at: this.now,
      transport: isStraySegment ? 'tcp' : 'udp',
      source: from.address,
      sourcePort: from.port,
      destination: to.address,
      destinationPort: to.port,
      ttl,
      bytes: (from.address.includes(':') ? 40 : 20) + (isStraySegment ? 20 : 8) + payload.length,
      payload,
    }
    this.frames.push(new WireFrame(packet))
  }
}

/** A path as the Internet has them: 4 to 70 ms one way, one packet in 500 lost. */
export function drawPath(dice: Dice): Path {
  return {
    latencyMs: dice.between(4, 70),
    jitterMs: dice.between(1, 12),
    loss: 0.002,
    ttl: dice.whole(44, 60),
  }
}
