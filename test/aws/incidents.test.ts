import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { awsClients } from '../../lib/aws/deployed-fence.ts'
import { Notices } from '../../lib/aws/notices.ts'
import { noticeDocument } from '../../lib/contract/notice.ts'
import type { Block } from '../../lib/core/block.ts'
import { noOffences } from '../../lib/core/offences.ts'
import { HeardNews, Incidents } from '../../lib/incidents.ts'
import { NewsJournal } from '../../lib/news.ts'
import { fenceRound } from '../../lib/round.ts'
import { roundOptions } from '../../lib/settings/round-options.ts'
import { blockOf } from '../contract/firewall.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { NOW } from '../core/reports.ts'
import { search } from '../search.ts'
import { anyFault, FENCE, type FenceAccount, openFenceAccount } from './fence-account.ts'

const MINUTE = 60_000
const MUTE = { write: async () => undefined }

let account: FenceAccount
let clients: ReturnType<typeof awsClients>
beforeEach(async () => {
  account = await openFenceAccount({ topics: ['notices'] }, NOW)
  const { endpoint, region, credentials } = account.aws
  clients = awsClients({ endpoint, region, credentials }, 1)
})
afterEach(async () => {
  for (const client of Object.values(clients)) client.destroy()
  await account.stop()
})

/** The function that rounds run in, as it starts: nothing in memory. */
function start() {
  let ids = 0
  const notices = new Notices({ sns: clients.sns, topicArn: account.aws.topicArns[0]! })
  const ports = {
    ...account.restart(1),
    send: (message: Parameters<Notices['send']>[0]) => notices.send(message),
    newId: (at: number) => `${at} ${ids++}`,
  }
  const incidents = new Incidents(ports, { fence: 'f', region: 'eu-west-1', runbook: 'docs/runbook.md' })
  return async (): Promise<void> => {
    const heard = new HeardNews(MUTE, account.now)
    const options = { ...roundOptions(FENCE), owner: 'o', roster: [] }
    const round = await fenceRound({ ...ports, journal: heard }, options, account.now)
    await incidents.tell(round, heard.news, account.now)
  }
}

async function put(prefix: string, minutes: number, more: Partial<Block> = {}): Promise<void> {
  const block = { ...blockOf(prefix), from: account.now, until: account.now + minutes * MINUTE, ...more }
  await account.ledger.changeOffences(block.prefix, () => ({ ...noOffences(block.prefix, 1), block }))
}

async function alert(name: 'half-blind' | 'late-reports', host: string): Promise<void> {
  const journal = new NewsJournal(MUTE, account.state, () => account.now)
  const about = { at: account.now, kind: name, source: null, host, why: `${host} it is` } as const
  await journal.write({ kind: 'alert', alert: about })
}

const subjects = () => account.aws.published().map(({ subject }) => subject?.replace('[sipfence f] ', ''))

/** The notices so far: of which incident, in which state. */
function told(): { readonly id: string; readonly state: string }[] {
  return account.aws
    .published()
    .map(({ attributes }) => ({ id: attributes['incident']!, state: attributes['state']! }))
}

