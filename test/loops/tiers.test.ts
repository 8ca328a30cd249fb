import { describe, expect, test } from 'vitest'
import { DEFAULTS, defaultFence } from '../../lib/config.ts'
import { Protection } from '../../lib/core/protection.ts'
import type { JournalEntry } from '../../lib/journal.ts'
import { LocalFirewall } from '../../lib/local/firewall.ts'
import { MemoryLedger } from '../../lib/local/ledger.ts'
import { NetworkAcl } from '../../lib/local/network-acl.ts'
import { ManagedPrefixList } from '../../lib/local/prefix-list.ts'
import { LocalPrefixSet } from '../../lib/local/prefix-set.ts'
import { SecurityGroup } from '../../lib/local/security-group.ts'
import { LocalSecurityGroups } from '../../lib/local/security-groups.ts'
import type { DenyingSet } from '../../lib/reconcile-set.ts'
import { roundOptions } from '../../lib/settings/round-options.ts'
import { reconcileTiers, type TierOptions } from '../../lib/tiers.ts'
import { blockOf } from '../contract/firewall.ts'
import { onePrefix } from '../core/arbitraries.ts'

const NOW = 1_800_000_000_000
const OPEN = { closed: false, why: 'lockdown is off' }
const CLOSED = { closed: true, why: 'somebody closed it' }

/** A fence of one network ACL, one deny list and a door, all embedded. */
function arrange() {
  const lists = ([4, 6] as const).map(
    (family) => new ManagedPrefixList({ id: `pl-0000000000000000${family}`, family, maxEntries: 10 }),
  )
  const deny = new ManagedPrefixList({ id: 'pl-000000000000000d4', family: 4, maxEntries: 10 })
  const references = {
    prefixList: (id: string) => lists.find((list) => list.id === id),
    hasGroup: () => false,
  }
  const sip = { protocol: 'udp', ports: { from: 5060, to: 5060 }, cidr: '0.0.0.0/0' }
  const group = new SecurityGroup({ rules: [sip], references })
  let allowed = false
  const nobody = new Protection([])
  const protection = new Protection([{ prefix: onePrefix('192.0.2.7/32'), why: 'on the allowlist' }])
  const ledger = new MemoryLedger(nobody)
  ledger.protection = async () => (allowed ? protection : nobody)
  const good = [onePrefix('203.0.113.7/32')]
  ledger.knownGood = async () => good
  const told: JournalEntry[] = []
  const ports = {
    ledger,
    journal: { write: async (entry: JournalEntry) => void told.push(entry) },
    firewalls: [new LocalFirewall(NetworkAcl.defaultAllow(), DEFAULTS.window)],
    sets: [new LocalPrefixSet(deny)] as readonly DenyingSet[],
    trusted: {
      lists: { 4: new LocalPrefixSet(lists[0]!), 6: new LocalPrefixSet(lists[1]!) },
      groups: new LocalSecurityGroups([group]),
    },
  }
  const options: TierOptions = {
    ...roundOptions({ ...defaultFence('f'), mode: 'enforce', allow: [onePrefix('198.51.100.0/24')] }),
    approved: false,
    door: OPEN,
  }
  return {
    ...ports,
    told,
    group,
    deny,
    lists,
    forgetEverybody: () => good.splice(0),
    allow: () => {
      allowed = true
    },
    round: (over: object = {}, more: Partial<TierOptions> = {}) =>
      reconcileTiers({ ...ports, ...over }, { ...options, ...more }, NOW),
    isOpen: () => group.rules.some(({ source }) => source.kind === 'prefix'),
  }
}

