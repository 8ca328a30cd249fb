import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { denialsOf, portRanges } from '../../lib/core/wanted.ts'
import { type FenceAccount, openFenceAccount } from '../aws/fence-account.ts'
import { listed, openTierAccount, PLACES } from '../aws/tier-account.ts'
import { rulesOf } from '../contract/lockdown.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { NOW, proofsOf } from '../core/reports.ts'
import { search } from '../search.ts'
import { Life, type Step, stepOf } from './law-9-life.ts'
import {
  denyingSets,
  HERS,
  IN_FORCE,
  lines,
  networkAcl,
  putHers,
  SOMEBODY,
  writesSince,
} from './law-9-places.ts'

const PHONE = onePrefix('198.51.100.50/32')
const withoutNumber = (line: string) => line.replace(/^\d+ deny /, '')

/** Within two clean rounds everything is as desired, and a third one changes nothing; off leaves what is not ours. */
async function expectConverges(life: Life, account: FenceAccount): Promise<void> {
  await life.setMode('enforce')
  life.startAnew()
  await life.cleanRound()
  await life.cleanRound()
  const wanted = life
    .desired()
    .flatMap(({ prefix, scope }) => denialsOf(prefix, scope, portRanges(life.ports)))
    .map(({ prefix, protocol, ports }) => `${prefix} ${protocol} ${ports!.from}-${ports!.to}`)
  expect(lines(account).map(withoutNumber).sort()).toEqual([...wanted, withoutNumber(HERS)].sort())
  expect(life.missing()).toEqual([])
  const calls = account.aws.calls().length
  await life.cleanRound()
  expect(writesSince(account, calls)).toEqual([])
  await life.setMode('off')
  life.startAnew()
  await life.cleanRound()
  expect(lines(account)).toEqual([HERS])
}

async function lives(lagMs: number, steps: readonly Step[]): Promise<void> {
  let age = lagMs
  const account = await openFenceAccount({ staleReadsMs: () => age }, NOW)
  try {
    putHers(account)
    const isUntouched = () => (lines(account).includes(HERS) ? [] : ['her entry was touched'])
    const life = new Life(account, [networkAcl(account)], isUntouched)
    for (const step of [...IN_FORCE, ...steps]) {
      await life.take(step)
      expect([...life.wrongs]).toEqual([])
    }
    age = 0
    await expectConverges(life, account)
  } finally {
    await account.stop()
  }
}

const PUBLIC_UDP = /^sg-\d+ 17 5060-5060 (0\.0\.0\.0\/[01]|128\.0\.0\.0\/1) /
const STANDS_IN = new RegExp(`^sg-\\d+ 17 5060-5060 ${PLACES.TrustedPeersIpv4}`)

const rules = ({ aws }: FenceAccount) => rulesOf([...aws.securityGroups.values()])

/** Whether a phone that is known-good is let in by every group, with the public or in its own name. */
function keptOut(account: FenceAccount): string[] {
  const now = rules(account)
  const isListed = listed(account, 'TrustedPeersIpv4').includes(PHONE)
  return [...new Set(now.map((line) => line.slice(0, 20)))].flatMap((id) => {
    const ofGroup = now.filter((line) => line.startsWith(id))
    const isPublic = ofGroup.filter((line) => PUBLIC_UDP.test(line)).length === (id.endsWith('2') ? 2 : 1)
    return isPublic || (isListed && ofGroup.some((line) => STANDS_IN.test(line)))
      ? []
      : [`${id} keeps a phone out`]
  })
}

async function livesInEveryTier(closed: boolean, steps: readonly Step[]): Promise<void> {
  const account = await openTierAccount({}, NOW)
  try {
    putHers(account)
    account.aws.prefixLists.get(PLACES.DenyListIpv4!)!.modify({ add: [{ cidr: SOMEBODY }] })
    const began = rules(account)
    await account.ledger.keepProofs(proofsOf('h', 0, PHONE))
    const isUntouched = () => {
      const there = lines(account).includes(HERS) && listed(account, 'DenyListIpv4').includes(SOMEBODY)
      return there ? keptOut(account) : ['her entry was touched']
    }
    const life = new Life(account, [networkAcl(account), ...denyingSets(account)], isUntouched)
    for (const step of [{ kind: 'door', closed } as const, ...IN_FORCE, ...steps]) {
      await life.take(step)
      expect([...life.wrongs]).toEqual([])
    }
    await life.wishDoor(false)
    await expectConverges(life, account)
    expect([...listed(account, 'DenyListIpv4'), ...listed(account, 'DenyListIpv6')]).toEqual([SOMEBODY])
    expect(rules(account)).toEqual(began)
  } finally {
    await account.stop()
  }
}

describe('Starting, stopping, crashing and redeploying never opens an unprotected window: start-up adopts what it has claimed.', () => {
  test('over a network ACL', async () => {
    const steps = fc.array(stepOf(45), { minLength: 6, maxLength: 14, size: 'max' })
    const lagMs = fc.constantFrom(0, 0, 20_000) // how far reads of EC2 lag behind
    await search(fc.asyncProperty(lagMs, steps, lives), { seed: [9, 802997345], numRuns: 8, drawnRuns: 4 })
  })

  test('over every tier, with a door that opens and closes', async () => {
    const steps = fc.array(stepOf(150), { minLength: 6, maxLength: 10, size: 'max' })
    await search(fc.asyncProperty(fc.boolean(), steps, livesInEveryTier), {
      seed: 9,
      numRuns: 3,
      drawnRuns: 2,
    })
  })
})