describe('a fence that tells of incidents', () => {
  test('tells of an attack once, whatever the number of its rounds and sources, and when it is over', async () => {
    const round = start()
    await put('192.0.2.1/32', 5)
    await put('192.0.2.2/32', 5)
    for (let minute = 0; minute < 21; minute++) {
      await round()
      account.now += MINUTE
    }
    expect(subjects()).toEqual([
      'BLOCKING flood: 2 sources, until 08:05 UTC',
      'CLOSED flood: 2 sources at most, since 08:00 UTC',
    ])
    const [opened] = account.aws.published()
    const document = noticeDocument.parse(JSON.parse(opened!.forms!['default']!))
    expect(document).toMatchObject({ incident: opened!.attributes['incident'], places: [{ entries: 2 }] })
    expect((await account.state.incidents()).book.incidents).toEqual([])
  })

  test('tells of what the other function was alerted to, of each host by itself', async () => {
    const round = start()
    await alert('half-blind', 'h')
    await alert('half-blind', 'i')
    await round()
    account.now += MINUTE
    await alert('half-blind', 'h')
    await round()
    expect(subjects()).toEqual(['TROUBLE half-blind h', 'TROUBLE half-blind i'])
  })

  test('tells of what its own round found, and once it is mended of that', async () => {
    const round = start()
    account.aws.acls.get('acl-00000000000000000')!.create({
      ruleNumber: 30,
      cidr: '198.51.100.1/32',
      protocol: '17',
      action: 'deny',
      egress: false,
      ports: { from: 5060, to: 5060 },
    })
    for (let i = 0; i < 3; i++) {
      await round()
      account.now += MINUTE
    }
    expect(subjects()).toEqual(['TROUBLE foreign-entry 198.51.100.1/32'])
    account.aws.acls.get('acl-00000000000000000')!.remove(30, false)
    for (let i = 0; i < 25; i++) {
      account.now += MINUTE
      await round()
    }
    expect(subjects().at(-1)).toMatch(/^CLOSED foreign-entry 198\.51\.100\.1\/32, after 2 min$/)
  })

  test('writes nothing and sends nothing while nothing happens', async () => {
    const round = start()
    await round()
    const before = account.aws.calls().length
    await round()
    const writes = account.aws
      .calls()
      .slice(before)
      .filter(({ parameters }) => JSON.stringify(parameters).includes('incidents'))
    expect(writes.map(({ action }) => action)).toEqual(['GetItem'])
  })

  test('loses no notice that the topic did not take, and tries it at the next round with the same id', async () => {
    const round = start()
    await put('192.0.2.1/32', 60)
    account.aws.faults.plan([{ service: 'sns', calls: [1, 2], fault: { kind: 'before' } }])
    for (let i = 0; i < 2; i++) await expect(round()).rejects.toThrow()
    expect(told()).toEqual([])
    const [waiting] = (await account.state.incidents()).book.incidents
    expect(waiting).toMatchObject({ told: null, name: 'flood' })
    account.now += MINUTE
    await start()()
    expect(told()).toEqual([{ id: waiting!.id, state: 'opened' }])
    await round()
    expect(told()).toHaveLength(1)
  })

  test('repeats one notice at most where it crashes after that was sent', async () => {
    await put('192.0.2.1/32', 60)
    await alert('half-blind', 'h')
    await alert('late-reports', 'h')
    account.aws.faults.plan([{ service: 'sns', calls: [2], fault: { kind: 'after' } }])
    await expect(start()()).rejects.toThrow()
    account.now += MINUTE
    await start()()
    const ids = told().map(({ id }) => id)
    expect([ids.length, new Set(ids).size]).toEqual([4, 3])
    expect(ids[1]).toBe(ids[2])
  })

  test('does not write over what another round has kept meanwhile', async () => {
    const { book, version } = await account.state.incidents()
    await account.state.keepIncidents(book, version)
    await expect(account.state.keepIncidents(book, version)).rejects.toThrow('Cannot keep the incidents')
  })

  test('opens and closes all that happened, each with one id, whatever calls fail', async () => {
    const faulty = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0, max: 0.999, noNaN: true })),
      {
        maxLength: 8,
      },
    )
    await search(
      fc.asyncProperty(faulty, fc.integer({ min: 0, max: 200 }), async (faults, n) => {
        account.now += 24 * 60 * MINUTE
        const before = told().length
        await put(`198.51.100.${n}/32`, 5)
        await alert('half-blind', `h${n}`)
        const calls = faults.map(([call, chance]) => ({ calls: [call], fault: anyFault(() => chance) }))
        account.aws.faults.plan(calls)
        for (let minute = 0; minute < 30; minute++) {
          if (minute === 3) account.aws.faults.plan([])
          await start()().catch(() => undefined)
          account.now += MINUTE
        }
        const states = new Map<string, string[]>()
        for (const { id, state } of told().slice(before)) states.set(id, [...(states.get(id) ?? []), state])
        expect(states.size).toBe(2)
        for (const each of states.values())
          expect(each.filter((state, i) => state !== each[i - 1])).toEqual(['opened', 'closed'])
      }),
      { numRuns: 6 },
    )
  })
})

test('a note is found from its minute on, and noting it again makes no other', async () => {
  const { state } = account
  const news = {
    kind: 'trouble',
    at: NOW + 30_000,
    name: 'brake',
    host: null,
    source: onePrefix('192.0.2.1/32'),
    why: 'so',
  } as const
  for (let i = 0; i < 3; i++) await state.noteNews(news)
  await state.noteNews({ kind: 'attack', class: 'flood', at: NOW + MINUTE })
  expect(await state.newsSince(NOW + 59_999)).toHaveLength(2)
  expect(await state.newsSince(NOW + MINUTE)).toMatchObject([{ class: 'flood' }])
})
