import ipaddr from 'ipaddr.js'

/** One packet's addressing. Both addresses are of one family; that family decides the IP version. */
export interface Endpoints {
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
  /** IPv4 time to live or IPv6 hop limit; 64 unless told. */
  readonly ttl?: number
  /** IPv4 identification; 0 unless told. IPv6 has none outside a fragment header. */
  readonly id?: number
  readonly payload: Uint8Array | string
}

export interface Segment extends Endpoints {
  /** Sequence number; 1 unless told. */
  readonly seq?: number
  /** The TCP flags byte; PSH and ACK (0x18) unless told. */
  readonly flags?: number
}

/** One frame of a capture file. */
export interface CapturedFrame {
  /** Milliseconds since 1970, with a fraction. */
  readonly at: number
  readonly frame: Uint8Array
  /** Length on the wire where it differs from what the file keeps. */
  readonly originalLength?: number
}

export type ByteOrder = 'little' | 'big'

export interface PcapOptions {
  readonly resolution?: 'us' | 'ns'
  readonly byteOrder?: ByteOrder
  /** 1, Ethernet, unless told. */
  readonly linkType?: number
  /** Frames are cut to this many bytes and keep their original length; 262144 unless told. */
  readonly snaplen?: number
}

export interface PcapngOptions {
  readonly byteOrder?: ByteOrder
  /** Decimal digits of a second, as if_tsresol has them; 6 unless told. */
  readonly timestampResolution?: number
  /** 1, Ethernet, unless told. */
  readonly linkType?: number
}

const UDP = 17
const TCP = 6
const TAG_8021Q = 0x8100
const TAG_8021AD = 0x88a8
const DESTINATION_MAC = [0x02, 0x00, 0x5e, 0x00, 0x53, 0x02]
const SOURCE_MAC = [0x02, 0x00, 0x5e, 0x00, 0x53, 0x01]

/** The IP packet that carries the datagram, with right lengths and checksums (RFC 768, 791, 8200). */
export function udpPacket(packet: Endpoints): Uint8Array {
  const payload = bytesOf(packet.payload)
  const datagram = Buffer.alloc(8 + payload.length)
  datagram.writeUInt16BE(packet.sourcePort, 0)
  datagram.writeUInt16BE(packet.destinationPort, 2)
  datagram.writeUInt16BE(datagram.length, 4)
  datagram.set(payload, 8)
  // A computed zero goes out as all ones, because zero says "no checksum" (RFC 768).
  datagram.writeUInt16BE(transportChecksum(packet, UDP, datagram) || 0xffff, 6)
  return ipPacket(packet, UDP, datagram)
}

/** The IP packet that carries the segment: no TCP options, acknowledgement 1, window 65535. */
export function tcpSegment(packet: Segment): Uint8Array {
  const payload = bytesOf(packet.payload)
  const segment = Buffer.alloc(20 + payload.length)
  segment.writeUInt16BE(packet.sourcePort, 0)
  segment.writeUInt16BE(packet.destinationPort, 2)
  segment.writeUInt32BE((packet.seq ?? 1) >>> 0, 4)
  segment.writeUInt32BE(1, 8)
  segment.writeUInt8(5 << 4, 12)
  segment.writeUInt8(packet.flags ?? 0x18, 13)
  segment.writeUInt16BE(0xffff, 14)
  segment.set(payload, 20)
  segment.writeUInt16BE(transportChecksum(packet, TCP, segment), 16)
  return ipPacket(packet, TCP, segment)
}

/**
 * The Ethernet frame around an IP packet, without padding or frame check sequence. `vlan` lists VLAN
 * identifiers from the outside in; all but the innermost are 802.1ad service tags.
 */
