import { isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Address,
  addressFromBytes4,
  bitsOf,
  comparePrefixes,
  covers,
  familyOf,
  formatPrefix,
  overlaps,
  type Prefix,
  parseAddress,
  parsePrefix,
  prefixOf,
  sourcePrefix,
  sourcesIn,
} from '../../lib/core/prefix.ts'
import { search } from '../search.ts'
import { addressFromBytes16 } from './address-bytes.ts'

const SEED = 31
const ipv4 = fc.ipV4().map((text) => text as Address)
const ipv6 = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => addressFromBytes16(bytes))
  .filter((text) => text.includes(':'))
const sparse6 = fc
  .array(fc.constantFrom(0, 0, 0, 1, 0xab), { minLength: 16, maxLength: 16 })
  .map((bytes) => addressFromBytes16(Uint8Array.from(bytes)))
  .filter((text) => text.includes(':'))
const prefixes: fc.Arbitrary<Prefix> = fc.oneof(
  fc.tuple(ipv4, fc.nat(32)).map(([address, length]) => prefixOf(address, length)),
  fc.tuple(fc.oneof(ipv6, sparse6), fc.nat(128)).map(([address, length]) => prefixOf(address, length)),
)

describe('addresses', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:0db8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:db8::192.0.2.1', '2001:db8::c000:201'],
  ])('%s is written as %s', (text, canonical) => {
    expect(parseAddress(text)).toEqual({ ok: true, value: canonical })
  })

  test('an IPv4-mapped IPv6 address is the IPv4 address', () => {
    expect(parseAddress('::ffff:192.0.2.7')).toEqual({ ok: true, value: '192.0.2.7' })
    expect(parseAddress('::ffff:c000:207')).toEqual({ ok: true, value: '192.0.2.7' })
    const mapped = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7])
    expect(addressFromBytes16(mapped)).toBe('192.0.2.7')
  })

  test.each([
    ['short IPv4', '127.1'],
    ['octal IPv4', '010.0.0.1'],
    ['hexadecimal IPv4', '0x7f.0.0.1'],
    ['one number', '2130706433'],
    ['five parts', '1.2.3.4.5'],
    ['a part above 255', '192.0.2.256'],
    ['a zone', 'fe80::1%eth0'],
    ['two gaps', '2001::db8::1'],
    ['nine groups', '1:2:3:4:5:6:7:8:9'],
    ['brackets', '[2001:db8::1]'],
    ['a port', '192.0.2.7:5060'],
    ['a blank before', ' 192.0.2.7'],
    ['a line end after', '192.0.2.7\n'],
    ['nothing', ''],
    ['a name', 'pbx.example'],
    ['other digits', '１９２.0.2.7'],
    ['a sign', '192.0.2.+7'],
  ])('%s is refused', (_, text) => {
    expect(parseAddress(text).ok).toBe(false)
    expect(parsePrefix(text).ok).toBe(false)
  })

  test('a reason names the text, cut and escaped', () => {
    const hostile = `\u001b[2J"${'x'.repeat(500)}`
    const { reason } = parseAddress(hostile) as { reason: string }
    expect(reason.length).toBeLessThan(200)
    expect(reason).toContain('\\u001b')
    expect(reason).not.toContain('\u001b')
  })

  test('any text is accepted exactly where the system agrees that it is an address', () => {
    const texts = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'0123456789abcf:./%x'), maxLength: 20 }),
      fc.ipV4(),
      fc.ipV6(),
      fc.ipV4Extended(),
    )
    search(
      fc.property(texts, (text) => {
        expect(parseAddress(text).ok).toBe(isIPv4(text) || (isIPv6(text) && !text.includes('%')))
      }),
      { seed: SEED, numRuns: 5_000 },
    )
  })

  test('IPv6 is written as a URL writes it', () => {
    search(
      fc.property(fc.oneof(ipv6, sparse6), (address) => {
        expect(`[${address}]`).toBe(new URL(`sip://[${address}]`).hostname)
        expect(parseAddress(address)).toEqual({ ok: true, value: address })
      }),
      { seed: SEED, numRuns: 2_000 },
    )
  })

  test('bytes of an IPv4 header are written in decimal', () => {
    expect(addressFromBytes4(192, 0, 2, 7)).toBe('192.0.2.7')
  })
})

