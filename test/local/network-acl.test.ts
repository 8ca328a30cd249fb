import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Address, Prefix } from '../../lib/core/prefix.ts'
import { bitsOf, covers, familyOf, parseAddress } from '../../lib/core/prefix.ts'
import type { AclEntry, AclEntryRequest } from '../../lib/local/acl-entry.ts'
import { NetworkAclError } from '../../lib/local/acl-entry.ts'
import type { AclPacket } from '../../lib/local/network-acl.ts'
import { NetworkAcl } from '../../lib/local/network-acl.ts'
import { addressFromBytes16 } from '../core/address-bytes.ts'
import { search } from '../search.ts'

const sip: AclEntryRequest = {
  ruleNumber: 10,
  egress: false,
  protocol: '17',
  action: 'deny',
  cidr: '192.0.2.0/24',
  ports: { from: 5060, to: 5061 },
}
const { cidr: _, ...withoutCidr } = sip
const { ports: __, ...withoutPorts } = sip
const allIcmp = { type: -1, code: -1 }

function packet(address: string, over: Partial<AclPacket> = {}): AclPacket {
  return { egress: false, address: address as Address, protocol: 17, port: 5060, ...over }
}

function refusal(run: () => void): string {
  try {
    run()
  } catch (error) {
    if (error instanceof NetworkAclError) return error.code
    throw error
  }
  return 'accepted'
}

function numbers(acl: NetworkAcl, egress = false): number[] {
  return acl
    .describe()
    .filter((entry) => entry.egress === egress)
    .map((entry) => entry.ruleNumber)
}

function held(acl: NetworkAcl): AclEntry | undefined {
  return acl.describe().find((entry) => entry.ruleNumber === 10)
}

describe('what an ACL starts with', () => {
  test('a fresh ACL holds only the default rules and denies everything', () => {
    const acl = new NetworkAcl()
    expect(
      acl.describe().map((e) => [e.egress, e.ruleNumber, e.prefix, e.protocol, e.ports, e.action]),
    ).toEqual([
      [true, 32767, '0.0.0.0/0', -1, null, 'deny'],
      [true, 32768, '::/0', -1, null, 'deny'],
      [false, 32767, '0.0.0.0/0', -1, null, 'deny'],
      [false, 32768, '::/0', -1, null, 'deny'],
    ])
    expect(acl.evaluate(packet('192.0.2.1'))).toEqual({ action: 'deny', ruleNumber: 32767 })
    expect(acl.evaluate(packet('2001:db8::1', { egress: true }))).toEqual({
      action: 'deny',
      ruleNumber: 32768,
    })
  })

  test('the default ACL allows IPv4 by rule 100 and IPv6 by rule 101 in both directions', () => {
    const acl = NetworkAcl.defaultAllow({ id: 'acl-0a' })
    expect(acl.id).toBe('acl-0a')
    for (const egress of [true, false]) {
      expect(numbers(acl, egress)).toEqual([100, 101, 32767, 32768])
      expect(acl.evaluate(packet('203.0.113.9', { egress }))).toEqual({ action: 'allow', ruleNumber: 100 })
      expect(acl.evaluate(packet('2001:db8::9', { egress }))).toEqual({ action: 'allow', ruleNumber: 101 })
    }
  })

  test('an ACL made from the description of another one is equal to it', () => {
    const acl = NetworkAcl.defaultAllow()
    acl.create(sip)
    acl.create({ ...sip, ruleNumber: 11, protocol: 6, ports: { from: 0, to: 65535 } })
    acl.create({ ...sip, ruleNumber: 12, protocol: 1, icmp: allIcmp })
    expect(new NetworkAcl({ entries: acl.describe() }).describe()).toEqual(acl.describe())
  })

  test('entries given at the start are held to the same rules as created ones', () => {
    const [first] = NetworkAcl.defaultAllow().describe()
    const twice = [first, first] as AclEntry[]
    expect(refusal(() => new NetworkAcl({ entries: twice }))).toBe('NetworkAclEntryAlreadyExists')
    const reserved = { ...first, ruleNumber: 40000 } as AclEntry
    expect(refusal(() => new NetworkAcl({ entries: [reserved] }))).toBe('InvalidParameterValue')
  })
})

