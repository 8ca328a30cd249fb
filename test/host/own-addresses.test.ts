import { describe, expect, test } from 'vitest'
import { defaultInterface, ownAddresses } from '../../lib/host/own-addresses.ts'

const HEADINGS = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT'
const ZERO = '0'.repeat(32)

function route4(device: string, destination: string, flags: string, metric: number, mask: string): string {
  return [device, destination, '010200C0', flags, '0', '0', metric, mask, '0', '0', '0'].join('\t')
}

function route6(device: string, flags: string, metric: string): string {
  return `${ZERO} 00 ${ZERO} 00 fd000000000000000000000000000001 ${metric} 00000002 00000000 ${flags} ${device}`
}

function files(route: string | undefined, ipv6Route?: string) {
  return (path: string) => (path === '/proc/net/route' ? route : ipv6Route)
}

describe('the addresses of this host', () => {
  test('each appears once, without a zone', () => {
    const rest = { netmask: '', mac: '', internal: false, cidr: null }
    const addresses = ownAddresses({
      lo: [{ ...rest, family: 'IPv4', address: '127.0.0.1' }],
      eth0: [
        { ...rest, family: 'IPv4', address: '192.0.2.2' },
        { ...rest, family: 'IPv6', address: 'fe80::1%eth0', scopeid: 2 },
        { ...rest, family: 'IPv6', address: '2001:DB8:0::2', scopeid: 0 },
      ],
      eth1: [{ ...rest, family: 'IPv4', address: '192.0.2.2' }],
    })
    expect(addresses).toEqual(['127.0.0.1', '192.0.2.2', 'fe80::1', '2001:db8::2'])
  })

  test('a running host has its loopback address', () => {
    expect(ownAddresses()).toContain('127.0.0.1')
  })
})

describe('the default interface', () => {
  test('it is the one with the lowest metric that is up and not a reject route', () => {
    const table = [
      HEADINGS,
      route4('eth9', '000200C0', '0001', 0, '00FFFFFF'),
      route4('eth1', '00000000', '0003', 200, '00000000'),
      route4('eth2', '00000000', '0003', 100, '00000000'),
      route4('eth3', '00000000', '0002', 1, '00000000'),
      route4('eth4', '00000000', '0201', 1, '00000000'),
    ].join('\n')
    expect(defaultInterface(files(table, route6('eth6', '00000003', '00000001')))).toBe('eth2')
  })

  test('a host without an IPv4 default route takes the IPv6 one, metrics being hexadecimal', () => {
    const table = [
      route6('lo', '00000003', '00000000'),
      route6('eth1', '00200200', '00000000'),
      route6('eth2', '00000003', '0000000a'),
      route6('eth3', '00000003', '00000009'),
    ].join('\n')
    expect(defaultInterface(files(HEADINGS, table))).toBe('eth3')
  })

  test('a host with neither is told to pass --interface', () => {
    expect(() => defaultInterface(files(undefined))).toThrow(/no default route; pass one with --interface/)
    expect(() => defaultInterface(files(HEADINGS, ''))).toThrow(/no default route/)
  })
})
