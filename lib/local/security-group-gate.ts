import { TCP, UDP } from '../core/entry.ts'
import { RotatingMap } from '../core/rotating-map.ts'
import type { SecurityGroup } from './security-group.ts'
import { type InboundPacket, Openings } from './security-group-openings.ts'
import { ICMP, ICMPV6 } from './security-group-rule.ts'

/** How long a tracked flow lasts without a packet, in milliseconds. */
export interface IdleTimeouts {
  readonly tcpEstablished: number
  /** UDP that was seen in one direction, or in one request and its reply. */
  readonly udp: number
  /** UDP that was seen in more than one request and reply. */
  readonly udpStream: number
}

/**
 * Documented (ConnectionTrackingConfiguration): the defaults, which may be set for each network interface. For TCP,
 * instances of Nitro v6 have 350 s.
 */
const IDLE: IdleTimeouts = { tcpEstablished: 432_000_000, udp: 30_000, udpStream: 180_000 }

/** Documented for protocols other than TCP, UDP and ICMP. */
const OTHER_MS = 600_000

/** Tracked flows that are remembered. An instance of EC2 has an allowance, which is not public. */
const MOST_FLOWS = 65_536

/**
 * The security groups of one network interface at work: a packet comes in where a rule allows it, or where it belongs
 * to a tracked flow, which goes on after its rule is gone until it has been idle for its time ("Amazon EC2 security
 * group connection tracking"). A flow that is not tracked ends with its rule.
 *
 * Time is that of the packets. Flows are kept in a table of fixed size: the newest half of it for certain, and the
 * oldest are forgotten, where EC2 would drop new ones instead.
 */
export class SecurityGroupGate {
  readonly #openings: Openings
  readonly #idle: IdleTimeouts
  readonly #flows: RotatingMap<string, Flow>

  /** @param groups those of the interface; changing one of them changes what this admits */
  constructor(groups: readonly SecurityGroup[], { idle = IDLE, mostFlows = MOST_FLOWS } = {}) {
    this.#openings = new Openings(groups)
    this.#idle = idle
    this.#flows = new RotatingMap(mostFlows)
  }

  /** Whether the packet, seen at that instant in milliseconds, comes in; follows its flow if it does. */
  admits(packet: InboundPacket, at: number): boolean {
    if (this.#goesOn(packet, 'in', at)) return true
    const admission = this.#openings.admission(packet)
    if (admission === 'tracked') this.#begin(packet, 'in', at)
    return admission !== 'none'
  }

  /**
   * A packet that the instance sent, named as the packet that would answer it. It goes on with the tracked flow of
   * what it answers. Where it answers none it begins one, so that its own answer comes in whatever the rules say.
   */
  sent(packet: InboundPacket, at: number): void {
    if (this.#goesOn(packet, 'out', at)) return
    if (!this.#openings.letsOut(packet.address.includes(':') ? 6 : 4)) return
    if (this.#openings.admission(packet) !== 'untracked') this.#begin(packet, 'out', at)
  }

  #begin(packet: InboundPacket, direction: Direction, at: number): void {
    const flow = {
      asks: direction,
      last: direction,
      replies: 0,
      until: at + this.#idleMs(packet.protocol, 0),
    }
    this.#flows.set(flowKey(packet), flow)
  }

  #goesOn(packet: InboundPacket, direction: Direction, at: number): boolean {
    if (this.#flows.size === 0) return false
    const key = flowKey(packet)
    const flow = this.#flows.get(key)
    if (flow === undefined || at >= flow.until) return false
    if (direction !== flow.asks && flow.last === flow.asks) flow.replies++
    flow.last = direction
    flow.until = at + this.#idleMs(packet.protocol, flow.replies)
    this.#flows.set(key, flow)
    return true
  }

  /**
   * A packet here has no TCP flags, so a flow of TCP is established by its first reply and never closed. Before, and
   * for ICMP, no time is documented: that of UDP.
   */
  #idleMs(protocol: number, replies: number): number {
    const { tcpEstablished, udp, udpStream } = this.#idle
    if (protocol === TCP) return replies > 0 ? tcpEstablished : udp
    if (protocol === UDP) return replies > 1 ? udpStream : udp
    return protocol === ICMP || protocol === ICMPV6 ? udp : OTHER_MS
  }
}

type Direction = 'in' | 'out'

interface Flow {
  /** The direction of its first packet. */
  readonly asks: Direction
  last: Direction
  /** How many times the other side answered. */
  replies: number
  until: number
}

/** Documented: of protocols without ports the address and the number are tracked. */
function flowKey({ address, protocol, remotePort, port }: InboundPacket): string {
  if (protocol === TCP || protocol === UDP) return `${address} ${remotePort} ${protocol} ${port}`
  return `${address} ${protocol}`
}
