import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Address, Prefix } from '../../lib/core/prefix.ts'
import { bitsOf, covers, familyOf } from '../../lib/core/prefix.ts'
import { ManagedPrefixList } from '../../lib/local/prefix-list.ts'
import type { SecurityGroupOptions } from '../../lib/local/security-group.ts'
import { SecurityGroup } from '../../lib/local/security-group.ts'
import { SecurityGroupGate } from '../../lib/local/security-group-gate.ts'
import type { InboundPacket } from '../../lib/local/security-group-openings.ts'
import { Openings } from '../../lib/local/security-group-openings.ts'
import type { RuleRequest } from '../../lib/local/security-group-rule.ts'
import { addressFromBytes16 } from '../core/address-bytes.ts'
import { search } from '../search.ts'

const UDP = 17
const TCP = 6
const ports = { from: 5060, to: 5061 }
const everyone: RuleRequest = { protocol: 'udp', ports, cidr: '0.0.0.0/0' }
const trunk: RuleRequest = { protocol: 'udp', ports, cidr: '192.0.2.0/24' }
const trunkTcp: RuleRequest = { ...trunk, protocol: 'tcp' }

function packet(address: string, over: Partial<InboundPacket> = {}): InboundPacket {
  return { address: address as Address, protocol: UDP, remotePort: 40_000, port: 5060, ...over }
}

function groupOf(rules: readonly RuleRequest[], over: SecurityGroupOptions = {}): SecurityGroup {
  return new SecurityGroup({ rules, rulesQuota: 2000, ...over })
}

function gateOf(...rules: RuleRequest[]): { group: SecurityGroup; gate: SecurityGroupGate } {
  const group = groupOf(rules)
  return { group, gate: new SecurityGroupGate([group]) }
}

function listOf(id: string, texts: readonly string[]): ManagedPrefixList {
  const entries = texts.map((prefix) => ({ prefix: prefix as Prefix }))
  return new ManagedPrefixList({ id, family: texts[0]!.includes(':') ? 6 : 4, entries })
}

describe('who is let in', () => {
  test.each<[string, InboundPacket, boolean]>([
    ['the first address and port', packet('192.0.2.0'), true],
    ['the last address and port', packet('192.0.2.255', { port: 5061 }), true],
    ['the address before', packet('192.0.1.255'), false],
    ['the address after', packet('192.0.3.0'), false],
    ['the port before', packet('192.0.2.1', { port: 5059 }), false],
    ['the port after', packet('192.0.2.1', { port: 5062 }), false],
    ['another protocol', packet('192.0.2.1', { protocol: TCP }), false],
    ['an IPv6 address of a rule', packet('2001:db8::1'), true],
    ['another IPv6 address', packet('2001:db9::1'), false],
    ['any port of a rule for every port', packet('198.51.100.1', { protocol: TCP, port: 1 }), true],
    ['any protocol of a rule for every protocol', packet('203.0.113.1', { protocol: 47, port: -1 }), true],
  ])('%s', (_name, asked, admitted) => {
    const { gate } = gateOf(
      trunk,
      { protocol: 'udp', ports, ipv6Cidr: '2001:db8::/32' },
      { protocol: 'tcp', ports: { from: 0, to: 65535 }, cidr: '198.51.100.0/24' },
      { protocol: '-1', cidr: '203.0.113.0/24' },
    )
    expect(gate.admits(asked, 0)).toBe(admitted)
  })

  test('nobody without rules, and nobody of a group that a rule refers to', () => {
    expect(new SecurityGroupGate([]).admits(packet('192.0.2.1'), 0)).toBe(false)
    const { group, gate } = gateOf()
    group.authorize([{ protocol: '-1', groupId: group.id }])
    expect(gate.admits(packet('192.0.2.1'), 0)).toBe(false)
  })

  test('whom any of the groups of the interface lets in', () => {
    const gate = new SecurityGroupGate([groupOf([trunk]), groupOf([trunkTcp])])
    expect(gate.admits(packet('192.0.2.1'), 0)).toBe(true)
    expect(gate.admits(packet('192.0.2.1', { protocol: TCP }), 0)).toBe(true)
    expect(gate.admits(packet('192.0.2.1', { protocol: 132 }), 0)).toBe(false)
  })

  test('whom the version of a prefix list that is in force names', () => {
    let now = 0
    const peers = new ManagedPrefixList({ id: 'pl-4', family: 4, settleMs: 1000, now: () => now })
    const references = { prefixList: () => peers, hasGroup: () => false }
    const gate = new SecurityGroupGate([
      groupOf([{ protocol: 'udp', ports, prefixListId: 'pl-4' }], { references }),
    ])
    peers.modify({ add: [{ cidr: '192.0.2.0/24' }] })
    expect(gate.admits(packet('192.0.2.1'), 0)).toBe(false)
    now = 1000
    expect(gate.admits(packet('192.0.2.1'), 0)).toBe(true)
    expect(gate.admits(packet('198.51.100.1'), 0)).toBe(false)
  })

  test('an address by its own /32 or /128, however its text is shortened', () => {
    const texts = ['0.0.0.0', '255.255.255.255', '128.0.0.1', '::', '::1', '1::', '1:2:3:4:5:6:7:8']
    const six = [
      'fe80::1:0:0:1',
      '1:0:0:2::3',
      '0:1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:0',
      '::2:0:0:0',
      'abcd:ef01::',
    ]
    for (const text of [...texts, ...six]) {
      const cidr = text.includes(':') ? { ipv6Cidr: `${text}/128` } : { cidr: `${text}/32` }
      const { gate } = gateOf({ protocol: '-1', ...cidr })
      expect(gate.admits(packet(text), 0), text).toBe(true)
    }
  })

  test('text that is no address is let in or not, and never an exception', () => {
    const { gate } = gateOf(trunk, { protocol: 'udp', ports, ipv6Cidr: '2001:db8::/32' })
    for (const text of ['', 'x', ':::::::::::::', '1.2.3.4.5', ':', 'g::g', '\u{1f600}:']) {
      expect([true, false]).toContain(gate.admits(packet(text), 0))
    }
  })
})