describe('requests that are refused', () => {
  test.each<[string, AclEntryRequest, string]>([
    ['rule number 0', { ...sip, ruleNumber: 0 }, 'InvalidParameterValue'],
    ['the reserved rule number 32767', { ...sip, ruleNumber: 32767 }, 'InvalidParameterValue'],
    ['a rule number with a fraction', { ...sip, ruleNumber: 1.5 }, 'InvalidParameterValue'],
    ['a rule number that is not a number', { ...sip, ruleNumber: Number.NaN }, 'InvalidParameterValue'],
    ['a protocol name', { ...sip, protocol: 'udp' }, 'InvalidParameterValue'],
    ['a protocol above 255', { ...sip, protocol: 256 }, 'InvalidParameterValue'],
    ['protocol -2', { ...sip, protocol: -2 }, 'InvalidParameterValue'],
    ['an empty protocol', { ...sip, protocol: '' }, 'InvalidParameterValue'],
    ['the action "drop"', { ...sip, action: 'drop' }, 'InvalidParameterValue'],
    ['the action in capitals', { ...sip, action: 'DENY' }, 'InvalidParameterValue'],
    ['no CIDR', withoutCidr, 'MissingParameter'],
    ['two CIDRs', { ...sip, ipv6Cidr: '2001:db8::/32' }, 'InvalidParameterCombination'],
    ['an empty CIDR beside a good one', { ...sip, ipv6Cidr: '' }, 'InvalidParameterValue'],
    ['a CIDR without a length', { ...sip, cidr: '192.0.2.1' }, 'InvalidParameterValue'],
    ['a CIDR of 33 bits', { ...sip, cidr: '192.0.2.1/33' }, 'InvalidParameterValue'],
    ['a CIDR with an octet above 255', { ...sip, cidr: '999.1.1.1/32' }, 'InvalidParameterValue'],
    ['a CIDR with a second slash', { ...sip, cidr: '192.0.2.0/24/24' }, 'InvalidParameterValue'],
    ['a CIDR with a newline at its end', { ...sip, cidr: '192.0.2.0/24\n' }, 'InvalidParameterValue'],
    ['an IPv6 CIDR as the IPv4 one', { ...sip, cidr: '2001:db8::/32' }, 'InvalidParameterValue'],
    ['an IPv4-mapped CIDR as the IPv4 one', { ...sip, cidr: '::ffff:1.2.3.4/24' }, 'InvalidParameterValue'],
    ['an IPv4 CIDR as the IPv6 one', { ...withoutCidr, ipv6Cidr: '192.0.2.0/24' }, 'InvalidParameterValue'],
    [
      'an IPv4-mapped CIDR as the IPv6 one',
      { ...withoutCidr, ipv6Cidr: '::ffff:1.2.3.4/128' },
      'InvalidParameterValue',
    ],
    ['an IPv6 CIDR of 129 bits', { ...withoutCidr, ipv6Cidr: '2001:db8::/129' }, 'InvalidParameterValue'],
    ['UDP without ports', withoutPorts, 'MissingParameter'],
    ['TCP without ports', { ...withoutPorts, protocol: '6' }, 'MissingParameter'],
    ['UDP without a last port', { ...sip, ports: { from: 5060 } }, 'MissingParameter'],
    ['UDP without a first port', { ...sip, ports: { to: 5060 } }, 'MissingParameter'],
    ['reversed ports', { ...sip, ports: { from: 5061, to: 5060 } }, 'InvalidParameterValue'],
    ['port -1', { ...sip, ports: { from: -1, to: -1 } }, 'InvalidParameterValue'],
    ['port 65536', { ...sip, ports: { from: 0, to: 65536 } }, 'InvalidParameterValue'],
    [
      'a port that is not a number',
      { ...sip, ports: { from: Number.NaN, to: 5060 } },
      'InvalidParameterValue',
    ],
    ['ICMP without a type', { ...sip, protocol: 1 }, 'MissingParameter'],
    ['ICMPv6 without a type', { ...withoutCidr, ipv6Cidr: '::/0', protocol: 58 }, 'MissingParameter'],
    ['one ICMP type', { ...sip, protocol: 1, icmp: { type: 8, code: -1 } }, 'UnsupportedOperation'],
    ['one ICMP code', { ...sip, protocol: 1, icmp: { type: -1, code: 4 } }, 'UnsupportedOperation'],
  ])('create refuses %s and changes nothing', (_name, request, code) => {
    const acl = NetworkAcl.defaultAllow()
    const before = acl.describe()
    expect(refusal(() => acl.create(request))).toBe(code)
    expect(acl.describe()).toBe(before)
  })

  test('replace checks the request before it looks for the entry', () => {
    const acl = new NetworkAcl()
    expect(refusal(() => acl.replace({ ...sip, action: 'drop' }))).toBe('InvalidParameterValue')
    expect(refusal(() => acl.replace(sip))).toBe('InvalidNetworkAclEntry.NotFound')
  })

  test('a missing entry cannot be removed, nor one of the other direction', () => {
    const acl = new NetworkAcl()
    acl.create(sip)
    expect(refusal(() => acl.remove(11, false))).toBe('InvalidNetworkAclEntry.NotFound')
    expect(refusal(() => acl.remove(10, true))).toBe('InvalidNetworkAclEntry.NotFound')
    expect(numbers(acl)).toEqual([10, 32767, 32768])
  })

  test('the default rules cannot be removed or replaced', () => {
    const acl = new NetworkAcl()
    expect(refusal(() => acl.remove(32767, false))).toBe('InvalidParameterValue')
    expect(refusal(() => acl.replace({ ...sip, ruleNumber: 32768 }))).toBe('InvalidParameterValue')
    expect(acl.describe()).toHaveLength(4)
  })

  test('the message names the value and what it should be, cut and escaped', () => {
    const acl = new NetworkAcl()
    expect(() => acl.create({ ...sip, protocol: 'udp' })).toThrow(/protocol "udp"; expected -1 or an IANA/)
    const long = `\u001b[2J${'9'.repeat(5000)}`
    expect(() => acl.create({ ...sip, cidr: long })).toThrow(/^Cannot take CIDR "\\u001b\[2J9{56}"; expected/)
  })
})

