import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/config.ts'
import type { Block } from '../../lib/core/block.ts'
import { Protection } from '../../lib/core/protection.ts'
import { denialKey, portRanges } from '../../lib/core/wanted.ts'
import { readDesired } from '../../lib/desired.ts'
import type { JournalEntry } from '../../lib/journal.ts'
import { requestOf } from '../../lib/local/acl-entry.ts'
import { LocalFirewall } from '../../lib/local/firewall.ts'
import { MemoryLedger } from '../../lib/local/ledger.ts'
import { NetworkAcl } from '../../lib/local/network-acl.ts'
import { type Firewall, type Mode, type ReconcileLedger, reconcile } from '../../lib/reconcile.ts'
import { onePrefix } from '../core/arbitraries.ts'

const NOW = 1_800_000_000_000
const OPTIONS = { ranges: portRanges([5060]), reserve: 0, brake: DEFAULTS.brake }

function block(text: string, untilMs = 120_000): Block {
  const prefix = onePrefix(text)
  const fixed = { scope: 'sip-udp', class: 'reflection', origin: 'detector', level: 1, weight: 300 } as const
  return {
    ...fixed,
    id: text,
    prefix,
    from: NOW,
    until: NOW + untilMs,
    endedAt: null,
    why: `${text} is a victim`,
  }
}

/** An embedded fence's parts, laid open: the ACL can be edited by hand and every port can be made to fail. */
function parts(protection = new Protection([])) {
  const acl = NetworkAcl.defaultAllow()
  const ledger = new MemoryLedger(protection)
  const firewall = new LocalFirewall(acl, DEFAULTS.window)
  const journal: JournalEntry[] = []
  const write = async (entry: JournalEntry): Promise<void> => {
    journal.push(entry)
  }
  const ours = () =>
    acl
      .describe()
      .filter(({ egress, ruleNumber }) => !egress && ruleNumber < 100)
      .map((entry) => `${entry.ruleNumber} ${denialKey(entry)}`)
  const round = async (
    now = NOW,
    more: { ledger?: ReconcileLedger; firewall?: Firewall; mode?: Mode; apply?: boolean } = {},
  ) => {
    const ports = {
      ledger: more.ledger ?? ledger,
      firewall: more.firewall ?? firewall,
      journal: { write },
    }
    const options = { ...OPTIONS, mode: more.mode ?? 'enforce', apply: more.apply ?? true } as const
    return await reconcile(ports, await readDesired(ports.ledger, now), options, now)
  }
  return { acl, ledger, firewall, journal, ours, round }
}

