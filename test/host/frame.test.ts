import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAddress } from '../../lib/core/prefix.ts'
import { decodeFrame } from '../../lib/host/frame.ts'
import { search } from '../search.ts'
import { type Endpoints, ethernet, tcpSegment, udpPacket } from '../traffic/wire.ts'
import { endpoints, vlan, withExtension } from './frames.ts'

const SEED = 20
const FOUR: Endpoints = {
  source: '192.0.2.7',
  sourcePort: 5071,
  destination: '198.51.100.1',
  destinationPort: 5060,
  ttl: 57,
  payload: Buffer.from('OPTIONS sip:pbx.example SIP/2.0\r\n\r\n'),
}
const SIX: Endpoints = { ...FOUR, source: '2001:db8::7', destination: '2001:db8:1::1' }

function canonical(text: string): string {
  const parsed = parseAddress(text)
  return parsed.ok ? parsed.value : 'not an address'
}

function decodedFrom(sent: Endpoints, transport: 'udp' | 'tcp', bytes: number) {
  return {
    at: 7,
    transport,
    source: canonical(sent.source),
    sourcePort: sent.sourcePort,
    destination: canonical(sent.destination),
    destinationPort: sent.destinationPort,
    ttl: sent.ttl,
    bytes,
    payload: Uint8Array.from(sent.payload as Uint8Array),
  }
}

function decode(frame: Uint8Array, linkType = 1) {
  const packet = decodeFrame(linkType, frame, frame.length, 7)
  return packet === undefined ? undefined : { ...packet, payload: Uint8Array.from(packet.payload) }
}

describe('round trips', () => {
  test('a UDP datagram in Ethernet with up to four VLAN tags comes back as it was sent', () => {
    search(
      fc.property(endpoints, vlan, (sent, tags) => {
        const ip = udpPacket(sent)
        expect(decode(ethernet(ip, { vlan: tags }))).toEqual(decodedFrom(sent, 'udp', ip.length))
      }),
      { seed: SEED, numRuns: 500 },
    )
  })

  test('a TCP segment comes back when it carries bytes and is ignored when it does not', () => {
    search(
      fc.property(endpoints, vlan, (sent, tags) => {
        const ip = tcpSegment(sent)
        const expected = sent.payload.length === 0 ? undefined : decodedFrom(sent, 'tcp', ip.length)
        expect(decode(ethernet(ip, { vlan: tags }))).toEqual(expected)
      }),
      { seed: SEED, numRuns: 500 },
    )
  })
})

describe('link types', () => {
  const wrapped: readonly (readonly [string, number, (ip: Uint8Array, type: number) => Uint8Array])[] = [
    ['raw IP', 101, (ip) => ip],
    ['Linux cooked version 1', 113, (ip, type) => Buffer.concat([Buffer.alloc(14), ether(type), ip])],
    ['Linux cooked version 2', 276, (ip, type) => Buffer.concat([ether(type), Buffer.alloc(18), ip])],
    [
      'BSD loopback, little',
      0,
      (ip, type) => Buffer.concat([[type === 0x0800 ? 2 : 30, 0, 0, 0], ip].map(toBytes)),
    ],
    [
      'BSD loopback, big',
      0,
      (ip, type) => Buffer.concat([[0, 0, 0, type === 0x0800 ? 2 : 24], ip].map(toBytes)),
    ],
    [
      'OpenBSD loopback',
      108,
      (ip, type) => Buffer.concat([[0, 0, 0, type === 0x0800 ? 2 : 28], ip].map(toBytes)),
    ],
  ]
  test.each(wrapped)('%s carries both families', (_, linkType, wrap) => {
    for (const [sent, type] of [
      [FOUR, 0x0800],
      [SIX, 0x86dd],
    ] as const) {
      const ip = udpPacket(sent)
      expect(decode(wrap(ip, type), linkType)).toEqual(decodedFrom(sent, 'udp', ip.length))
    }
  })

  test('raw IPv4 and raw IPv6 have link types of their own', () => {
    expect(decode(udpPacket(FOUR), 228)).toMatchObject({ source: FOUR.source })
    expect(decode(udpPacket(SIX), 229)).toMatchObject({ source: SIX.source })
  })

  test('an unknown link type and a fifth VLAN tag are ignored', () => {
    expect(decode(ethernet(udpPacket(FOUR)), 105)).toBeUndefined()
    expect(decode(ethernet(udpPacket(FOUR), { vlan: [1, 2, 3, 4, 5] }))).toBeUndefined()
  })
})