describe('a flow whose rule is revoked', () => {
  test('goes on where its rule was for some, until it was idle for 30 s in one direction', () => {
    const { group, gate } = gateOf(trunk)
    expect(gate.admits(packet('192.0.2.1'), 0)).toBe(true)
    group.revoke([trunk])
    expect(gate.admits(packet('192.0.2.1'), 29_999)).toBe(true)
    expect(gate.admits(packet('192.0.2.1'), 59_998)).toBe(true)
    expect(gate.admits(packet('192.0.2.1'), 89_998)).toBe(false)
  })

  test('ends at once where its rule was for everyone and every reply may go out', () => {
    const { group, gate } = gateOf(everyone)
    expect(gate.admits(packet('192.0.2.1'), 0)).toBe(true)
    gate.sent(packet('192.0.2.1'), 1)
    expect(gate.admits(packet('192.0.2.1'), 2)).toBe(true)
    group.revoke([everyone])
    expect(gate.admits(packet('192.0.2.1'), 3)).toBe(false)
  })

  test('ends at once where a narrower rule let it in too', () => {
    const { group, gate } = gateOf(trunk, everyone)
    gate.admits(packet('192.0.2.1'), 0)
    group.revoke([trunk, everyone])
    expect(gate.admits(packet('192.0.2.1'), 1)).toBe(false)
  })

  test('goes on where its rule was for everyone and replies may not go everywhere', () => {
    const group = groupOf([everyone, { protocol: 'udp', ports, ipv6Cidr: '::/0' }], { openEgress: [6] })
    const gate = new SecurityGroupGate([group])
    gate.admits(packet('192.0.2.1'), 0)
    gate.admits(packet('2001:db8::1'), 0)
    group.revokeById(group.rules.map(({ id }) => id))
    expect(gate.admits(packet('192.0.2.1'), 1)).toBe(true)
    expect(gate.admits(packet('2001:db8::1'), 1)).toBe(false)
  })

  test('goes on where only all of its prefixes together are everyone', () => {
    const halves = ['0.0.0.0/1', '128.0.0.0/1'].map((cidr) => ({ ...everyone, cidr }))
    const { group, gate } = gateOf(...halves)
    gate.admits(packet('192.0.2.1'), 0)
    group.revoke(halves)
    expect(gate.admits(packet('192.0.2.1'), 1)).toBe(true)
  })

  test('is that of its address, protocol and both ports, and no other', () => {
    const { group, gate } = gateOf(trunk, trunkTcp)
    gate.admits(packet('192.0.2.1'), 0)
    group.revoke([trunk, trunkTcp])
    const others = [
      { address: '192.0.2.2' as Address },
      { remotePort: 40_001 },
      { port: 5061 },
      { protocol: TCP },
    ]
    for (const over of others) expect(gate.admits(packet('192.0.2.1', over), 1)).toBe(false)
    expect(gate.admits(packet('192.0.2.1'), 1)).toBe(true)
  })

  test('of ICMP is tracked even where everyone may send it', () => {
    const ping: RuleRequest = { protocol: 'icmp', ports: { from: -1, to: -1 }, cidr: '0.0.0.0/0' }
    const { group, gate } = gateOf(ping)
    gate.admits(packet('192.0.2.1', { protocol: 1, port: 0 }), 0)
    group.revoke([ping])
    expect(gate.admits(packet('192.0.2.1', { protocol: 1, remotePort: 9, port: 9 }), 1)).toBe(true)
  })
})

