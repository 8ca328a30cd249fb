import { describe, expect, test } from 'vitest'
import { DEFAULTS, type FenceConfig } from '../../lib/config.ts'
import type { Block } from '../../lib/core/block.ts'
import { noOffences } from '../../lib/core/offences.ts'
import type { JournalEntry } from '../../lib/journal.ts'
import { requestOf } from '../../lib/local/acl-entry.ts'
import { fenceRound } from '../../lib/round.ts'
import { roundOptions } from '../../lib/settings/round-options.ts'
import { blockOf, held } from '../contract/firewall.ts'
import { deliver, portsOver } from '../contract/ledger.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { NOW, proofsOf, reflected, reportOf } from '../core/reports.ts'
import { ACL, FENCE, type FenceAccount, openFenceAccount } from './fence-account.ts'
import type { LocalAwsOptions } from './local-aws.ts'

/** What has hurt those who built such things before: each is one test over the ledger and the network ACL. */

const MINUTE = 60_000
const SECOND_ACL = 'acl-00000000000000001'

interface Story {
  readonly account: FenceAccount
  readonly told: readonly JournalEntry[]
  put(...blocks: Block[]): Promise<void>
  round(): ReturnType<typeof fenceRound>
  lines(acl?: string): string[]
  count(service: string, action: string): number
}

async function tell(
  story: (parts: Story) => Promise<void>,
  fence: Partial<FenceConfig> = {},
  options: LocalAwsOptions = {},
): Promise<void> {
  const account = await openFenceAccount({ fence: { ...FENCE, ...fence }, ...options }, NOW)
  const told: JournalEntry[] = []
  const journal = {
    write: async (entry: JournalEntry) => {
      told.push(entry)
    },
  }
  try {
    await story({
      account,
      told,
      async put(...blocks) {
        for (const block of blocks)
          await account.ledger.changeOffences(block.prefix, () => ({ ...noOffences(block.prefix, 1), block }))
      },
      round: () =>
        fenceRound(
          { ...account, journal },
          { ...roundOptions(account.fence), owner: 'o', roster: [] },
          account.now,
        ),
      lines: (acl = ACL) => held(account.aws.acls.get(acl)!),
      count: (service, action) =>
        account.aws.calls().filter((call) => call.service === service && call.action === action).length,
    })
  } finally {
    await account.stop()
  }
}

