import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FenceConfig } from '../../lib/config.ts'
import { ASSUMED } from '../../lib/core/assumed.ts'
import {
  BLOCK_QUERIES,
  COUNTED,
  type LedgerUnits,
  LOG_BYTES,
  ROW_BYTES,
  WAKES_A_REPORT,
} from '../../lib/core/counted-calls.ts'
import { type Address, sourcePrefix } from '../../lib/core/prefix.ts'
import type { ProofReport, SourceReport } from '../../lib/core/source-report.ts'
import { fenceRound } from '../../lib/round.ts'
import { roundOptions } from '../../lib/settings/round-options.ts'
import { type AccountOptions, FENCE } from '../aws/fence-account.ts'
import { openTierAccount, TIER_FENCE } from '../aws/tier-account.ts'
import { reflected } from '../core/reports.ts'
import { fenceWith } from '../infra/synth.ts'
import { ACL, accusation, HOST } from './accusations.ts'
import { type Assembly, assemble, startLocalFence } from './local-fence.ts'
import { meteredTables } from './metered-tables.ts'
import type { FunctionId } from './running-fence.ts'

/** What the bill rests on, counted on the functions as they are deployed. */

const FULL = ASSUMED.fullReportSources
const ENDING = 10
/** Of one host in an hour: a few more than the tests need, but for the one about them. */
const BLOCKS = FULL + ENDING + 5
const BLOCK_SECONDS = 1_200
const SETTINGS = {
  id: 'f',
  vpc: 'vpc-0123456789abcdef0',
  mode: 'enforce',
  networkAcls: [{ id: ACL }],
  pbxs: [{ id: HOST, addresses: ['10.0.0.10'] }],
  allow: [],
  learningSeconds: 0,
  perHostHour: { blocks: BLOCKS },
  ladders: { unreachableSeconds: [BLOCK_SECONDS], jitterShare: 0 },
}
const WAKE = { schema: 'sipfence.wake/1', fence: 'f', reason: 'schedule', at: new Date().toISOString() }

/** What one invocation used. */
interface Used extends LedgerUnits {
  /** Messages to the FIFO queue, and notices. */
  readonly wakes: number
  readonly notices: number
  readonly logBytes: number
}

/** A fence whose functions are invoked by the test alone. */
async function openCountedFence(assembly: Assembly) {
  const tables = meteredTables(['ledger'])
  const fence = await startLocalFence(assembly.template, {
    hosts: [HOST],
    only: [],
    account: { apis: [tables.api] },
  })
  const logBytes = (id: FunctionId) => {
    const own = fence.functions[id].lines.filter((line) => line.startsWith('{'))
    return own.reduce((bytes, line) => bytes + line.length + 1, 0)
  }
  const callsOf = (service: string, action: string) =>
    fence.aws.calls().filter((call) => call.service === service && call.action === action).length
  const used = (id: FunctionId): Used => ({
    ...tables.units,
    wakes: callsOf('sqs', 'SendMessage'),
    notices: callsOf('sns', 'Publish'),
    logBytes: logBytes(id),
  })
  async function invoke(id: FunctionId, body: { readonly at: unknown }): Promise<Used> {
    const before = used(id)
    const answer = await fence.functions[id].invoke(eventOf(body))
    if (!answer.ok) throw new Error(answer.error)
    return difference(used(id), before)
  }
  return {
    fence,
    analyze: (body: SourceReport | ProofReport) => invoke('Analyze', body),
    round: () => invoke('Reconcile', WAKE),
    stop: () => fence.stop(),
  }
}

function difference(after: Used, before: Used): Used {
  return {
    reads: after.reads - before.reads,
    writes: after.writes - before.writes,
    wakes: after.wakes - before.wakes,
    notices: after.notices - before.notices,
    logBytes: after.logBytes - before.logBytes,
  }
}

let messages = 0
function eventOf(body: { readonly at: unknown }) {
  const messageId = `message-${++messages}`
  const attributes = {
    SenderId: `AROALOCAL:${HOST}`,
    SentTimestamp: String(body.at),
    ApproximateReceiveCount: '1',
  }
  return { Records: [{ messageId, receiptHandle: messageId, body: JSON.stringify(body), attributes }] }
}

function addresses(from: number, count: number): Address[] {
  return Array.from({ length: count }, (_, i) => `203.0.${(from + i) >> 8}.${(from + i) & 255}` as Address)
}

/** When the attacks begin: so long ago that a block can be extended, or be over, and that none ends while the tests run. */
const START = Math.floor(Date.now() / 1000) * 1000 - 1_000_000

/** A report of sources that flood, so many seconds after that. */
function attack(from: number, count: number, seconds = 0): SourceReport {
  return { ...accusation(HOST, ...addresses(from, count)), at: START + seconds * 1000 }
}

/** The busiest sources of a quiet minute: this one, unless told otherwise. */
function heartbeat(at = Math.floor(Date.now() / 1000) * 1000): SourceReport {
  const sources = addresses(9_000, 20).map((address) => {
    const flooding = reflected(sourcePrefix(address))
    const settled = { ...flooding.settled, challenges: 1, challenges60: 1, finals: 1, requests: 1 }
    return { ...flooding, w10: {}, w600: { packetsIn: 5 }, settled }
  })
  return { ...accusation(HOST), at, sources }
}

