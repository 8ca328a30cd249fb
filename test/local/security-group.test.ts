import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Prefix } from '../../lib/core/prefix.ts'
import { ManagedPrefixList } from '../../lib/local/prefix-list.ts'
import type { SecurityGroupOptions } from '../../lib/local/security-group.ts'
import { SecurityGroup } from '../../lib/local/security-group.ts'
import type { RuleRequest } from '../../lib/local/security-group-rule.ts'
import { ruleRequestOf, SecurityGroupError, wantedRule } from '../../lib/local/security-group-rule.ts'
import { search } from '../search.ts'

const OWN = 'sg-0123456789abcdef0'
const sip: RuleRequest = { protocol: 'udp', ports: { from: 5060, to: 5061 }, cidr: '192.0.2.0/24' }
const { cidr: _, ...nobody } = sip
const sip6 = { ...nobody, ipv6Cidr: '2001:db8::/64' }

function list(id: string, family: 4 | 6, maxEntries: number): ManagedPrefixList {
  return new ManagedPrefixList({ id, family, maxEntries })
}

/** A group that may refer to these lists and to the group `sg-other`. */
function groupOf(over: SecurityGroupOptions = {}, ...lists: ManagedPrefixList[]): SecurityGroup {
  const references = {
    prefixList: (id: string) => lists.find((one) => one.id === id),
    hasGroup: (id: string) => id === 'sg-other',
  }
  return new SecurityGroup({ references, ...over })
}

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof SecurityGroupError) return error.code
    throw error
  }
  return 'accepted'
}

/** Rules for so many networks of a family, each another. */
function many(count: number, family: 4 | 6 = 4): RuleRequest[] {
  return Array.from({ length: count }, (_, i) =>
    family === 4 ? { ...nobody, cidr: `10.0.${i}.0/24` } : { ...nobody, ipv6Cidr: `2001:db8:${i}::/48` },
  )
}

describe('an authorized rule', () => {
  test.each<[string, RuleRequest, object]>([
    [
      'of UDP by name',
      sip,
      {
        protocol: 17,
        ports: { from: 5060, to: 5061 },
        source: { kind: 'prefix', prefix: '192.0.2.0/24' },
      },
    ],
    ['of TCP by number', { ...sip, protocol: 6 }, { protocol: 6 }],
    ['of IPv6', sip6, { source: { kind: 'prefix', prefix: '2001:db8::/64' } }],
    ['with host bits, which go', { ...sip, cidr: '192.0.2.77/24' }, { source: { prefix: '192.0.2.0/24' } }],
    ['of every port', { ...sip, ports: { from: 0, to: 65535 } }, { ports: null }],
    ['of every protocol, whatever its ports', { ...sip, protocol: '-1' }, { protocol: -1, ports: null }],
    ['of GRE', { ...sip, protocol: 47 }, { protocol: 47, ports: null }],
    ['of ICMP', { ...sip, protocol: 'icmp', ports: { from: -1, to: -1 } }, { protocol: 1, ports: null }],
    ['of ICMPv6 without a type', { ...sip6, protocol: 'icmpv6', ports: null }, { protocol: 58 }],
    [
      'for a prefix list',
      { ...nobody, prefixListId: 'pl-1' },
      { source: { kind: 'prefixList', id: 'pl-1' } },
    ],
    ['for another group', { ...nobody, groupId: 'sg-other' }, { source: { kind: 'group', id: 'sg-other' } }],
    ['for its own group', { ...nobody, groupId: OWN }, { source: { kind: 'group', id: OWN } }],
    ['with a description', { ...sip, description: 'Trunk (a/b) #1' }, { description: 'Trunk (a/b) #1' }],
  ])('%s is held', (_name, request, expected) => {
    const group = groupOf({ id: OWN }, list('pl-1', 4, 5))
    const added = group.authorize([request], { fence: 'f' })
    expect(group.rules).toEqual(added)
    expect(added).toMatchObject([{ ...expected, tags: { fence: 'f' } }])
    expect(added[0]!.id).toMatch(/^sgr-[0-9a-f]{17}$/)
  })

  test('has an id of its own, in every group', () => {
    const groups = ['sg-0000000000000000a', 'sg-0000000000000000b', 'sg-0123abcd'].map((id) =>
      groupOf({ id }),
    )
    const ids = groups.flatMap((group) => group.authorize(many(20)).map(({ id }) => id))
    expect(new Set(ids).size).toBe(60)
    for (const id of ids) expect(id).toMatch(/^sgr-[0-9a-f]{17}$/)
  })

  test('is there at the start where it is given', () => {
    expect(groupOf({ rules: [sip, sip6] }).rules).toHaveLength(2)
    expect(refusal(() => groupOf({ rules: [sip, sip] }))).toBe('InvalidParameterValue')
  })

  test('is asked for again by the request that is made of it', () => {
    const requests = [
      sip,
      sip6,
      { ...sip, protocol: 6, ports: { from: 0, to: 65535 } },
      { ...sip, protocol: 1, ports: { from: -1, to: -1 } },
      { ...nobody, groupId: 'sg-other', description: 'x' },
      { ...nobody, protocol: -1, prefixListId: 'pl-1' },
    ]
    for (const request of requests) {
      expect(wantedRule(ruleRequestOf(wantedRule(request)))).toEqual(wantedRule(request))
    }
  })
})

