import { describe, expect, test } from 'vitest'
import { DEFAULTS, defaultFence } from '../../lib/config.ts'
import { Protection } from '../../lib/core/protection.ts'
import type { JournalEntry } from '../../lib/journal.ts'
import { LocalFirewall } from '../../lib/local/firewall.ts'
import { MemoryLedger } from '../../lib/local/ledger.ts'
import { NetworkAcl } from '../../lib/local/network-acl.ts'
import { fenceRound, type Lease, type RoundOptions, type RoundState, throwProblems } from '../../lib/round.ts'
import type { HostSeen, RoundRecord } from '../../lib/round-record.ts'
import { roundOptions } from '../../lib/settings/round-options.ts'
import { blockOf } from '../contract/firewall.ts'
import { onePrefix } from '../core/arbitraries.ts'

const NOW = 1_800_000_000_000
const MINUTE = 60_000

function seen(host: string, at: number): HostSeen {
  return { host, at, boot: 'b', seq: 1, halfBlind: false, lossFraction: 0, clockSkewMs: 0 }
}

/** A fence of one network ACL in memory, and everything that a round leaves behind. */
function arrange(more: Partial<RoundState> = {}) {
  const leases: (Lease | string)[] = []
  const kept: RoundRecord[] = []
  const told: JournalEntry[] = []
  const ledger = new MemoryLedger(new Protection([]))
  const firewall = new LocalFirewall(NetworkAcl.defaultAllow(), DEFAULTS.window)
  const state: RoundState = {
    mode: async () => undefined,
    takeLease: async (lease) => leases.push(lease) > 0,
    endLease: async (owner) => void leases.push(owner),
    hosts: async () => [seen('i-1', NOW - MINUTE)],
    lockdown: async () => undefined,
    approvedUntil: async () => 0,
    claimedFirewalls: async () => [firewall.id],
    keepRound: async (round) => void kept.push(round),
    ...more,
  }
  const journal = { write: async (entry: JournalEntry) => void told.push(entry) }
  const ports = { ledger, journal, state, firewalls: [firewall], sets: [] }
  const options: RoundOptions = {
    ...roundOptions({ ...defaultFence('f'), mode: 'enforce' }),
    owner: 'me',
    roster: ['i-1'],
  }
  const alerts = () => told.flatMap((entry) => (entry.kind === 'alert' ? [entry.alert] : []))
  const round = (how: Partial<RoundOptions> = {}) => fenceRound(ports, { ...options, ...how }, NOW)
  return { ...ports, firewall, leases, kept, alerts, round }
}

describe('the lease', () => {
  test('is taken for a minute, and ended by whoever took it', async () => {
    const { leases, kept, round } = arrange()
    await round()
    expect(leases).toEqual([{ owner: 'me', until: NOW + MINUTE }, 'me'])
    expect(kept).toMatchObject([{ at: NOW, mode: 'enforce' }])
  })

  test('is ended where the round fails', async () => {
    const { leases, round } = arrange({ hosts: () => Promise.reject(new Error('no hosts')) })
    await expect(round()).rejects.toThrow('no hosts')
    expect(leases.at(-1)).toBe('me')
  })

  test('that somebody else holds keeps the round from everything', async () => {
    const { leases, kept, round } = arrange({ takeLease: async () => false })
    await expect(round()).rejects.toThrow('somebody else holds the lease')
    expect([leases, kept]).toEqual([[], []])
  })
})

describe('the mode and the brake', () => {
  const wide = { ...blockOf('192.0.0.0/16'), from: NOW - 1, until: NOW + MINUTE }

  test('the mode that somebody has set outweighs the settings', async () => {
    const { ledger, firewall, round } = arrange({ mode: async () => ({ mode: 'observe' }) })
    await ledger.keepBlock({ ...blockOf('192.0.2.7/32'), from: NOW - 1, until: NOW + MINUTE })
    expect(await round()).toMatchObject({ mode: 'observe' })
    expect((await firewall.read()).entries.filter(({ ruleNumber }) => ruleNumber < 100)).toEqual([])
  })

  test.each([
    ['nobody approves', 'waits', 0],
    ['somebody does', 'passes', NOW + 1],
    ['the approval ends at this instant', 'waits', NOW],
  ])('where %s a plan that is too big %s', async (_, verdict, until) => {
    const { ledger, firewall, round } = arrange({ approvedUntil: async () => until })
    await ledger.keepBlock(wide)
    const { firewalls } = await round()
    expect(firewalls[0]!.braked === null).toBe(verdict === 'passes')
    const held = (await firewall.read()).entries.filter(({ prefix }) => prefix === onePrefix('192.0.0.0/16'))
    expect(held.length > 0).toBe(verdict === 'passes')
  })
})

describe('what people are told', () => {
  test('of a sensor that has been silent for three minutes, or for ever', async () => {
    const hosts = [seen('i-1', NOW - 180_000 + 1), seen('i-2', NOW - 180_000)]
    const { alerts, round } = arrange({ hosts: async () => hosts })
    await round({ roster: ['i-1', 'i-2', 'i-3'] })
    expect(alerts()).toMatchObject([
      { kind: 'silent-sensor', host: 'i-2', why: expect.stringContaining('not reported since 2027-01-15') },
      { kind: 'silent-sensor', host: 'i-3', why: expect.stringContaining('never reported') },
    ])
  })

  test('of no silence while the fence is off', async () => {
    const { alerts, round } = arrange({ hosts: async () => [] })
    await round({ mode: 'off' })
    expect(alerts()).toEqual([])
  })

  test('of a firewall that holds something and is in the settings no more', async () => {
    const { alerts, firewall, round } = arrange({ claimedFirewalls: async () => ['acl-old', firewallId] })
    const firewallId = firewall.id
    await round()
    expect(alerts()).toMatchObject([{ kind: 'forgotten-firewall', host: 'acl-old' }])
  })
})

describe('what a round left undone', () => {
  const place = (id: string, problem: string | null) => ({
    id,
    entries: 0,
    refused: 0,
    braked: null,
    problem,
  })
  const record: RoundRecord = {
    at: NOW,
    mode: 'enforce',
    firewalls: [place('acl-1', null)],
    sets: [],
    trusted: [],
    lockdown: null,
    attacking: 0,
  }

  test('is thrown, each with its place', () => {
    const failed = {
      ...record,
      firewalls: [place('acl-1', 'no answer'), place('acl-2', null)],
      trusted: [place('pl-1', 'no room')],
      lockdown: { closed: true, why: '', rules: [], refused: [], problem: 'no group' },
    }
    expect(() => throwProblems(failed)).toThrow(
      'Cannot finish the round: acl-1: no answer; pl-1: no room; lockdown: no group',
    )
  })

  test('is nothing where all went well, nor what is no concern of a fence that is off', () => {
    expect(() => throwProblems(record)).not.toThrow()
    const off = { ...record, mode: 'off' as const, trusted: [place('pl-1', 'the fence is off')] }
    expect(() => throwProblems(off)).not.toThrow()
    expect(() => throwProblems({ ...off, mode: 'enforce' })).toThrow('pl-1')
  })
})
