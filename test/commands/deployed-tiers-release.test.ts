import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type DeployedFixture, flat, heldBy, SETTINGS } from './deployed-fence.ts'
import {
  DENY4,
  deployTiers,
  GROUP,
  groupOf,
  IP_SET4,
  inIpSet,
  letsIn,
  listed,
  listForeign,
  TRUSTED4,
  TRUSTED6,
} from './tiered-fence.ts'

let fence: DeployedFixture
beforeEach(async () => {
  fence = await deployTiers()
  await fence.block('192.0.2.1/32')
  await fence.block('192.0.2.4/32', { scope: 'sip' })
  listForeign(fence, DENY4, '198.51.100.1/32')
  await fence.state.setLockdown({
    standing: 'off',
    closed: { until: fence.now + 3_600_000, allowlistOnly: true },
    at: fence.now,
    by: 'a',
  })
  await fence.round()
  expect([listed(fence, DENY4).length, inIpSet(fence, 4).length, letsIn(fence)]).toEqual([3, 1, [TRUSTED4]])
})
afterEach(() => fence.stop())

const denied = { kind: 'before', code: 'UnauthorizedOperation', status: 403 } as const

describe('sipfence release', () => {
  test('empties every tier of what is ours, opens the door, and says each change and what stays', async () => {
    const { code, out, err } = await fence.sipfence(['release'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(heldBy(fence)).toEqual([])
    expect(listed(fence, DENY4)).toEqual(['198.51.100.1/32'])
    expect(inIpSet(fence, 4)).toEqual([])
    expect(letsIn(fence)).toEqual(['0.0.0.0/0'])
    expect(groupOf(fence).rules.find(({ ports }) => ports?.from === 5060)).toMatchObject({
      description: 'phones',
    })
    expect(listed(fence, TRUSTED4)).toEqual(['203.0.113.0/24'])
    for (const line of [
      `deny list ${DENY4} (IPv4): removed 192.0.2.1/32`,
      `deny list ${DENY4} (IPv4): removed 192.0.2.4/32`,
      `IP set ${IP_SET4}: removed 192.0.2.4/32`,
      `${GROUP}: authorized udp 5060 from 0.0.0.0/0`,
      `${GROUP}: revoked udp 5060 from ${TRUSTED4}`,
    ])
      expect(out.split('\n')).toContain(line)
    expect(flat(out)).toContain(
      `deny list ${DENY4} (IPv4): 198.51.100.1/32 is not the fence's: it was left alone.`,
    )
    expect(flat(out)).toMatch(
      new RegExp(`Nothing of fence f stands in network ACL acl-0+, deny list ${DENY4} \\(IPv4\\), `),
    )
    expect(flat(out)).toContain(
      `The door is open. The lists of trusted peers (${TRUSTED4}, ${TRUSTED6}) keep their entries`,
    )
    expect(out).not.toContain('may not show yet')
    expect(await fence.ledger.swaps()).toEqual([])
    expect(await fence.state.lockdown()).toMatchObject({ standing: 'off', closed: null })
    await fence.state.setMode({ mode: 'enforce', at: fence.now, by: 'a' })
    await fence.round()
    expect(letsIn(fence)).toEqual(['0.0.0.0/0'])
    await fence.state.setMode({ mode: 'off', at: fence.now, by: 'a' })
    const again = await fence.sipfence(['release'])
    expect(again).toMatchObject({ code: 0, err: '' })
    expect(flat(again.out)).toMatch(/run sipfence release again after/)
  })

  test('names what still stands in a list, and does everything else', async () => {
    fence.aws.faults.plan([
      { action: 'ModifyManagedPrefixList', fault: denied },
      { action: 'UpdateIPSet', fault: { kind: 'before', code: 'WAFInternalErrorException', status: 500 } },
    ])
    const { code, out, err } = await fence.sipfence(['release'])
    expect(code).toBe(1)
    expect(flat(err)).toContain('Cannot release fence "f" as a whole; it is off, so run this again:')
    expect(err).toMatch(
      new RegExp(`${DENY4} \\(IPv4\\): 192\\.0\\.2\\.1/32 still stands \\(2 of 2 changes were not made`),
    )
    expect(err).toMatch(/sipfence-f-ipv4 \(IPv4\): 192\.0\.2\.4\/32 still stands \(.*WAFInternalError/)
    expect(out).toContain(`${DENY4} (IPv4): cannot go on: UnauthorizedOperation`)
    expect(letsIn(fence)).toEqual(['0.0.0.0/0'])
    expect(heldBy(fence)).toEqual([])
  })

  test('names the rules that are still taken away, and who is let in meanwhile', async () => {
    fence.aws.faults.plan([{ action: 'AuthorizeSecurityGroupIngress', fault: denied }])
    const { code, out, err } = await fence.sipfence(['release'])
    expect(code).toBe(1)
    expect(out).toMatch(/sg-0+1: cannot authorize udp 5060 from 0\.0\.0\.0\/0: UnauthorizedOperation/)
    expect(err).toMatch(
      /sg-0+1: udp 5060 from 0\.0\.0\.0\/0 is still taken away \(.*cannot authorize .*UnauthorizedOperation/,
    )
    expect(letsIn(fence)).toEqual([TRUSTED4])
    expect(listed(fence, DENY4)).toEqual(['198.51.100.1/32'])
    fence.aws.faults.plan([])
    expect(await fence.sipfence(['release'])).toMatchObject({ code: 0 })
    expect(letsIn(fence)).toEqual(['0.0.0.0/0'])
  })

  test('fails where rules are taken away and the settings have no trusted peers any more', async () => {
    fence.settle(SETTINGS)
    const { code, err } = await fence.sipfence(['release'])
    expect(code).toBe(1)
    expect(err).toMatch(/is still taken away \(the settings have no firewalls\.trustedPeers any more/)
  })

  test('fails where it cannot tell what stands in a list, and is done where the list is gone', async () => {
    fence.aws.faults.plan([{ action: 'GetManagedPrefixListEntries', fault: denied }])
    const { code, err } = await fence.sipfence(['release'])
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(new RegExp(`${DENY4} \\(IPv4\\): UnauthorizedOperation`)),
    })
    fence.aws.faults.plan([])
    const [stack] = fence.stacks
    const gone = { DenyListIpv4: 'pl-00000000000000099', DenyListIpv6: 'pl-00000000000000098' }
    fence.stacks = [{ ...stack!, outputs: { ...stack!.outputs, ...gone } }]
    expect(await fence.sipfence(['release'])).toMatchObject({ code: 0 })
  })

  test('names twenty of many, and how many more', async () => {
    for (let i = 0; i < 40; i++) await fence.block(`192.0.3.${2 * i}/32`)
    await fence.round()
    const { out } = await fence.sipfence(['release'])
    expect(out.match(new RegExp(`^deny list ${DENY4} \\(IPv4\\): removed`, 'gm'))).toHaveLength(20)
    expect(out).toContain(`${DENY4} (IPv4): and 22 more`)
  })
})
