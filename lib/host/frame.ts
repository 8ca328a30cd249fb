import type { Packet } from '../core/packet.ts'
import { type Address, addressFromBytes4 } from '../core/prefix.ts'
import { address6 } from './address6.ts'
import { u16 } from './integers.ts'

const UDP = 17
const TCP = 6
const HOP_BY_HOP = 0
const ROUTING = 43
const FRAGMENT = 44
const AUTHENTICATION = 51
const DESTINATION_OPTIONS = 60
const VLAN_TAGS = 4
const EXTENSION_HEADERS = 8
/** The last instant that a Date can hold, in milliseconds: whole numbers stop being exact soon after. */
const LATEST = 8.64e15

/**
 * The link types that decodeFrame reads, as tcpdump.org/linktypes.html numbers them: BSD loopback in host
 * and network order, Ethernet, raw IP, Linux cooked versions 1 and 2.
 */
export const LINK_TYPES: readonly number[] = [0, 1, 101, 108, 113, 228, 229, 276]

/**
 * The UDP datagram or the TCP segment with bytes in one captured frame, or undefined when the frame carries
 * neither, is malformed, is of another link type, or has a time that no clock shows. Never throws and never reads outside the frame, whatever
 * the bytes. Of a fragmented packet the first fragment is decoded and the others, which have no ports, are not.
 * Tunnels are not opened: anybody can write any address inside one. `originalLength` is the frame's length on
 * the wire: no packet is longer, whatever its IP header claims, and one whose header leaves the length at zero, as
 * segmentation offload does, is that long.
 * The payload is a view of the frame, not a copy.
 */
export function decodeFrame(
  linkType: number,
  frame: Uint8Array,
  originalLength: number,
  at: number,
): Packet | undefined {
  const onWire = Math.max(originalLength, frame.length)
  if (!(at >= 0 && at <= LATEST)) return undefined
  switch (linkType) {
    case 1:
      return decodeTagged(frame, 12, 14, onWire, at)
    case 113:
      return decodeTagged(frame, 14, 16, onWire, at)
    case 276:
      return decodeTagged(frame, 0, 20, onWire, at)
    case 101:
    case 228:
    case 229:
      return decodeIp(frame, 0, onWire, at)
    case 0:
    case 108:
      return isLoopbackIp(frame) ? decodeIp(frame, 4, onWire, at) : undefined
    default:
      return undefined
  }
}

/** An EtherType at `typeAt`, and at `body` what it announces: VLAN tags (IEEE 802.1Q, 802.1ad), then IP. */
function decodeTagged(frame: Uint8Array, typeAt: number, body: number, onWire: number, at: number) {
  if (frame.length < body) return undefined
  let type = u16(frame, typeAt)
  let start = body
  for (let tags = 0; tags < VLAN_TAGS && isVlanTag(type); tags++) {
    if (frame.length < start + 4) return undefined
    type = u16(frame, start + 2)
    start += 4
  }
  if (type === 0x0800) return decodeIpv4(frame, start, onWire, at)
  if (type === 0x86dd) return decodeIpv6(frame, start, onWire, at)
  return undefined
}

function isVlanTag(type: number): boolean {
  return type === 0x8100 || type === 0x88a8 || type === 0x9100
}

/** The four bytes hold an address family in either byte order: 2, or what the BSDs and macOS call IPv6. */
function isLoopbackIp(frame: Uint8Array): boolean {
  if (frame.length < 4 || frame[1] !== 0 || frame[2] !== 0) return false
  const first = frame[0]!
  const last = frame[3]!
  if (first !== 0 && last !== 0) return false
  const family = first | last
  return family === 2 || family === 24 || family === 28 || family === 30
}

function decodeIp(frame: Uint8Array, start: number, onWire: number, at: number) {
  if (frame.length <= start) return undefined
  return frame[start]! >> 4 === 6
    ? decodeIpv6(frame, start, onWire, at)
    : decodeIpv4(frame, start, onWire, at)
}