describe('how an accepted entry is held', () => {
  test.each<[string, AclEntryRequest, Partial<AclEntry>]>([
    [
      'host bits of IPv4 are cleared',
      { ...sip, cidr: '100.68.0.18/18' },
      { prefix: '100.68.0.0/18' as Prefix },
    ],
    [
      'host bits of IPv6 are cleared',
      { ...withoutCidr, ipv6Cidr: '2001:DB8:0:0:1::5/64' },
      { prefix: '2001:db8::/64' as Prefix },
    ],
    ['a /0 loses the whole address', { ...sip, cidr: '10.0.0.0/0' }, { prefix: '0.0.0.0/0' as Prefix }],
    ['the protocol is read from its text', sip, { protocol: 17, ports: { from: 5060, to: 5061 } }],
    [
      'one port is a range of one',
      { ...sip, ports: { from: 5060, to: 5060 } },
      { ports: { from: 5060, to: 5060 } },
    ],
    ['every port is no range at all', { ...sip, ports: { from: 0, to: 65535 } }, { ports: null }],
    ['protocol -1 ignores the ports', { ...sip, protocol: '-1' }, { protocol: -1, ports: null }],
    [
      'GRE ignores even reversed ports',
      { ...sip, protocol: 47, ports: { from: 9, to: 1 } },
      { protocol: 47, ports: null },
    ],
    ['ICMP ignores the ports', { ...sip, protocol: 1, icmp: allIcmp }, { protocol: 1, ports: null }],
    ['ICMPv6 in an IPv4 CIDR needs no type', { ...sip, protocol: 58 }, { protocol: 58, ports: null }],
  ])('%s', (_name, request, expected) => {
    const acl = new NetworkAcl()
    acl.create(request)
    expect(held(acl)).toMatchObject(expected)
  })

  test('outbound entries come first and each direction is in rule number order', () => {
    const acl = new NetworkAcl()
    for (const ruleNumber of [300, 1, 32766, 20]) {
      acl.create({ ...sip, ruleNumber })
      acl.create({ ...sip, ruleNumber: ruleNumber === 1 ? 2 : ruleNumber, egress: true })
    }
    expect(acl.describe().map((entry) => entry.egress)).toEqual([
      ...Array(6).fill(true),
      ...Array(6).fill(false),
    ])
    expect(numbers(acl, true)).toEqual([2, 20, 300, 32766, 32767, 32768])
    expect(numbers(acl, false)).toEqual([1, 20, 300, 32766, 32767, 32768])
  })

  test('a description stays as it was when the ACL changes', () => {
    const acl = new NetworkAcl()
    const before = acl.describe()
    acl.create(sip)
    expect(before).toHaveLength(4)
    expect(acl.describe()).toHaveLength(5)
    expect(Object.isFrozen(before)).toBe(true)
  })

  test('IPv4 and IPv6 share the numbers of a direction, and the directions do not', () => {
    const acl = new NetworkAcl()
    acl.create(sip)
    const six = { ...withoutCidr, ipv6Cidr: '2001:db8::/64' }
    expect(refusal(() => acl.create(six))).toBe('NetworkAclEntryAlreadyExists')
    expect(refusal(() => acl.create({ ...six, egress: true }))).toBe('accepted')
  })

  test('replace changes the entry in its place and may change its family', () => {
    const acl = new NetworkAcl()
    acl.create(sip)
    acl.replace({ ...withoutCidr, ipv6Cidr: '2001:db8::/64', action: 'allow' })
    expect(numbers(acl)).toEqual([10, 32767, 32768])
    expect(acl.evaluate(packet('2001:db8::1'))).toEqual({ action: 'allow', ruleNumber: 10 })
    expect(acl.evaluate(packet('192.0.2.1'))).toEqual({ action: 'deny', ruleNumber: 32767 })
  })
})