describe('the network header', () => {
  test('IPv4 options are skipped and Ethernet padding is cut', () => {
    const ip = udpPacket(FOUR)
    const withOptions = Buffer.concat([ip.subarray(0, 20), Buffer.alloc(8, 1), ip.subarray(20)])
    withOptions[0] = 0x47
    withOptions.writeUInt16BE(withOptions.length, 2)
    const padded = Buffer.concat([ethernet(withOptions), Buffer.alloc(18)])
    expect(decode(padded)).toEqual(decodedFrom(FOUR, 'udp', ip.length + 8))
  })

  test('the first IPv4 fragment is decoded with what it carries and later ones are ignored', () => {
    const ip = Buffer.from(udpPacket(FOUR)).subarray(0, 44)
    ip.writeUInt16BE(44, 2)
    ip.writeUInt16BE(0x2000, 6)
    expect(decode(ethernet(ip))).toMatchObject({ bytes: 44, payload: toBytes(FOUR.payload).subarray(0, 16) })
    ip.writeUInt16BE(0x0003, 6)
    expect(decode(ethernet(ip))).toBeUndefined()
  })

  test('IPv6 hop-by-hop, routing, destination and authentication headers are skipped', () => {
    let ip = udpPacket(SIX)
    ip = withExtension(ip, 51, [1, ...Array(10).fill(0)])
    ip = withExtension(ip, 43, [1, ...Array(14).fill(0)])
    ip = withExtension(ip, 60, [0, ...Array(6).fill(0)])
    ip = withExtension(ip, 0, [0, ...Array(6).fill(0)])
    expect(decode(ethernet(ip))).toEqual(decodedFrom(SIX, 'udp', ip.length))
  })

  test('more than eight IPv6 extension headers are ignored', () => {
    let ip = udpPacket(SIX)
    for (let headers = 0; headers < 8; headers++) ip = withExtension(ip, 60, Array(7).fill(0))
    expect(decode(ethernet(ip))).toBeDefined()
    expect(decode(ethernet(withExtension(ip, 60, Array(7).fill(0))))).toBeUndefined()
  })

  test('the first IPv6 fragment is decoded and later ones are ignored', () => {
    const ip = udpPacket(SIX)
    const first = withExtension(ip, 44, [0, 0, 1, 0, 0, 0, 9])
    expect(decode(ethernet(first))).toEqual(decodedFrom(SIX, 'udp', first.length))
    expect(decode(ethernet(withExtension(ip, 44, [0, 0, 8, 0, 0, 0, 9])))).toBeUndefined()
  })

  test('an IPv4-mapped source on the wire is ignored, so IPv6 cannot pass for IPv4', () => {
    expect(decode(ethernet(udpPacket({ ...SIX, source: '::ffff:192.0.2.7' })))).toBeUndefined()
  })

  test.each([
    ['an IPv4 header of 16 bytes', udpPacket(FOUR), 0, 0x44],
    ['an IPv4 length under its header', udpPacket(FOUR), 3, 19],
    ['a TCP header of 16 bytes', tcpSegment(FOUR), 32, 0x40],
    ['a TCP header longer than the segment', tcpSegment({ ...FOUR, payload: 'ping' }), 32, 0x70],
  ])('%s is ignored', (_, ip, index, value) => {
    const bytes = Uint8Array.from(ip)
    if (index === 3) bytes[2] = 0
    bytes[index] = value
    expect(decode(ethernet(bytes))).toBeUndefined()
  })

  test('a length of zero, as segmentation offload leaves it, is replaced by the length of the frame', () => {
    const four = Buffer.from(tcpSegment(FOUR))
    four.writeUInt16BE(0, 2)
    expect(decode(ethernet(four))).toEqual(decodedFrom(FOUR, 'tcp', four.length))
    const six = Buffer.from(tcpSegment(SIX))
    six.writeUInt16BE(0, 4)
    expect(decode(ethernet(six))).toEqual(decodedFrom(SIX, 'tcp', six.length))
  })

  test('a UDP datagram ends where its own length says', () => {
    const ip = Buffer.from(udpPacket(FOUR))
    ip.writeUInt16BE(8 + 7, 24)
    expect(decode(ethernet(ip))?.payload).toEqual(toBytes(Buffer.from('OPTIONS')))
    ip.writeUInt16BE(7, 24)
    expect(decode(ethernet(ip))).toBeUndefined()
  })
})

function ether(type: number): Uint8Array {
  return Uint8Array.from([type >> 8, type & 0xff])
}

function toBytes(bytes: ArrayLike<number> | string): Uint8Array {
  return typeof bytes === 'string' ? Buffer.from(bytes) : Uint8Array.from(bytes)
}
