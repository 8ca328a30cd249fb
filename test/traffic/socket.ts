import type { Address } from '../../lib/core/prefix.ts'

/** An address and a UDP port. */
export interface Socket {
  readonly address: Address
  readonly port: number
}

/** An IPv6 address goes in brackets (RFC 3261 25.1, IPv6reference). */
export function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
