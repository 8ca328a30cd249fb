import ipaddr from 'ipaddr.js'
import type { Address } from '../../lib/core/prefix.ts'

/** Canonical text of 16 bytes by the library alone: what faster code is held against. */
export function addressFromBytes16(bytes: Uint8Array): Address {
  const six = new ipaddr.IPv6(Array.from(bytes.subarray(0, 16)))
  return (six.isIPv4MappedAddress() ? six.toIPv4Address().toString() : six.toRFC5952String()) as Address
}
