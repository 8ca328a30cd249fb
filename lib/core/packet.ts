import type { Address } from './prefix.ts'

export type Transport = 'udp' | 'tcp'

/** One UDP datagram, or one TCP segment that carries bytes, as it was seen beside the PBX. */
export interface Packet {
  /** When it was seen: milliseconds since 1970, with a fraction. Packet time, never the reader's clock. */
  readonly at: number
  readonly transport: Transport
  /** From the IP header, and never from anything inside the payload. */
  readonly source: Address
  readonly sourcePort: number
  readonly destination: Address
  readonly destinationPort: number
  /** IPv4 time to live or IPv6 hop limit, 0 to 255. */
  readonly ttl: number
  /** Length of the whole IP packet on the wire in bytes, even where the capture kept less of it. */
  readonly bytes: number
  /** What the capture kept of the payload; hostile bytes. */
  readonly payload: Uint8Array
}
