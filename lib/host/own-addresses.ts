import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { type Address, parseAddress } from '../core/prefix.ts'

const ROUTE_UP = 0x1
const ROUTE_REJECT = 0x200

interface DefaultRoute {
  readonly device: string
  readonly metric: number
}

/** Every address of this host, loopback included, each once, IPv6 zones dropped. */
export function ownAddresses(
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): Address[] {
  const found = new Set<Address>()
  for (const addresses of Object.values(interfaces)) {
    for (const { address } of addresses ?? []) {
      const parsed = parseAddress(address.replace(/%.*$/, ''))
      if (parsed.ok) found.add(parsed.value)
    }
  }
  return [...found]
}

/**
 * The device of the IPv4 default route with the lowest metric, or of the IPv6 one where there is none.
 * Linux only: it reads /proc/net. Throws when this host has no default route. `read` returns undefined for a
 * file that cannot be read.
 */
export function defaultInterface(read: (path: string) => string | undefined = readText): string {
  const route =
    best(defaultRoutes4(read('/proc/net/route') ?? '')) ??
    best(defaultRoutes6(read('/proc/net/ipv6_route') ?? ''))
  if (route !== undefined) return route.device
  throw new Error(
    'Cannot choose an interface to capture on: this host has no default route; pass one with --interface',
  )
}

/** Columns: device, destination, gateway, flags, two counters, metric, mask; after one line of headings. */
function defaultRoutes4(table: string): DefaultRoute[] {
  const routes: DefaultRoute[] = []
  for (const line of table.split('\n').slice(1)) {
    const [device = '', destination, , flags = '', , , metric, mask] = line.trim().split(/\s+/)
    if (destination !== '00000000' || mask !== '00000000' || !isUsable(flags)) continue
    routes.push({ device, metric: Number(metric) })
  }
  return routes
}

/** Columns: destination, length, source, length, next hop, metric, two counters, flags, device; all hexadecimal. */
function defaultRoutes6(table: string): DefaultRoute[] {
  const routes: DefaultRoute[] = []
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/)
    const [destination = '', length, , , , metric = '', , , flags = '', device = ''] = columns
    if (!/^0{32}$/.test(destination) || length !== '00' || device === 'lo' || !isUsable(flags)) continue
    routes.push({ device, metric: Number.parseInt(metric, 16) })
  }
  return routes
}

/** RTF_UP and RTF_REJECT of linux/route.h. */
function isUsable(flags: string): boolean {
  const bits = Number.parseInt(flags, 16)
  return (bits & ROUTE_UP) !== 0 && (bits & ROUTE_REJECT) === 0
}

function best(routes: readonly DefaultRoute[]): DefaultRoute | undefined {
  return routes.toSorted((a, b) => a.metric - b.metric)[0]
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
