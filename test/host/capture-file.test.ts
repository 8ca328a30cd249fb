import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import type { PacketSource } from '../../lib/capture.ts'
import { openCapture, readCapture } from '../../lib/host/capture-file.ts'
import { type CapturedFrame, ethernet, udpPacket, writePcap, writePcapng } from '../traffic/wire.ts'

const START = 1_700_000_000_123.456
const FRAMES = frames(2500)
const directory = mkdtempSync(join(tmpdir(), 'sipfence-capture-'))
afterAll(() => rmSync(directory, { recursive: true }))

function frames(count: number): CapturedFrame[] {
  return Array.from({ length: count }, (_, index) => ({
    at: START + index * 0.25,
    frame: ethernet(
      udpPacket({
        source: `192.0.2.${index % 250}`,
        sourcePort: 5060,
        destination: '198.51.100.1',
        destinationPort: 5060,
        payload: `OPTIONS sip:${index} SIP/2.0\r\n\r\n`,
      }),
    ),
  }))
}

async function* inChunks(file: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size)
}

async function drain(source: PacketSource) {
  const seen = { frames: 0, batches: 0, largest: 0, times: [] as number[], payloads: [] as string[] }
  for await (const batch of source) {
    seen.batches++
    const frames = [...batch.packets].length + batch.ignored
    seen.frames += frames
    seen.largest = Math.max(seen.largest, frames)
    for (const packet of batch.packets) {
      seen.times.push(packet.at)
      seen.payloads.push(Buffer.from(packet.payload).toString('latin1'))
    }
  }
  return seen
}

function read(file: Uint8Array, notes: string[] = [], size = 4096) {
  return drain(readCapture('x', inChunks(file, size), (warning) => notes.push(warning)))
}

const PAYLOADS = FRAMES.map((_, index) => `OPTIONS sip:${index} SIP/2.0\r\n\r\n`)

describe('formats', () => {
  const files: readonly (readonly [string, Uint8Array, number])[] = [
    ['pcap in microseconds, little', writePcap(FRAMES), 1e-3],
    ['pcap in microseconds, big', writePcap(FRAMES, { byteOrder: 'big' }), 1e-3],
    ['pcap in nanoseconds, little', writePcap(FRAMES, { resolution: 'ns' }), 1e-3],
    ['pcap in nanoseconds, big', writePcap(FRAMES, { resolution: 'ns', byteOrder: 'big' }), 1e-3],
    ['pcapng, little', writePcapng(FRAMES), 1e-3],
    ['pcapng, big', writePcapng(FRAMES, { byteOrder: 'big' }), 1e-3],
    ['pcapng in nanoseconds', writePcapng(FRAMES, { timestampResolution: 9 }), 1e-3],
    ['pcapng in milliseconds', writePcapng(FRAMES, { timestampResolution: 3 }), 1],
    ['gzip of pcap', gzipSync(writePcap(FRAMES)), 1e-3],
    ['gzip of pcapng', gzipSync(writePcapng(FRAMES)), 1e-3],
    [
      'gzip in two members',
      Buffer.concat([writePcap(FRAMES.slice(0, 9)), recordsOf(9)].map((b) => gzipSync(b))),
      1e-3,
    ],
  ]
  test.each(files)('%s is read whole and in order', async (_, file, precision) => {
    const notes: string[] = []
    const seen = await read(file, notes)
    expect(seen.payloads).toEqual(PAYLOADS)
    expect(seen.frames).toBe(FRAMES.length)
    for (const [index, { at }] of FRAMES.entries()) {
      expect(Math.abs(seen.times[index]! - at)).toBeLessThanOrEqual(precision)
    }
    expect(notes).toEqual([])
  })

  test.each([1, 3, 17, 1_000_000])('chunks of %i bytes give the same packets', async (size) => {
    const some = FRAMES.slice(0, 40)
    for (const file of [writePcap(some), writePcapng(some), gzipSync(writePcap(some))]) {
      expect((await read(file, [], size)).payloads).toEqual(PAYLOADS.slice(0, 40))
    }
  })

  test('a batch has at most 1000 frames', async () => {
    const seen = await read(writePcap(FRAMES), [], 1_000_000)
    expect([seen.batches, seen.largest]).toEqual([3, 1000])
  })

  test('frames that are no packets of ours are counted and not handed over', async () => {
    const arp = {
      at: START,
      frame: Uint8Array.from([...Array(12).fill(2), 0x08, 0x06, ...Array(28).fill(0)]),
    }
    const seen = await read(writePcap([arp, FRAMES[0]!, arp]))
    expect([seen.frames, seen.payloads.length]).toEqual([3, 1])
  })

  test('a frame cut by the snapshot length keeps its length on the wire', async () => {
    const file = writePcap(FRAMES.slice(0, 1), { snaplen: 50 })
    for await (const { packets } of readCapture('x', inChunks(file, 4096), () => {})) {
      for (const packet of packets) {
        expect([packet.bytes, packet.payload.length]).toEqual([FRAMES[0]!.frame.length - 14, 8])
      }
    }
    expect.assertions(1)
  })

  test('a link type that is not read is told once', async () => {
    for (const file of [writePcap(FRAMES, { linkType: 105 }), writePcapng(FRAMES, { linkType: 105 })]) {
      const notes: string[] = []
      const seen = await read(file, notes)
      expect([seen.frames, seen.payloads.length, notes.length]).toEqual([2500, 0, 1])
      expect(notes[0]).toMatch(/link type 105/)
    }
  })
})

