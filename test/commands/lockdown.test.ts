import { afterEach, describe, expect, test } from 'vitest'
import { type LockdownDocument, lockdownDocument } from '../../lib/contract/lockdown.ts'
import type { RoundRecord } from '../../lib/round-record.ts'
import { RECONCILE_QUEUE } from '../aws/fence-account.ts'
import { stillDate } from '../still-date.ts'
import { type DeployedFixture, deployFence, flat, HOST, OTHER_HOST, SETTINGS } from './deployed-fence.ts'
import {
  deployTiers,
  GROUP,
  groupOf,
  letsIn,
  listed,
  OTHER_GROUP,
  PUBLIC,
  TIER_SETTINGS,
  TRUSTED4,
  TRUSTED6,
  vouch,
} from './tiered-fence.ts'

const HOUR = 3_600_000
const HOSTILE = 'it says \u001b[2J\u202eand\nmore'
const HARMLESS = 'it says \\u001b[2J\\u202eand\\u000amore'
/** A round that has ended just now. */
const LAST: RoundRecord = {
  at: Date.now(),
  mode: 'enforce',
  attacking: 0,
  firewalls: [],
  sets: [],
  trusted: [],
  lockdown: null,
}
const EVERYBODY = { protocol: 'udp', ports: { from: 5060, to: 5060 }, cidr: '0.0.0.0/0' }

let fence: DeployedFixture
afterEach(() => fence.stop())

async function said(...args: string[]): Promise<string> {
  const { code, out, err } = await fence.sipfence(['lockdown', ...args])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return flat(out)
}

/** What a command that failed says, and that nothing was asked for. */
async function refused(...args: string[]): Promise<string> {
  const before = await fence.state.lockdown()
  const { code, out, err } = await fence.sipfence(['lockdown', ...args])
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(await fence.state.lockdown()).toEqual(before)
  expect(wakeUps()).toBe(0)
  return flat(err)
}

