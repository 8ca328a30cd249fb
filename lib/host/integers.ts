/** Two bytes at `at` in network order. The caller has checked that they are there. */
export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

/** Two bytes at `at` in the order of the file that holds them. The caller has checked that they are there. */
export function u16In(bytes: Uint8Array, at: number, little: boolean): number {
  return little ? (bytes[at + 1]! << 8) | bytes[at]! : u16(bytes, at)
}

/** Four bytes at `at`, unsigned, in the order of the file that holds them; the caller has checked them. */
export function u32In(bytes: Uint8Array, at: number, little: boolean): number {
  const low = u16In(bytes, little ? at : at + 2, little)
  const high = u16In(bytes, little ? at + 2 : at, little)
  return high * 0x10000 + low
}

/** The first bytes as a message shows them: `1f 8b 08 00`. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