describe('files cut short', () => {
  test('everything before the cut is read, then the cut is told', async () => {
    const some = FRAMES.slice(0, 3)
    for (const write of [writePcap, writePcapng]) {
      const [two, three] = [write(some.slice(0, 2)), write(some)]
      for (let length = two.length + 1; length < three.length; length++) {
        const notes: string[] = []
        expect((await read(three.subarray(0, length), notes)).payloads).toEqual(PAYLOADS.slice(0, 2))
        expect(notes).toEqual(['Capture "x" ends in the middle of packet 3; the packets before it were read'])
      }
    }
  })

  test('a gzip file cut short is read as far as it goes', async () => {
    const zipped = gzipSync(writePcap(FRAMES))
    const notes: string[] = []
    const seen = await read(zipped.subarray(0, zipped.length >> 1), notes)
    expect(seen.frames).toBeGreaterThan(500)
    expect(seen.payloads).toEqual(PAYLOADS.slice(0, seen.frames))
    expect(notes).toHaveLength(1)
    const whole: string[] = []
    expect((await read(zipped.subarray(0, -4), whole)).frames).toBe(2500)
    expect(whole).toEqual(['Capture "x" ends after packet 2500; the packets before it were read'])
  })

  test('a file header cut short is an error', async () => {
    const expected = /Cannot read capture "x": it ends after 20 bytes; its header alone should have 24/
    await expect(read(writePcap([]).subarray(0, 20))).rejects.toThrow(expected)
    await expect(read(writePcapng([]).subarray(0, 20))).rejects.toThrow(/should have 28/)
    expect((await read(writePcap([]))).frames).toBe(0)
  })
})

describe('what is no capture', () => {
  test.each([
    ['an empty file', '', /"x": it is empty; expected a pcap or pcapng file/],
    ['a zip file', '504b0304ffff', /"x": it starts with 50 4b 03 04; expected a pcap/],
    ['one byte', '0a', /it starts with 0a; expected/],
    ["Kuznetzov's pcap", '34cdb2a1020004', /modified pcap format of Kuznetzov; convert it/],
  ])('%s is an error that says what was found', async (_, bytes, expected) => {
    await expect(read(Buffer.from(bytes, 'hex'))).rejects.toThrow(expected)
  })

  test('gzip of something else and corrupt gzip are errors', async () => {
    await expect(read(gzipSync('hello'))).rejects.toThrow(/it starts with 68 65 6c 6c/)
    const zipped = gzipSync(writePcap(FRAMES))
    for (const at of [2, 12, zipped.length - 8]) {
      const damaged = Buffer.from(zipped).fill(0xff, at, at + 8)
      await expect(read(damaged)).rejects.toThrow(/Cannot read capture "x": its gzip data is corrupt \(.+\)/)
    }
  })

  test('an absurd frame length names its byte offset', async () => {
    const file = Buffer.from(writePcap(FRAMES.slice(0, 2)))
    const second = 24 + 16 + FRAMES[0]!.frame.length
    file.writeUInt32LE(262_145, second + 8)
    await expect(read(file)).rejects.toThrow(`at byte ${second} a frame claims 262145 bytes`)
  })
})

describe('paths', () => {
  test('a file is opened by its path', async () => {
    const path = join(directory, 'good.pcap')
    writeFileSync(path, writePcap(FRAMES))
    expect((await drain(openCapture(path, () => {}))).payloads).toEqual(PAYLOADS)
  })

  test('a missing file and a directory are errors that name the path', async () => {
    const missing = join(directory, 'missing.pcap')
    await expect(drain(openCapture(missing, () => {}))).rejects.toThrow(`"${missing}": there is no such file`)
    await expect(drain(openCapture(directory, () => {}))).rejects.toThrow(`"${directory}": it is a directory`)
  })

  test('a forbidden file is an error that names the path and the user', async () => {
    const path = join(directory, 'forbidden.pcap')
    writeFileSync(path, writePcap(FRAMES))
    chmodSync(path, 0)
    const reader = process.geteuid!() === 0 ? NOBODY : process.geteuid!()
    process.seteuid!(reader) // root may read everything
    try {
      await expect(drain(openCapture(path, () => {}))).rejects.toThrow(
        `"${path}": user ${reader} may not read it`,
      )
    } finally {
      process.seteuid!(process.getuid!())
    }
  })
})

const NOBODY = 65_534

/** The records of a pcap file from that frame on, without the file header. */
function recordsOf(from: number): Uint8Array {
  return writePcap(FRAMES.slice(from)).subarray(24)
}
