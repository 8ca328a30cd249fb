import { gzipSync } from 'node:zlib'
import type { Address } from '../../lib/core/prefix.ts'
import { LONGEST } from '../../lib/core/sip-header.ts'
import { type Reading, readSip, readSipSegment } from '../../lib/core/sip-message.ts'
import { Traffic } from '../../lib/core/traffic.ts'
import { readCapture } from '../../lib/host/capture-file.ts'
import { decodeFrame, LINK_TYPES } from '../../lib/host/frame.ts'
import { MESSAGES } from '../laws/law-1-messages.ts'
import { mutated, numbers } from '../laws/law-1-mutate.ts'
import { ethernet, tcpSegment, udpPacket, writePcap, writePcapng } from '../traffic/wire.ts'

/** Items that share one Traffic; the next chunk begins with an empty one. */
export const CHUNK = 10_000
/** Of every ten items the last is a capture file and the others are messages. */
const CAPTURE_EVERY = 10

const PBX = '198.51.100.1'
const PBX_SIX = '2001:db8:ffff::1'
const START = 1_700_000_000_000
const LONGEST_PAYLOAD = 60_000

export interface Tallies {
  messages: number
  bytes: number
  /** Of the messages: those still read as SIP, and the frames around them that still held a packet. */
  sip: number
  packets: number
  captures: number
  /** Of the captures: those refused with the Error that readCapture promises. */
  refused: number
}

export function noTallies(): Tallies {
  return { messages: 0, bytes: 0, sip: 0, packets: 0, captures: 0, refused: 0 }
}

type Random = (below: number) => number

/** Runs items one after the other. What a seed and an item number give never changes. */
export class Items {
  readonly #seed: number
  readonly #tallies: Tallies
  #traffic = newTraffic()

  constructor(seed: number, tallies: Tallies) {
    this.#seed = seed
    this.#tallies = tallies
  }

  /** @throws whatever the code under test throws, or an Error that says which promise it broke */
  async run(item: number): Promise<void> {
    if (item % CHUNK === 0) this.#traffic = newTraffic()
    if (item % 500 === 0) this.#traffic.endSecond(START / 1000 + (item % CHUNK) / 500)
    const random = numbers(Math.imul(this.#seed, 0x9e3779b1) ^ Math.imul(item + 1, 0x85ebca6b))
    if (item % CAPTURE_EVERY === CAPTURE_EVERY - 1) await this.#capture(random)
    else this.#message(item, random)
  }

  #message(item: number, random: Random): void {
    const bytes = mutated(pick(MESSAGES, random), pick(MESSAGES, random), random)
    this.#tallies.messages++
    this.#tallies.bytes += bytes.length
    const reading = readSip(bytes)
    for (const each of [reading, ...readSipSegment(bytes)]) checkReading(each, bytes)
    if (reading.kind === 'message') this.#tallies.sip++
    const linkType = random(20) === 0 ? pick(LINK_TYPES, random) : 1
    const frame = frameAround(bytes, random)
    const packet = decodeFrame(linkType, frame, frame.length, START + (item % CHUNK) * 2)
    if (packet === undefined) return
    this.#tallies.packets++
    this.#traffic.count(packet)
    checkSizes(this.#traffic)
  }

  async #capture(random: Random): Promise<void> {
    const file = mutated(pick(CAPTURES, random), pick(CAPTURES, random), random)
    this.#tallies.captures++
    try {
      for await (const { packets, ignored } of readCapture(
        'mutated',
        pieces(file, 1 + random(500)),
        () => {},
      )) {
        let count = ignored
        for (const packet of packets) {
          count++
          if (Number.isNaN(packet.at)) throw new RangeError('a packet has no time')
        }
        if (count < 1 || count > 1000) throw new RangeError(`a batch has ${count} frames`)
      }
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('Cannot read capture "mutated": '))
        throw error
      this.#tallies.refused++
    }
  }
}

function newTraffic(): Traffic {
  return new Traffic({ pbx: new Set([PBX, PBX_SIX] as Address[]), ports: new Set([5060]), key: 0x5eed })
}

/** To or from the PBX, over either family and transport; every fourth frame is itself mutated. */
function frameAround(bytes: Uint8Array, random: Random): Uint8Array {
  const six = random(8) === 0
  const pbx = six ? PBX_SIX : PBX
  const peer = six ? `2001:db8:${random(64)}::${random(9) + 1}` : `10.0.${random(64)}.${random(256)}`
  const inbound = random(3) > 0
  const packet = {
    source: inbound ? peer : pbx,
    sourcePort: 5060,
    destination: inbound ? pbx : peer,
    destinationPort: 5060,
    payload: bytes.subarray(0, LONGEST_PAYLOAD),
  }
  const frame = ethernet(random(5) === 0 ? tcpSegment(packet) : udpPacket(packet))
  return random(4) === 0 ? mutated(frame, frame, random) : frame
}

function checkReading(reading: Reading, bytes: Uint8Array): void {
  if (reading.kind !== 'message') return
  const { message, length } = reading
  if (length < 1 || length > bytes.length)
    throw new RangeError(`a message of ${length} of ${bytes.length} bytes`)
  const { via, from, to, callId, userAgent, method, credentials, challenges } = message
  const parts = [via, from, to, ...credentials, ...challenges].flatMap((part): unknown[] =>
    Object.values(part),
  )
  if ([callId, userAgent, method, ...parts].some((part) => String(part).length > LONGEST)) {
    throw new RangeError('a part of a message is longer than is kept')
  }
}

function checkSizes({ sources }: Traffic): void {
  if (sources.suspects.size > 4_096 || sources.knownGood.size > 8_192) {
    throw new RangeError(`${sources.suspects.size} suspects, ${sources.knownGood.size} known-good sources`)
  }
}

function pick<T>(list: readonly T[], random: Random): T {
  return list[random(list.length)]!
}

async function* pieces(file: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size)
}

const FRAMES = MESSAGES.slice(0, 3).map((payload, index) => ({
  at: START + index * 20,
  frame: ethernet(
    udpPacket({
      source: '192.0.2.7',
      sourcePort: 5060,
      destination: PBX,
      destinationPort: 5060,
      payload: payload.subarray(0, 90),
    }),
    { vlan: index === 2 ? [7] : [] },
  ),
}))

const CAPTURES: readonly Uint8Array[] = [
  writePcap(FRAMES),
  writePcap(FRAMES, { byteOrder: 'big', resolution: 'ns' }),
  writePcap(FRAMES, { linkType: 113, snaplen: 60 }),
  writePcapng(FRAMES),
  writePcapng(FRAMES, { byteOrder: 'big', timestampResolution: 9 }),
  gzipSync(writePcap(FRAMES)),
  gzipSync(writePcapng(FRAMES)),
].map((file) => new Uint8Array(file))
