import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { blocksDocument } from '../../lib/contract/blocks.ts'
import { previewDocument } from '../../lib/contract/preview.ts'
import { statusDocument } from '../../lib/contract/status.ts'
import { ACL, RECONCILE_QUEUE } from '../aws/fence-account.ts'
import { stillDate } from '../still-date.ts'
import type { Ended } from './cli.ts'
import {
  type DeployedFixture,
  deployFence,
  flat,
  HOST,
  heldBy,
  makeForeign,
  OTHER_HOST,
  SETTINGS,
} from './deployed-fence.ts'

const NO_TIERS = { sets: [], trusted: [], lockdown: null, attacking: 0 }

let fence: DeployedFixture
beforeEach(async () => {
  fence = await deployFence()
})
afterEach(() => fence.stop())

const HOSTILE = 'it says \u001b[2J\u202eand\nmore'
const HARMLESS = 'it says \\u001b[2J\\u202eand\\u000amore'

async function shown(...args: string[]): Promise<string> {
  return printed(await fence.sipfence(args))
}

function printed({ code, out, err }: Ended): string {
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return out
}

async function document(...args: string[]): Promise<unknown> {
  return JSON.parse(await shown(...args, '--json'))
}

/** The calls that the command made that may have changed something. */
function writes(): string[] {
  const reads = /^(Describe|Get|Query|List)/
  return fence.aws
    .calls()
    .map(({ action }) => action)
    .filter((action) => !reads.test(action))
}