async function shown(): Promise<LockdownDocument> {
  const { code, out, err } = await fence.sipfence(['lockdown', '--json'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return lockdownDocument.parse(JSON.parse(out))
}

async function saw(host: string, at: number): Promise<void> {
  const fine = { boot: 'b', seq: 1, halfBlind: false, lossFraction: 0, clockSkewMs: 0 }
  await fence.state.sawHost({ ...fine, host, at })
}

function wakeUps(): number {
  return fence.aws.queue(RECONCILE_QUEUE).visible().length
}

/** Calls to EC2 that may have changed something. */
function ec2Writes(): string[] {
  return fence.aws
    .calls()
    .filter(({ service }) => service === 'ec2')
    .map(({ action }) => action)
    .filter((action) => !/^(Describe|Get)/.test(action))
}

function withTrusted(more: object): object {
  const { trustedPeers, ...rest } = TIER_SETTINGS.firewalls
  return { ...TIER_SETTINGS, firewalls: { ...rest, trustedPeers: { ...trustedPeers, ...more } } }
}

describe('sipfence lockdown on', () => {
  test('says what gives way to whom, asks for a round, and touches nothing itself', async () => {
    fence = await deployTiers()
    await vouch(fence, '198.51.100.7/32', '198.51.100.99/32', '2001:db8:7::/64')
    const now = stillDate()
    await fence.state.keepRound(LAST)
    const out = await said('on')
    expect(out).toMatch(/^Fence f closes the door until \d{4}-.* UTC: within seconds only trusted peers/)
    expect(out).toContain(`Taken away ${GROUP}: ${PUBLIC} Flows that stand are cut at once.`)
    expect(out).toContain(
      `${TRUSTED4}: 0 entries of 10, 3 with the next round, for 3 trusted IPv4 sources: 2 known-good, 1 from the settings`,
    )
    expect(out).toContain(`${TRUSTED6}: 0 entries of 10, 1 with the next round, for 1 trusted IPv6 source`)
    expect(await fence.state.lockdown()).toMatchObject({
      standing: 'off',
      closed: { until: now + HOUR },
      by: expect.stringMatching(/^\S+@\S+$/),
    })
    expect(wakeUps()).toBe(1)
    expect(ec2Writes()).toEqual([])
    expect(letsIn(fence)).toEqual(['0.0.0.0/0'])
    await fence.round()
    expect(letsIn(fence)).toEqual([TRUSTED4])
    expect(listed(fence, TRUSTED4)).toEqual(['198.51.100.7/32', '198.51.100.99/32', '203.0.113.0/24'])
    expect(await said('on')).toContain(`Taken away ${GROUP}: ${PUBLIC}, before already`)
  })

  test.each([
    { time: '90m', ms: 1.5 * HOUR },
    { time: '24h', ms: 24 * HOUR },
    { time: '1m', ms: 60_000 },
  ])('lasts for $time where that is asked for, and leaves the office hours', async ({ time, ms }) => {
    fence = await deployTiers()
    await fence.state.setLockdown({ standing: 'auto', closed: null, at: 0, by: 'a' })
    const now = stillDate()
    await vouch(fence, '198.51.100.7/32')
    await said('on', '--for', time)
    const wish = await fence.state.lockdown()
    expect(wish?.standing).toBe('auto')
    expect(wish?.closed?.until).toBe(now + ms)
  })

  test('says that flows live on where the security group tracks them', async () => {
    fence = await deployTiers({ others: [{ ...EVERYBODY, cidr: '128.0.0.0/2' }] })
    fence.settle(withTrusted({ securityGroups: [GROUP, OTHER_GROUP] }))
    const out = await said('on', '--allowlist-only')
    expect(out).toContain(`Taken away ${OTHER_GROUP}: udp 5060 from 128.0.0.0/2`)
    expect(out).toContain('Flows that stand are tracked: they live on until they time out.')
  })

  test('is refused where no rule lets the public in', async () => {
    fence = await deployTiers()
    groupOf(fence).revoke([EVERYBODY])
    expect(await refused('on')).toContain('no security group of the PBXs lets the public in on SIP ports')
    expect(await said()).toContain('Closing it now would be refused: no security group of the PBXs lets')
  })

  test('is refused with every reason, and does nothing', async () => {
    fence = await deployTiers({
      others: [EVERYBODY, { protocol: 'udp', ports: { from: 5000, to: 6000 }, cidr: '0.0.0.0/0' }],
      trustedEntries: 1,
      settings: withTrusted({ widest: { ipv4: 32 } }),
    })
    const many = Array.from({ length: 12 }, (_, i) => `198.51.100.${100 + 2 * i}/32`)
    await vouch(fence, ...many)
    const err = await refused('on')
    expect(err).toContain('Cannot lock down fence "f", and nothing was done:')
    expect(err).toContain(`${OTHER_GROUP} lets the public in (udp 5060 from 0.0.0.0/0) and is not among`)
    expect(err).toContain(`${OTHER_GROUP} lets the public in (udp 5000-6000 from 0.0.0.0/0) and is not among`)
    expect(err).toContain(`12 trusted sources do not fit into the 1 entries of ${TRUSTED4}`)
    // The last of its words, however long the reason is.
    expect(err).toContain(flat((await shown()).closing.refused.at(-1)!))
    await fence.round()
    expect(letsIn(fence)).toEqual(['0.0.0.0/0'])
  })

  test('is done with --lose where no more than so many would lose service', async () => {
    fence = await deployTiers({ trustedEntries: 2, settings: withTrusted({ widest: { ipv4: 32 } }) })
    await vouch(fence, '198.51.100.1/32', '198.51.100.3/32')
    expect(await refused('on')).toContain('let them go with sipfence lockdown on --lose 1')
    await said('on', '--lose', '1')
    expect(await fence.state.lockdown()).toMatchObject({ closed: { lose: 1 } })
    await fence.round()
    expect(letsIn(fence)).not.toContain('0.0.0.0/0')
  })

  test('is refused where nobody would be let in', async () => {
    fence = await deployTiers({ settings: { ...TIER_SETTINGS, allow: [] } })
    expect(await refused('on')).toContain('the lists of trusted peers are empty: nobody would be let in')
  })

  test.each(['observe', 'off'] as const)('is refused in mode %s, and says what to do first', async (mode) => {
    fence = await deployTiers()
    await fence.state.setMode({ mode, at: fence.now, by: 'a' })
    expect(await refused('on')).toMatch(new RegExp(`its mode is ${mode}, .*sipfence mode enforce first`))
  })

  test('is refused where a list of trusted peers is gone', async () => {
    fence = await deployTiers()
    const [stack] = fence.stacks
    fence.stacks = [{ ...stack!, outputs: { ...stack!.outputs, TrustedPeersIpv6: 'pl-00000000000000099' } }]
    expect(await refused('on')).toMatch(/nothing was done: there is no such prefix list \(InvalidPrefixL/)
  })

  test('is refused where a PBX shows no interface, and fails where AWS refuses to tell', async () => {
    fence = await deployTiers()
    fence.settle({ ...TIER_SETTINGS, pbxs: [{ id: 'i-00000000000000099', addresses: ['10.0.0.9'] }] })
    expect(await refused('on')).toContain('EC2 shows no interface of it')
    const fault = { kind: 'before', code: 'UnauthorizedOperation', status: 403 } as const
    fence.aws.faults.plan([{ action: 'DescribeNetworkInterfaces', fault }])
    expect(await refused('on')).toMatch(/UnauthorizedOperation: .*use credentials that may do this/)
  })
})

describe('sipfence lockdown on where nobody is known-good', () => {
  test('is refused, and says why and what to do', async () => {
    fence = await deployTiers()
    const err = await refused('on')
    expect(err).toContain('nobody is known-good')
    expect(err).toContain('sipfence lockdown on --allowlist-only')
  })

  test('is done with --allowlist-only, and names the sensors that are missing', async () => {
    fence = await deployTiers()
    await saw(HOST, Date.now() - 240_000)
    const out = await said('on', '--allowlist-only')
    expect(out).toContain('the allowlist is enough')
    expect(out).toMatch(new RegExp(`${HOST} reported 4 min( \\d s)? ago, and not since: whom it has come`))
    expect(out).toContain(`${OTHER_HOST} has never reported: whoever it knows is not among them`)
    expect(await fence.state.lockdown()).toMatchObject({ closed: { allowlistOnly: true } })
    expect(await said()).toContain(`${OTHER_HOST} has never reported`)
    await fence.round()
    expect(letsIn(fence)).toEqual([TRUSTED4])
    await saw(HOST, Date.now())
    expect((await shown()).silentHosts).toEqual([{ host: OTHER_HOST, reported: null }])
  })
})

describe('sipfence lockdown over what was said before', () => {
  test('on says the old end and the new one', async () => {
    fence = await deployTiers()
    await vouch(fence, '198.51.100.7/32')
    expect(await said('on')).not.toContain('It was closed until')
    expect(await said('on', '--for', '4h')).toMatch(
      /It was closed until \d{4}-[^;]* UTC by \S+; now until \d{4}-[^.]* UTC\./,
    )
  })

  test('auto keeps it closed by hand until its time, and no longer', async () => {
    fence = await deployTiers()
    await vouch(fence, '198.51.100.7/32')
    const closed = { until: Date.now() + HOUR }
    await fence.state.setLockdown({ standing: 'off', closed, at: 0, by: 'somebody@else' })
    expect(await said('auto')).toMatch(
      /Until \d{4}-[^.]* UTC by somebody@else it is to be closed all the same/,
    )
    expect(await fence.state.lockdown()).toMatchObject({ standing: 'auto', closed, by: 'somebody@else' })
    const over = { standing: 'off', closed: { until: Date.now() - 1 }, at: 0, by: 'a' } as const
    await fence.state.setLockdown(over)
    await said('auto')
    expect(await fence.state.lockdown()).toMatchObject({ standing: 'auto', closed: null })
  })

  test('off says what it ended', async () => {
    fence = await deployTiers()
    const closed = { until: Date.now() + HOUR }
    await fence.state.setLockdown({ standing: 'auto', closed, at: 0, by: HOSTILE })
    const out = await said('off')
    expect(out).toContain(`UTC by ${HARMLESS}; office hours no longer close it.`)
    expect(out).toContain('It was to be closed until')
    expect(await said('off')).not.toMatch(/closed until|office hours/)
  })
})

describe('sipfence lockdown where something is in its way', () => {
  test.each(['observe', 'off'] as const)('says in mode %s that this comes first', async (mode) => {
    fence = await deployTiers()
    await vouch(fence, '198.51.100.7/32')
    await fence.state.setMode({ mode, at: fence.now, by: 'a' })
    const out = await said()
    expect(out).toMatch(
      new RegExp(
        `Closing it now would be refused: the mode is ${mode}; sipfence mode enforce comes first In enforce`,
      ),
    )
    expect(out).toContain(`In enforce it would take away ${GROUP}: ${PUBLIC}`)
  })

  test('auto says once that it should be closed, and why it is not', async () => {
    fence = await deployTiers()
    await fence.state.setLockdown({ standing: 'off', closed: { until: Date.now() + HOUR }, at: 0, by: 'a' })
    const out = await said('auto')
    expect(out).toContain('Now it should be closed, but that is refused: nobody is known-good')
    expect(out.match(/nobody is known-good/g)).toHaveLength(1)
  })

  test('shows why the last round refused, once, and not what it said before', async () => {
    fence = await deployTiers()
    const at = Date.now() - 60_000
    const closed = { until: at + HOUR, allowlistOnly: true }
    await fence.state.setLockdown({ standing: 'off', closed, at, by: 'a' })
    const lockdown = { closed: true, why: 'a', rules: [], refused: [HOSTILE], problem: 'sg-1: denied' }
    await fence.state.keepRound({ ...LAST, at: at + 30_000, lockdown })
    for (const command of ['lockdown', 'status']) {
      const { code, out } = await fence.sipfence([command])
      expect(code).toBe(0)
      expect(flat(out)).toContain('not closed as it should be: a closed it until')
      expect(flat(out)).toContain(`the last round refused: ${HARMLESS}`)
      expect(flat(out).match(/sg-1: denied/g)).toHaveLength(1)
      expect(out).not.toContain('no problem')
    }
    await fence.state.keepRound({ ...LAST, at: at - 1, lockdown })
    expect(await said()).toContain('closed with the next round')
  })

  test('names what the stack lacks where the settings have it', async () => {
    fence = await deployFence(SETTINGS)
    fence.settle(TIER_SETTINGS)
    for (const wish of [[], ['on'], ['off'], ['auto']])
      expect(await refused(...wish)).toContain(
        'Cannot lock down fence "f": its stack has no trusted peers yet; npx cdk deploy SipFence-f makes them',
      )
  })

  test('says first that no round happens, and what that means', async () => {
    fence = await deployTiers()
    await vouch(fence, '198.51.100.7/32')
    expect(await said()).toMatch(/^No round has ever happened: it will neither close nor open until/)
    expect(await said('on')).toMatch(
      /^No round has ever happened: it will not close until rounds happen again/,
    )
    expect(await said()).toMatch(/^No round has ever happened: it will not close/)
    await fence.round()
    await fence.state.keepRound({ ...LAST, at: Date.now() - 600_000 })
    expect(await said('off')).toMatch(
      /^No round has happened since .*not open until .*sipfence release opens it/,
    )
    expect(await said()).toMatch(/^No round has happened since .*not open until .*sipfence release opens it/)
    await fence.state.keepRound({ ...LAST, at: Date.now() })
    expect(await said()).toMatch(/^Fence f/)
  })
})

describe('sipfence lockdown off', () => {
  test('says what comes back, and the next round brings it', async () => {
    fence = await deployTiers()
    await said('on', '--allowlist-only')
    await fence.round()
    const out = await said('off')
    expect(out).toContain(`Within seconds what was taken away is back: ${GROUP}: ${PUBLIC}.`)
    expect(out).toMatch(/keeps the door open\. It was closed until \d{4}-[^.]* UTC by [^.]*\. Within/)
    expect(await fence.state.lockdown()).toMatchObject({ standing: 'off', closed: null })
    expect(wakeUps()).toBe(2)
    expect(await said()).toContain('closed, and should be open: lockdown is off; the next round puts back')
    await fence.round()
    expect(letsIn(fence)).toEqual(['0.0.0.0/0'])
    expect(await said('off')).toContain('No rule is taken away.')
  })

  test('is said though EC2 answers nothing and no round can be asked for', async () => {
    fence = await deployTiers()
    const fault = { kind: 'before', code: 'AccessDenied', status: 403 } as const
    fence.aws.faults.plan([
      { service: 'ec2', fault },
      { action: 'SendMessage', fault },
    ])
    await fence.state.setLockdown({ standing: 'auto', closed: { until: Date.now() + HOUR }, at: 0, by: 'a' })
    const { code, err } = await fence.sipfence(['lockdown', 'off'])
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/AccessDenied.*within a minute/) })
    expect(await fence.state.lockdown()).toMatchObject({ standing: 'off', closed: null })
  })
})

