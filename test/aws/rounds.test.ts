import { describe, expect, test } from 'vitest'
import { DEFAULTS, type FenceConfig } from '../../lib/config.ts'
import type { Block } from '../../lib/core/block.ts'
import { noOffences } from '../../lib/core/offences.ts'
import type { JournalEntry } from '../../lib/journal.ts'
import { fenceRound } from '../../lib/round.ts'
import { roundOptions } from '../../lib/settings/round-options.ts'
import { blockOf, held } from '../contract/firewall.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { NOW, proofsOf } from '../core/reports.ts'
import { ACL, FENCE, openFenceAccount } from './fence-account.ts'
import type { LocalAwsOptions } from './local-aws.ts'

const MINUTE = 60_000
const SECOND_ACL = 'acl-00000000000000001'
const TWO_ACLS = {
  networkAcls: [
    { id: ACL, ...DEFAULTS.window },
    { id: SECOND_ACL, ...DEFAULTS.window },
  ],
}

/** A fence whose rounds go by settings that a test may change, as a deploy does. */
async function life(settings: Partial<FenceConfig> = {}, options: LocalAwsOptions = {}) {
  const account = await openFenceAccount({ fence: { ...FENCE, ...settings }, ...options }, NOW)
  const told: JournalEntry[] = []
  const write = async (entry: JournalEntry) => {
    told.push(entry)
  }
  return {
    account,
    told,
    alerts: () => told.flatMap((entry) => (entry.kind === 'alert' ? [entry.alert] : [])),
    lines: (acl = ACL) => held(account.aws.acls.get(acl)!),
    async put(...blocks: Block[]) {
      for (const block of blocks)
        await account.ledger.changeOffences(block.prefix, () => ({ ...noOffences(block.prefix, 1), block }))
    },
    async round(deployed: Partial<FenceConfig> = {}) {
      const fence = { ...account.fence, ...deployed }
      const ports = { ...account.restart(1, fence), journal: { write } }
      const options = { ...roundOptions(fence), owner: 'o', roster: [] }
      return await fenceRound(ports, options, account.now)
    },
  }
}

function many(count: number, minutes = 60): Block[] {
  return Array.from({ length: count }, (_, i) => ({
    ...blockOf(`192.0.2.${i}/32`),
    until: NOW + minutes * MINUTE,
  }))
}