describe('What hurt others', () => {
  test('two addresses in one second: both are blocked, and both go', () =>
    tell(async ({ account, round, lines }) => {
      const sources = ['192.0.2.1/32', '192.0.2.2/32'].map(onePrefix)
      await deliver(
        reportOf('h', 0, ...sources.map((source) => reflected(source))),
        portsOver(account.ledger),
      )
      expect(await account.ledger.openBlocks()).toHaveLength(2)
      await round()
      expect(lines()).toHaveLength(2)
      account.now += 10 * MINUTE
      await round()
      expect(lines()).toEqual([])
      expect(await account.ledger.openBlocks()).toEqual([])
    }))

  test('the last entry that is over leaves an empty window, not a stale one', () =>
    tell(async ({ account, put, round, lines }) => {
      await put(blockOf('192.0.2.1/32'))
      await round()
      account.now += 10 * MINUTE
      await round()
      expect(lines()).toEqual([])
      expect(await account.ledger.openBlocks()).toEqual([])
    }))

  test.each([18, 19, 40])('%i blocks for 18 entries: the ACL is full and blocking goes on', (count) =>
    tell(async ({ account, put, round, lines }) => {
      await put(...Array.from({ length: count }, (_, i) => blockOf(`192.0.2.${i}/32`, 100 + i)))
      const { firewalls } = await round()
      expect(firewalls).toMatchObject([{ entries: 18, refused: count - 18, problem: null }])
      expect(lines()).toHaveLength(18)
      await put(blockOf('203.0.113.1/32', 9_000))
      account.now += MINUTE
      await round()
      expect(lines()).toHaveLength(18)
      expect(lines()).toContainEqual(expect.stringContaining('203.0.113.1/32'))
    }),
  )

  test('25 equal sources for 18 entries: nothing is swapped, round after round', () =>
    tell(async ({ account, put, round, lines, count }) => {
      await put(...Array.from({ length: 25 }, (_, i) => blockOf(`192.0.2.${i}/32`)))
      await round()
      const before = lines()
      for (let i = 0; i < 3; i++) {
        account.now += MINUTE
        await round()
      }
      expect(lines()).toEqual(before)
      expect(count('ec2', 'CreateNetworkAclEntry')).toBe(18)
      expect(count('ec2', 'ReplaceNetworkAclEntry') + count('ec2', 'DeleteNetworkAclEntry')).toBe(0)
    }))

  test('a ledger that is out, and one that comes back empty-handed of pages: nothing is removed', () =>
    tell(async ({ account, put, round, lines }) => {
      await put(blockOf('192.0.2.1/32'), blockOf('192.0.2.2/32'))
      await round()
      const before = lines()
      account.aws.faults.plan([{ service: 'dynamodb', fault: { kind: 'before' } }])
      await expect(round()).rejects.toThrow()
      account.aws.faults.clear()
      await round()
      expect(lines()).toEqual(before)
    }))

  test('a person edits between our read and our write: her entry stands, and ours comes with the next round', () =>
    tell(async ({ account, put, round, lines }) => {
      await put(blockOf('192.0.2.1/32'))
      account.aws.faults.plan(({ action }) => {
        if (action !== 'CreateNetworkAclEntry' || lines().length > 0) return undefined
        const hers = {
          ruleNumber: 20,
          prefix: onePrefix('198.51.100.1/32'),
          protocol: 17,
          ports: null,
        } as const
        account.aws.acls.get(ACL)!.create(requestOf({ ...hers, action: 'deny', egress: false }))
        return undefined
      })
      const { firewalls } = await round()
      expect(firewalls[0]?.problem).toContain('NetworkAclEntryAlreadyExists')
      account.now += 1_000
      await round()
      expect(lines()).toEqual(['20 deny 198.51.100.1/32 17 *', '21 deny 192.0.2.1/32 17 5060-5060'])
    }))

  test('a restart in the middle of applying: what was written is known again, the rest follows', () =>
    tell(async ({ account, put, lines, round }) => {
      await put(...Array.from({ length: 5 }, (_, i) => blockOf(`192.0.2.${i}/32`)))
      let writes = 0
      account.aws.faults.plan(({ service }) =>
        (service === 'ec2' && ++writes > 4) || writes > 4 ? { kind: 'before', drop: true } : undefined,
      )
      await round().catch(() => undefined)
      const half = lines()
      expect(half.length).toBeGreaterThan(0)
      expect(half.length).toBeLessThan(5)
      account.aws.faults.clear()
      account.now += 2 * MINUTE
      const { firewalls } = await round()
      expect(firewalls).toMatchObject([{ entries: 5, problem: null }])
      expect(lines()).toHaveLength(5)
      expect(lines().slice(0, half.length)).toEqual(half)
    }))

  test('an allowlisted and a known-good address within a blocked range: the range is not blocked', () =>
    tell(
      async ({ account, put, round, lines }) => {
        await put(blockOf('192.0.2.0/28'), blockOf('203.0.113.0/28'), blockOf('198.18.0.0/28'))
        await round()
        expect(lines().map((line) => line.split(' ')[2])).toEqual(['198.18.0.0/28', '203.0.113.0/28'])
        await account.ledger.keepProofs(proofsOf('h', 0, onePrefix('203.0.113.9/32')))
        await round()
        expect(lines().map((line) => line.split(' ')[2])).toEqual(['198.18.0.0/28'])
      },
      { allow: [onePrefix('192.0.2.5/32')] },
    ))

  test('a deny that would stand behind an allow of the operator is not silent', () =>
    tell(async ({ account, told, put, round }) => {
      const allow = {
        ruleNumber: 10,
        prefix: onePrefix('0.0.0.0/0'),
        protocol: 17,
        ports: { from: 5060, to: 5060 },
      }
      account.aws.acls.get(ACL)!.create(requestOf({ ...allow, action: 'allow', egress: false }))
      await put(blockOf('192.0.2.1/32'))
      await round()
      expect(told).toContainEqual(
        expect.objectContaining({ alert: expect.objectContaining({ kind: 'shadowed' }) }),
      )
    }))

  test('IPv6 takes no entry from IPv4, and fills its own quota', () =>
    tell(async ({ put, round, lines }) => {
      await put(
        ...Array.from({ length: 30 }, (_, i) => blockOf(`2001:db8:${i}::/64`)),
        ...Array.from({ length: 30 }, (_, i) => blockOf(`192.0.2.${i}/32`)),
      )
      await round()
      expect(lines().filter((line) => line.includes(':'))).toHaveLength(18)
      expect(lines().filter((line) => !line.includes(':'))).toHaveLength(18)
    }))

  test('two network ACLs: both hold the block, one that fails does not keep the other from it', () =>
    tell(
      async ({ account, put, round, lines }) => {
        await put(blockOf('192.0.2.1/32'))
        account.aws.faults.plan([{ action: 'DescribeNetworkAcls', calls: [1], fault: { kind: 'before' } }])
        const { firewalls } = await round()
        expect(firewalls.map(({ problem }) => problem === null)).toEqual([false, true])
        expect([lines().length, lines(SECOND_ACL).length]).toEqual([0, 1])
        account.now += MINUTE
        await round()
        expect([lines().length, lines(SECOND_ACL).length]).toEqual([1, 1])
        account.now += 10 * MINUTE
        await round()
        expect([lines().length, lines(SECOND_ACL).length]).toEqual([0, 0])
      },
      {
        networkAcls: [
          { id: ACL, ...DEFAULTS.window },
          { id: SECOND_ACL, ...DEFAULTS.window },
        ],
      },
      { acls: [{ id: ACL }, { id: SECOND_ACL }] },
    ))
})
