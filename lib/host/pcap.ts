import { type CaptureFormat, type CaptureRecord, LARGEST_FRAME, recordError } from './capture-format.ts'
import { decodeFrame } from './frame.ts'
import { u16In, u32In } from './integers.ts'

/** Bytes of the file header, which pcapFormat wants whole. */
export const PCAP_HEADER = 24

const RECORD_HEADER = 16

interface Magic {
  readonly little: boolean
  readonly unitsPerMillisecond: number
}

/** Byte order and time unit by the first four bytes as they stand (draft-ietf-opsawg-pcap section 4). */
const MAGICS: Readonly<Record<string, Magic>> = {
  d4c3b2a1: { little: true, unitsPerMillisecond: 1e3 },
  a1b2c3d4: { little: false, unitsPerMillisecond: 1e3 },
  '4d3cb2a1': { little: true, unitsPerMillisecond: 1e6 },
  a1b23c4d: { little: false, unitsPerMillisecond: 1e6 },
}

/** Whether `magic`, a file's first four bytes as hexadecimal text, begins a pcap file. */
export function isPcap(magic: string): boolean {
  return Object.hasOwn(MAGICS, magic)
}

/** The link type that the file header gives all frames. Its upper half holds flags on the frame check sequence. */
export function pcapLinkType(magic: string, header: Uint8Array): number {
  const little = MAGICS[magic]?.little ?? true
  return u16In(header, little ? 20 : 22, little)
}

/** Classic pcap with microseconds or nanoseconds in either byte order; `magic` is one that isPcap accepts. */
export function pcapFormat(name: string, magic: string, linkType: number): CaptureFormat {
  const { little, unitsPerMillisecond } = MAGICS[magic]!
  return {
    measure(bytes: Uint8Array, start: number, offset: number): number {
      if (bytes.length - start < RECORD_HEADER) return RECORD_HEADER
      const kept = u32In(bytes, start + 8, little)
      if (kept > LARGEST_FRAME) {
        throw recordError(
          name,
          offset,
          `a frame claims ${kept} bytes; it should have at most ${LARGEST_FRAME}`,
        )
      }
      return RECORD_HEADER + kept
    },
    read(bytes: Uint8Array, start: number, length: number): CaptureRecord {
      const at = u32In(bytes, start, little) * 1000 + u32In(bytes, start + 4, little) / unitsPerMillisecond
      const frame = bytes.subarray(start + RECORD_HEADER, start + length)
      return decodeFrame(linkType, frame, u32In(bytes, start + 12, little), at) ?? 'ignored'
    },
  }
}
