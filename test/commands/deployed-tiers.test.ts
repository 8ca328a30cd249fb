import { afterEach, describe, expect, test } from 'vitest'
import { blocksDocument } from '../../lib/contract/blocks.ts'
import { previewDocument } from '../../lib/contract/preview.ts'
import { statusDocument } from '../../lib/contract/status.ts'
import type { RoundRecord } from '../../lib/round-record.ts'
import { ACL } from '../aws/fence-account.ts'
import { type DeployedFixture, deployFence, flat, SETTINGS } from './deployed-fence.ts'
import {
  DENY4,
  DENY6,
  deployTiers,
  GROUP,
  IP_SET4,
  IP_SET6,
  letsIn,
  listed,
  listForeign,
  PUBLIC,
  TIER_SETTINGS,
  TRUSTED4,
  TRUSTED6,
  vouch,
} from './tiered-fence.ts'

const HOUR = 3_600_000
const GONE = 'pl-00000000000000099'
const HOSTILE = 'it says \u001b[2J\u202eand\nmore'
const HARMLESS = 'it says \\u001b[2J\\u202eand\\u000amore'

let fence: DeployedFixture
afterEach(() => fence.stop())

async function shown(...args: string[]): Promise<string> {
  const { code, out, err } = await fence.sipfence(args)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return out
}

async function document(...args: string[]): Promise<unknown> {
  return JSON.parse(await shown(...args, '--json'))
}

async function closeDoor(by = 'a'): Promise<void> {
  await fence.state.setLockdown({
    standing: 'off',
    closed: { until: fence.now + HOUR, allowlistOnly: true },
    at: fence.now,
    by,
  })
}

/** The stack tells of another list than there is. */
function lose(place: string): void {
  const [stack] = fence.stacks
  fence.stacks = [{ ...stack!, outputs: { ...stack!.outputs, [place]: GONE } }]
}

