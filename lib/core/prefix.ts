import ipaddr from 'ipaddr.js'
import { escaped } from './escape.ts'

/** A prefix in canonical text: `192.0.2.0/24`, `2001:db8::/64`. Host bits are zero. */
export type Prefix = string & { readonly prefix: unique symbol }

/** One address in canonical text: `192.0.2.7`, `2001:db8::1`. IPv4-mapped IPv6 is folded to IPv4. */
export type Address = string & { readonly address: unique symbol }

export type Family = 4 | 6

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string }

/** The same prefix as numbers, for comparing without parsing text again. */
export interface PrefixBits {
  readonly family: Family
  readonly bits: bigint
  readonly length: number
}

const WIDTH = { 4: 32, 6: 128 } as const

/**
 * Reads one address strictly: four decimal parts without leading zeros, or RFC 4291 text without a zone.
 * Forms that other tools read as octal, hexadecimal or short ("010.0.0.1", "0x7f.1", "127.1") are refused,
 * because a firewall that reads an address differently from its operator blocks the wrong one.
 */
export function parseAddress(text: string): Parsed<Address> {
  const parsed = readAddress(text)
  if (parsed === undefined) return { ok: false, reason: `"${excerpt(text)}" is not an IPv4 or IPv6 address` }
  return { ok: true, value: canonical(parsed) as Address }
}

/** Reads `address/length`, or a bare address as its /32 or /128. Host bits must be zero. */
export function parsePrefix(text: string): Parsed<Prefix> {
  const slash = text.indexOf('/')
  const address = readAddress(slash < 0 ? text : text.slice(0, slash))
  if (address === undefined) return { ok: false, reason: `"${excerpt(text)}" is not an address or CIDR` }
  const width = address.kind() === 'ipv4' ? 32 : 128
  if (slash >= 0 && width === 32 && text.includes(':')) {
    return { ok: false, reason: `"${excerpt(text)}" is an IPv4-mapped prefix; write it as IPv4` }
  }
  if (slash < 0) return { ok: true, value: `${canonical(address)}/${width}` as Prefix }
  const lengthText = text.slice(slash + 1)
  if (!/^(0|[1-9]\d{0,2})$/.test(lengthText) || Number(lengthText) > width) {
    return {
      ok: false,
      reason: `"${excerpt(text)}" has prefix length "${excerpt(lengthText)}"; it should be 0 to ${width}`,
    }
  }
  const length = Number(lengthText)
  const value = prefixOf(canonical(address) as Address, length)
  if (value !== `${canonical(address)}/${length}`) {
    return { ok: false, reason: `"${excerpt(text)}" has host bits set; the prefix is ${value}` }
  }
  return { ok: true, value }
}

/** The prefix of `length` bits that holds the address. */
export function prefixOf(address: Address, length: number): Prefix {
  const { family, bits } = bitsOfAddress(address)
  const shift = BigInt(WIDTH[family] - length)
  return formatPrefix({ family, bits: (bits >> shift) << shift, length })
}

/** The unit that a source is counted and blocked by: an IPv4 /32, an IPv6 /64 (one site's usual delegation). */
export function sourcePrefix(address: Address): Prefix {
  if (!address.includes(':')) return `${address}/32` as Prefix
  return prefixOf(address, 64)
}

/** Whether the prefix is one source and no more: no known-good source lies within it but itself. */
export function isOneSource(prefix: Prefix): boolean {
  return prefix.endsWith(prefix.includes(':') ? '/64' : '/32')
}

export function familyOf(text: Address | Prefix): Family {
  return text.includes(':') ? 6 : 4
}

/** Prefix to numbers. The text is trusted to be canonical; it costs one parse. */
export function bitsOf(prefix: Prefix): PrefixBits {
  const slash = prefix.indexOf('/')
  const { family, bits } = bitsOfAddress(prefix.slice(0, slash) as Address)
  return { family, bits, length: Number(prefix.slice(slash + 1)) }
}

export function formatPrefix({ family, bits, length }: PrefixBits): Prefix {
  return `${canonical(fromBits(family, bits))}/${length}` as Prefix
}

/** Whether every address of `inner` is also in `outer`. */
export function covers(outer: PrefixBits, inner: PrefixBits): boolean {
  if (outer.family !== inner.family || outer.length > inner.length) return false
  const shift = BigInt(WIDTH[outer.family] - outer.length)
  return outer.bits >> shift === inner.bits >> shift
}

/** Whether the two prefixes share an address, whichever is the wider. */
export function overlaps(a: PrefixBits, b: PrefixBits): boolean {
  return covers(a, b) || covers(b, a)
}

/** How many addresses the prefix holds: IPv4 addresses, or IPv6 /64s, each of which counts as one source. */
export function sourcesIn({ family, length }: PrefixBits): number {
  return family === 4 ? 2 ** (32 - length) : 2 ** Math.max(0, 64 - length)
}

/** Orders by family, then address, then the wider first: the order of tables and of ties. */
export function comparePrefixes(a: Prefix, b: Prefix): number {
  const left = bitsOf(a)
  const right = bitsOf(b)
  if (left.family !== right.family) return left.family - right.family
  if (left.bits !== right.bits) return left.bits < right.bits ? -1 : 1
  return left.length - right.length
}

/** Canonical text of four bytes of an IPv4 header. */
export function addressFromBytes4(a: number, b: number, c: number, d: number): Address {
  return `${a}.${b}.${c}.${d}` as Address
}

type IpAddress = ipaddr.IPv4 | ipaddr.IPv6

function readAddress(text: string): IpAddress | undefined {
  if (text.length > 45) return undefined
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text)
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined
  return unmapped(ipaddr.IPv6.parse(text))
}

function unmapped(six: ipaddr.IPv6): IpAddress {
  return six.isIPv4MappedAddress() ? six.toIPv4Address() : six
}

function canonical(address: IpAddress): string {
  return address.kind() === 'ipv4' ? address.toString() : (address as ipaddr.IPv6).toRFC5952String()
}

function bitsOfAddress(address: Address): { family: Family; bits: bigint } {
  const bytes = ipaddr.parse(address).toByteArray()
  let bits = 0n
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte)
  return { family: bytes.length === 4 ? 4 : 6, bits }
}

function fromBits(family: Family, bits: bigint): IpAddress {
  const bytes = new Array<number>(family === 4 ? 4 : 16)
  for (let i = bytes.length - 1, rest = bits; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn)
  return ipaddr.fromByteArray(bytes)
}

/** Hostile or mistyped text, short and printable enough for a message. */
function excerpt(text: string): string {
  return escaped(JSON.stringify(text.slice(0, 60)).slice(1, -1))
}
