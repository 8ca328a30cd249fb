import {
  type CaptureFormat,
  type CaptureRecord,
  LARGEST_FRAME,
  linkTypeWarning,
  recordError,
} from './capture-format.ts'
import { decodeFrame } from './frame.ts'
import { u16In, u32In } from './integers.ts'

/** Bytes of the smallest section header, with which every file begins. */
export const PCAPNG_HEADER = 28

const SECTION_HEADER = 0x0a0d0d0a
const INTERFACE_DESCRIPTION = 1
const OBSOLETE_PACKET = 2
const SIMPLE_PACKET = 3
const ENHANCED_PACKET = 6
const SMALLEST_BLOCK = 12
const LARGEST_BLOCK = 16 * 1024 * 1024
const PACKET_DATA = 28
const MOST_INTERFACES = 4096
const IF_TSRESOL = 9
const IF_TSOFFSET = 14

interface CaptureInterface {
  readonly linkType: number
  readonly unitsPerMillisecond: number
  readonly offsetSeconds: number
}

/**
 * pcapng (draft-ietf-opsawg-pcapng): sections of either byte order, each with its own interfaces. Enhanced and
 * obsolete packet blocks are decoded. Simple packet blocks carry no time, so they are ignored with one note.
 */
export class PcapngFormat implements CaptureFormat {
  readonly #name: string
  readonly #note: (warning: string) => void
  readonly #noted = new Set<string>()
  #little = true
  #interfaces: CaptureInterface[] = []

  constructor(name: string, note: (warning: string) => void) {
    this.#name = name
    this.#note = note
  }

  measure(bytes: Uint8Array, start: number, offset: number): number {
    if (bytes.length - start < SMALLEST_BLOCK) return SMALLEST_BLOCK
    if (u32In(bytes, start, true) === SECTION_HEADER) this.#little = this.#byteOrder(bytes, start + 8, offset)
    const length = u32In(bytes, start + 4, this.#little)
    if (length >= SMALLEST_BLOCK && length <= LARGEST_BLOCK && length % 4 === 0) return length
    const expected = `a multiple of 4 from ${SMALLEST_BLOCK} to ${LARGEST_BLOCK}`
    throw this.#error(offset, `a block claims ${length} bytes; it should claim ${expected}`)
  }

  read(bytes: Uint8Array, start: number, length: number, offset: number): CaptureRecord {
    const again = u32In(bytes, start + length - 4, this.#little)
    if (again !== length) {
      throw this.#error(offset, `a block of ${length} bytes ends with the length ${again}; both should agree`)
    }
    switch (u32In(bytes, start, this.#little)) {
      case SECTION_HEADER:
        return this.#beginSection(bytes, start, length, offset)
      case INTERFACE_DESCRIPTION:
        return this.#addInterface(bytes, start, length, offset)
      case ENHANCED_PACKET:
        return this.#packet(bytes, start, length, offset, u32In)
      case OBSOLETE_PACKET:
        return this.#packet(bytes, start, length, offset, u16In)
      case SIMPLE_PACKET:
        this.#noteOnce(
          `Capture "${this.#name}" has simple packet blocks, which carry no time and are ignored`,
        )
        return 'ignored'
      default:
        return 'no frame'
    }
  }

  #beginSection(bytes: Uint8Array, start: number, length: number, offset: number): CaptureRecord {
    const major = u16In(bytes, start + 12, this.#little)
    if (length < PCAPNG_HEADER || major !== 1) {
      throw this.#error(offset, `a section has ${length} bytes and version ${major}; expected version 1`)
    }
    this.#interfaces = []
    return 'no frame'
  }

  #addInterface(bytes: Uint8Array, start: number, length: number, offset: number): CaptureRecord {
    if (length < 20) throw this.#error(offset, `an interface has ${length} bytes; it should have 20 or more`)
    if (this.#interfaces.length >= MOST_INTERFACES) {
      throw this.#error(offset, `a section has another interface; it should have at most ${MOST_INTERFACES}`)
    }
    const linkType = u16In(bytes, start + 8, this.#little)
    const warning = linkTypeWarning(this.#name, linkType)
    if (warning !== undefined) this.#noteOnce(warning)
    const end = start + length - 4
    const resolution = this.#option(bytes, start + 16, end, IF_TSRESOL, 1)
    const shift = this.#option(bytes, start + 16, end, IF_TSOFFSET, 8)
    this.#interfaces.push({
      linkType,
      unitsPerMillisecond: unitsPerSecond(resolution < 0 ? 6 : bytes[resolution]!) / 1000,
      offsetSeconds: shift < 0 ? 0 : this.#signed64(bytes, shift),
    })
    return 'no frame'
  }

  #packet(bytes: Uint8Array, start: number, length: number, offset: number, id: typeof u32In): CaptureRecord {
    const room = length - PACKET_DATA - 4
    if (room < 0) throw this.#error(offset, `a packet block has ${length} bytes; it should have 32 or more`)
    const little = this.#little
    const from = this.#interfaces[id(bytes, start + 8, little)]
    if (from === undefined) {
      throw this.#error(offset, 'a packet names an interface that its section does not describe')
    }
    const kept = u32In(bytes, start + 20, little)
    if (kept > room || kept > LARGEST_FRAME) {
      throw this.#error(
        offset,
        `a frame claims ${kept} bytes; it should have at most ${Math.min(room, LARGEST_FRAME)}`,
      )
    }
    const units = u32In(bytes, start + 12, little) * 0x1_0000_0000 + u32In(bytes, start + 16, little)
    const at = units / from.unitsPerMillisecond + from.offsetSeconds * 1000
    const frame = bytes.subarray(start + PACKET_DATA, start + PACKET_DATA + kept)
    return decodeFrame(from.linkType, frame, u32In(bytes, start + 24, little), at) ?? 'ignored'
  }

  #byteOrder(bytes: Uint8Array, at: number, offset: number): boolean {
    if (u32In(bytes, at, true) === 0x1a2b3c4d) return true
    if (u32In(bytes, at, false) === 0x1a2b3c4d) return false
    throw this.#error(
      offset,
      'a section has no byte order; it should say 1a 2b 3c 4d in one order or the other',
    )
  }

  /** Where the value of the option of that code and length begins, or -1. */
  #option(bytes: Uint8Array, start: number, end: number, code: number, length: number): number {
    for (let at = start; at + 4 <= end; ) {
      const found = u16In(bytes, at, this.#little)
      const size = u16In(bytes, at + 2, this.#little)
      if (found === 0) return -1
      if (found === code && size === length && at + 4 + size <= end) return at + 4
      at += 4 + Math.ceil(size / 4) * 4
    }
    return -1
  }

  #signed64(bytes: Uint8Array, at: number): number {
    const first = u32In(bytes, at, this.#little)
    const second = u32In(bytes, at + 4, this.#little)
    return ((this.#little ? second : first) | 0) * 0x1_0000_0000 + (this.#little ? first : second)
  }

  #noteOnce(warning: string): void {
    if (this.#noted.size > 8 || this.#noted.has(warning)) return
    this.#noted.add(warning)
    this.#note(warning)
  }

  #error(offset: number, fault: string): Error {
    return recordError(this.#name, offset, fault)
  }
}

/** if_tsresol: the top bit chooses a power of two over a power of ten. */
function unitsPerSecond(resolution: number): number {
  return resolution < 128 ? 10 ** resolution : 2 ** (resolution - 128)
}
