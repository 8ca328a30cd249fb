import { bitsOf, type Prefix } from '../core/prefix.ts'

/** Names of sources that sort by address, so that one query finds the sources within a prefix. */

/** `4c0000207` for 192.0.2.7/32, `6` and 16 digits for an IPv6 /64. */
export function sortableName(source: Prefix): string {
  return nameRange(source)[0]
}

/** The first and the last name that a source within the prefix can have. */
export function nameRange(prefix: Prefix): [string, string] {
  const { family, bits, length } = bitsOf(prefix)
  const width = family === 4 ? 32 : 64
  const first = family === 4 ? bits : bits >> 64n
  const last = first | ((1n << BigInt(Math.max(0, width - length))) - 1n)
  const nameOf = (value: bigint) => `${family}${value.toString(16).padStart(width / 4, '0')}`
  return [nameOf(first), nameOf(last)]
}
