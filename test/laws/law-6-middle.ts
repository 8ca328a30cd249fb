import { expect } from 'vitest'
import type { DeployedFence } from '../../lib/aws/deployed-fence.ts'
import type { Block } from '../../lib/core/block.ts'
import { noOffences } from '../../lib/core/offences.ts'
import { requestOf } from '../../lib/local/acl-entry.ts'
import { fenceRound, throwProblems } from '../../lib/round.ts'
import type { RoundRecord } from '../../lib/round-record.ts'
import { roundOptions } from '../../lib/settings/round-options.ts'
import { ACL, type FenceAccount } from '../aws/fence-account.ts'
import { inIpSet, listed, openTierAccount, PLACES, TIER_FENCE } from '../aws/tier-account.ts'
import { blockOf, held } from '../contract/firewall.ts'
import { rulesOf } from '../contract/lockdown.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { NOW, proofsOf } from '../core/reports.ts'

/** A fence whose every tier has something to do, for tests of rounds that go wrong. */

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const SOMEBODY = '203.0.113.77/32'

const OVER = blockOf('192.0.2.1/32', 100, 'sip')
const STANDS = { ...blockOf('192.0.2.2/32', 100, 'sip'), until: NOW + HOUR }
const GOOD = { ...blockOf('192.0.2.30/32', 100, 'sip'), until: NOW + HOUR }
const HEAVY = { ...blockOf('203.0.113.4/32', 900, 'sip'), until: NOW + HOUR }
const FORGED = { ...blockOf('203.0.113.6/32', 900), until: NOW + HOUR }
const SIX = { ...blockOf('2001:db8:5::/64', 300, 'sip'), until: NOW + HOUR }
const [EARLY_PHONE, LATE_PHONE, PHONE_6] = ['198.51.100.1/32', '198.51.100.9/32', '2001:db8:9::/64'].map(
  onePrefix,
)

async function put(fence: DeployedFence, ...blocks: Block[]): Promise<void> {
  for (const block of blocks)
    await fence.ledger.changeOffences(block.prefix, () => ({ ...noOffences(block.prefix, 1), block }))
}

export async function round(fence: DeployedFence, now: number): Promise<RoundRecord> {
  const journal = { write: async () => undefined }
  return await fenceRound(
    { ...fence, journal },
    { ...roundOptions(TIER_FENCE), roster: [], owner: `round ${now}` },
    now,
  )
}

async function wishDoor(account: FenceAccount, closed: boolean): Promise<void> {
  const until = closed ? { until: account.now + HOUR } : null
  await account.state.setLockdown({ standing: 'off', closed: until, at: account.now, by: 'somebody' })
}

export interface Middle {
  readonly account: FenceAccount
  /** The rules of the groups before anything was done. */
  readonly began: readonly string[]
}

/** Every tier holds something of ours and something of somebody's; blocks come and go, and the door is to be closed. */
export async function inTheMiddle(): Promise<Middle> {
  const account = await openTierAccount({}, NOW)
  const hers = { ruleNumber: 25, prefix: onePrefix(SOMEBODY), protocol: 17, ports: null } as const
  account.aws.acls.get(ACL)!.create(requestOf({ ...hers, action: 'deny', egress: false }))
  account.aws.prefixLists.get(PLACES.DenyListIpv4!)!.modify({ add: [{ cidr: SOMEBODY }] })
  account.aws.prefixLists.get(PLACES.TrustedPeersIpv4!)!.modify({ add: [{ cidr: SOMEBODY }] })
  const four = [...account.aws.ipSets.values()].find(({ family }) => family === 4)!
  four.update([SOMEBODY])
  const began = rules(account)
  await account.ledger.keepProofs(proofsOf('h', 0, EARLY_PHONE!))
  await put(account, OVER, STANDS, GOOD)
  throwProblems(await round(account, NOW))
  account.now = NOW + 10 * MINUTE
  for (const source of [GOOD.prefix, LATE_PHONE!, PHONE_6!])
    await account.ledger.keepProofs(proofsOf('h', 590, source))
  await put(account, HEAVY, FORGED, SIX)
  await wishDoor(account, true)
  return { account, began }
}

function rules({ aws }: FenceAccount): string[] {
  return rulesOf([...aws.securityGroups.values()])
}

