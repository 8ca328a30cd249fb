import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeFrame, LINK_TYPES } from '../../lib/host/frame.ts'
import { search } from '../search.ts'
import { ethernet, tcpSegment, udpPacket } from '../traffic/wire.ts'
import { endpoints, vlan, withExtension } from './frames.ts'

const SEED = 20
const FOUR = {
  source: '192.0.2.7',
  sourcePort: 5071,
  destination: '198.51.100.1',
  destinationPort: 5060,
  payload: Buffer.from('OPTIONS sip:pbx.example SIP/2.0'),
}
const SIX = { ...FOUR, source: '2001:db8::7', destination: '2001:db8:1::1' }

describe('hostile bytes', () => {
  const extended = [0, 43, 44, 51, 60].map((type) => withExtension(udpPacket(SIX), type, Array(7).fill(0)))
  const packets = fc.oneof(
    endpoints.map((sent) => udpPacket(sent)),
    endpoints.map((sent) => tcpSegment(sent)),
    fc.constantFrom(...extended),
  )
  const valid = fc.tuple(packets, vlan).map(([ip, tags]) => ethernet(ip, { vlan: tags }))
  const mutated = fc
    .tuple(valid, fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 }), fc.nat(400))
    .map(([frame, changes, length]) => {
      const bytes = Uint8Array.from(frame)
      for (const [index, value] of changes) if (index < bytes.length) bytes[index] = value
      return bytes.subarray(0, length)
    })
  const network = fc
    .tuple(mutated, fc.constantFrom(0, 2, 4, 14, 16, 20))
    .map(([frame, cut]) => frame.subarray(cut))
  const frames = fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated, network)
  const linkTypes = fc.oneof(fc.constantFrom(...LINK_TYPES), fc.nat(300))

  test('no bytes of any link type throw or are read past their end', () => {
    search(
      fc.property(linkTypes, frames, (linkType, frame) => {
        const watched = new Proxy(frame, {
          get(target, key) {
            if (typeof key === 'string' && /^-?\d+$/.test(key) && !(Number(key) < target.length)) {
              throw new Error(`read byte ${key} of ${target.length}`)
            }
            const value: unknown = Reflect.get(target, key, target)
            return typeof value === 'function' ? value.bind(target) : value
          },
        })
        const packet = decodeFrame(linkType, watched, frame.length, 0)
        if (packet === undefined) return
        expect(packet.payload.byteOffset + packet.payload.length).toBeLessThanOrEqual(
          frame.byteOffset + frame.length,
        )
        expect(packet.bytes).toBeGreaterThanOrEqual(28)
      }),
      { seed: SEED, numRuns: 20_000 },
    )
  })

  test('a frame cut anywhere keeps its addresses and its length on the wire, or is ignored', () => {
    for (const sent of [FOUR, SIX]) {
      const ip = udpPacket(sent)
      const frame = ethernet(ip)
      const headers = frame.length - sent.payload.length
      for (let length = 0; length <= frame.length; length++) {
        const packet = decodeFrame(1, frame.subarray(0, length), frame.length, 0)
        if (length < headers) expect(packet).toBeUndefined()
        else expect(packet).toMatchObject({ bytes: ip.length, source: sent.source })
        expect(packet?.payload.length ?? 0).toBe(Math.max(0, length - headers))
      }
    }
  })
})