describe('how long a flow lasts', () => {
  /** Whether the flow that these packets made is let in after so many milliseconds of silence. */
  function lasts(directions: string, ms: number, protocol = UDP): boolean {
    const { group, gate } = gateOf(trunk, trunkTcp, { ...trunk, protocol: 47 })
    const one = packet('192.0.2.1', { protocol })
    const at = directions.length - 1
    Array.from(directions).forEach((direction, i) => {
      if (direction === '>') gate.admits(one, i)
      else gate.sent(one, i)
    })
    group.revokeById(group.rules.map(({ id }) => id))
    return gate.admits(one, at + ms)
  }

  test.each<[string, string, number, number]>([
    ['UDP in one direction', '>>>', UDP, 30_000],
    ['one request of UDP and its replies', '><<', UDP, 30_000],
    ['two requests of UDP, the second without a reply', '><>', UDP, 30_000],
    ['two requests of UDP and their replies', '><><', UDP, 180_000],
    ['UDP that the instance began', '<><>', UDP, 180_000],
    ['TCP without a reply', '>', TCP, 30_000],
    ['TCP that is established', '><', TCP, 432_000_000],
    ['GRE', '>', 47, 600_000],
  ])('%s', (_name, directions, protocol, ms) => {
    expect([lasts(directions, ms - 1, protocol), lasts(directions, ms, protocol)]).toEqual([true, false])
  })

  test('may be set as for a network interface', () => {
    const group = groupOf([trunk])
    const idle = { tcpEstablished: 350_000, udp: 60_000, udpStream: 60_000 }
    const gate = new SecurityGroupGate([group], { idle })
    gate.admits(packet('192.0.2.1'), 0)
    group.revoke([trunk])
    expect(gate.admits(packet('192.0.2.1'), 59_999)).toBe(true)
  })
})

describe('what the instance sends', () => {
  test('lets its answer in whatever the rules say, and nobody else', () => {
    const { gate } = gateOf()
    gate.sent(packet('192.0.2.1'), 0)
    expect(gate.admits(packet('192.0.2.1'), 1)).toBe(true)
    expect(gate.admits(packet('192.0.2.2'), 1)).toBe(false)
  })

  test('begins nothing where nothing may go out, and goes on with what came in', () => {
    const group = groupOf([trunk], { openEgress: [] })
    const gate = new SecurityGroupGate([group])
    gate.sent(packet('198.51.100.1'), 0)
    expect(gate.admits(packet('198.51.100.1'), 1)).toBe(false)
    gate.admits(packet('192.0.2.1'), 0)
    gate.sent(packet('192.0.2.1'), 29_000)
    group.revoke([trunk])
    expect(gate.admits(packet('192.0.2.1'), 58_000)).toBe(true)
  })

  test('to a flow that is over begins another, as it does on EC2', () => {
    const { group, gate } = gateOf(trunk)
    gate.admits(packet('192.0.2.1'), 0)
    group.revoke([trunk])
    expect(gate.admits(packet('192.0.2.1'), 40_000)).toBe(false)
    gate.sent(packet('192.0.2.1'), 40_001)
    expect(gate.admits(packet('192.0.2.1'), 40_002)).toBe(true)
  })
})

test('flows beyond the table are forgotten, the oldest first', () => {
  const group = groupOf([{ ...trunk, cidr: '10.0.0.0/8' }])
  const gate = new SecurityGroupGate([group], { mostFlows: 100 })
  const source = (i: number) => packet(`10.0.${i >> 8}.${i & 255}`)
  for (let i = 0; i < 1000; i++) gate.admits(source(i), 0)
  group.revokeById(group.rules.map(({ id }) => id))
  const kept = Array.from({ length: 1000 }, (_, i) => i).filter((i) => gate.admits(source(i), 1))
  expect(kept.length).toBeLessThanOrEqual(100)
  expect(kept.slice(-50)).toEqual(Array.from({ length: 50 }, (_, i) => 950 + i))
})