describe('sipfence status', () => {
  test('tells of a fence about which nothing is known yet', async () => {
    const out = printed(await fence.spawned(['status']))
    expect(out).toMatch(/^Fence f in eu-west-1, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/m)
    expect(out).toMatch(/^Mode +enforce, by the settings$/m)
    expect(out).toMatch(/^Blocks +none stands$/m)
    expect(out).toMatch(/^Last round +none yet; one should begin each minute/m)
    expect(out).toMatch(new RegExp(`${HOST}: has never reported`))
    expect(out).toContain('0 reports and 0 wake-ups in work or waiting, none given up')
  })

  test('tells what is held, what is not ours, how the hosts do and what waits', async () => {
    await fence.block('192.0.2.1/32')
    await fence.block('2001:db8:7::/64', { class: 'flood' })
    makeForeign(fence)
    await fence.round()
    const seen = { boot: 'b', seq: 1, clockSkewMs: 0 }
    await fence.state.sawHost({
      ...seen,
      host: HOST,
      at: fence.now - 5_000,
      halfBlind: true,
      lossFraction: 0.015,
    })
    await fence.state.sawHost({ ...seen, host: 'i-gone', at: fence.now, halfBlind: false, lossFraction: 0 })
    await fence.wake()
    const status = statusDocument.parse(await document('status'))
    expect(status).toMatchObject({
      fence: 'f',
      region: 'eu-west-1',
      mode: { inForce: 'enforce', settings: 'enforce', set: null },
      blocks: { total: 2, byClass: { reflection: 1, flood: 1, 'brute-force': 0, operator: 0 } },
      lastRound: { mode: 'enforce', networkAcls: [{ id: ACL, entries: 2, problem: null }] },
      hosts: [
        { host: HOST, reported: { halfBlind: true, lossFraction: 0.015 } },
        { host: OTHER_HOST, reported: null },
      ],
      queues: { reports: 0, reportsDead: 0, wakeUps: 1 },
    })
    // Of 20 rules of IPv4 the `*` rule, the allow, the foreign one and ours are taken.
    const holds = { own: 2, free: { ipv4: 16, ipv6: 17 }, foreign: [{ ruleNumber: 30 }], shadowedBy: null }
    expect(status.networkAcls).toMatchObject([{ id: ACL, problem: null, holds }])
    const out = await shown('status')
    expect(out).toMatch(/^Blocks +2 blocks stand: 1 reflection, 1 flood$/m)
    expect(out).toContain(`${ACL}: 2 entries of ours, 16 free for IPv4, 17 for IPv6`)
    expect(out).toMatch(/rule 30: deny udp all ports 198\.51\.100\.1\/32 is not the fence's/)
    expect(out).toMatch(/^Last round +\d+ s ago, in mode enforce; no problem$/m)
    expect(out).toMatch(/reported \d+ s ago; half-blind: [^;]*;\s+it lost 1\.5 % of packets/)
  })

  test('shows the incidents that are not over, as a notice would tell of them', async () => {
    const own = { id: '01KAWVM2Q0000000000000000A', kind: 'attack', name: 'reflection', host: null } as const
    const standing = { sources: 3, mode: 'enforce', without: 0, failing: false, braked: false } as const
    const times = { since: fence.now - 600_000, lastAt: fence.now, happenedAt: 0, until: fence.now + 60_000 }
    const nothing = { heaviest: [], about: [], why: '', held: false, peak: 3, standing }
    const attack = { ...own, ...times, ...nothing, told: { at: fence.now - 590_000, standing } }
    const trouble = { ...attack, id: 'b', kind: 'trouble', name: 'brake', host: HOSTILE, told: null } as const
    await fence.state.keepIncidents({ incidents: [attack, trouble], sent: { attack: [], trouble: [] } }, 0)
    const { incidents } = statusDocument.parse(await document('status'))
    expect(incidents).toMatchObject([
      {
        id: own.id,
        kind: 'attack',
        subject: expect.stringMatching(/^\[sipfence f\] BLOCKING reflection: 3 sources/),
      },
      { id: 'b', kind: 'trouble', told: null },
    ])
    const out = await shown('status')
    expect(flat(out)).toMatch(
      /Incidents BLOCKING reflection: 3 sources, until [^;]* UTC; it began 10 min( \d+ s)? ago \(01KAWVM2Q0000000000000000A\)/,
    )
    expect(flat(out)).toMatch(
      /TROUBLE brake it says \\u001b\\u005b2J\\u202eand\\u000amore; .*nobody was told yet/,
    )
  })

  test('names the allow that shadows its denials, the round that failed, and the host that is silent', async () => {
    const entry = { ruleNumber: 10, cidr: '0.0.0.0/0', protocol: '-1', action: 'allow', egress: false }
    fence.acl.create(entry)
    const problem = HOSTILE
    const failed = { id: ACL, entries: 0, refused: 0, braked: null, problem }
    await fence.state.keepRound({
      at: fence.now - 400_000,
      mode: 'enforce',
      firewalls: [failed],
      ...NO_TIERS,
    })
    const seen = { host: HOST, boot: 'b', seq: 1, clockSkewMs: 0, halfBlind: false, lossFraction: 0 }
    await fence.state.sawHost({ ...seen, at: fence.now - 400_000 })
    const out = await shown('status')
    expect(out).toContain("rule 10: allow all all ports 0.0.0.0/0 is matched before the fence's denials")
    expect(out).toMatch(/^Last round +6 min \d+ s ago, in mode enforce; one should begin each minute/m)
    expect(out).toContain(`${ACL}: ${HARMLESS}`)
    expect(out).toMatch(/reported 6 min \d+ s ago; nothing of its traffic is judged/)
  })

  test('says who set the mode, when, and that the settings say otherwise', async () => {
    await fence.state.setMode({ mode: 'observe', at: fence.now - 120_000, by: HOSTILE })
    const out = await shown('status')
    expect(flat(out)).toMatch(/Mode observe, set 2 min( \d+ s)? ago by it says/)
    expect(flat(out)).toContain(`by ${HARMLESS}; the settings file says enforce`)
    const json = await fence.sipfence(['status', '--json'])
    expect(json.out).not.toContain('\u202e')
    expect(statusDocument.parse(JSON.parse(json.out)).mode).toMatchObject({
      inForce: 'observe',
      settings: 'enforce',
      set: { by: HOSTILE },
    })
  })

  test('goes by the mode that was deployed where the settings file has another', async () => {
    await fence.round()
    fence.settle({ ...SETTINGS, mode: 'observe' })
    expect(await shown('status')).toMatch(
      /enforce, by the settings; the settings file says observe: deploy it/,
    )
  })

  test('tells of network ACLs that are gone or another fence’s, and of everything else all the same', async () => {
    await fence.block('192.0.2.1/32')
    await fence.round()
    const gone = 'acl-0123456789abcdef0'
    fence.settle({ ...SETTINGS, id: 'g', networkAcls: [{ id: gone }, { id: ACL }] })
    fence.stacks = [{ ...fence.stacks[0]!, name: 'SipFence-g' }]
    const out = flat(await shown('status'))
    expect(out).toContain(`${gone}: there is no such network ACL`)
    expect(out).toContain(`${ACL}: Cannot use network ACL ${ACL}: it belongs to fence "f"`)
    expect(out).toContain('Queues 0 reports')
    expect(flat(await shown('preview'))).toContain(`${ACL}: Cannot use network ACL`)
  })

  test('says how many blocks find no room', async () => {
    for (let i = 0; i < 30; i++) await fence.block(`192.0.2.${2 * i}/32`)
    await fence.round()
    const { blocks } = statusDocument.parse(await document('status'))
    expect(blocks).toMatchObject({ total: 30, noRoom: [{ place: ACL, blocks: 12 }], nowhere: 12 })
    const out = flat(await shown('status'))
    expect(out).toContain(
      `30 blocks stand: 30 reflection; for want of room 12 of them not in ${ACL}, 12 in no firewall`,
    )
    expect(out).not.toContain('no problem')
  })

  test('fails where it cannot be told', async () => {
    const fault = { kind: 'before', code: 'UnauthorizedOperation', status: 403 } as const
    fence.aws.faults.plan([{ action: 'DescribeNetworkAcls', fault }])
    const { code, err } = await fence.sipfence(['status'])
    expect(code).toBe(1)
    expect(err).toMatch(/fence "f" in eu-west-1: UnauthorizedOperation: .*use credentials that may do this/)
  })
})

describe('sipfence blocks', () => {
  test('tells of each block what it denies, why, until when, and by which rule or why by none', async () => {
    const why = `${HOSTILE} ${'x'.repeat(5_000)}`
    await fence.block('192.0.2.1/32', { weight: 1_300, why })
    await fence.round()
    await fence.block('192.0.2.2/32', { weight: 20 })
    await fence.block('203.0.113.9/32', { weight: 10 })
    await fence.block('192.0.2.3/32', { until: fence.now - 1 })
    const { blocks } = blocksDocument.parse(await document('blocks'))
    expect(blocks.map(({ prefix, entries }) => [prefix, entries])).toEqual([
      ['192.0.2.1/32', [{ networkAcl: ACL, ruleNumbers: [20], whyNot: null }]],
      ['192.0.2.2/32', [{ networkAcl: ACL, ruleNumbers: [], whyNot: expect.stringMatching(/^not yet/) }]],
      ['203.0.113.9/32', [{ networkAcl: ACL, ruleNumbers: [], whyNot: expect.stringMatching(/allowlist/) }]],
    ])
    expect(blocks[0]?.why).toBe(why)
    const out = await shown('blocks')
    expect(out).toMatch(/^Fence f in eu-west-1, mode enforce: 3 blocks stand$/m)
    expect(out).toMatch(/^192\.0\.2\.1\/32 +reflection, level 1: UDP SIP ports, 1,300 packets\/s$/m)
    expect(out).toMatch(/since .*, until .* UTC, (10 min|9 min \d+ s) left$/m)
    expect(out).toMatch(new RegExp(`^ +network ACL ${ACL}: rule 20$`, 'm'))
    expect(out).toContain(HARMLESS)
    expect(out.length).toBeLessThan(2_000)
    expect(out).toMatch(new RegExp(`${ACL}: no entry; not yet`))
    expect(out).toMatch(new RegExp(`${ACL}: no entry; on the allowlist`))
  })

  test('says that none holds an entry outside enforce, and that what is there goes', async () => {
    await fence.block('192.0.2.1/32')
    await fence.round()
    await fence.state.setMode({ mode: 'observe', at: fence.now, by: 'a' })
    expect(await shown('blocks')).toContain(`${ACL}: rule 20 for now; the mode is observe`)
  })

  test('shows the heaviest first', async () => {
    await fence.block('192.0.2.1/32', { weight: 5 })
    await fence.block('192.0.2.2/32', { weight: 50 })
    const { blocks } = blocksDocument.parse(await document('blocks'))
    expect(blocks.map(({ weight }) => weight)).toEqual([50, 5])
  })
})

describe('sipfence preview', () => {
  test('shows each change with its reason, refusals and what is others’, and changes nothing', async () => {
    await fence.block('192.0.2.1/32')
    await fence.round()
    await fence.block('192.0.2.1/32', { until: fence.now - 1 })
    await fence.block('192.0.2.2/32', { why: HOSTILE })
    await fence.block('192.0.2.4/32')
    await fence.block('203.0.113.9/32')
    makeForeign(fence)
    const before = [heldBy(fence), writes()]
    const { mode, networkAcls } = previewDocument.parse(await document('preview'))
    expect(mode).toEqual({ inForce: 'enforce', shown: 'enforce' })
    expect(networkAcls).toMatchObject([
      {
        id: ACL,
        problem: null,
        plan: {
          changes: [
            { kind: 'replace', entry: { ruleNumber: 20 }, replaced: { prefix: '192.0.2.1/32' } },
            { kind: 'add', entry: { ruleNumber: 21 }, replaced: null },
          ],
          kept: 0,
          refused: [{ prefix: '203.0.113.9/32', reason: 'protected' }],
          foreign: [{ ruleNumber: 30 }],
          shadowedBy: null,
          braked: null,
        },
      },
    ])
    const out = await shown('preview')
    expect(out).toContain('a round in enforce. Nothing is changed.')
    expect(out).toMatch(/replace +rule 20: deny udp 5060 192\.0\.2\.2\/32 +instead of deny udp 5060/)
    expect(flat(out)).toContain(HARMLESS)
    expect(out).toMatch(/refused +203\.0\.113\.9\/32 +on the allowlist/)
    expect([heldBy(fence), writes()]).toEqual(before)
  })

  test('shows in observe what goes, and with --mode what enforcing would do', async () => {
    await fence.block('192.0.2.1/32')
    await fence.round()
    await fence.block('192.0.2.2/32')
    await fence.state.setMode({ mode: 'observe', at: fence.now, by: 'a' })
    const [now] = previewDocument.parse(await document('preview')).networkAcls
    expect(now?.plan).toMatchObject({
      kept: 0,
      changes: [{ kind: 'remove', entry: { ruleNumber: 20 }, why: expect.stringContaining('observe') }],
    })
    const enforced = previewDocument.parse(await document('preview', '--mode', 'enforce'))
    expect(enforced.mode).toEqual({ inForce: 'observe', shown: 'enforce' })
    expect(enforced.networkAcls[0]?.plan).toMatchObject({
      kept: 1,
      changes: [{ kind: 'add', entry: { ruleNumber: 21, prefix: '192.0.2.2/32' } }],
    })
  })

  test('says that the brake is on', async () => {
    await fence.block('192.0.0.0/16')
    expect(await shown('preview')).toMatch(/The brake is on, so none of them is made: .*65536 addresses/)
  })
})

describe('sipfence apply, mode and off', () => {
  const wakeUps = () => fence.aws.queue(RECONCILE_QUEUE).visible().length

  test('apply asks for a round and nothing else', async () => {
    const out = await shown('apply')
    expect(out).toMatch(/Fence f has been asked for a round.*\n.*sipfence status/)
    expect(wakeUps()).toBe(1)
    expect(writes()).toEqual(['UpdateItem', 'SendMessage'])
  })

  test('apply warns where no round has happened for minutes, and only there', async () => {
    expect(await shown('apply')).toMatch(/No round has ever happened: .*\n?.*sipfence release/)
    await fence.state.keepRound({ at: Date.now() - 60_000, mode: 'enforce', firewalls: [], ...NO_TIERS })
    expect(await shown('apply')).not.toMatch(/No round/)
    await fence.state.keepRound({ at: Date.now() - 600_000, mode: 'enforce', firewalls: [], ...NO_TIERS })
    expect(await shown('off')).toMatch(/No round has happened since \d{4}-/)
  })

  test('approve lets plans pass for five minutes, says until when, and asks for a round', async () => {
    const now = stillDate()
    const out = await shown('approve', '--anyway')
    expect(out).toMatch(/^Nothing is stopped now\.\nUntil \d{4}-\d\d-\d\dT.*fence f puts no brake on/)
    expect(await fence.state.approvedUntil()).toBe(now + 300_000)
    expect(wakeUps()).toBe(1)
  })

  test('approve says what is stopped now', async () => {
    await fence.block('192.0.0.0/16')
    const words = /^Stopped until now: acl-0+: the plan would newly deny 65536 addresses/
    expect(flat(await shown('approve'))).toMatch(words)
    expect(flat(await shown('approve', '--anyway'))).toMatch(/^Nothing is stopped now\. Until/)
  })

  test('approve does so though what is stopped cannot be told', async () => {
    const fault = { kind: 'before', code: 'UnauthorizedOperation', status: 403 } as const
    fence.aws.faults.plan([{ action: 'DescribeNetworkAcls', fault }])
    const now = stillDate()
    expect(flat(await shown('approve'))).toMatch(/what is stopped cannot be told: UnauthorizedOperation/)
    expect(await fence.state.approvedUntil()).toBe(now + 300_000)
  })

  test.each([
    { args: ['mode', 'observe'], words: /is in mode observe, before enforce\. .*is removed/ },
    { args: ['mode', 'enforce'], words: /is in mode enforce, which it was before\. .*put in force/ },
    { args: ['off'], words: /is in mode off, before enforce\. .*is removed.*sipfence mode observe/ },
  ])('$args sets the mode, says what follows, and asks for a round', async ({ args, words }) => {
    const now = stillDate()
    expect(flat(await shown(...args))).toMatch(words)
    expect(await fence.state.mode()).toMatchObject({
      mode: args.at(-1),
      by: expect.stringMatching(/^\S+@\S+$/),
      at: now,
    })
    expect(wakeUps()).toBe(1)
  })

  test('the mode is set though a round cannot be asked for', async () => {
    fence.aws.faults.plan([
      { action: 'SendMessage', fault: { kind: 'before', code: 'AccessDenied', status: 403 } },
    ])
    const { code, err } = await fence.sipfence(['off'])
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/AccessDenied.*within a minute/) })
    expect(await fence.state.mode()).toMatchObject({ mode: 'off' })
  })
})