/** RFC 791 section 3.1. */
function decodeIpv4(frame: Uint8Array, start: number, onWire: number, at: number): Packet | undefined {
  if (frame.length < start + 20 || frame[start]! >> 4 !== 4) return undefined
  const headerLength = (frame[start]! & 0x0f) * 4
  const bytes = Math.min(u16(frame, start + 2) || onWire, onWire - start)
  const isLaterFragment = (u16(frame, start + 6) & 0x1fff) !== 0
  if (headerLength < 20 || isLaterFragment) return undefined
  const protocol = frame[start + 9]!
  const transportAt = start + headerLength
  const end = Math.min(frame.length, start + bytes)
  const payloadAt = payloadStart(frame, protocol, transportAt, end)
  if (payloadAt < 0) return undefined
  return {
    at,
    transport: protocol === UDP ? 'udp' : 'tcp',
    source: address4(frame, start + 12),
    sourcePort: u16(frame, transportAt),
    destination: address4(frame, start + 16),
    destinationPort: u16(frame, transportAt + 2),
    ttl: frame[start + 8]!,
    bytes,
    payload: frame.subarray(payloadAt, payloadEnd(frame, protocol, transportAt, end)),
  }
}

/** RFC 8200 section 3. */
function decodeIpv6(frame: Uint8Array, start: number, onWire: number, at: number): Packet | undefined {
  if (frame.length < start + 40 || frame[start]! >> 4 !== 6) return undefined
  if (isMapped(frame, start + 8) || isMapped(frame, start + 24)) return undefined
  const payloadLength = u16(frame, start + 4)
  const bytes = Math.min(payloadLength === 0 ? onWire : 40 + payloadLength, onWire - start)
  const end = Math.min(frame.length, start + bytes)
  let protocol = frame[start + 6]!
  let transportAt = start + 40
  for (let headers = 0; headers < EXTENSION_HEADERS && isExtension(protocol); headers++) {
    if (end < transportAt + 8) return undefined
    if (protocol === FRAGMENT && (u16(frame, transportAt + 2) & 0xfff8) !== 0) return undefined
    const length = extensionLength(protocol, frame[transportAt + 1]!)
    protocol = frame[transportAt]!
    transportAt += length
  }
  const payloadAt = payloadStart(frame, protocol, transportAt, end)
  if (payloadAt < 0) return undefined
  return {
    at,
    transport: protocol === UDP ? 'udp' : 'tcp',
    source: address6(frame, start + 8),
    sourcePort: u16(frame, transportAt),
    destination: address6(frame, start + 24),
    destinationPort: u16(frame, transportAt + 2),
    ttl: frame[start + 7]!,
    bytes,
    payload: frame.subarray(payloadAt, payloadEnd(frame, protocol, transportAt, end)),
  }
}

/**
 * An IPv4-mapped address (RFC 4291 section 2.5.5.2) never belongs on the wire; Linux drops such packets too.
 * Decoded, it would let a stranger on IPv6 pass for an IPv4 source.
 */
function isMapped(frame: Uint8Array, address: number): boolean {
  if (frame[address + 10] !== 0xff || frame[address + 11] !== 0xff) return false
  for (let i = address; i < address + 10; i++) if (frame[i] !== 0) return false
  return true
}

function isExtension(protocol: number): boolean {
  switch (protocol) {
    case HOP_BY_HOP:
    case ROUTING:
    case FRAGMENT:
    case AUTHENTICATION:
    case DESTINATION_OPTIONS:
      return true
    default:
      return false
  }
}

/** RFC 8200 section 4 counts in 8 bytes beyond the first 8; RFC 4302 section 2.2 in 4 bytes beyond 8. */
function extensionLength(protocol: number, lengthField: number): number {
  if (protocol === FRAGMENT) return 8
  return protocol === AUTHENTICATION ? (lengthField + 2) * 4 : (lengthField + 1) * 8
}

/** Where the payload begins, or -1 when there is none to decode. */
function payloadStart(frame: Uint8Array, protocol: number, transportAt: number, end: number): number {
  if (protocol === UDP) {
    if (end < transportAt + 8 || u16(frame, transportAt + 4) < 8) return -1
    return transportAt + 8
  }
  if (protocol !== TCP || end < transportAt + 20) return -1
  const headerLength = (frame[transportAt + 12]! >> 4) * 4
  return headerLength < 20 || transportAt + headerLength >= end ? -1 : transportAt + headerLength
}

function payloadEnd(frame: Uint8Array, protocol: number, transportAt: number, end: number): number {
  return protocol === UDP ? Math.min(end, transportAt + u16(frame, transportAt + 4)) : end
}

function address4(frame: Uint8Array, at: number): Address {
  return addressFromBytes4(frame[at]!, frame[at + 1]!, frame[at + 2]!, frame[at + 3]!)
}