function proofs(from: number, count: number): ProofReport {
  const at = Math.floor(Date.now() / 1000) * 1000
  const each = addresses(from, count).map((address) => ({
    source: sourcePrefix(address),
    proof: 'nonce' as const,
    knownGoodAt: at,
  }))
  return { schema: 'sipfence.proofs/1', fence: 'f', host: HOST, boot: 'b', seq: 1, at, proofs: each }
}

function units({ reads, writes }: LedgerUnits): LedgerUnits {
  return { reads, writes }
}

/** What of a report of an attack comes once in a while may be in it or not. */
function expectAttack(used: LedgerUnits, without: LedgerUnits): void {
  const most = total([without, 1], [COUNTED.attackReport, 1])
  for (const name of ['reads', 'writes'] as const) {
    expect(used[name]).toBeGreaterThanOrEqual(without[name])
    expect(used[name]).toBeLessThanOrEqual(most[name])
  }
}

function total(...parts: readonly (readonly [LedgerUnits, number])[]): LedgerUnits {
  const all = (name: keyof LedgerUnits) => parts.reduce((sum, [part, times]) => sum + part[name] * times, 0)
  return { reads: all('reads'), writes: all('writes') }
}

describe('the functions of a fence use what its bill reckons with', () => {
  let assembly: Assembly
  let counted: Awaited<ReturnType<typeof openCountedFence>>
  beforeAll(async () => {
    assembly = assemble(fenceWith(SETTINGS))
    counted = await openCountedFence(assembly)
    await counted.round() // the first invocations of a process ask for what they keep
    await counted.analyze(heartbeat(START - 1_000_000))
    await counted.analyze(heartbeat())
  })
  afterAll(async () => {
    await counted?.stop()
    assembly?.remove()
  })

  test('in a round without blocks', async () => {
    const used = await counted.round()
    expect(units(used)).toEqual(COUNTED.round)
    expect(used).toMatchObject({ wakes: 0, notices: 0 })
    expect(used.logBytes).toBeLessThanOrEqual(LOG_BYTES.round)
  })

  test('for a heartbeat', async () => {
    const used = await counted.analyze(heartbeat())
    expect(units(used)).toEqual(COUNTED.report)
    expect(used).toMatchObject({ wakes: 0, notices: 0 })
    expect(used.logBytes).toBeLessThanOrEqual(LOG_BYTES.message)
  })

  test.each([
    ['one source', 0, 1],
    ['as many sources as fit', 1_000, FULL],
  ])('for a report of %s that are new', async (_, from, count) => {
    const used = await counted.analyze(attack(from, count))
    const wakes = Math.min(count, WAKES_A_REPORT)
    expectAttack(used, total([COUNTED.report, 1], [COUNTED.newSource, count], [COUNTED.wake, wakes]))
    expect(used.wakes).toBe(wakes)
    expect(used.logBytes).toBeLessThanOrEqual(LOG_BYTES.message + count * LOG_BYTES.newSource)
  })

  test.each([5, 12])('for a full report of sources whose blocks stand, %i s later', async (seconds) => {
    const used = await counted.analyze(attack(1_000, FULL, seconds))
    expectAttack(used, total([COUNTED.report, 1], [COUNTED.standingSource, FULL]))
    expect(used).toMatchObject({ wakes: 0, notices: 0 })
    expect(used.logBytes).toBeLessThanOrEqual(LOG_BYTES.message)
  })

  test('for a full report of sources whose blocks become longer', async () => {
    const used = await counted.analyze(attack(1_000, FULL, 0.8 * BLOCK_SECONDS))
    const standing = total([COUNTED.report, 1], [COUNTED.standingSource, FULL])
    const asked = total([COUNTED.extendedSource, FULL], [COUNTED.wake, WAKES_A_REPORT])
    expectAttack(used, total([standing, 1], [asked, 1]))
    expect(used.wakes).toBe(WAKES_A_REPORT)
    expect(used.logBytes).toBeLessThanOrEqual(LOG_BYTES.message + FULL * LOG_BYTES.newSource)
  })

  test('in rounds in which blocks stand', async () => {
    const blocks = FULL + 1
    let notices = 0
    for (let i = 0; i < 3; i++) {
      const used = await counted.round()
      const least = total([COUNTED.round, 1], [COUNTED.openBlock, blocks])
      const most = total([least, 1], [COUNTED.attackedRound, 1])
      const queries = Math.ceil((BLOCK_QUERIES * blocks * ROW_BYTES.openBlock) / 4_096)
      expect(used.reads).toBeGreaterThan(least.reads)
      expect(used.reads).toBeLessThanOrEqual(most.reads + queries)
      expect(used.writes).toBeLessThanOrEqual(most.writes)
      notices += used.notices
    }
    expect(notices).toBeLessThanOrEqual(3)
  })

  test('in a round in which blocks end', async () => {
    const before = await counted.round()
    await counted.analyze(attack(5_000, ENDING, -0.4 * BLOCK_SECONDS))
    const used = await counted.round()
    const more = total([COUNTED.endedBlock, ENDING], [COUNTED.attackedRound, 1])
    expect(used.writes - before.writes).toBeGreaterThanOrEqual(COUNTED.endedBlock.writes * ENDING)
    expect(used.writes - before.writes).toBeLessThanOrEqual(more.writes)
    const queries = Math.ceil((BLOCK_QUERIES * ENDING * ROW_BYTES.openBlock) / 4_096)
    expect(used.reads - before.reads).toBeGreaterThanOrEqual(COUNTED.endedBlock.reads * ENDING)
    expect(used.reads - before.reads).toBeLessThanOrEqual(more.reads + queries)
  })

  test('for sources of a host that has caused its share of blocks', async () => {
    await counted.analyze(attack(2_000, BLOCKS + 1)) // one more than it may, if none was before
    const used = await counted.analyze(attack(3_000, FULL))
    expect(units(used)).toEqual(total([COUNTED.report, 1], [COUNTED.cappedSource, FULL]))
    expect(used).toMatchObject({ wakes: 0, notices: 0 })
  })

  test.each([1, 10])('for a message of proofs, with %i in it', async (count) => {
    const used = await counted.analyze(proofs(4_000 + 100 * count, count))
    expect(units(used)).toEqual(total([COUNTED.proofs, 1], [COUNTED.proof, count]))
    expect(used.logBytes).toBeLessThanOrEqual(LOG_BYTES.message)
  })
})