export function ethernet(
  ip: Uint8Array,
  { vlan = [] }: { readonly vlan?: readonly number[] } = {},
): Uint8Array {
  const frame = Buffer.alloc(14 + 4 * vlan.length + ip.length)
  frame.set(DESTINATION_MAC, 0)
  frame.set(SOURCE_MAC, 6)
  for (const [index, tag] of vlan.entries()) {
    frame.writeUInt16BE(index === vlan.length - 1 ? TAG_8021Q : TAG_8021AD, 12 + 4 * index)
    frame.writeUInt16BE(tag, 14 + 4 * index)
  }
  frame.writeUInt16BE((ip[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800, 12 + 4 * vlan.length)
  frame.set(ip, 14 + 4 * vlan.length)
  return frame
}

/** A whole classic pcap file. Times are rounded to the resolution. */
export function writePcap(frames: Iterable<CapturedFrame>, options: PcapOptions = {}): Uint8Array {
  const { resolution = 'us', byteOrder = 'little', linkType = 1, snaplen = 262_144 } = options
  const header = Buffer.alloc(24)
  put32(header, resolution === 'us' ? 0xa1b2c3d4 : 0xa1b23c4d, 0, byteOrder)
  put16(header, 2, 4, byteOrder)
  put16(header, 4, 6, byteOrder)
  put32(header, snaplen, 16, byteOrder)
  put32(header, linkType, 20, byteOrder)
  const parts: Uint8Array[] = [header]
  for (const { at, frame, originalLength = frame.length } of frames) {
    const kept = frame.subarray(0, snaplen)
    const units = resolution === 'us' ? 1_000_000n : 1_000_000_000n
    const time = timeIn(units, at)
    const record = Buffer.alloc(16)
    put32(record, Number(time / units), 0, byteOrder)
    put32(record, Number(time % units), 4, byteOrder)
    put32(record, kept.length, 8, byteOrder)
    put32(record, originalLength, 12, byteOrder)
    parts.push(record, kept)
  }
  return Buffer.concat(parts)
}

/** A whole pcapng file: one section header, one interface description, enhanced packet blocks. */
export function writePcapng(frames: Iterable<CapturedFrame>, options: PcapngOptions = {}): Uint8Array {
  const { byteOrder = 'little', timestampResolution = 6, linkType = 1 } = options
  const section = Buffer.alloc(16, 0xff)
  put32(section, 0x1a2b3c4d, 0, byteOrder)
  put16(section, 1, 4, byteOrder)
  put16(section, 0, 6, byteOrder)
  const description = Buffer.alloc(20)
  put16(description, linkType, 0, byteOrder)
  put32(description, 262_144, 4, byteOrder)
  put16(description, 9, 8, byteOrder)
  put16(description, 1, 10, byteOrder)
  description.writeUInt8(timestampResolution, 12)
  const parts = [block(0x0a0d0d0a, section, byteOrder), block(1, description, byteOrder)]
  const units = 10n ** BigInt(timestampResolution)
  for (const { at, frame, originalLength = frame.length } of frames) {
    const body = Buffer.alloc(20 + frame.length)
    const time = timeIn(units, at)
    put32(body, Number(time >> 32n), 4, byteOrder)
    put32(body, Number(time & 0xffffffffn), 8, byteOrder)
    put32(body, frame.length, 12, byteOrder)
    put32(body, originalLength, 16, byteOrder)
    body.set(frame, 20)
    parts.push(block(6, body, byteOrder))
  }
  return Buffer.concat(parts)
}

/** One pcapng block: the body padded to four bytes between its type and its two lengths. */
export function block(type: number, body: Uint8Array, byteOrder: ByteOrder): Uint8Array {
  const padded = Math.ceil(body.length / 4) * 4
  const bytes = Buffer.alloc(12 + padded)
  put32(bytes, type, 0, byteOrder)
  put32(bytes, bytes.length, 4, byteOrder)
  bytes.set(body, 8)
  put32(bytes, bytes.length, 8 + padded, byteOrder)
  return bytes
}

function ipPacket(packet: Endpoints, protocol: number, body: Uint8Array): Uint8Array {
  const source = addressBytes(packet.source)
  const destination = addressBytes(packet.destination)
  const ttl = packet.ttl ?? 64
  if (source.length !== destination.length) {
    throw new Error(
      `Cannot send from ${packet.source} to ${packet.destination}: they should be of one family`,
    )
  }
  const header = Buffer.alloc(source.length === 4 ? 20 : 40)
  if (source.length === 4) {
    header.writeUInt8(0x45, 0)
    header.writeUInt16BE(20 + body.length, 2)
    header.writeUInt16BE(packet.id ?? 0, 4)
    header.set([ttl, protocol], 8)
    header.set([...source, ...destination], 12)
    header.writeUInt16BE(fold(~sum16(header)), 10)
  } else {
    header.writeUInt8(0x60, 0)
    header.writeUInt16BE(body.length, 4)
    header.set([protocol, ttl, ...source, ...destination], 6)
  }
  return Buffer.concat([header, body])
}

/** RFC 768 and RFC 8200 section 8.1: the sum runs over both addresses, the protocol, the length and the body. */
function transportChecksum(packet: Endpoints, protocol: number, body: Uint8Array): number {
  const addresses = Uint8Array.from([...addressBytes(packet.source), ...addressBytes(packet.destination)])
  return fold(~carry(sum16(addresses) + protocol + body.length + sum16(body)))
}

function sum16(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)
  return carry(sum)
}

function carry(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded >>> 16) + (folded & 0xffff)
  return folded
}

function fold(value: number): number {
  return value & 0xffff
}

function addressBytes(text: string): number[] {
  return ipaddr.parse(text).toByteArray()
}

function bytesOf(payload: Uint8Array | string): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload
}

/** Whole units since 1970. Seconds and fraction go apart, because nanoseconds since 1970 exceed 2^53. */
function timeIn(unitsPerSecond: bigint, at: number): bigint {
  const seconds = Math.floor(at / 1000)
  const fraction = Math.round(((at - seconds * 1000) / 1000) * Number(unitsPerSecond))
  return BigInt(seconds) * unitsPerSecond + BigInt(fraction)
}

function put16(bytes: Buffer, value: number, offset: number, byteOrder: ByteOrder): void {
  if (byteOrder === 'little') bytes.writeUInt16LE(value, offset)
  else bytes.writeUInt16BE(value, offset)
}

function put32(bytes: Buffer, value: number, offset: number, byteOrder: ByteOrder): void {
  if (byteOrder === 'little') bytes.writeUInt32LE(value >>> 0, offset)
  else bytes.writeUInt32BE(value >>> 0, offset)
}
