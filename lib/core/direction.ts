import type { Packet } from './packet.ts'
import type { Address } from './prefix.ts'

/** Where the PBX listens. */
export interface Sockets {
  /** The PBX's own addresses; what goes to or from them on a SIP port is looked at. */
  readonly pbx: ReadonlySet<Address>
  readonly ports: ReadonlySet<number>
}

/**
 * Whether the packet goes to the PBX or comes from it; undefined where it is neither, or cannot be told. A packet
 * from outside that forges one of the PBX's own addresses is told by its ports and counts against that address,
 * which is never blocked.
 */
export function isInbound(packet: Packet, { pbx, ports }: Sockets): boolean | undefined {
  const to = pbx.has(packet.destination)
  const from = pbx.has(packet.source)
  const toPort = ports.has(packet.destinationPort)
  const fromPort = ports.has(packet.sourcePort)
  if (to && toPort && !(from && fromPort)) return true
  if (from && fromPort && !(to && toPort)) return false
  if (to && from) return undefined // own to own, both on SIP ports
  if (from && toPort) return false // the PBX's client socket to a peer's SIP port
  if (to && fromPort) return true
  return undefined
}