describe('a request that is refused', () => {
  test.each<[string, RuleRequest, string]>([
    ['a rule that is there', { ...sip, cidr: '10.0.0.0/24' }, 'InvalidPermission.Duplicate'],
    [
      'one with another description',
      { ...sip, cidr: '10.0.0.0/24', description: 'x' },
      'InvalidPermission.Duplicate',
    ],
    ['one with host bits', { ...sip, cidr: '10.0.0.9/24' }, 'InvalidPermission.Duplicate'],
    ['an unknown protocol', { ...sip, protocol: 'sip' }, 'InvalidParameterValue'],
    ['protocol 256', { ...sip, protocol: 256 }, 'InvalidParameterValue'],
    ['UDP without ports', { ...sip, ports: null }, 'InvalidParameterValue'],
    ['UDP with one port', { ...sip, ports: { from: 5060 } }, 'InvalidParameterValue'],
    ['reversed ports', { ...sip, ports: { from: 2, to: 1 } }, 'InvalidParameterValue'],
    ['port 65536', { ...sip, ports: { from: 1, to: 65536 } }, 'InvalidParameterValue'],
    ['port -1 of UDP', { ...sip, ports: { from: -1, to: -1 } }, 'InvalidParameterValue'],
    ['ICMP without a type', { ...sip, protocol: 1, ports: null }, 'InvalidParameterValue'],
    ['one ICMP type', { ...sip, protocol: 1, ports: { from: 8, to: -1 } }, 'UnsupportedOperation'],
    ['a malformed CIDR', { ...sip, cidr: '999.1.1.1/32' }, 'InvalidParameterValue'],
    ['a CIDR without a length', { ...sip, cidr: '192.0.2.1' }, 'InvalidParameterValue'],
    ['IPv6 as IPv4', { ...sip, cidr: '2001:db8::/64' }, 'InvalidParameterValue'],
    ['no source', nobody, 'MissingParameter'],
    ['two sources', { ...sip, groupId: 'sg-other' }, 'InvalidParameterCombination'],
    ['an unknown prefix list', { ...nobody, prefixListId: 'pl-9' }, 'InvalidPrefixListID.NotFound'],
    ['an unknown group', { ...nobody, groupId: 'sg-9' }, 'InvalidGroup.NotFound'],
    ['a description with a quote', { ...sip, description: '"' }, 'InvalidParameterValue'],
    ['256 characters of description', { ...sip, description: 'x'.repeat(256) }, 'InvalidParameterValue'],
  ])('for %s adds nothing of what else it asks for', (_name, request, code) => {
    const group = groupOf({ rules: many(1) })
    let changes = 0
    group.onChange = () => changes++
    const before = group.rules
    expect(refusal(() => group.authorize([sip6, request]))).toBe(code)
    expect(group.rules).toBe(before)
    expect(changes).toBe(0)
  })

  test('that names a rule twice is another error than one for a rule that is there', () => {
    const group = groupOf()
    expect(refusal(() => group.authorize([sip, { ...sip, description: 'x' }]))).toBe('InvalidParameterValue')
    expect(group.rules).toEqual([])
  })
})

describe('revoking', () => {
  test('by permission takes the rule whatever its description, and answers it', () => {
    const group = groupOf({ rules: [{ ...sip, description: 'x' }, sip6] })
    const [first, second] = group.rules
    expect(group.revoke([{ ...sip, cidr: '192.0.2.9/24' }])).toEqual([first])
    expect(group.rules).toEqual([second])
  })

  test('by id takes the rule', () => {
    const group = groupOf({ rules: [sip, sip6] })
    const [first, second] = group.rules
    expect(group.revokeById([second!.id])).toEqual([second])
    expect(group.rules).toEqual([first])
  })

  test('of one rule that is not there takes none', () => {
    const group = groupOf({ rules: [sip] })
    const [first] = group.rules
    for (const over of [{ ports: { from: 5060, to: 5060 } }, { protocol: 'tcp' }, { cidr: '192.0.2.0/25' }]) {
      expect(refusal(() => group.revoke([sip, { ...sip, ...over }]))).toBe('InvalidPermission.NotFound')
    }
    const unknown = 'sgr-00000000000000000'
    expect(refusal(() => group.revokeById([first!.id, unknown]))).toBe('InvalidSecurityGroupRuleId.NotFound')
    expect(group.rules).toEqual([first])
  })

  test('and authorizing again is another rule', () => {
    const group = groupOf({ rules: [sip] })
    const [gone] = group.revoke([sip])
    const [added] = group.authorize([sip])
    expect(added!.id).not.toBe(gone!.id)
  })
})