function failing<T extends object>(port: T, method: keyof T): T {
  return new Proxy(port, {
    get(target, name) {
      if (name === method) return () => Promise.reject(new Error(`cannot ${String(method)}`))
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

describe('reconcile()', () => {
  test('puts a block into the ACL, keeps it, and takes it out when it is over', async () => {
    const { ledger, ours, round, journal } = parts()
    await ledger.keepBlock(block('192.0.2.7/32'))
    await round()
    expect(ours()).toEqual(['20 deny 192.0.2.7/32 17 5060-5060'])
    expect((await round(NOW + 60_000)).outcomes).toEqual([])
    await round(NOW + 120_000)
    expect(ours()).toEqual([])
    expect(journal.map((entry) => entry.kind)).toEqual(['change', 'change', 'block'])
    expect(journal.at(-1)).toMatchObject({ change: 'ended', block: { endedAt: NOW + 120_000 } })
    expect(await ledger.openBlocks()).toEqual([])
  })

  test('changes nothing in observe, and tells what it would have done', async () => {
    const { ledger, ours, round } = parts()
    await ledger.keepBlock(block('192.0.2.7/32'))
    const { plan, outcomes } = await round(NOW, { mode: 'observe' })
    expect(plan.changes.map(({ kind }) => kind)).toEqual(['add'])
    expect(outcomes).toEqual([])
    expect(ours()).toEqual([])
  })

  test('writes nothing in preview, not even that a block is over', async () => {
    const { ledger, ours, round, journal } = parts()
    await ledger.keepBlock(block('192.0.2.7/32'))
    await ledger.keepBlock(block('192.0.2.8/32', 0))
    const { plan } = await round(NOW, { apply: false })
    expect(plan.changes.map(({ kind }) => kind)).toEqual(['add'])
    expect(ours()).toEqual([])
    expect(journal).toEqual([])
    expect(await ledger.openBlocks()).toHaveLength(2)
  })

  test.each(['observe', 'off'] as const)(
    'gives up everything it holds in %s, whatever the brake',
    async (mode) => {
      const { acl, ledger, ours, round } = parts()
      const hers = {
        ruleNumber: 30,
        prefix: onePrefix('198.51.100.1/32'),
        protocol: 17,
        ports: null,
      } as const
      acl.create(requestOf({ ...hers, action: 'deny', egress: false }))
      for (let i = 0; i < 15; i++) await ledger.keepBlock(block(`192.0.2.${i}/32`))
      await round()
      expect(ours()).toHaveLength(16)
      await round(NOW + 1, { mode })
      expect(ours()).toEqual(['30 deny 198.51.100.1/32 17 *'])
      expect((await round(NOW + 2, { mode })).outcomes).toEqual([])
    },
  )

  test('knows its own entry again though two reads in a row did not show it yet', async () => {
    const { ledger, firewall, ours, round } = parts()
    const blind = { ...firewall, window: firewall.window, id: firewall.id }
    const before = await firewall.read()
    const stale: Firewall = {
      ...blind,
      read: async () => before,
      apply: (changes) => firewall.apply(changes),
    }
    await ledger.keepBlock(block('192.0.2.7/32'))
    await round(NOW, { firewall: stale })
    await round(NOW + 1_000, { firewall: stale })
    const { plan } = await round(NOW + 60_000)
    expect(plan.foreign).toEqual([])
    await round(NOW + 120_000)
    expect(ours()).toEqual([])
  })

  test.each(['openBlocks', 'protection', 'knownGoodWithin', 'claims'] as const)(
    'changes nothing when the ledger cannot tell its %s',
    async (method) => {
      const { ledger, ours, round } = parts()
      await ledger.keepBlock(block('192.0.2.7/32'))
      await round()
      await ledger.keepBlock(block('192.0.2.8/32'))
      const before = ours()
      await expect(round(NOW, { ledger: failing(ledger, method) })).rejects.toThrow(`cannot ${method}`)
      expect(ours()).toEqual(before)
    },
  )

  test('changes nothing when the firewall cannot be read', async () => {
    const { ledger, firewall, ours, round } = parts()
    await ledger.keepBlock(block('192.0.2.7/32'))
    await expect(round(NOW, { firewall: failing(firewall, 'read') })).rejects.toThrow('cannot read')
    expect(ours()).toEqual([])
    expect(await ledger.claims(firewall.id)).toEqual([])
  })

  test('adopts after a crash between applying and reading back what it had claimed before', async () => {
    const { ledger, firewall, ours, round } = parts()
    await ledger.keepBlock(block('192.0.2.7/32'))
    let reads = 0
    const crashing = new Proxy(firewall, {
      get(target, name) {
        if (name === 'read' && ++reads > 1) return () => Promise.reject(new Error('the process died'))
        const value = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    await expect(round(NOW, { firewall: crashing })).rejects.toThrow('the process died')
    expect(ours()).toEqual(['20 deny 192.0.2.7/32 17 5060-5060'])
    const { plan, outcomes } = await round(NOW + 1_000)
    expect(plan.foreign).toEqual([])
    expect(outcomes).toEqual([])
    await round(NOW + 120_000)
    expect(ours()).toEqual([])
  })

  test('leaves an entry alone that somebody made in the window, and says so', async () => {
    const { acl, ledger, ours, round, journal } = parts()
    const hers = {
      ruleNumber: 20,
      prefix: onePrefix('198.51.100.1/32'),
      protocol: 17,
      ports: { from: 1, to: 9 },
    }
    acl.create(requestOf({ ...hers, action: 'deny', egress: false }))
    await ledger.keepBlock(block('192.0.2.7/32'))
    await round()
    await round(NOW + 120_000)
    expect(ours()).toEqual(['20 deny 198.51.100.1/32 17 1-9'])
    expect(journal).toContainEqual(
      expect.objectContaining({
        alert: expect.objectContaining({ kind: 'foreign-entry', source: '198.51.100.1/32' }),
      }),
    )
  })

  test('puts back an entry that somebody deleted', async () => {
    const { acl, ledger, ours, round } = parts()
    await ledger.keepBlock(block('192.0.2.7/32'))
    await round()
    acl.remove(20, false)
    await round(NOW + 1_000)
    expect(ours()).toEqual(['20 deny 192.0.2.7/32 17 5060-5060'])
  })

  test('lifts the block of a source that has become known-good, and of an office around it', async () => {
    const { ledger, ours, round } = parts()
    await ledger.keepBlock(block('192.0.2.7/32'))
    await ledger.keepBlock(block('203.0.113.0/28'))
    await round()
    expect(ours()).toHaveLength(2)
    const proofs = ['192.0.2.7/32', '203.0.113.9/32'].map((text) => ({
      source: onePrefix(text),
      proof: 'nonce' as const,
      knownGoodAt: NOW,
    }))
    const from = { schema: 'sipfence.proofs/1', fence: 'f', host: 'h', boot: 'b', seq: 1, at: NOW } as const
    await ledger.keepProofs({ ...from, proofs })
    await round(NOW + 1_000)
    expect(ours()).toEqual([])
  })

  test('refuses a plan that is too big, changes nothing, and alerts', async () => {
    const { ledger, ours, round, journal } = parts()
    await ledger.keepBlock(block('192.0.0.0/16'))
    const { braked } = await round()
    expect(braked).toContain('65536 addresses')
    expect(ours()).toEqual([])
    expect(journal).toMatchObject([{ kind: 'alert', alert: { kind: 'brake' } }])
  })

  test('tells of an allow that is matched before its denials', async () => {
    const { acl, ledger, round, journal } = parts()
    const allow = {
      ruleNumber: 10,
      prefix: onePrefix('0.0.0.0/0'),
      protocol: -1,
      ports: null,
      action: 'allow',
    }
    acl.create(requestOf({ ...allow, action: 'allow', egress: false }))
    await ledger.keepBlock(block('192.0.2.7/32'))
    await round()
    const alerts = journal.flatMap((each) => (each.kind === 'alert' ? [each.alert] : []))
    expect(alerts).toMatchObject([{ kind: 'shadowed', why: expect.stringContaining('rule 10') }])
  })

  test.each([
    [19, /^\S+ cannot be denied/],
    [21, /^\S+ and 2 more cannot be denied/],
  ])('tells in one alert which of %i blocks find no entry', async (count, words) => {
    const { ledger, round, journal } = parts()
    for (let i = 0; i < count; i++) await ledger.keepBlock(block(`192.0.2.${i}/32`))
    await round()
    const alerts = journal.flatMap((each) => (each.kind === 'alert' ? [each.alert] : []))
    expect(alerts).toMatchObject([{ kind: 'no-free-entry', why: expect.stringMatching(words) }])
  })

  test('ends no block while the brake is on lifting', async () => {
    const { ledger, ours, round } = parts()
    for (let i = 0; i < 11; i++) await ledger.keepBlock(block(`192.0.2.${i}/32`))
    await round()
    ledger.protection = async () =>
      new Protection([{ prefix: onePrefix('192.0.2.0/24'), why: 'on the allowlist' }])
    const { braked } = await round(NOW + 1_000)
    expect(braked).toContain('lift 11 denials')
    expect(ours()).toHaveLength(11)
    expect(await ledger.openBlocks()).toHaveLength(11)
  })

  test('tells of a change that failed, and tries again next time', async () => {
    const { acl, ledger, firewall, ours, round, journal } = parts()
    await ledger.keepBlock(block('192.0.2.7/32'))
    const racing: Firewall = {
      id: firewall.id,
      window: firewall.window,
      read: () => firewall.read(),
      apply: (changes) => {
        const prefix = onePrefix('198.51.100.1/32')
        const hers = {
          ruleNumber: 20,
          prefix,
          protocol: 17,
          ports: null,
          action: 'deny',
          egress: false,
        } as const
        acl.create(requestOf(hers))
        return firewall.apply(changes)
      },
    }
    const { outcomes } = await round(NOW, { firewall: racing })
    expect(outcomes).toMatchObject([
      { ok: false, reason: expect.stringContaining('NetworkAclEntryAlreadyExists') },
    ])
    expect(journal).toMatchObject([{ kind: 'change', failed: expect.stringContaining('AlreadyExists') }])
    await round(NOW + 1_000)
    expect(ours()).toEqual(['20 deny 198.51.100.1/32 17 *', '21 deny 192.0.2.7/32 17 5060-5060'])
  })
})