/** Few distinct bits, so that prefixes touch, overlap and hold the addresses asked for. */
const bytes = fc.constantFrom(0, 1, 127, 128, 255)
const address4 = fc.tuple(bytes, bytes, bytes, bytes).map((parts) => parts.join('.') as Address)
const address6 = fc
  .array(bytes, { minLength: 15, maxLength: 15 })
  .map((rest) => addressFromBytes16(Uint8Array.of(0x20, ...rest)))

function prefixAt(address: Address, length: number): string {
  return `${address}/${length}`
}

const anyCidr4 = fc.tuple(address4, fc.integer({ min: 0, max: 32 })).map((args) => prefixAt(...args))
const anyCidr6 = fc.tuple(address6, fc.integer({ min: 0, max: 128 })).map((args) => prefixAt(...args))
const anyPorts = fc.constantFrom({ from: 5060, to: 5060 }, { from: 5060, to: 5061 }, { from: 0, to: 65535 })
const anyProtocol = fc.constantFrom('udp', 'tcp', '-1')
const anyRule: fc.Arbitrary<RuleRequest> = fc
  .tuple(anyProtocol, anyPorts, fc.oneof(anyCidr4, anyCidr6))
  .map(([protocol, range, cidr]) => ({
    protocol,
    ports: range,
    ...(cidr.includes(':') ? { ipv6Cidr: cidr } : { cidr }),
  }))

const anyPacket = fc
  .record({
    address: fc.oneof(address4, address6),
    protocol: fc.constantFrom(UDP, TCP, 47),
    port: fc.constantFrom(5059, 5060, 5061),
  })
  .map(({ address, ...over }) => packet(address, over))

function holds(prefix: Prefix, address: Address): boolean {
  const one = `${address}/${familyOf(address) === 4 ? 32 : 128}` as Prefix
  return covers(bitsOf(prefix), bitsOf(one))
}

describe('laws', () => {
  test('a packet is let in exactly where a rule of any group matches it, one by one', () => {
    search(
      fc.property(
        fc.array(anyRule, { maxLength: 12 }),
        fc.array(anyPacket, { maxLength: 12 }),
        (rules, packets) => {
          const groups = [groupOf([]), groupOf([])]
          rules.forEach((rule, i) => {
            try {
              groups[i % 2]!.authorize([rule])
            } catch {
              // A rule that is there already changes nothing.
            }
          })
          const openings = new Openings(groups)
          for (const one of packets) {
            const matched = groups
              .flatMap((group) => group.rules)
              .some(
                ({ protocol, ports: range, source }) =>
                  (protocol === -1 || protocol === one.protocol) &&
                  (range === null || (range.from <= one.port && one.port <= range.to)) &&
                  source.kind === 'prefix' &&
                  familyOf(source.prefix) === familyOf(one.address) &&
                  holds(source.prefix, one.address),
              )
            expect(openings.admission(one) !== 'none').toBe(matched)
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  test('a prefix list lets in whom rules for each of its entries would', () => {
    const texts = fc.oneof(
      fc.array(anyCidr4, { minLength: 1, maxLength: 30 }),
      fc.array(anyCidr6, { minLength: 1, maxLength: 30 }),
    )
    search(
      fc.property(texts, fc.array(anyPacket, { minLength: 1, maxLength: 12 }), (cidrs, packets) => {
        const key = cidrs[0]!.includes(':') ? 'ipv6Cidr' : 'cidr'
        const single = new SecurityGroup({ rulesQuota: 2000 })
        for (const cidr of cidrs) {
          try {
            single.authorize([{ protocol: 'udp', ports, [key]: cidr }])
          } catch {
            // Two of them are the same network.
          }
        }
        const prefixes = single.rules.flatMap(({ source }) => (source.kind === 'prefix' ? source.prefix : []))
        const peers = listOf('pl-1', prefixes)
        const references = { prefixList: () => peers, hasGroup: () => false }
        const listed = groupOf([{ protocol: 'udp', ports, prefixListId: 'pl-1' }], { references })
        for (const one of packets) {
          const [many, alone] = [listed, single].map((group) => new Openings([group]).admission(one))
          expect(many !== 'none').toBe(alone !== 'none')
        }
      }),
      { numRuns: 300 },
    )
  })
})
