import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Packet } from '../../lib/core/packet.ts'
import { readCapture } from '../../lib/host/capture-file.ts'
import { search } from '../search.ts'
import { block, ethernet, udpPacket, writePcap, writePcapng } from '../traffic/wire.ts'

const AT = 1_700_000_000_250
const IP = udpPacket({
  source: '192.0.2.7',
  sourcePort: 5060,
  destination: '198.51.100.1',
  destinationPort: 5060,
  payload: 'OPTIONS sip:pbx.example SIP/2.0\r\n\r\n',
})
const FRAME = ethernet(IP)
const SECTION = writePcapng([]).subarray(0, 28)

async function* once(file: Uint8Array): AsyncGenerator<Uint8Array> {
  yield file
}

async function read(parts: readonly Uint8Array[], notes: string[] = []) {
  const packets: Packet[] = []
  let ignored = 0
  for await (const batch of readCapture('x', once(Buffer.concat(parts)), (note) => notes.push(note))) {
    packets.push(...batch.packets)
    ignored += batch.ignored
  }
  return { packets, ignored }
}

function described(linkType: number, options: readonly number[] = []): Uint8Array {
  return block(1, Uint8Array.from([linkType, 0, 0, 0, 0, 0, 4, 0, ...options]), 'little')
}

function enhanced(id: number, units: bigint, frame: Uint8Array, kept = frame.length): Uint8Array {
  const body = Buffer.alloc(20 + frame.length)
  body.writeUInt32LE(id, 0)
  body.writeUInt32LE(Number(units >> 32n), 4)
  body.writeUInt32LE(Number(units & 0xffffffffn), 8)
  body.writeUInt32LE(kept, 12)
  body.writeUInt32LE(frame.length, 16)
  body.set(frame, 20)
  return block(6, body, 'little')
}

describe('interfaces', () => {
  test('each has its own link type, resolution and time offset', async () => {
    const offset = Buffer.alloc(8)
    offset.writeBigInt64LE(-3600n)
    const { packets } = await read([
      SECTION,
      described(1),
      described(101, [9, 0, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0]),
      described(1, [2, 0, 3, 0, 0x65, 0x74, 0x68, 0, 9, 0, 1, 0, 0x8a, 0, 0, 0, 14, 0, 8, 0, ...offset]),
      enhanced(0, BigInt(AT) * 1000n, FRAME),
      enhanced(1, BigInt(AT), IP),
      enhanced(2, (BigInt(AT + 3_600_000) * 1024n) / 1000n, FRAME),
    ])
    expect(packets.map((packet) => packet.at)).toEqual([AT, AT, AT])
    expect(packets.map((packet) => packet.bytes)).toEqual([IP.length, IP.length, IP.length])
  })

  test('a new section forgets them and may turn the byte order', async () => {
    const one = [{ at: AT, frame: FRAME }]
    const { packets } = await read([
      writePcapng(one),
      writePcapng(one, { byteOrder: 'big' }),
      writePcapng(one),
    ])
    expect(packets.map((packet) => packet.at)).toEqual([AT, AT, AT])
    const forgotten = read([writePcapng(one), SECTION, enhanced(0, 1n, FRAME)])
    await expect(forgotten).rejects.toThrow(/names an interface that its section does not describe/)
  })

  test('there is a limit to how many a section may describe', async () => {
    const description = described(1)
    await read([SECTION, ...Array(4096).fill(description)])
    await expect(read([SECTION, ...Array(4097).fill(description)])).rejects.toThrow(/at most 4096/)
  })
})

describe('blocks', () => {
  test('unknown blocks are skipped and are no frames', async () => {
    const unknown = [4, 5, 10, 0xbad].map((type) => block(type, new Uint8Array(13), 'little'))
    const { packets, ignored } = await read([
      SECTION,
      ...unknown,
      described(1),
      enhanced(0, 1n, FRAME),
      ...unknown,
    ])
    expect([packets.length, ignored]).toEqual([1, 0])
  })

  test('obsolete packet blocks are read', async () => {
    const body = enhanced(0, BigInt(AT) * 1000n, FRAME).subarray(8, -4)
    body.set([0, 0, 0xff, 0xff])
    const { packets } = await read([SECTION, described(1), block(2, body, 'little')])
    expect(packets).toMatchObject([{ at: AT, source: '192.0.2.7' }])
  })

  test('simple packet blocks are ignored frames with one note', async () => {
    const notes: string[] = []
    const simple = block(3, Uint8Array.from([FRAME.length, 0, 0, 0, ...FRAME]), 'little')
    expect(await read([SECTION, described(1), simple, simple], notes)).toEqual({ packets: [], ignored: 2 })
    expect(notes).toEqual([expect.stringMatching(/carry no time/)])
  })

  test.each([0, 8, 14, 16_777_220])('a block length of %i names its byte offset', async (length) => {
    const bad = Buffer.from(block(5, new Uint8Array(4), 'little'))
    bad.writeUInt32LE(length, 4)
    await expect(read([SECTION, bad])).rejects.toThrow(`at byte 28 a block claims ${length} bytes`)
  })

  test('lengths that disagree and frames longer than their block are errors', async () => {
    const bad = Buffer.from(enhanced(0, 1n, FRAME))
    bad.writeUInt32LE(12, bad.length - 4)
    await expect(read([SECTION, described(1), bad])).rejects.toThrow(/at byte 48 .* both should agree/)
    const long = enhanced(0, 1n, FRAME, FRAME.length + 20)
    await expect(read([SECTION, described(1), long])).rejects.toThrow(/at byte 48 a frame claims/)
    const huge = enhanced(0, 1n, new Uint8Array(262_148))
    await expect(read([SECTION, described(1), huge])).rejects.toThrow(/at most 262144/)
  })

  test('a section without a byte order or of another version is an error', async () => {
    const unordered = Buffer.from(SECTION)
    unordered.writeUInt32LE(0, 8)
    await expect(read([unordered])).rejects.toThrow(/at byte 0 a section has no byte order/)
    const second = Buffer.from(SECTION)
    second.writeUInt16LE(2, 12)
    await expect(read([second])).rejects.toThrow(/version 2; expected version 1/)
  })
})

test('whatever happens to a capture, reading it ends with packets or with an error that names it', async () => {
  const whole = [1, 2, 3].map((at) => ({ at, frame: FRAME }))
  const files = [writePcap(whole), writePcapng(whole), writePcapng(whole, { byteOrder: 'big' })]
  const changes = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 5 })
  await search(
    fc.asyncProperty(fc.constantFrom(...files), changes, fc.nat(500), async (file, edits, length) => {
      const bytes = Uint8Array.from(file)
      for (const [index, value] of edits) if (index < bytes.length) bytes[index] = value
      const outcome = await read([bytes.subarray(0, length)]).catch((error: Error) => error)
      if (outcome instanceof Error) expect(outcome.message).toMatch(/^Cannot read capture "x": /)
      else expect(outcome.packets.length + outcome.ignored).toBeLessThanOrEqual(40)
    }),
    { seed: 20, numRuns: 3000 },
  )
})