describe('the quota', () => {
  const six = { ...withoutCidr, ipv6Cidr: '2001:db8::/64' }

  test('19 of 20 rules are usable in each direction and family', () => {
    const acl = new NetworkAcl()
    for (const egress of [true, false]) {
      for (let i = 1; i <= 19; i++) acl.create({ ...sip, ruleNumber: i, egress })
      expect(refusal(() => acl.create({ ...sip, ruleNumber: 20, egress }))).toBe(
        'NetworkAclEntryLimitExceeded',
      )
      for (let i = 101; i <= 119; i++) acl.create({ ...six, ruleNumber: i, egress })
      expect(refusal(() => acl.create({ ...six, ruleNumber: 120, egress }))).toBe(
        'NetworkAclEntryLimitExceeded',
      )
    }
    expect(acl.describe()).toHaveLength(80)
  })

  test('a full ACL takes a replacement of the same family and refuses one that changes the family', () => {
    const acl = new NetworkAcl({ rulesQuota: 2 })
    acl.create(sip)
    acl.create({ ...six, ruleNumber: 11 })
    expect(refusal(() => acl.replace({ ...sip, action: 'allow' }))).toBe('accepted')
    expect(refusal(() => acl.replace(six))).toBe('NetworkAclEntryLimitExceeded')
    expect(held(acl)).toMatchObject({ prefix: '192.0.2.0/24', action: 'allow' })
  })

  test('a taken number is reported before a reached quota', () => {
    const acl = new NetworkAcl({ rulesQuota: 2 })
    acl.create(sip)
    expect(refusal(() => acl.create(sip))).toBe('NetworkAclEntryAlreadyExists')
  })
})