describe('the quota', () => {
  const full = 'RulesPerSecurityGroupLimitExceeded'

  test('is 60 for each family', () => {
    const group = groupOf({ rules: [...many(60), ...many(59, 6)] })
    expect(refusal(() => group.authorize([sip]))).toBe(full)
    expect(refusal(() => group.authorize([sip6]))).toBe('accepted')
    expect([group.weight(4), group.weight(6)]).toEqual([60, 60])
  })

  test('counts a prefix list as its maximum in its own family, however empty it is', () => {
    const group = groupOf({ rules: many(40) }, list('pl-4', 4, 21), list('pl-6', 6, 60), list('pl-20', 4, 20))
    expect(refusal(() => group.authorize([{ ...nobody, prefixListId: 'pl-4' }]))).toBe(full)
    expect(refusal(() => group.authorize([{ ...nobody, prefixListId: 'pl-6' }]))).toBe('accepted')
    expect(refusal(() => group.authorize([{ ...nobody, prefixListId: 'pl-20' }]))).toBe('accepted')
    expect([group.weight(4), group.weight(6)]).toEqual([60, 60])
  })

  test('counts a prefix list once for each rule', () => {
    const group = groupOf({ rulesQuota: 9 }, list('pl-4', 4, 5))
    group.authorize([{ ...nobody, prefixListId: 'pl-4' }])
    expect(refusal(() => group.authorize([{ ...nobody, protocol: 'tcp', prefixListId: 'pl-4' }]))).toBe(full)
  })

  test('counts a group in both families', () => {
    const group = groupOf({ rules: many(60, 6) })
    expect(refusal(() => group.authorize([{ ...nobody, groupId: 'sg-other' }]))).toBe(full)
    expect(refusal(() => group.authorize([sip]))).toBe('accepted')
  })

  test('takes none of the rules of a request that all of them are too many for', () => {
    const group = groupOf({ rulesQuota: 3, rules: many(2) })
    expect(refusal(() => group.authorize([sip, { ...sip, protocol: 'tcp' }]))).toBe(full)
    expect(group.rules).toHaveLength(2)
  })

  test('stands before a list that grows while a rule refers to it, and no longer', () => {
    const peers = list('pl-4', 4, 5)
    const group = groupOf({ rulesQuota: 8, rules: many(2) }, peers)
    group.authorize([{ ...nobody, prefixListId: 'pl-4' }])
    peers.modify({ maxEntries: 7 })
    expect(peers.describe()).toMatchObject({ state: 'modify-failed', maxEntries: 5 })
    expect(peers.describe().stateMessage).toContain(group.id)
    peers.modify({ maxEntries: 6 })
    expect(peers.describe()).toMatchObject({ state: 'modify-complete', maxEntries: 6 })
    expect(group.weight(4)).toBe(8)
    group.revoke([{ ...nobody, prefixListId: 'pl-4' }])
    peers.modify({ maxEntries: 1000 })
    expect([peers.maxEntries, peers.referrers.size]).toEqual([1000, 0])
  })
})

const anyRule: fc.Arbitrary<RuleRequest> = fc.record({
  protocol: fc.constantFrom('udp', 'tcp', '-1'),
  ports: fc.constantFrom({ from: 5060, to: 5060 }, { from: 5060, to: 5061 }),
  cidr: fc.constantFrom('10.0.0.0/8', '10.0.0.0/9', '10.1.2.3/9' as Prefix),
})

describe('laws', () => {
  test('a group never has more than its quota, no rule twice, and each request is all or nothing', () => {
    search(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.array(anyRule, { minLength: 1, maxLength: 4 })), {
          maxLength: 30,
        }),
        (steps) => {
          const group = groupOf({ rulesQuota: 6 })
          for (const [authorizes, requests] of steps) {
            const before = group.rules.length
            const run = () => (authorizes ? group.authorize(requests) : group.revoke(requests))
            const outcome = refusal(run)
            const change = authorizes ? requests.length : -new Set(requests.map(keyOf)).size
            expect(group.rules.length - before).toBe(outcome === 'accepted' ? change : 0)
            const keys = group.rules.map((rule) => keyOf(ruleRequestOf(rule)))
            expect(new Set(keys).size).toBe(keys.length)
            expect(group.weight(4)).toBeLessThanOrEqual(6)
          }
        },
      ),
    )
  })
})

function keyOf(request: RuleRequest): string {
  const { protocol, ports, source } = wantedRule(request)
  return JSON.stringify([protocol, ports, source])
}
