import type { Address } from '../core/prefix.ts'
import { u16 } from './integers.ts'

/**
 * Canonical text (RFC 5952) of the 16 bytes at `at`, as ipaddr.js writes it but several times
 * faster, because a flood of IPv6 packets spends most of its time here. The caller has checked that the bytes
 * are there and that the address is not IPv4-mapped.
 */
export function address6(bytes: Uint8Array, at: number): Address {
  const skipped = longestZeros(bytes, at)
  const from = skipped >> 4
  const to = from + (skipped & 0xf)
  let text = ''
  for (let group = 0; group < 8; group++) {
    if (group >= from && group < to) {
      if (group === from) text += '::'
      continue
    }
    if (group > 0 && group !== to) text += ':'
    text += u16(bytes, at + 2 * group).toString(16)
  }
  return text as Address
}

/** The first longest run of two or more zero groups: its start times 16 plus its length, or start 8 for none. */
function longestZeros(bytes: Uint8Array, at: number): number {
  let best = 8 << 4
  let longest = 1
  for (let group = 0; group < 8; group++) {
    let length = 0
    while (group + length < 8 && u16(bytes, at + 2 * (group + length)) === 0) length++
    if (length > longest) {
      longest = length
      best = (group << 4) | length
    }
    group += length
  }
  return best
}
