import { afterEach, describe, expect, test } from 'vitest'
import { type WhyDocument, whyDocument } from '../../lib/contract/why.ts'
import { ACL } from '../aws/fence-account.ts'
import { type DeployedFixture, deployFence, flat, makeForeign, SETTINGS } from './deployed-fence.ts'
import { DENY4, deployTiers, IP_SET4, listForeign, TIER_SETTINGS, TRUSTED4, vouch } from './tiered-fence.ts'

const HOSTILE = 'it says \u001b[2J\u202eand\nmore'
const HARMLESS = 'it says \\u001b[2J\\u202eand\\u000amore'

let fence: DeployedFixture
afterEach(() => fence.stop())

async function why(ip: string): Promise<WhyDocument> {
  const { code, out, err } = await fence.sipfence(['why', ip, '--json'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return whyDocument.parse(JSON.parse(out))
}

async function told(ip: string): Promise<string> {
  const { code, out, err } = await fence.sipfence(['why', ip])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return flat(out)
}

/** What each place says of the first block, by its name. */
async function places(ip: string): Promise<Record<string, unknown>> {
  const [block] = (await why(ip)).blocks
  const acls = block!.entries.map(({ networkAcl, ruleNumbers, whyNot }) => [
    networkAcl,
    whyNot ?? ruleNumbers,
  ])
  const sets = block!.sets.map(({ set, heldBy, whyNot }) => [set, whyNot ?? heldBy])
  return Object.fromEntries([...acls, ...sets])
}

describe('sipfence why', () => {
  test('shows one decision in every tier', async () => {
    fence = await deployTiers()
    await fence.block('192.0.2.1/32', { why: HOSTILE })
    await fence.block('192.0.2.2/32', { scope: 'sip', class: 'brute-force', level: 3 })
    expect(await places('192.0.2.2')).toEqual({
      [ACL]: expect.stringMatching(/^not yet: the next round/),
      [DENY4]: expect.stringMatching(/^not yet: the next round/),
      [IP_SET4]: expect.stringMatching(/^not yet: the next round/),
    })
    await fence.round()
    expect(await why('192.0.2.2')).toMatchObject({
      fence: 'f',
      mode: 'enforce',
      asked: '192.0.2.2/32',
      source: '192.0.2.2/32',
      protectedBy: null,
      knownGood: [],
      blocks: [{ prefix: '192.0.2.2/32', class: 'brute-force', level: 3, endedAt: null }],
      foreign: [],
      unread: [],
      trusted: [{ id: TRUSTED4, heldBy: null, whyNot: 'neither on the allowlist nor known-good' }],
      lockdown: { closed: false, desired: false, why: 'lockdown is off' },
    })
    expect(await places('192.0.2.2')).toEqual({
      [ACL]: [21, 22],
      [DENY4]: '192.0.2.2/32',
      [IP_SET4]: '192.0.2.2/32',
    })
    expect(await places('192.0.2.1')).toEqual({
      [ACL]: [20],
      [DENY4]: '192.0.2.1/32',
      [IP_SET4]: expect.stringMatching(/^not for this tier: .*not proven to be real/),
    })
    const out = await told('192.0.2.1')
    expect(out).toContain('192.0.2.1/32: what fence f in eu-west-1 knows of it, in mode enforce')
    expect(out).toContain(
      `network ACL ${ACL}: rule 20 deny list ${DENY4}: 192.0.2.1/32 IP set ${IP_SET4}: no entry; not for this tier`,
    )
    expect(out).toContain(HARMLESS)
  })

  test('says why a tier does not hold a block: brake, room, mode, or that it is over', async () => {
    fence = await deployTiers({ settings: { ...TIER_SETTINGS, brake: { newlyCovered: 10 } } })
    await fence.block('192.0.2.0/24', { scope: 'sip' })
    expect(await places('192.0.2.0/24')).toMatchObject({
      [ACL]: expect.stringMatching(/^the plan would newly deny 256 addresses/),
      [DENY4]: expect.stringMatching(/^the plan would newly deny 256 addresses/),
    })
    await fence.block('192.0.2.0/24', { until: fence.now - 1 })
    expect(await places('192.0.2.0/24')).toEqual({
      [ACL]: 'it is over',
      [DENY4]: 'it is over',
      [IP_SET4]: expect.any(String),
    })
    for (let i = 0; i < 60; i++) await fence.block(`198.51.100.${2 * i}/32`, { weight: 1_000 })
    await fence.block('192.0.3.9/32', { weight: 1 })
    expect(await places('192.0.3.9')).toMatchObject({
      [ACL]: expect.stringMatching(/^no free entry/),
      [DENY4]: expect.stringMatching(/^no free entry: the list has room for 50/),
    })
    await fence.state.setMode({ mode: 'observe', at: fence.now, by: 'a' })
    await fence.block('192.0.3.9/32', { weight: 10_000 })
    expect(await places('192.0.3.9')).toMatchObject({
      [ACL]: 'the mode is observe',
      [DENY4]: 'the mode is observe',
    })
  })

  test('shows the prefix that holds a block which was joined with its neighbour', async () => {
    fence = await deployTiers()
    await fence.block('192.0.2.6/32')
    await fence.block('192.0.2.7/32')
    await fence.round()
    expect((await places('192.0.2.7'))[DENY4]).toBe('192.0.2.6/31')
  })

  test('knows the source of an address, and what is in a network', async () => {
    fence = await deployTiers()
    await fence.block('2001:db8:7::/64')
    await fence.block('192.0.2.1/32', { weight: 5 })
    await fence.block('192.0.2.2/32', { weight: 50 })
    await fence.block('192.0.3.1/32')
    expect(await why('2001:db8:7::9')).toMatchObject({
      asked: '2001:db8:7::9/128',
      source: '2001:db8:7::/64',
      blocks: [{ prefix: '2001:db8:7::/64' }],
    })
    expect(await told('2001:db8:7::9')).toContain('which is part of source 2001:db8:7::/64')
    const network = await why('192.0.2.0/24')
    expect(network.source).toBeNull()
    expect(network.blocks.map(({ prefix }) => prefix)).toEqual(['192.0.2.2/32', '192.0.2.1/32'])
    await vouch(fence, '192.0.2.77/32', '192.0.3.77/32')
    expect((await why('192.0.2.0/24')).knownGood.map(({ source }) => source)).toEqual(['192.0.2.77/32'])
  })

  test('says what protects: the settings, and having been known-good within 24 hours', async () => {
    fence = await deployTiers()
    await vouch(fence, '198.51.100.7/32')
    const provenAt = new Date(fence.now - 3_600_000).toISOString()
    const until = new Date(fence.now + 23 * 3_600_000).toISOString()
    expect(await why('198.51.100.7')).toMatchObject({
      protectedBy: null,
      knownGood: [{ source: '198.51.100.7/32', provenAt, until }],
      trusted: [{ heldBy: null, whyNot: 'not yet: the next round adds 198.51.100.7/32' }],
    })
    await fence.round()
    expect(await why('198.51.100.7')).toMatchObject({
      trusted: [{ heldBy: '198.51.100.7/32', whyNot: null }],
    })
    expect(await told('198.51.100.7')).toMatch(
      /Known-good never blocked until .* UTC, as it proved itself 1 h/,
    )
    expect(await why('203.0.113.9')).toMatchObject({
      protectedBy: 'on the allowlist (203.0.113.0/24)',
      trusted: [{ heldBy: '203.0.113.0/24' }],
    })
    expect((await why('10.0.0.10')).protectedBy).toBe("the PBX's own address")
    await fence.state.setMode({ mode: 'off', at: fence.now, by: 'a' })
    await vouch(fence, '198.51.100.8/32')
    expect(await why('198.51.100.8')).toMatchObject({ trusted: [{ whyNot: 'the mode is off' }] })
  })

  test('says which part of a network is protected and trusted', async () => {
    fence = await deployTiers()
    await fence.round()
    expect(await why('203.0.0.0/16')).toMatchObject({
      protectedBy: null,
      protectedParts: [{ prefix: '203.0.113.0/24', why: 'on the allowlist' }],
      trusted: [{ heldBy: null, parts: ['203.0.113.0/24'] }],
    })
    const out = await told('203.0.0.0/16')
    expect(out).toContain('part of it: 203.0.113.0/24, on the allowlist')
    expect(out).toContain(
      `part of it in ${TRUSTED4}: 203.0.113.0/24, let in while the door is closed; the rest`,
    )
    expect(out).not.toContain('never blocked')
    expect(await why('203.0.113.0/25')).toMatchObject({ protectedParts: [], trusted: [{ parts: [] }] })
  })

  test('says that the list of trusted peers has no room', async () => {
    const settings = {
      ...SETTINGS,
      firewalls: { trustedPeers: { securityGroups: ['sg-00000000000000001'], widest: { ipv4: 32 } } },
    }
    fence = await deployTiers({ settings, trustedEntries: 1 })
    await vouch(fence, '198.51.100.7/32')
    const lists = [await why('198.51.100.7'), await why('203.0.113.0')].map(
      ({ trusted }) => trusted[0]?.whyNot,
    )
    expect(lists.sort()).toEqual([
      'no free entry: the list has room for 1',
      expect.stringMatching(/^not yet/),
    ])
  })

  test('remembers the last block that has ended', async () => {
    fence = await deployTiers()
    await fence.block('192.0.2.1/32', { why: HOSTILE, until: fence.now - 1 })
    await fence.round()
    const { blocks } = await why('192.0.2.1')
    expect(blocks).toMatchObject([{ endedAt: new Date(fence.now - 1).toISOString(), entries: [], sets: [] }])
    expect(await told('192.0.2.1')).toMatch(
      /Ended reflection, level 1: .* over: from .* until .* UTC it says/,
    )
    await fence.block('192.0.2.1/32')
    expect((await why('192.0.2.1')).blocks).toMatchObject([{ endedAt: null }])
  })

  test('says plainly that nothing is known, and that the door is closed all the same', async () => {
    fence = await deployTiers()
    const out = await told('192.0.2.99')
    expect(out).toMatch(/Nothing is known of it: no block, standing or ended, covers it/)
    expect(out).toContain('the door is open: lockdown is off')
    await fence.state.setLockdown({
      standing: 'off',
      closed: { until: fence.now + 60_000, allowlistOnly: true },
      at: 0,
      by: HOSTILE,
    })
    expect(await told('192.0.2.99')).toMatch(/the door is open, and should be closed: it says/)
    await fence.round()
    expect((await why('192.0.2.99')).lockdown).toMatchObject({ closed: true, desired: true })
    expect(await told('192.0.2.99')).toContain(`the door is closed: ${HARMLESS} closed it until`)
  })

  test('shows what others deny', async () => {
    fence = await deployTiers()
    makeForeign(fence)
    listForeign(fence, DENY4, '198.51.100.0/24')
    expect((await why('198.51.100.1')).foreign).toEqual([
      { place: ACL, entry: 'rule 30: deny udp all ports 198.51.100.1/32' },
      { place: DENY4, entry: '198.51.100.0/24' },
    ])
    expect((await why('198.51.0.0/16')).foreign).toEqual([])
    await fence.block('198.51.100.2/32')
    expect(await places('198.51.100.2')).toMatchObject({
      [DENY4]: "already covered by 198.51.100.0/24, which is not sipfence's",
    })
  })

  test('says which tier cannot be read, and tells of the others', async () => {
    const gone = 'pl-00000000000000099'
    fence = await deployTiers()
    await fence.block('192.0.2.1/32')
    await fence.round()
    const [stack] = fence.stacks
    fence.stacks = [{ ...stack!, outputs: { ...stack!.outputs, DenyListIpv4: gone } }]
    const { unread, blocks } = await why('192.0.2.1')
    expect(unread).toEqual([{ place: gone, problem: expect.stringMatching(/^there is no such prefix list/) }])
    expect(blocks[0]!.entries).toMatchObject([{ ruleNumbers: [20] }])
    expect(await told('192.0.2.1')).toMatch(new RegExp(`Not read ${gone}: there is no such prefix list`))
    const fault = { kind: 'before', code: 'AccessDeniedException', status: 400 } as const
    fence.aws.faults.plan([{ action: 'GetIPSet', fault }])
    const denied = await fence.sipfence(['why', '192.0.2.1'])
    expect(denied).toMatchObject({
      code: 1,
      err: expect.stringMatching(/AccessDeniedException: .*use credentials/),
    })
  })

  test('works on a fence that has network ACLs only', async () => {
    fence = await deployFence()
    await fence.block('192.0.2.1/32')
    await fence.round()
    expect(await why('192.0.2.1')).toMatchObject({
      blocks: [{ entries: [{ ruleNumbers: [20] }], sets: [] }],
      trusted: [],
      lockdown: null,
    })
    expect(await told('192.0.2.1')).not.toMatch(/Trusted|Lockdown/)
  })

  test.each([
    { ip: 'foo', words: '"foo" is not an address or CIDR' },
    { ip: '010.0.0.1', words: '"010.0.0.1" is not an address or CIDR' },
    { ip: '192.0.2.1/24', words: 'has host bits set; the prefix is 192.0.2.0/24' },
    { ip: '192.0.2.1/33', words: 'it should be 0 to 32' },
  ])('asks for an address where it gets "$ip", before it looks at AWS', async ({ ip, words }) => {
    fence = await deployFence()
    const { code, err } = await fence.sipfence(['why', ip])
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(words) })
    expect(fence.aws.calls()).toEqual([])
    expect(await fence.sipfence(['why'])).toMatchObject({ code: 2 })
  })
})
