import { afterEach, describe, expect, test } from 'vitest'
import { type LockdownDocument, lockdownDocument } from '../../lib/contract/lockdown.ts'
import { RECONCILE_QUEUE } from '../aws/fence-account.ts'
import { type DeployedFixture, deployFence, flat, SETTINGS } from './deployed-fence.ts'
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
    const before = Date.now()
    const out = await said('on')
    expect(out).toMatch(/^Fence f closes the door until \d{4}-.* UTC: within seconds only trusted peers/)
    expect(out).toContain(`Taken away ${GROUP}: ${PUBLIC} Flows that stand are cut at once.`)
    expect(out).toContain(`${TRUSTED4}: 0 entries of 10, 3 with the next round, for 3 trusted IPv4 sources`)
    expect(out).toContain(`${TRUSTED6}: 0 entries of 10, 1 with the next round, for 1 trusted IPv6 source`)
    expect(await fence.state.lockdown()).toMatchObject({
      standing: 'off',
      closed: { until: expect.closeTo(before + HOUR, -4) },
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
    const before = Date.now()
    await said('on', '--for', time)
    const wish = await fence.state.lockdown()
    expect(wish?.standing).toBe('auto')
    expect(wish?.closed?.until).toBeGreaterThanOrEqual(before + ms)
    expect(wish?.closed?.until).toBeLessThan(Date.now() + ms + 1)
  })

  test('says that flows live on where the security group tracks them', async () => {
    fence = await deployTiers({ others: [{ ...EVERYBODY, cidr: '128.0.0.0/2' }] })
    fence.settle(withTrusted({ securityGroups: [GROUP, OTHER_GROUP] }))
    const out = await said('on')
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
    expect(err).toMatch(/and 2 more; raise trustedPeers\.maxEntries, or allow their networks/)
    await fence.round()
    expect(letsIn(fence)).toEqual(['0.0.0.0/0'])
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

describe('sipfence lockdown off', () => {
  test('says what comes back, and the next round brings it', async () => {
    fence = await deployTiers()
    await said('on')
    await fence.round()
    const out = await said('off')
    expect(out).toContain(
      `keeps the door open. Within seconds what was taken away is back: ${GROUP}: ${PUBLIC}.`,
    )
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
    await said('on')
    const out = await said('auto')
    expect(out).toMatch(/closes the door outside office hours: Mon to Fri 08:00 to 18:00 Europe\/Berlin\./)
    expect(out).toMatch(/Now it is (closed: outside|open: within) office hours/)
    expect(await fence.state.lockdown()).toMatchObject({ standing: 'auto', closed: null })
    const { wish, officeHours } = await shown()
    expect({ wish, officeHours }).toMatchObject({
      wish: { standing: 'auto', closedUntil: null },
      officeHours: 'Mon to Fri 08:00 to 18:00 Europe/Berlin',
    })
  })

  test('says in time that closing would be refused', async () => {
    fence = await deployTiers({ others: [EVERYBODY] })
    expect(await said('auto')).toMatch(/Closing it now would be refused: sg-0+2 lets the public in/)
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
      wish: { standing: 'off', closedUntil: null, set: null },
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
      closed: { until: Date.now() + HOUR },
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
    await fence.state.setLockdown({ standing: 'off', closed: { until: Date.now() + HOUR }, at: 0, by: 'a' })
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
    { args: ['--for', '1h'], words: /Cannot use --for here/ },
    { args: ['on', '--json'], words: /Cannot use --json with lockdown on/ },
  ])('$args is wrong usage', async ({ args, words }) => {
    fence = await deployFence(SETTINGS)
    const { code, err } = await fence.sipfence(['lockdown', ...args])
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(words) })
    expect(fence.aws.calls()).toEqual([])
  })
})