describe('which entry decides a packet', () => {
  const acl = NetworkAcl.defaultAllow()
  acl.create(sip)
  acl.create({ ...sip, ruleNumber: 20, protocol: -1, cidr: '198.51.100.128/25' })
  acl.create({ ...withoutCidr, ruleNumber: 30, ipv6Cidr: '2001:db8:0:1::/64' })
  acl.create({ ...sip, ruleNumber: 40, egress: true, cidr: '203.0.113.7/32' })
  acl.create({ ...sip, ruleNumber: 200, cidr: '0.0.0.0/0' })

  test.each<[string, AclPacket, number]>([
    ['the first port of the range is inside', packet('192.0.2.255'), 10],
    ['the last port of the range is inside', packet('192.0.2.0', { port: 5061 }), 10],
    ['the port before the range is outside', packet('192.0.2.1', { port: 5059 }), 100],
    ['the port after the range is outside', packet('192.0.2.1', { port: 5062 }), 100],
    ['another protocol is outside', packet('192.0.2.1', { protocol: 6 }), 100],
    ['the address before the prefix is outside', packet('192.0.1.255'), 100],
    ['the address after the prefix is outside', packet('192.0.3.0'), 100],
    ['protocol -1 takes ICMP', packet('198.51.100.255', { protocol: 1, port: 0 }), 20],
    ['protocol -1 takes any port', packet('198.51.100.128', { protocol: 6, port: 65535 }), 20],
    ['the lower half is outside of the upper half', packet('198.51.100.127'), 100],
    ['an IPv6 address inside', packet('2001:db8:0:1:ffff::'), 30],
    ['an IPv6 address of the next network', packet('2001:db8:0:2::'), 101],
    ['an outbound rule is not asked about inbound packets', packet('203.0.113.7'), 100],
    ['an outbound rule matches the destination', packet('203.0.113.7', { egress: true }), 40],
    ['an inbound rule is not asked about outbound packets', packet('192.0.2.1', { egress: true }), 100],
  ])('%s', (_name, asked, ruleNumber) => {
    expect(acl.evaluate(asked)).toEqual({ action: ruleNumber >= 100 ? 'allow' : 'deny', ruleNumber })
  })

  test('an address is found by its own /32 or /128 however its text is shortened', () => {
    const texts = [
      '0.0.0.0',
      '255.255.255.255',
      '128.0.0.1',
      '::',
      '::1',
      '1::',
      '1:2:3:4:5:6:7:8',
      'fe80::1:0:0:1',
    ]
    for (const text of [
      ...texts,
      '1:0:0:2::3',
      '0:1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:0',
      '::2:0:0:0',
      'abcd:ef01::',
    ]) {
      const parsed = parseAddress(text)
      if (!parsed.ok) throw new Error(parsed.reason)
      const one = new NetworkAcl()
      const six = text.includes(':')
      one.create({ ...withoutCidr, protocol: -1, [six ? 'ipv6Cidr' : 'cidr']: `${text}/${six ? 128 : 32}` })
      expect(one.evaluate(packet(parsed.value)), text).toEqual({ action: 'deny', ruleNumber: 10 })
    }
  })

  test('text that is no address gets a verdict, never an exception', () => {
    for (const text of ['', 'x', ':::::::::::::', '1.2.3.4.5', ':', 'g::g', '\u{1f600}:']) {
      expect(['allow', 'deny']).toContain(acl.evaluate(packet(text)).action)
    }
  })
})

/** Few distinct bits and numbers, so that rules overlap, collide and fill the quota. */
const address4 = fc
  .tuple(...Array.from({ length: 4 }, () => fc.constantFrom(0, 1, 128, 255)))
  .map((bytes) => bytes.join('.') as Address)
const address6 = fc
  .array(fc.constantFrom(0, 0, 0, 1, 128, 255), { minLength: 16, maxLength: 16 })
  .map((bytes) => addressFromBytes16(Uint8Array.from(bytes)))
  .filter((address) => address.includes(':'))