describe('A round of all tiers', () => {
  test('ends no block early that a tier still holds: one that cannot be read, or is braked', async () => {
    const { ledger, round, sets, allow } = arrange()
    await ledger.keepBlock(blockOf('192.0.2.7/32'))
    await round()
    allow()
    const dead = { ...sets[0]!, id: 'dead', read: () => Promise.reject(new Error('it is away')) }
    const { sets: records } = await round({ sets: [...sets, dead] })
    expect(records).toMatchObject([{ problem: null }, { problem: 'it is away' }])
    expect(await ledger.openBlocks()).toHaveLength(1)
    await round()
    expect(await ledger.openBlocks()).toEqual([])
  })

  test('tells what is free in an ACL, and as a negative number how many blocks find no entry', async () => {
    const { ledger, round } = arrange()
    const free = async () => (await round()).firewalls[0]!.free
    const quiet = (await free())!
    await ledger.keepBlock(blockOf('192.0.2.0/32'))
    expect(await free()).toBe(quiet - 1)
    for (let i = 1; i < quiet; i++) await ledger.keepBlock(blockOf(`192.0.2.${i}/32`))
    expect(await free()).toBe(0)
    for (let i = 0; i < 3; i++) await ledger.keepBlock(blockOf(`198.18.0.${i}/32`))
    expect(await free()).toBe(-3)
  })

  test('is done in the other tiers where one fails', async () => {
    const { ledger, round, deny, lists } = arrange()
    await ledger.keepBlock(blockOf('192.0.2.7/32'))
    const dead = {
      id: 'acl-dead',
      window: DEFAULTS.window,
      read: () => Promise.reject(new Error('it is away')),
    }
    const record = await round({ firewalls: [dead] })
    expect(record.firewalls).toMatchObject([{ id: 'acl-dead', problem: 'it is away' }])
    expect(deny.entries.map(({ prefix }) => prefix)).toEqual(['192.0.2.7/32'])
    expect(record.trusted).toMatchObject([
      { id: 'pl-00000000000000004', entries: 2, problem: null },
      { id: 'pl-00000000000000006', entries: 0, problem: null },
    ])
    expect(lists[0]!.entries.map(({ prefix }) => prefix)).toEqual(['198.51.100.0/24', '203.0.113.7/32'])
  })

  test('opens the door although the lists of trusted peers cannot be kept, and closes it not', async () => {
    const { round, trusted, isOpen } = arrange()
    const away = {
      ...trusted.lists[4],
      id: trusted.lists[4].id,
      read: () => Promise.reject(new Error('it is away')),
    }
    const broken = { trusted: { ...trusted, lists: { ...trusted.lists, 4: away } } }
    const refused = await round(broken, { door: CLOSED })
    expect(refused.lockdown?.refused.join()).toMatch(/not up to date: it is away/)
    expect(isOpen()).toBe(true)
    await round({}, { door: CLOSED })
    expect(isOpen()).toBe(false)
    const record = await round(broken)
    expect(record.lockdown).toMatchObject({ closed: false, rules: [], problem: null })
    expect(isOpen()).toBe(true)
  })

  test('closes no door where nobody is known-good, unless somebody says that the allowlist is enough', async () => {
    const { round, forgetEverybody, isOpen } = arrange()
    forgetEverybody()
    const refused = await round({}, { door: CLOSED })
    expect(refused.lockdown?.refused.join()).toMatch(/nobody is known-good/)
    expect(isOpen()).toBe(true)
    await round({}, { door: { ...CLOSED, allowlistOnly: true } })
    expect(isOpen()).toBe(false)
    await round({}, { door: CLOSED })
    expect(isOpen()).toBe(false) // what is closed does not open because a sensor falls silent
  })

  test.each(['observe', 'off'] as const)('in %s the door is open, and what is ours is gone', async (mode) => {
    const { ledger, round, isOpen, deny } = arrange()
    await ledger.keepBlock(blockOf('192.0.2.7/32'))
    await round({}, { door: CLOSED })
    expect([isOpen(), deny.entries.length]).toEqual([false, 1])
    await round({}, { door: CLOSED, mode })
    expect([isOpen(), deny.entries.length]).toEqual([true, 0])
  })

  test('tells of rules that a lockdown has taken away where the settings have no trusted peers any more', async () => {
    const { round, told } = arrange()
    await round({}, { door: CLOSED })
    await round({ trusted: undefined })
    expect(told).toContainEqual(
      expect.objectContaining({
        alert: expect.objectContaining({
          host: 'forgotten',
          why: expect.stringContaining('udp 5060 from 0.0.0.0/0'),
        }),
      }),
    )
  })
})