describe('sipfence lockdown auto', () => {
  test('goes by the office hours, and says how the door stands by them', async () => {
    fence = await deployTiers()
    const out = await said('auto')
    expect(out).toMatch(/closes the door outside office hours: Mon to Fri 08:00 to 18:00 Europe\/Berlin\./)
    expect(out).toMatch(
      /Now it (is open: within office hours|should be closed, but that is refused: nobody is)/,
    )
    expect(await fence.state.lockdown()).toMatchObject({ standing: 'auto', closed: null })
    const { wish, officeHours } = await shown()
    expect({ wish, officeHours }).toMatchObject({
      wish: { standing: 'auto', closedUntil: null },
      officeHours: 'Mon to Fri 08:00 to 18:00 Europe/Berlin',
    })
  })

  test('says in time that closing would be refused', async () => {
    fence = await deployTiers({ others: [EVERYBODY] })
    expect(await said('auto')).toMatch(/(would be refused|but that is refused): sg-0+2 lets the public in/)
    expect(await fence.state.lockdown()).toMatchObject({ standing: 'auto' })
  })

  test('says that the mode keeps it open', async () => {
    fence = await deployTiers()
    await fence.state.setMode({ mode: 'observe', at: fence.now, by: 'a' })
    expect(await said('auto')).toContain('Now it is open: the mode is observe.')
  })

  test('is refused without office hours, and names the setting', async () => {
    fence = await deployTiers({ settings: withTrusted({ officeHours: undefined }) })
    expect(await refused('auto')).toContain('add firewalls.trustedPeers.officeHours, and deploy')
  })
})