/** Everything that the tiers hold. */
export function everything(account: FenceAccount) {
  return {
    acl: held(account.aws.acls.get(ACL)!),
    deny4: listed(account, 'DenyListIpv4'),
    deny6: listed(account, 'DenyListIpv6'),
    waf4: inIpSet(account, 4),
    waf6: inIpSet(account, 6),
    trusted4: listed(account, 'TrustedPeersIpv4'),
    trusted6: listed(account, 'TrustedPeersIpv6'),
    rules: rules(account),
  }
}

const PUBLIC_UDP = /^sg-\d+ 17 5060-5060 (0\.0\.0\.0\/[01]|128\.0\.0\.0\/1) /
const STANDS_IN = new RegExp(`^sg-\\d+ 17 5060-5060 ${PLACES.TrustedPeersIpv4}`)

/** At no moment is a block lifted that stands, or somebody's entry touched, or a trusted peer kept out. */
export function expectNothingOpened({
  acl,
  deny4,
  waf4,
  trusted4,
  rules: now,
}: ReturnType<typeof everything>): void {
  expect(acl).toContainEqual(expect.stringContaining('192.0.2.2/32 17'))
  expect(acl).toContain(`25 deny ${SOMEBODY} 17 *`)
  for (const list of [deny4, waf4]) expect(list).toEqual(expect.arrayContaining([SOMEBODY, '192.0.2.2/32']))
  expect(trusted4).toEqual(expect.arrayContaining([SOMEBODY, EARLY_PHONE]))
  for (const id of new Set(now.map((line) => line.slice(0, 20)))) {
    const ofGroup = now.filter((line) => line.startsWith(id))
    const publicRules = ofGroup.filter((line) => PUBLIC_UDP.test(line)).length
    const letsTrustedIn = ofGroup.some((line) => STANDS_IN.test(line))
    expect(letsTrustedIn || publicRules === (id.endsWith('2') ? 2 : 1)).toBe(true)
  }
}

function expectAsDesired(account: FenceAccount): void {
  const { deny4, deny6, waf4, waf6, trusted4, trusted6, acl, rules: now } = everything(account)
  expect(deny4).toEqual(['192.0.2.2/32', '203.0.113.4/32', '203.0.113.6/32', SOMEBODY])
  expect(deny6).toEqual(['2001:db8:5::/64'])
  expect(waf4).toEqual(['192.0.2.2/32', '203.0.113.4/32', SOMEBODY]) // not the source that may be forged
  expect(waf6).toEqual(['2001:db8:5::/64'])
  expect(trusted4).toEqual([GOOD.prefix, EARLY_PHONE, LATE_PHONE, SOMEBODY].sort())
  expect(trusted6).toEqual([PHONE_6])
  expect(acl.filter((line) => line.includes('192.0.2.2/32'))).toHaveLength(2)
  expect(now.filter((line) => PUBLIC_UDP.test(line))).toEqual([])
}

async function settledRound(fence: DeployedFence, account: FenceAccount): Promise<RoundRecord> {
  account.now += 1_000
  const record = await round(fence, account.now)
  throwProblems(record)
  expect(record.lockdown?.refused ?? []).toEqual([])
  return record
}

/** Converges, and then changes nothing; when the door is opened the groups are as they began; and what is over goes. */
export async function expectConverges({ account, began }: Middle): Promise<void> {
  const next = account.restart(1) // another start, with nothing in memory
  account.now += 2 * MINUTE
  await settledRound(next, account)
  expectAsDesired(account)
  const [before, calls] = [everything(account), account.aws.calls().length]
  await settledRound(next, account)
  expect(everything(account)).toEqual(before)
  const writes = account.aws.calls().slice(calls).filter(isWrite)
  expect(writes).toEqual([])
  await wishDoor(account, false)
  await settledRound(next, account)
  expect(rules(account)).toEqual(began)
  account.now = NOW + 30 * HOUR // all blocks are over, and nobody has proved himself for a day
  await settledRound(next, account)
  const { acl, deny4, deny6, waf4, waf6, trusted4, trusted6 } = everything(account)
  for (const list of [deny4, waf4, trusted4]) expect(list).toEqual([SOMEBODY])
  expect([...deny6, ...waf6, ...trusted6]).toEqual([])
  expect(acl).toEqual([`25 deny ${SOMEBODY} 17 *`])
}

export type Call = ReturnType<FenceAccount['aws']['calls']>[number]

/** A write outside the ledger. */
export function isWrite({ service, action }: Call): boolean {
  return service !== 'dynamodb' && !/^(Describe|Get)/.test(action)
}
