import fc from 'fast-check'
import { parseAddress } from '../../lib/core/prefix.ts'
import type { Endpoints } from '../traffic/wire.ts'

const port = fc.nat(65535)
const payload = fc.uint8Array({ maxLength: 300 })
const rest = { sourcePort: port, destinationPort: port, ttl: fc.nat(255), payload }
const ipv6 = fc.ipV6().filter((text) => {
  const parsed = parseAddress(text)
  return parsed.ok && parsed.value.includes(':')
})
/** Packets of either family. IPv4-mapped addresses are left out: they do not belong on the wire. */
export const endpoints: fc.Arbitrary<Endpoints> = fc.oneof(
  fc.record({ source: fc.ipV4(), destination: fc.ipV4(), ...rest }),
  fc.record({ source: ipv6, destination: ipv6, ...rest }),
)
/** VLAN identifiers, as many tags as are read. */
export const vlan = fc.array(fc.integer({ min: 1, max: 4094 }), { maxLength: 4 })

/** The packet with `inserted` between the IPv6 header and what followed it, named by `type`. */
export function withExtension(ip: Uint8Array, type: number, inserted: readonly number[]): Uint8Array {
  const header = Buffer.from(ip.subarray(0, 40))
  const extension = Uint8Array.from([header[6]!, ...inserted])
  header[6] = type
  header.writeUInt16BE(header.readUInt16BE(4) + extension.length, 4)
  return Buffer.concat([header, extension, ip.subarray(40)])
}
