import type { CreateNetworkAclEntryCommandInput } from '@aws-sdk/client-ec2'
import { describe, expect, test } from 'vitest'
import { ACL_ID, entriesOf, numbersOf, openAccount, refusal, sip4, sip6, statusOf } from './account.ts'

const DEFAULTS = [100, 101, 32767, 32768]

describe('entries', () => {
  test('a created entry of each family is described as AWS renders it', async () => {
    const { ec2 } = await openAccount()
    await ec2.createNetworkAclEntry(sip4())
    await ec2.createNetworkAclEntry(sip6())
    expect((await entriesOf(ec2)).slice(0, 2)).toEqual([
      {
        CidrBlock: '192.0.2.0/24',
        Egress: false,
        PortRange: { From: 5060, To: 5061 },
        Protocol: '17',
        RuleAction: 'deny',
        RuleNumber: 10,
      },
      {
        Egress: false,
        Ipv6CidrBlock: '2001:db8::/64',
        PortRange: { From: 5060, To: 5061 },
        Protocol: '17',
        RuleAction: 'deny',
        RuleNumber: 11,
      },
    ])
    expect(await numbersOf(ec2, true)).toEqual(DEFAULTS)
  })

  test('the default rules of both families end each direction', async () => {
    const { ec2 } = await openAccount({ acls: [{ id: ACL_ID, entries: [] }] })
    for (const egress of [true, false]) {
      expect(await entriesOf(ec2, egress)).toEqual([
        { CidrBlock: '0.0.0.0/0', Egress: egress, Protocol: '-1', RuleAction: 'deny', RuleNumber: 32767 },
        { Egress: egress, Ipv6CidrBlock: '::/0', Protocol: '-1', RuleAction: 'deny', RuleNumber: 32768 },
      ])
    }
  })

  test.each<[string, CreateNetworkAclEntryCommandInput, object, string[]]>([
    [
      'host bits of IPv4 are cleared',
      sip4({ CidrBlock: '192.0.2.77/24' }),
      { CidrBlock: '192.0.2.0/24' },
      [],
    ],
    [
      'host bits of IPv6 are cleared',
      sip6({ RuleNumber: 10, Ipv6CidrBlock: '2001:DB8::5/64' }),
      { Ipv6CidrBlock: '2001:db8::/64' },
      ['CidrBlock'],
    ],
    [
      'every port of TCP is shown as a range',
      sip4({ Protocol: '6', PortRange: { From: 0, To: 65535 } }),
      { PortRange: { From: 0, To: 65535 } },
      ['IcmpTypeCode'],
    ],
    [
      'every protocol has no ports',
      sip4({ Protocol: '-1' }),
      { Protocol: '-1' },
      ['PortRange', 'IcmpTypeCode'],
    ],
    [
      'ICMP shows type and code and no ports',
      sip4({ Protocol: '1', IcmpTypeCode: { Type: -1, Code: -1 } }),
      { IcmpTypeCode: { Type: -1, Code: -1 } },
      ['PortRange'],
    ],
    [
      'ICMPv6 in an IPv6 CIDR shows type and code',
      sip6({ RuleNumber: 10, Protocol: '58', IcmpTypeCode: { Type: -1, Code: -1 } }),
      { Protocol: '58', IcmpTypeCode: { Type: -1, Code: -1 } },
      ['PortRange'],
    ],
  ])('%s', async (_name, request, shown, absent) => {
    const { ec2 } = await openAccount()
    await ec2.createNetworkAclEntry(request)
    const entry = (await entriesOf(ec2))[0]!
    expect(entry).toMatchObject({ RuleNumber: 10, ...shown })
    for (const name of absent) expect(entry).not.toHaveProperty(name)
  })

  test('a replaced entry is the new one and a deleted entry is gone', async () => {
    const { ec2 } = await openAccount()
    await ec2.createNetworkAclEntry(sip4())
    await ec2.replaceNetworkAclEntry(sip6({ RuleNumber: 10 }))
    expect((await entriesOf(ec2))[0]).toMatchObject({ RuleNumber: 10, Ipv6CidrBlock: '2001:db8::/64' })
    await ec2.deleteNetworkAclEntry({ NetworkAclId: ACL_ID, RuleNumber: 10, Egress: false })
    expect(await numbersOf(ec2)).toEqual(DEFAULTS)
  })

  test('an outbound entry is apart from an inbound one of the same number', async () => {
    const { ec2 } = await openAccount()
    await ec2.createNetworkAclEntry(sip4())
    await ec2.createNetworkAclEntry(sip4({ Egress: true }))
    await ec2.deleteNetworkAclEntry({ NetworkAclId: ACL_ID, RuleNumber: 10, Egress: false })
    expect([await numbersOf(ec2), await numbersOf(ec2, true)]).toEqual([DEFAULTS, [10, ...DEFAULTS]])
  })
})