describe('sipfence lockdown', () => {
  test('shows an open door, whom it would let in, and what closing it would do', async () => {
    fence = await deployTiers()
    await vouch(fence, '198.51.100.7/32')
    expect(await shown()).toMatchObject({
      mode: 'enforce',
      wish: { standing: 'off', closedUntil: null, allowlistOnly: false, set: null },
      trusted: [
        {
          id: TRUSTED4,
          family: 4,
          problem: null,
          holds: { own: 0, held: 0, wanted: 2, capacity: 10, sources: 2 },
        },
        {
          id: TRUSTED6,
          family: 6,
          problem: null,
          holds: { own: 0, held: 0, wanted: 0, capacity: 10, sources: 0 },
        },
      ],
      lockdown: { closed: false, why: 'lockdown is off', rules: [], steps: [], refused: [], problem: null },
      closing: { rules: [{ group: GROUP, rule: PUBLIC }], refused: [], tracked: false, problem: null },
    })
    const out = await said()
    expect(out).toContain('Lockdown open: lockdown is off Standing open; nobody has said anything else')
    expect(out).toContain(
      `Closing it now would take away ${GROUP}: ${PUBLIC} Flows that stand are cut at once.`,
    )
    expect(wakeUps()).toBe(0)
    expect(ec2Writes()).toEqual([])
  })

  test('shows a door that closes with the next round, that is closed, and whose words those are', async () => {
    fence = await deployTiers()
    await fence.state.setLockdown({
      standing: 'off',
      closed: { until: Date.now() + HOUR, allowlistOnly: true },
      at: Date.now() - 120_000,
      by: HOSTILE,
    })
    expect(await said()).toContain(`closed with the next round: ${HARMLESS} closed it until`)
    await fence.round()
    expect((await shown()).lockdown).toMatchObject({
      closed: true,
      why: expect.stringContaining(HOSTILE),
      rules: [{ group: GROUP, rule: PUBLIC }],
      steps: [],
      refused: [],
    })
    const out = await said()
    expect(out).toMatch(/Lockdown closed: it says .* is taken away/)
    expect(out).toMatch(/closed by hand until .* UTC; said 2 min( \d+ s)? ago by it says/)
    expect(out).not.toContain('Closing it now')
  })

  test('shows why a door that should be closed is not', async () => {
    fence = await deployTiers({ others: [EVERYBODY] })
    await fence.state.setLockdown({
      standing: 'off',
      closed: { until: Date.now() + HOUR, allowlistOnly: true },
      at: 0,
      by: 'a',
    })
    expect((await shown()).lockdown).toMatchObject({
      closed: true,
      rules: [],
      refused: [expect.stringContaining(OTHER_GROUP)],
    })
    expect(await said()).toMatch(/not closed as it should be: a closed it until .* refused: sg-0+2 lets/)
  })

  test('tells of a tier that cannot be read, and fails where AWS refuses to tell', async () => {
    fence = await deployTiers()
    const [stack] = fence.stacks
    fence.stacks = [{ ...stack!, outputs: { ...stack!.outputs, TrustedPeersIpv6: 'pl-00000000000000099' } }]
    const gone = expect.stringMatching(/^there is no such prefix list/)
    expect(await shown()).toMatchObject({
      trusted: [
        { problem: gone, holds: null },
        { problem: gone, holds: null },
      ],
      closing: { problem: gone },
    })
    expect(await said()).toMatch(/Closing it now cannot be told: there is no such prefix list/)
    const fault = { kind: 'before', code: 'UnauthorizedOperation', status: 403 } as const
    fence.aws.faults.plan([{ action: 'DescribeManagedPrefixLists', fault }])
    expect(await fence.sipfence(['lockdown'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/UnauthorizedOperation/),
    })
  })

  test.each(['', 'on', 'off', 'auto'])('"%s" needs trusted peers in the settings', async (wish) => {
    fence = await deployFence(SETTINGS)
    expect(await refused(...wish.split(' ').filter((word) => word !== ''))).toMatch(
      /fence "f": its settings have no firewalls\.trustedPeers; add it/,
    )
  })

  test.each([
    { args: ['maybe'], words: /Allowed choices are on, off, auto/ },
    { args: ['on', '--for', '25h'], words: /--for "25h"; it should be like 30m or 4h, 1m to 24h/ },
    { args: ['on', '--for', '30s'], words: /--for "30s"; it should be/ },
    { args: ['on', '--for', '0h'], words: /--for "0h"; it should be/ },
    { args: ['off', '--for', '1h'], words: /Cannot use --for here/ },
    { args: ['off', '--allowlist-only'], words: /Cannot use --allowlist-only here/ },
    { args: ['--for', '1h'], words: /Cannot use --for here/ },
    { args: ['on', '--json'], words: /Cannot use --json with lockdown on/ },
  ])('$args is wrong usage', async ({ args, words }) => {
    fence = await deployFence(SETTINGS)
    const { code, err } = await fence.sipfence(['lockdown', ...args])
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(words) })
    expect(fence.aws.calls()).toEqual([])
  })
})