describe('a round uses more, as its bill reckons with,', () => {
  const SECOND_ACL = 'acl-00000000000000001'
  const { denyList, ipSets, trustedPeers } = TIER_FENCE.firewalls

  /** Of one network ACL, and without what the function does around a round. */
  let bare: LedgerUnits
  beforeAll(async () => {
    bare = await roundOf(FENCE)
  })

  test('with another one', async () => {
    const networkAcls = [...FENCE.networkAcls, { id: SECOND_ACL, firstRule: 20, lastRule: 79 }]
    const used = await roundOf({ ...FENCE, networkAcls }, { acls: [{ id: ACL }, { id: SECOND_ACL }] })
    expect(used).toEqual(total([bare, 1], [COUNTED.networkAcl, 1]))
  })

  test.each([
    ['a deny list', { denyList }, [COUNTED.denyList]],
    ['IP sets', { ipSets }, [COUNTED.ipSets]],
    ['trusted peers', { trustedPeers }, [COUNTED.trustedPeers]],
    ['all tiers', TIER_FENCE.firewalls, [COUNTED.denyList, COUNTED.ipSets, COUNTED.trustedPeers]],
  ])('with %s', async (_, firewalls, parts) => {
    const used = await roundOf({ ...TIER_FENCE, firewalls })
    expect(used).toEqual(total([bare, 1], ...parts.map((part) => [part, 1] as const)))
  })

  test('with a hundred hosts', async () => {
    const { reads, writes } = await roundOf(FENCE, {}, 100)
    expect(writes).toBe(bare.writes)
    expect(reads).toBeGreaterThan(bare.reads)
    expect(reads).toBeLessThanOrEqual(bare.reads + Math.ceil((99 * ROW_BYTES.host) / 4_096))
  })

  test('with trusted peers of whom many are known-good', async () => {
    const { reads } = await roundOf({ ...TIER_FENCE, firewalls: { trustedPeers } }, {}, 0, 500)
    const most = Math.ceil((500 * ROW_BYTES.knownGood) / 4_096)
    expect(reads).toBeLessThanOrEqual(bare.reads + COUNTED.trustedPeers.reads + most)
    expect(reads).toBeGreaterThan(bare.reads + COUNTED.trustedPeers.reads)
  })
})

/** The third round of a fence in which nothing is blocked: by then it keeps what it asks for once. */
async function roundOf(fence: FenceConfig, options: AccountOptions = {}, hosts = 0, knownGood = 0) {
  const tables = meteredTables(['ledger'])
  const account = await openTierAccount({ fence, apis: [tables.api], ...options })
  const ports = { ...account, journal: { write: async () => undefined } }
  async function round(): Promise<LedgerUnits> {
    const before = units(tables.units)
    account.now += 60_000
    await fenceRound(ports, { ...roundOptions(fence), owner: 'o', roster: [] }, account.now)
    return total([units(tables.units), 1], [before, -1])
  }
  try {
    for (let i = 0; i < hosts; i++) await account.state.sawHost(hostSeen(i, account.now))
    if (knownGood > 0) await account.ledger.keepProofs({ ...proofs(0, knownGood), at: account.now })
    await round()
    await round()
    return await round()
  } finally {
    await account.stop()
  }
}

function hostSeen(number: number, at: number) {
  const host = `i-${String(number).padStart(17, '0')}`
  const boot = '0123456789abcdef'
  return { host, at, boot, seq: 100_000, halfBlind: false, lossFraction: 0.123_456_789, clockSkewMs: 123 }
}