describe('refusals', () => {
  const unknown = 'acl-0123456789abcdef0'

  test.each<[string, Partial<CreateNetworkAclEntryCommandInput>, string]>([
    ['a malformed IPv4 CIDR', { CidrBlock: '999.1.1.1/32' }, 'InvalidParameterValue'],
    [
      'a malformed IPv6 CIDR',
      { CidrBlock: undefined, Ipv6CidrBlock: '2001:db8::/129' },
      'InvalidParameterValue',
    ],
    ['both CIDRs', { Ipv6CidrBlock: '2001:db8::/64' }, 'InvalidParameterCombination'],
    ['no CIDR', { CidrBlock: undefined }, 'MissingParameter'],
    ['no ports', { PortRange: undefined }, 'MissingParameter'],
    ['half a port range', { PortRange: { From: 5060 } }, 'MissingParameter'],
    ['reversed ports', { PortRange: { From: 5061, To: 5060 } }, 'InvalidParameterValue'],
    ['rule number 0', { RuleNumber: 0 }, 'InvalidParameterValue'],
    ['the number of a default rule', { RuleNumber: 32767 }, 'InvalidParameterValue'],
    ['no rule number', { RuleNumber: undefined }, 'MissingParameter'],
    ['no direction', { Egress: undefined }, 'MissingParameter'],
    ['a protocol by name', { Protocol: 'udp' }, 'InvalidParameterValue'],
    ['an unknown action', { RuleAction: 'drop' as 'deny' }, 'InvalidParameterValue'],
    ['an unknown ACL', { NetworkAclId: unknown }, 'InvalidNetworkAclID.NotFound'],
    ['an ACL id that is none', { NetworkAclId: 'vpc-1' }, 'InvalidNetworkAclId.Malformed'],
    ['no ACL', { NetworkAclId: undefined }, 'MissingParameter'],
  ])('create and replace refuse %s with status 400 and change nothing', async (_name, over, code) => {
    const { aws, ec2 } = await openAccount()
    await ec2.createNetworkAclEntry(sip4({ RuleNumber: 20 }))
    const before = aws.acls.get(ACL_ID)!.describe()
    expect(await refusal(ec2.createNetworkAclEntry(sip4(over)))).toBe(code)
    expect(await refusal(ec2.replaceNetworkAclEntry(sip4({ RuleNumber: 20, ...over })))).toBe(code)
    expect(await statusOf(ec2.createNetworkAclEntry(sip4(over)))).toBe(400)
    expect(aws.acls.get(ACL_ID)!.describe()).toBe(before)
  })

  test('a taken number is an entry that already exists, whatever its family', async () => {
    const { ec2 } = await openAccount()
    await ec2.createNetworkAclEntry(sip4())
    expect(await refusal(ec2.createNetworkAclEntry(sip4()))).toBe('NetworkAclEntryAlreadyExists')
    expect(await refusal(ec2.createNetworkAclEntry(sip6({ RuleNumber: 10 })))).toBe(
      'NetworkAclEntryAlreadyExists',
    )
  })

  test('replacing or deleting an entry that is not there finds none', async () => {
    const { ec2 } = await openAccount()
    const missing = { NetworkAclId: ACL_ID, RuleNumber: 10, Egress: false }
    expect(await refusal(ec2.replaceNetworkAclEntry(sip4()))).toBe('InvalidNetworkAclEntry.NotFound')
    expect(await refusal(ec2.deleteNetworkAclEntry(missing))).toBe('InvalidNetworkAclEntry.NotFound')
    expect(await refusal(ec2.deleteNetworkAclEntry({ ...missing, NetworkAclId: unknown }))).toBe(
      'InvalidNetworkAclID.NotFound',
    )
  })

  test('the default rules cannot be deleted', async () => {
    const { ec2 } = await openAccount()
    const rule = { NetworkAclId: ACL_ID, RuleNumber: 32768, Egress: true }
    expect(await refusal(ec2.deleteNetworkAclEntry(rule))).toBe('InvalidParameterValue')
  })

  test('the quota of 20 with the default rule leaves 19 entries in each direction and family', async () => {
    const { ec2 } = await openAccount({ acls: [{ id: ACL_ID, entries: [] }] })
    for (let i = 1; i <= 19; i++) {
      await ec2.createNetworkAclEntry(sip4({ RuleNumber: i }))
      await ec2.createNetworkAclEntry(sip6({ RuleNumber: 100 + i, Egress: true }))
    }
    const full = 'NetworkAclEntryLimitExceeded'
    expect(await refusal(ec2.createNetworkAclEntry(sip4({ RuleNumber: 20 })))).toBe(full)
    expect(await refusal(ec2.createNetworkAclEntry(sip6({ RuleNumber: 120, Egress: true })))).toBe(full)
    expect(await refusal(ec2.createNetworkAclEntry(sip6({ RuleNumber: 120 })))).toBe('accepted')
    expect(await refusal(ec2.replaceNetworkAclEntry(sip4({ RuleNumber: 19 })))).toBe('accepted')
    expect(await numbersOf(ec2)).toHaveLength(19 + 1 + 2)
  })
})