describe('prefixes', () => {
  test.each([
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['192.0.2.7', '192.0.2.7/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['2001:db8::1', '2001:db8::1/128'],
    ['::/0', '::/0'],
    ['::ffff:192.0.2.7', '192.0.2.7/32'],
  ])('%s is written as %s', (text, canonical) => {
    expect(parsePrefix(text)).toEqual({ ok: true, value: canonical })
  })

  test.each([
    ['192.0.2.7/24', 'has host bits set; the prefix is 192.0.2.0/24'],
    ['2001:db8::1/64', 'has host bits set; the prefix is 2001:db8::/64'],
    ['192.0.2.0/33', 'it should be 0 to 32'],
    ['2001:db8::/129', 'it should be 0 to 128'],
    ['192.0.2.0/', 'has prefix length ""'],
    ['192.0.2.0/024', 'has prefix length "024"'],
    ['192.0.2.0/-1', 'has prefix length "-1"'],
    ['192.0.2.0/24/24', 'has prefix length "24/24"'],
    ['192.0.2.0/2e1', 'has prefix length "2e1"'],
    ['192.0.2.0/255.255.255.0', 'it should be 0 to 32'],
    ['::ffff:192.0.2.0/120', 'is an IPv4-mapped prefix'],
    ['/24', 'is not an address or CIDR'],
  ])('%s is refused: %s', (text, reason) => {
    expect(parsePrefix(text)).toEqual({ ok: false, reason: expect.stringContaining(reason) })
  })

  test('a canonical prefix reads back as itself, through text and through numbers', () => {
    search(
      fc.property(prefixes, (prefix) => {
        expect(parsePrefix(prefix)).toEqual({ ok: true, value: prefix })
        expect(formatPrefix(bitsOf(prefix))).toBe(prefix)
        expect(bitsOf(prefix).family).toBe(familyOf(prefix))
      }),
      { seed: SEED, numRuns: 2_000 },
    )
  })

  test('a source is an IPv4 address or an IPv6 /64', () => {
    expect(sourcePrefix('192.0.2.7' as Address)).toBe('192.0.2.7/32')
    expect(sourcePrefix('2001:db8:1:2:3:4:5:6' as Address)).toBe('2001:db8:1:2::/64')
    expect(sourcesIn(bitsOf('192.0.2.0/24' as Prefix))).toBe(256)
    expect(sourcesIn(bitsOf('2001:db8::/56' as Prefix))).toBe(256)
    expect(sourcesIn(bitsOf('2001:db8::1/128' as Prefix))).toBe(1)
    expect(sourcesIn(bitsOf('0.0.0.0/0' as Prefix))).toBe(2 ** 32)
  })
})

describe('relations', () => {
  const addressIn = (prefix: Prefix) => prefix.slice(0, prefix.indexOf('/')) as Address

  test('a prefix covers what a shorter one of the same address covers, and nothing of the other family', () => {
    search(
      fc.property(prefixes, fc.nat(128), prefixes, (prefix, shorter, other) => {
        const inner = bitsOf(prefix)
        const outer = bitsOf(prefixOf(addressIn(prefix), Math.min(shorter, inner.length)))
        expect(covers(outer, inner)).toBe(true)
        expect(covers(inner, outer)).toBe(inner.length === outer.length)
        if (familyOf(other) !== inner.family) expect(overlaps(bitsOf(other), inner)).toBe(false)
      }),
      { seed: SEED, numRuns: 1_000 },
    )
  })

  test('two prefixes overlap exactly where they agree in the bits of the shorter', () => {
    const close = fc.tuple(fc.nat(15), fc.integer({ min: 28, max: 32 })).map(([low, length]) => {
      return prefixOf(`192.0.2.${low}` as Address, length)
    })
    search(
      fc.property(close, close, (a, b) => {
        const members = (prefix: Prefix) =>
          Array.from({ length: 16 }, (_, low) => low).filter(
            (low) => prefixOf(`192.0.2.${low}` as Address, bitsOf(prefix).length) === prefix,
          )
        const shared = members(a).some((low) => members(b).includes(low))
        expect(overlaps(bitsOf(a), bitsOf(b))).toBe(shared)
        expect(overlaps(bitsOf(b), bitsOf(a))).toBe(shared)
      }),
      { seed: SEED, numRuns: 500 },
    )
  })

  test('the order is by family, then address, then the wider first, whatever the order before', () => {
    const sorted = [
      '9.0.0.0/8',
      '10.0.0.0/8',
      '10.0.0.0/16',
      '10.0.1.0/24',
      '::/0',
      '2001:db8::/32',
    ] as Prefix[]
    search(
      fc.property(fc.shuffledSubarray(sorted, { minLength: sorted.length }), (shuffled) => {
        expect(shuffled.toSorted(comparePrefixes)).toEqual(sorted)
      }),
      { seed: SEED, numRuns: 200 },
    )
  })
})
