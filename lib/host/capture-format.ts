import type { Packet } from '../core/packet.ts'
import { LINK_TYPES } from './frame.ts'

/** The most that a frame may take in a capture file; tcpdump's own largest snapshot length. */
export const LARGEST_FRAME = 262_144

/** One record of a capture file: a decoded frame, a frame that is no packet of ours, or no frame at all. */
export type CaptureRecord = Packet | 'ignored' | 'no frame'

/** A capture format, read record by record from a window on the file. Keeps what the file says about itself. */
export interface CaptureFormat {
  /**
   * How many bytes the record at `start` takes; while too little of it has come to tell, how many it takes
   * to tell. `offset` is where in the file the record begins. Throws when the length cannot be true.
   */
  measure(bytes: Uint8Array, start: number, offset: number): number

  /** Reads the record of `length` bytes at `start`, all of which have come. Throws when it contradicts itself. */
  read(bytes: Uint8Array, start: number, length: number, offset: number): CaptureRecord
}

/** The error for a record that cannot be read; `fault` says what it is and what it should be. */
export function recordError(name: string, offset: number, fault: string): Error {
  return new Error(`Cannot read capture "${name}": at byte ${offset} ${fault}`)
}

/** What to tell the operator about a link type whose frames are all ignored, or undefined when it is read. */
export function linkTypeWarning(name: string, linkType: number): string | undefined {
  if (LINK_TYPES.includes(linkType)) return undefined
  return `Capture "${name}" has frames of link type ${linkType}, which are ignored; the link types read are ${LINK_TYPES.join(', ')}`
}
