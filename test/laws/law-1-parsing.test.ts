import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { LONGEST } from '../../lib/core/sip-header.ts'
import { type Reading, readSip, readSipSegment } from '../../lib/core/sip-message.ts'
import { readCapture } from '../../lib/host/capture-file.ts'
import { search } from '../search.ts'
import { block } from '../traffic/wire.ts'
import { MESSAGES } from './law-1-messages.ts'
import { mutated, numbers } from './law-1-mutate.ts'

const SEED = 1
const MUTATIONS = 40_000

/** The bytes within a larger buffer, with `canary` before and after them. */
function surrounded(bytes: Uint8Array, canary: string): Uint8Array {
  const around = Buffer.from(canary, 'latin1')
  const whole = new Uint8Array(Buffer.concat([around, bytes, around]))
  return whole.subarray(around.length, around.length + bytes.length)
}

/** The bytes, which throw when one outside them is asked for by its index. */
function watched(bytes: Uint8Array): Uint8Array {
  return new Proxy(bytes, {
    get(target, key) {
      if (typeof key === 'string' && /^-?\d+$/.test(key) && !(Number(key) < target.length)) {
        throw new Error(`read byte ${key} of ${target.length}`)
      }
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

const CANARIES = [
  '\r\nWWW-Authenticate: Digest nonce="canary"\r\nUser-Agent: canary\r\n\r\n'.repeat(3),
  ';branch=canary;tag=canary\0\r\n\r\n',
]

function checkReading(reading: Reading, bytes: Uint8Array): void {
  if (reading.kind !== 'message') return
  if (reading.length < 1 || reading.length > bytes.length) throw new Error(`length ${reading.length}`)
  const { via, from, to, callId, method, userAgent, credentials, challenges } = reading.message
  const digests = [...credentials, ...challenges]
  const kept = [via, from, to, ...digests].flatMap((part): unknown[] => Object.values(part))
  const tooLong = [...kept, callId, method, userAgent].find((text) => String(text).length > LONGEST)
  if (tooLong !== undefined || digests.length > 8) throw new Error(`kept ${digests.length}, ${tooLong}`)
}

function checkBytes(bytes: Uint8Array): void {
  const [first, second] = CANARIES.map((canary) => surrounded(bytes, canary))
  const reading = readSip(watched(bytes))
  checkReading(reading, bytes)
  expect(readSip(first!)).toEqual(reading)
  expect(readSip(second!)).toEqual(reading)
  const readings = readSipSegment(first!)
  for (const each of readings) checkReading(each, bytes)
  expect(readings.length).toBeLessThanOrEqual(64)
  expect(readSipSegment(second!)).toEqual(readings)
}

describe('Parsing never throws, never loops, never reads past the end, on any bytes.', () => {
  test('random bytes', () => {
    const soup = fc.array(fc.constantFrom(...'SIP/2.0 \r\n\t;,:="<>@\\\0ViaFromTl1'), { maxLength: 120 })
    const lines = fc.array(fc.tuple(fc.constantFrom('Via', 'f', 'To', 'i', 'CSeq', 'l'), fc.string()), {
      maxLength: 9,
    })
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      soup.map((parts) => Buffer.from(parts.join(''), 'latin1')),
      lines.map((all) =>
        Buffer.from(`X sip:x SIP/2.0\n${all.map(([n, v]) => `${n}: ${v}\n`).join('')}\n`, 'latin1'),
      ),
    )
    search(
      fc.property(bytes, (each) => checkBytes(new Uint8Array(each))),
      { seed: SEED, numRuns: 5_000 },
    )
  })

  test(`${MUTATIONS} mutated messages`, () => {
    const random = numbers(SEED)
    const kinds: Record<string, number> = {}
    for (let i = 0; i < MUTATIONS; i++) {
      const bytes = mutated(MESSAGES[i % MESSAGES.length]!, MESSAGES[random(MESSAGES.length)]!, random)
      checkReading(readSip(bytes), bytes)
      for (const reading of readSipSegment(bytes)) {
        checkReading(reading, bytes)
        kinds[reading.kind] = (kinds[reading.kind] ?? 0) + 1
      }
      if (i % 10 === 0) checkBytes(bytes)
    }
    for (const kind of ['message', 'malformed', 'keepalive', 'other']) {
      expect(kinds[kind]).toBeGreaterThan(MUTATIONS / 50)
    }
  })

  test('every message cut at every byte', () => {
    for (const message of MESSAGES) {
      for (let length = 0; length <= message.length; length++) checkBytes(message.slice(0, length))
    }
  })

  test('the time of a captured packet is one that a clock can show', async () => {
    for (const at of [0n, 1n, 0xffff_ffffn, 1_700_000_000_000_000n]) {
      expect(await timesOf(at, 6)).toEqual([Number(at) / 1000])
    }
  })

  // Above 2^53 seconds one more second is no more, and the sum over a window would never end.
  test('a captured packet whose time no clock can show is not read', async () => {
    expect(await timesOf(0xffff_ffff_ffff_ffffn, 0)).toEqual([])
  })

  test('gzip data that is padded with NULs is read to its end, once', async () => {
    const empty = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex')
    const padded = Buffer.concat([gzipSync(empty), Buffer.alloc(4)])
    let reads = 0
    async function* counted() {
      for await (const chunk of chunks([padded])) {
        reads++
        yield chunk
      }
    }
    for await (const batch of readCapture('x', counted(), () => {})) expect(batch).toBeUndefined()
    expect(reads).toBe(1)
  })
})

/** Times that are read of a pcapng file with one packet at `units`, of which a second has 10^resolution. */
async function timesOf(units: bigint, resolution: number): Promise<number[]> {
  const section = Buffer.from('4d3c2b1a01000000ffffffffffffffff', 'hex')
  const description = Buffer.from(`6500000000000400090001000${resolution}00000000000000`, 'hex')
  const ip = Buffer.from('4500001e00000000401100000a000001c633640113c413c4000a00007878', 'hex')
  const body = Buffer.alloc(20)
  body.writeUInt32LE(Number(units >> 32n), 4)
  body.writeUInt32LE(Number(units & 0xffff_ffffn), 8)
  body.writeUInt32LE(ip.length, 12)
  body.writeUInt32LE(ip.length, 16)
  const blocks = [block(0x0a0d0d0a, section, 'little'), block(1, description, 'little')]
  const file = Buffer.concat([...blocks, block(6, Buffer.concat([body, ip]), 'little')])
  const times: number[] = []
  for await (const { packets } of readCapture('x', chunks([file]), () => {})) {
    for (const { at } of packets) times.push(at)
  }
  return times
}

async function* chunks(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}

describe('Parsing takes work in proportion to the bytes', () => {
  /** Characters that indexOf and charCodeAt look at while the text is read. */
  function work(text: string): number {
    const bytes = new Uint8Array(Buffer.from(text, 'latin1'))
    const { indexOf, charCodeAt } = String.prototype
    let looked = 0
    const spies = [
      vi.spyOn(String.prototype, 'indexOf').mockImplementation(function (this: string, sought, from = 0) {
        const found = indexOf.call(this, sought, from)
        looked += (found < 0 ? this.length : found) - from + 1
        return found
      }),
      vi.spyOn(String.prototype, 'charCodeAt').mockImplementation(function (this: string, at) {
        looked++
        return charCodeAt.call(this, at)
      }),
    ]
    try {
      readSip(bytes)
    } finally {
      for (const spy of spies) spy.mockRestore()
    }
    return looked
  }

  function message(value: (prefix: string) => string): string {
    const party = value('<sip:a@h>')
    const via = value('SIP/2.0/UDP h')
    const head = `OPTIONS sip:x SIP/2.0\r\nVia: ${via}\r\nFrom: ${party}\r\nTo: ${party}\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n`
    return `${head}Authorization: ${value('Digest a=b,')}\r\n\r\n`
  }

  test.each([
    ['commas', ','],
    ['quotes', '"'],
    ['backslashes', '\\'],
    ['angle brackets', '<'],
    ['blanks', ' '],
    ['parameters', ';a=b'],
    ['quoted parameters', ';a="b;c,d"'],
    ['digest parameters', 'a="b", '],
    ['folds', '\r\n '],
    ['bare LF folds', '\n\t'],
    ['lines', '\r\nX: y'],
    ['lines without a colon', '\r\nx'],
    ['compact Vias', '\r\nv: SIP/2.0/UDP h'],
    ['line ends and blanks', '\r \r '],
  ])('of thousands of %s', (_, piece) => {
    const text = message((prefix) => prefix + piece.repeat(16_000 / piece.length))
    expect(work(text)).toBeLessThan(12 * text.length)
  })

  test.each([
    ['semicolons', ';'],
    ['parameters without a value', ';a'],
  ])('of thousands of %s', (_, piece) => {
    const text = message((prefix) => prefix + piece.repeat(16_000 / piece.length))
    expect(work(text)).toBeLessThan(12 * text.length)
  })

  test('of a message of any length, because only 64 KiB of header and 64 messages are looked at', () => {
    const endless = `OPTIONS sip:x SIP/2.0\r\n${'X: y\r\n'.repeat(500_000)}`
    expect(work(endless)).toBeLessThan(12 * 65_536)
  })
})