describe('finding the fence', () => {
  test('--help names the commands of a deployed fence', async () => {
    const out = await shown('--help')
    for (const name of [
      'status',
      'blocks',
      'why',
      'preview',
      'apply',
      'mode',
      'off',
      'lockdown',
      'release',
    ]) {
      expect(out).toMatch(new RegExp(`^  ${name} `, 'm'))
    }
  })

  test('asks which fence where the file has several, and takes the one that is named', async () => {
    fence.settle(SETTINGS, { id: 'g', region: 'eu-west-1' })
    const asked = await fence.sipfence(['status'])
    expect(asked).toMatchObject({
      code: 2,
      err: expect.stringMatching(/has 2 \(f, g\); name it with --fence/),
    })
    const wrong = await fence.sipfence(['status', '--fence', 'h'])
    expect(wrong).toMatchObject({ code: 2, err: expect.stringMatching(/fence "h".*it has f, g/) })
    expect(await shown('status', '--fence', 'f')).toContain('Fence f in')
  })

  test.each([
    {
      what: 'no stack',
      change: () => {
        fence.stacks = []
      },
      words: /stack SipFence-f in eu-west-1: .*cdk deploy SipFence-f.* account of these/,
    },
    {
      what: 'no output',
      change: () => {
        fence.stacks = [{ name: 'SipFence-f', status: 'REVIEW_IN_PROGRESS', outputs: {} }]
      },
      words: /no output LedgerTable and is REVIEW_IN_PROGRESS/,
    },
    {
      what: 'another account',
      change: () => fence.settle({ ...SETTINGS, account: '123456789012' }),
      words: /account 000000000000, and the settings say 123456789012/,
    },
    {
      what: 'no table',
      change: () => {
        const [stack] = fence.stacks
        fence.stacks = [{ ...stack!, outputs: { ...stack!.outputs, LedgerTable: 'gone' } }]
      },
      words: /ResourceNotFoundException: .*deploy it again/,
    },
    {
      what: 'no permission',
      change: () =>
        fence.aws.faults.plan([
          { service: 'cloudformation', fault: { kind: 'before', code: 'AccessDenied', status: 403 } },
        ]),
      words: /AccessDenied: .*use credentials that may/,
    },
    {
      what: 'expired credentials',
      change: () =>
        fence.aws.faults.plan([
          { service: 'cloudformation', fault: { kind: 'before', code: 'ExpiredToken', status: 403 } },
        ]),
      words: /ExpiredToken: .*log in/,
    },
  ])('says what to do where there is $what', async ({ change, words }) => {
    change()
    const { code, out, err } = await fence.sipfence(['status'])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(words)
  })

  test('says what to do without credentials, without a network, and without a region', async () => {
    const nobody = await fence.sipfence(['status'], { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' })
    expect(nobody).toMatchObject({
      code: 1,
      err: expect.stringMatching(/CredentialsProviderError: .*log in/),
    })
    const nowhere = await fence.sipfence(['status'], { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' })
    expect(nowhere).toMatchObject({ code: 1, err: expect.stringMatching(/ECONNREFUSED.*check the region/) })
    fence.settle({ id: 'f' })
    const homeless = await fence.sipfence(['status'])
    expect(homeless).toMatchObject({ code: 2, err: expect.stringMatching(/has no region; add "region"/) })
  })
})