const protocol = fc.constantFrom(-1, 6, 17, 1, 47)
const port = fc.constantFrom(0, 1, 5060, 5061, 65535)

const request: fc.Arbitrary<AclEntryRequest> = fc
  .record({
    ruleNumber: fc.integer({ min: 1, max: 12 }),
    egress: fc.boolean(),
    protocol,
    action: fc.constantFrom('allow', 'deny'),
    ports: fc.tuple(port, port).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
    icmp: fc.constant(allIcmp),
    address: fc.oneof(address4, address6),
    length: fc.integer({ min: 0, max: 128 }),
  })
  .map(({ address, length, ...rest }) =>
    address.includes(':')
      ? { ...rest, ipv6Cidr: `${address}/${length}` }
      : { ...rest, cidr: `${address}/${length % 33}` },
  )

const asked: fc.Arbitrary<AclPacket> = fc.record({
  egress: fc.boolean(),
  address: fc.oneof(address4, address6),
  protocol: fc.constantFrom(6, 17, 1, 47, 50),
  port,
})

function naive(
  entries: readonly AclEntry[],
  { egress, address, protocol, port }: AclPacket,
): AclEntry | undefined {
  const whole = bitsOf(`${address}/${familyOf(address) === 4 ? 32 : 128}` as Prefix)
  const matching = entries.filter(
    (entry) =>
      entry.egress === egress &&
      covers(bitsOf(entry.prefix), whole) &&
      [-1, protocol].includes(entry.protocol) &&
      (entry.ports === null || (entry.ports.from <= port && port <= entry.ports.to)),
  )
  return matching.sort((a, b) => a.ruleNumber - b.ruleNumber)[0]
}

const runs = { seed: 5060, numRuns: 400 }

describe('properties', () => {
  test('the verdict is that of the lowest rule number that a plain search finds', () => {
    const rules = fc.array(request, { maxLength: 24 })
    search(
      fc.property(rules, fc.array(asked, { minLength: 1, maxLength: 20 }), (requests, packets) => {
        const acl = new NetworkAcl()
        for (const one of requests) refusal(() => acl.create(one))
        for (const each of packets) {
          const { action, ruleNumber } = naive(acl.describe(), each) as AclEntry
          expect(acl.evaluate(each)).toEqual({ action, ruleNumber })
        }
      }),
      runs,
    )
  })

  test('whatever is created, replaced and removed, the quota holds and no number is held twice', () => {
    const step = fc.tuple(fc.constantFrom('create', 'create', 'replace', 'remove'), request)
    search(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (steps, rulesQuota) => {
        const acl = new NetworkAcl({ rulesQuota })
        for (const [verb, one] of steps) {
          refusal(() => {
            if (verb === 'create') acl.create(one)
            else if (verb === 'replace') acl.replace(one)
            else acl.remove(one.ruleNumber, one.egress)
          })
        }
        const sides = acl.describe().map((entry) => `${entry.egress} ${familyOf(entry.prefix)}`)
        for (const side of sides) {
          expect(sides.filter((other) => other === side).length).toBeLessThanOrEqual(rulesQuota)
        }
        const keys = acl.describe().map((entry) => `${entry.egress} ${entry.ruleNumber}`)
        expect(new Set(keys).size).toBe(keys.length)
      }),
      runs,
    )
  })

  test('removing what was created restores the description', () => {
    search(
      fc.property(fc.array(request, { maxLength: 10 }), request, (requests, last) => {
        const acl = new NetworkAcl()
        for (const one of requests) refusal(() => acl.create(one))
        const before = acl.describe()
        const outcome = refusal(() => acl.create(last))
        if (outcome === 'accepted') {
          expect(acl.describe()).toHaveLength(before.length + 1)
          acl.remove(last.ruleNumber, last.egress)
        }
        expect(acl.describe()).toEqual(before)
      }),
      runs,
    )
  })
})