describe('rounds', () => {
  test('keep few claims, however many sources come and go at one number', async () => {
    const { account, put, round } = await life()
    try {
      for (let minute = 0; minute < 20; minute++) {
        account.now = NOW + minute * MINUTE
        const block = { ...blockOf(`203.0.113.${minute}/32`), until: account.now + MINUTE }
        await put(block)
        await round()
      }
      expect((await account.ledger.claims(ACL)).length).toBeLessThanOrEqual(7)
    } finally {
      await account.stop()
    }
  })

  test('keep the brake on until a person lets the plan pass, and let go what is over meanwhile', async () => {
    const { account, put, round, lines, alerts } = await life()
    try {
      await put(...many(12), { ...blockOf('203.0.113.1/32'), until: NOW + MINUTE })
      await round()
      expect(lines()).toHaveLength(13)
      account.now += 2 * MINUTE
      const mistyped = { allow: [onePrefix('192.0.2.0/24')] }
      for (let i = 0; i < 3; i++) {
        account.now += MINUTE
        const { firewalls } = await round(mistyped)
        expect(firewalls[0]).toMatchObject({
          braked: expect.stringContaining('sipfence approve'),
          problem: null,
        })
        expect(lines()).toHaveLength(12)
        expect(lines()).not.toContainEqual(expect.stringContaining('203.0.113.1'))
      }
      expect(alerts().filter(({ kind }) => kind === 'brake')).toHaveLength(3)
      expect(await account.ledger.openBlocks()).toHaveLength(12)
      await account.state.approve({ until: account.now + MINUTE, at: account.now, by: 'somebody' })
      await round(mistyped)
      expect(lines()).toEqual([])
      expect(await account.ledger.openBlocks()).toEqual([])
    } finally {
      await account.stop()
    }
  })

  test.each<[string, Partial<FenceConfig>, number[]?]>([
    ['a narrower window', { networkAcls: [{ id: ACL, firstRule: 20, lastRule: 25 }] }],
    ['a larger reserve', { reserve: 12 }],
  ])('under the brake keep what stands, whatever %s wants', async (_, settings) => {
    const { account, put, round, lines } = await life()
    try {
      await put(...many(18))
      await round()
      const before = lines()
      expect(before).toHaveLength(18)
      account.now += MINUTE
      expect((await round(settings)).firewalls[0]?.braked).toMatch(/lift 12/)
      expect(lines()).toEqual(before)
    } finally {
      await account.stop()
    }
  })

  test('under the brake on lifting still deny who is new, and let known-good sources go', async () => {
    const { account, put, round, lines } = await life()
    try {
      await put(...many(12), { ...blockOf('198.18.0.1/32'), until: NOW + 60 * MINUTE })
      await round()
      account.now += MINUTE
      await account.ledger.keepProofs(proofsOf('h', 59, onePrefix('198.18.0.1/32')))
      await put({ ...blockOf('203.0.113.9/32', 5_000), from: account.now, until: NOW + 60 * MINUTE })
      await round({ allow: [onePrefix('192.0.2.0/24')] })
      const now = lines().map((line) => line.split(' ')[2])
      expect(now).toContain('203.0.113.9/32')
      expect(now).not.toContain('198.18.0.1/32')
      expect(now.filter((prefix) => prefix?.startsWith('192.0.2.'))).toHaveLength(12)
    } finally {
      await account.stop()
    }
  })

  test('let any number of known-good sources go at once', async () => {
    const { account, put, round, lines } = await life()
    try {
      await put(...many(15))
      await round()
      account.now += MINUTE
      await account.ledger.keepProofs(proofsOf('h', 59, ...many(15).map(({ prefix }) => prefix)))
      expect((await round()).firewalls[0]?.braked).toBeNull()
      expect(lines()).toEqual([])
    } finally {
      await account.stop()
    }
  })

  test('end blocks that are over though the last ACL cannot be read', async () => {
    const { account, put, round } = await life(TWO_ACLS, { acls: [{ id: ACL }] })
    try {
      await put(...many(1, 1))
      account.now += 2 * MINUTE
      expect((await round()).firewalls[1]?.problem).toContain(SECOND_ACL)
      expect(await account.ledger.openBlocks()).toEqual([])
    } finally {
      await account.stop()
    }
  })

  test('lift a block from every ACL before it ends, and from none while one is braked', async () => {
    const { account, put, round, lines } = await life(TWO_ACLS, { acls: [{ id: ACL }, { id: SECOND_ACL }] })
    try {
      await put(...many(2))
      await round()
      account.now += MINUTE
      await round({ allow: [onePrefix('192.0.2.0/32')] })
      expect([lines().length, lines(SECOND_ACL).length]).toEqual([1, 1])
      expect(await account.ledger.openBlocks()).toHaveLength(1)
    } finally {
      await account.stop()
    }
  })

  test('bring what they hold into a window that was moved, and lose sight of nothing', async () => {
    const { account, put, round, lines } = await life()
    try {
      await put(...many(2))
      await round()
      expect(lines().map((line) => line.split(' ')[0])).toEqual(['20', '21'])
      account.now += 10 * MINUTE
      const moved = { networkAcls: [{ id: ACL, firstRule: 40, lastRule: 60 }] }
      await round(moved)
      expect(lines().map((line) => line.split(' ')[0])).toEqual(['40', '41'])
      account.now += MINUTE
      await round({ ...moved, allow: [onePrefix('192.0.2.0/24')] })
      expect(lines()).toEqual([])
    } finally {
      await account.stop()
    }
  })

  test('tell of an ACL that the settings no longer name while it holds something', async () => {
    const { account, put, round, alerts } = await life(TWO_ACLS, { acls: [{ id: ACL }, { id: SECOND_ACL }] })
    try {
      await put(...many(1))
      await round()
      expect(alerts()).toEqual([])
      await round({ networkAcls: [{ id: ACL, ...DEFAULTS.window }] })
      expect(alerts()).toMatchObject([{ kind: 'forgotten-firewall', host: SECOND_ACL }])
    } finally {
      await account.stop()
    }
  })

  test('tell of all blocks without an entry in one alert', async () => {
    const { account, put, round, alerts } = await life()
    try {
      await put(...many(30))
      await round()
      expect(alerts()).toMatchObject([
        { kind: 'no-free-entry', source: null, why: expect.stringContaining('and 11 more') },
      ])
    } finally {
      await account.stop()
    }
  })

  test('are not kept out by a lease that lies further ahead than any can', async () => {
    const { account, round } = await life()
    try {
      await account.state.takeLease(
        { owner: 'somebody whose clock is wrong', until: NOW + 180 * MINUTE },
        NOW,
      )
      await round()
    } finally {
      await account.stop()
    }
  })
})