describe('sipfence status', () => {
  test('tells what every tier holds, of the door, and of an approval', async () => {
    fence = await deployTiers()
    await fence.block('192.0.2.1/32')
    await fence.block('192.0.2.2/32', { scope: 'sip' })
    listForeign(fence, DENY4, '198.51.100.1/32')
    listForeign(fence, TRUSTED4, '198.51.100.2/32')
    await vouch(fence, '198.51.100.7/32')
    await closeDoor(HOSTILE)
    await fence.round()
    const until = Date.now() + 60_000
    await fence.state.approve({ until, at: fence.now, by: HOSTILE })
    const status = statusDocument.parse(await document('status'))
    expect(status).toMatchObject({
      approval: { until: new Date(until).toISOString(), by: HOSTILE },
      sets: [
        {
          id: DENY4,
          kind: 'prefix-list',
          family: 4,
          problem: null,
          holds: { own: 2, held: 3, capacity: 50, foreign: ['198.51.100.1/32'] },
        },
        { id: DENY6, kind: 'prefix-list', family: 6, problem: null, holds: { own: 0, held: 0 } },
        {
          id: IP_SET4,
          kind: 'ip-set',
          family: 4,
          problem: null,
          holds: { own: 1, held: 1, capacity: 10_000 },
        },
        { id: IP_SET6, kind: 'ip-set', family: 6, problem: null, holds: { own: 0, held: 0 } },
      ],
      trusted: [
        {
          id: TRUSTED4,
          family: 4,
          holds: { own: 2, held: 3, wanted: 3, capacity: 10, sources: 2, left: [] },
        },
        { id: TRUSTED6, family: 6, holds: { own: 0, held: 0 } },
      ],
      lockdown: {
        closed: true,
        why: expect.stringContaining(HOSTILE),
        rules: [{ group: GROUP, rule: PUBLIC }],
        refused: [],
        problem: null,
      },
      lastRound: {
        sets: [{ id: DENY4, entries: 2 }, { id: DENY6 }, { id: IP_SET4, entries: 1 }, { id: IP_SET6 }],
        trusted: [{ id: TRUSTED4, entries: 3 }, { id: TRUSTED6 }],
        lockdown: { closed: true, rules: [{ group: GROUP, rule: PUBLIC }], problem: null },
      },
    })
    const out = flat(await shown('status'))
    expect(out).toMatch(/Brake off until .* UTC, approved by it says/)
    expect(out).toContain(
      `Deny list ${DENY4}: 2 entries of ours, 47 free for IPv4 198.51.100.1/32 is not the fence's`,
    )
    expect(out).toContain(`IP set ${IP_SET4}: 1 entry of ours, 9,999 free for IPv4`)
    expect(out).toContain(
      `Trusted peers ${TRUSTED4}: 3 entries of 10 for 2 trusted IPv4 sources: 1 known-good, 1 from the settings`,
    )
    expect(out).toMatch(/Lockdown closed: it says.* sg-0+1: udp 5060 from 0\.0\.0\.0\/0 is taken away/)
    expect(out).toContain(HARMLESS)
    expect(out).toContain('in mode enforce; no problem')
  })

  test('says nothing of an approval that is over', async () => {
    fence = await deployTiers()
    await fence.state.approve({ until: Date.now() - 1, at: fence.now, by: 'a' })
    expect(statusDocument.parse(await document('status')).approval).toBeNull()
    expect(await shown('status')).not.toMatch(/^Brake/m)
  })

  test('names what went wrong in any tier in the last round', async () => {
    fence = await deployTiers()
    const place = { entries: 0, refused: 0, braked: null, problem: null }
    const round: RoundRecord = {
      at: fence.now,
      mode: 'enforce',
      attacking: 0,
      firewalls: [],
      sets: [
        { ...place, id: DENY4, problem: HOSTILE },
        { ...place, id: IP_SET4, braked: 'the plan would newly deny 5000 addresses' },
      ],
      trusted: [{ ...place, id: TRUSTED4, problem: 'it is full' }],
      lockdown: { closed: true, why: 'a', rules: [], refused: ['no room'], problem: 'sg-1: denied' },
    }
    await fence.state.keepRound(round)
    const out = flat(await shown('status'))
    for (const words of [
      `${DENY4}: ${HARMLESS}`,
      `${IP_SET4}: the plan would newly deny 5000`,
      `${TRUSTED4}: it is full`,
      'lockdown: sg-1: denied',
      'lockdown: no room',
    ])
      expect(out).toContain(words)
    await fence.state.keepRound({ ...round, mode: 'off', sets: [], lockdown: null })
    expect(await shown('status')).toMatch(/in mode off; no problem/)
  })

  test('takes a round that was kept before there were tiers for one without', async () => {
    fence = await deployTiers()
    await fence.state.keepRound({ at: fence.now, mode: 'enforce', firewalls: [] } as unknown as RoundRecord)
    const { lastRound } = statusDocument.parse(await document('status'))
    expect(lastRound).toMatchObject({ sets: [], trusted: [], lockdown: null })
  })

  test('tells of a tier that is gone and of all others, and fails where AWS refuses to tell', async () => {
    fence = await deployTiers()
    lose('DenyListIpv4')
    const { sets } = statusDocument.parse(await document('status'))
    expect(sets.map(({ problem }) => problem)).toEqual([
      expect.stringMatching(/^there is no such prefix list \(InvalidPrefixL/),
      null,
      null,
      null,
    ])
    expect(flat(await shown('status'))).toContain(`Deny list ${GONE}: there is no such prefix list`)
    lose('TrustedPeersIpv4')
    const { trusted, lockdown } = statusDocument.parse(await document('status'))
    expect(trusted[0]).toMatchObject({ holds: null, problem: expect.stringMatching(/no such prefix list/) })
    expect(lockdown).toMatchObject({ closed: false, problem: null })
    const fault = { kind: 'before', code: 'AccessDeniedException', status: 400 } as const
    fence.aws.faults.plan([{ action: 'GetIPSet', fault }])
    expect(await fence.sipfence(['status'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/AccessDeniedException: .*use credentials that may do this/),
    })
  })

  test('tells of rules that are taken away where the settings have no trusted peers any more', async () => {
    fence = await deployTiers()
    await closeDoor()
    await fence.round()
    fence.settle(SETTINGS)
    const out = flat(await shown('status'))
    expect(out).toMatch(
      /Lockdown closed, and should be open: lockdown is off sg-0+1: udp 5060 from 0\.0\.0\.0\/0/,
    )
    expect(out).toContain('is taken away the settings have no firewalls.trustedPeers any more')
    expect(out).not.toContain('the next round puts back')
    expect(flat(await shown('why', '192.0.2.1'))).toContain('the settings have no firewalls.trustedPeers any')
  })

  test('has nothing to say of tiers on a fence that has none', async () => {
    fence = await deployFence()
    expect(statusDocument.parse(await document('status'))).toMatchObject({
      approval: null,
      sets: [],
      trusted: [],
      lockdown: null,
    })
    expect(await shown('status')).not.toMatch(/Deny list|IP set|Trusted|Lockdown|Brake/)
  })
})

describe('sipfence blocks', () => {
  test('tells in which lists each block is, and why not', async () => {
    fence = await deployTiers()
    await fence.block('192.0.2.1/32', { weight: 50 })
    await fence.round()
    await fence.block('2001:db8:7::/64', { scope: 'sip', weight: 5 })
    const { blocks } = blocksDocument.parse(await document('blocks'))
    const notYet = expect.stringMatching(/^not yet/)
    expect(blocks.map(({ sets }) => sets)).toEqual([
      [
        { set: DENY4, heldBy: '192.0.2.1/32', whyNot: null },
        { set: IP_SET4, heldBy: null, whyNot: expect.stringMatching(/^not for this tier/) },
      ],
      [
        { set: DENY6, heldBy: null, whyNot: notYet },
        { set: IP_SET6, heldBy: null, whyNot: notYet },
      ],
    ])
    const out = flat(await shown('blocks'))
    expect(out).toContain(
      `network ACL ${ACL}: rule 20 deny list ${DENY4}: 192.0.2.1/32 IP set ${IP_SET4}: no entry; not for this tier`,
    )
    await fence.state.setMode({ mode: 'observe', at: fence.now, by: 'a' })
    expect(await shown('blocks')).toContain(`${DENY4}: 192.0.2.1/32 for now; the mode is observe`)
    lose('DenyListIpv4')
    expect(flat(await shown('blocks'))).toContain(`${GONE}: no entry; there is no such prefix list`)
  })
})

describe('sipfence preview', () => {
  test('shows the changes of every tier, and changes nothing', async () => {
    fence = await deployTiers()
    await fence.block('192.0.2.1/32')
    await fence.round()
    await fence.block('192.0.2.1/32', { until: fence.now - 1 })
    await fence.block('192.0.2.9/32', { why: HOSTILE })
    await fence.block('203.0.113.9/32')
    listForeign(fence, DENY4, '198.51.100.1/32')
    await vouch(fence, '198.51.100.7/32')
    await closeDoor()
    const before = [listed(fence, DENY4), letsIn(fence)]
    const { sets, trusted, lockdown } = previewDocument.parse(await document('preview'))
    expect(sets.map(({ id }) => id)).toEqual([DENY4, DENY6, IP_SET4, IP_SET6])
    expect(sets[0]).toMatchObject({
      kind: 'prefix-list',
      problem: null,
      plan: {
        changes: [
          { kind: 'add', prefix: '192.0.2.9/32', why: HOSTILE },
          { kind: 'remove', prefix: '192.0.2.1/32', why: 'its block is over' },
        ],
        kept: 0,
        capacity: 50,
        foreign: ['198.51.100.1/32'],
        refused: [{ prefix: '203.0.113.9/32', reason: 'protected' }],
        braked: null,
      },
    })
    expect(trusted[0]).toMatchObject({
      plan: {
        changes: [{ kind: 'add', prefix: '198.51.100.7/32' }],
        kept: 1,
        left: [],
        withheld: [],
        extra: 0,
      },
    })
    expect(lockdown).toMatchObject({
      closed: true,
      steps: [
        { kind: 'authorize', group: GROUP, rule: `udp 5060 from ${TRUSTED4}` },
        { kind: 'revoke', group: GROUP, rule: PUBLIC },
      ],
      refused: [],
      tracked: false,
    })
    const out = flat(await shown('preview'))
    expect(out).toContain(`deny list ${DENY4} (IPv4): 2 changes add 192.0.2.9/32 ${HARMLESS}`)
    expect(out).toContain("198.51.100.1/32 is not the fence's: it is left alone")
    expect(out).toContain(
      `trusted peers ${TRUSTED4}: 1 change, 1 entry as they should be add 198.51.100.7/32`,
    )
    expect(out).toMatch(
      /Lockdown, closed \(a closed it until .*\): 2 changes Flows that stand are cut at once\./,
    )
    expect([listed(fence, DENY4), letsIn(fence)]).toEqual(before)
  })

  test('shows what gives way outside enforce, that a lockdown is opened and that trusted peers stay', async () => {
    fence = await deployTiers()
    await fence.block('192.0.2.1/32')
    await closeDoor()
    await fence.round()
    await vouch(fence, '198.51.100.7/32')
    for (const mode of ['observe', 'off']) {
      const { sets, trusted, lockdown } = previewDocument.parse(await document('preview', '--mode', mode))
      expect(sets[0]?.plan).toMatchObject({
        changes: [{ kind: 'remove', prefix: '192.0.2.1/32', why: expect.stringContaining(mode) }],
        kept: 0,
      })
      expect(trusted[0]?.plan?.changes).toHaveLength(mode === 'off' ? 0 : 1)
      expect(lockdown).toMatchObject({
        closed: false,
        why: `the mode is ${mode}`,
        steps: [{ kind: 'authorize', rule: PUBLIC }, { kind: 'revoke' }],
      })
    }
  })

  test('shows a list that is too long to read in part, and as a whole with --json', async () => {
    fence = await deployTiers()
    for (let i = 0; i < 49; i++) await fence.block(`192.0.2.${2 * i}/32`)
    expect(await shown('preview')).toMatch(/and 9 more \(--json has all\)/)
    const { sets } = previewDocument.parse(await document('preview'))
    expect(sets[0]?.plan?.changes).toHaveLength(49)
  })

  test('says that the brake is on, until somebody approves', async () => {
    fence = await deployTiers()
    await fence.block('192.0.0.0/16')
    expect(flat(await shown('preview'))).toMatch(
      new RegExp(
        `${DENY4} \\(IPv4\\): 1 change The brake is on, so not all of them are made: .*65536 addresses`,
      ),
    )
    await fence.state.approve({ until: Date.now() + 60_000, at: fence.now, by: 'a' })
    expect(await shown('preview')).not.toContain('The brake')
  })

  test('says whom a list of trusted peers has no room for, and that a lockdown is refused for it', async () => {
    const { trustedPeers } = TIER_SETTINGS.firewalls
    const firewalls = { trustedPeers: { ...trustedPeers, widest: { ipv4: 32 } } }
    fence = await deployTiers({ settings: { ...TIER_SETTINGS, firewalls }, trustedEntries: 1 })
    await vouch(fence, '198.51.100.7/32')
    await closeDoor()
    const out = flat(await shown('preview'))
    expect(out).toMatch(/left out (198\.51\.100\.7\/32|203\.0\.113\.0\/24) no room beside 1 entries/)
    expect(out).toMatch(/Lockdown, open, should be closed \(a closed it until .*\): no change/)
    expect(out).toMatch(/no change refused 1 trusted sources do not fit/)
    expect(flat(await shown('status'))).toMatch(/no room for 1 source \(.*\): a lockdown is refused/)
  })

  test('keeps its lines within the terminal', async () => {
    fence = await deployTiers()
    await fence.block('2001:db8:1234:5678::/64')
    await fence.round()
    await fence.block('2001:db8:1234:5678::/64', { until: fence.now - 1 })
    await fence.block('2001:db8:8765:4321::/64')
    await closeDoor()
    const { out } = await fence.sipfence(['preview'], { COLUMNS: '72' })
    expect(out).toContain('replace')
    expect(out.split('\n').filter((line) => line.length > 72)).toEqual([])
  })

  test('tells of a tier that is gone', async () => {
    fence = await deployTiers()
    lose('DenyListIpv6')
    const { sets } = previewDocument.parse(await document('preview'))
    expect(sets[1]).toMatchObject({ id: GONE, plan: null, problem: expect.stringMatching(/^there is no/) })
    expect(flat(await shown('preview'))).toContain(`deny list ${GONE} (IPv6): there is no such prefix list`)
  })
})

describe('sipfence mode and off', () => {
  test.each([
    { args: ['mode', 'observe'], words: /The lists of trusted peers are kept current/ },
    { args: ['mode', 'enforce'], words: /are put in force \(sipfence blocks\)\. sipfence status/ },
    { args: ['off'], words: /The lists of trusted peers keep their entries/ },
  ])('$args says nothing of a door that is open and stays so', async ({ args, words }) => {
    fence = await deployTiers()
    const out = flat(await shown(...args))
    expect(out).toMatch(words)
    expect(out).not.toMatch(/lockdown is opened|The door|given up/)
  })

  test('observe opens a door that is closed, and enforce says that it closes again and who said so', async () => {
    fence = await deployTiers()
    await closeDoor(HOSTILE)
    await fence.round()
    expect(flat(await shown('mode', 'enforce'))).toMatch(
      /The door stays closed, until \d{4}-[^.]* UTC \(it says/,
    )
    expect(flat(await shown('mode', 'observe'))).toContain('The lockdown is opened. The lists of')
    await fence.round()
    const out = flat(await shown('mode', 'enforce'))
    expect(out).toMatch(/The door closes with the next round, until \d{4}-[^.]* UTC \(it says/)
    expect(out).toContain(`${HARMLESS} closed it)`)
  })

  test('enforce says that closing is refused, and is set all the same where that cannot be told', async () => {
    fence = await deployTiers()
    await fence.state.setLockdown({ standing: 'off', closed: { until: fence.now + HOUR }, at: 0, by: 'a' })
    expect(flat(await shown('mode', 'enforce'))).toMatch(/but that is refused: nobody is known-good/)
    const fault = { kind: 'before', code: 'UnauthorizedOperation', status: 403 } as const
    fence.aws.faults.plan([{ action: 'DescribeSecurityGroups', fault }])
    expect(flat(await shown('mode', 'enforce'))).toMatch(/it cannot be told: UnauthorizedOperation/)
    expect(await fence.state.mode()).toMatchObject({ mode: 'enforce' })
  })

  test('off gives up what was closed by hand, and leaves the office hours', async () => {
    fence = await deployTiers()
    const closed = { until: Date.now() + HOUR, allowlistOnly: true }
    await fence.state.setLockdown({ standing: 'auto', closed, at: 0, by: 'a' })
    expect(flat(await shown('off'))).toContain('What somebody closed by hand is given up.')
    expect(await fence.state.lockdown()).toMatchObject({ standing: 'auto', closed: null })
    expect(flat(await shown('off'))).not.toContain('given up')
  })
})
