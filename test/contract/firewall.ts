import { afterEach, describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/config.ts'
import type { Block, Scope } from '../../lib/core/block.ts'
import { Protection } from '../../lib/core/protection.ts'
import { denialKey, portRanges } from '../../lib/core/wanted.ts'
import { readDesired } from '../../lib/desired.ts'
import { requestOf } from '../../lib/local/acl-entry.ts'
import { MemoryLedger } from '../../lib/local/ledger.ts'
import type { NetworkAcl } from '../../lib/local/network-acl.ts'
import { type Firewall, reconcile } from '../../lib/reconcile.ts'
import { onePrefix } from '../core/arbitraries.ts'

/** A firewall over an ACL that a test can also look at, and write to as somebody else would. */
export interface Arranged {
  readonly firewall: Firewall
  readonly acl: NetworkAcl
  stop(): Promise<void>
}

const NOW = 1_800_000_000_000
const MINUTE = 60_000

export function blockOf(text: string, weight = 100, scope: Scope = 'sip-udp'): Block {
  return {
    id: text,
    prefix: onePrefix(text),
    scope,
    class: 'flood',
    origin: 'detector',
    level: 1,
    weight,
    from: NOW,
    until: NOW + 10 * MINUTE,
    endedAt: null,
    why: `${text} floods`,
  }
}

/** What the ACL holds below the operator's allow, one line for each entry. */
export function held(acl: NetworkAcl): string[] {
  return acl
    .describe()
    .filter(({ egress, ruleNumber }) => !egress && ruleNumber < 100)
    .map((entry) => `${entry.ruleNumber} ${denialKey(entry)}`)
}

/** One fence's ledger over the firewall; `round` reconciles it, some minutes after the start. */
export function fenceOver({ firewall, acl }: Arranged, ports: readonly number[] = [5060]) {
  const ledger = new MemoryLedger(new Protection([]))
  const journal = { write: async () => undefined }
  const options = {
    mode: 'enforce',
    apply: true,
    ranges: portRanges(ports),
    reserve: 0,
    brake: DEFAULTS.brake,
  } as const
  return {
    ledger,
    held: () => held(acl),
    block: (...blocks: Block[]) => Promise.all(blocks.map((each) => ledger.keepBlock(each))),
    async round(minutes = 0) {
      const now = NOW + minutes * MINUTE
      return await reconcile({ ledger, firewall, journal }, await readDesired(ledger, now), options, now)
    },
  }
}

/** What every firewall port over a network ACL does. Each step is applied twice: the second time changes nothing. */
export function firewallContract(name: string, arrange: (rulesQuota?: number) => Promise<Arranged>): void {
  describe(`the firewall port over ${name}`, () => {
    let arranged: Arranged | undefined
    afterEach(async () => {
      await arranged?.stop()
      arranged = undefined
    })

    async function start(rulesQuota?: number, ports?: readonly number[]) {
      arranged = await arrange(rulesQuota)
      const fence = fenceOver(arranged, ports)
      const settle = async (minutes?: number) => {
        const { outcomes } = await fence.round(minutes)
        expect(outcomes.filter(({ ok }) => !ok)).toEqual([])
        expect((await fence.round(minutes)).outcomes).toEqual([])
      }
      return { ...fence, settle, acl: arranged.acl }
    }

    test('adds a block, keeps it, and removes it when it is over', async () => {
      const { block, settle, held: now } = await start()
      await block(blockOf('192.0.2.7/32'))
      await settle()
      expect(now()).toEqual(['20 deny 192.0.2.7/32 17 5060-5060'])
      await settle(10)
      expect(now()).toEqual([])
    })

    test('holds IPv4 and IPv6, UDP and TCP, and ports that are not one range', async () => {
      const { block, settle, held: now } = await start(20, [5060, 5080])
      await block(blockOf('192.0.2.7/32', 200, 'sip'), blockOf('2001:db8:7::/64', 100))
      await settle()
      expect(now()).toEqual([
        '20 deny 192.0.2.7/32 17 5060-5060',
        '21 deny 192.0.2.7/32 17 5080-5080',
        '22 deny 192.0.2.7/32 6 5060-5060',
        '23 deny 192.0.2.7/32 6 5080-5080',
        '24 deny 2001:db8:7::/64 17 5060-5060',
        '25 deny 2001:db8:7::/64 17 5080-5080',
      ])
      await settle(10)
      expect(now()).toEqual([])
    })

    test('blocks every protocol and port where the scope is all', async () => {
      const { block, settle, held: now } = await start()
      await block(blockOf('192.0.2.7/32', 100, 'all'))
      await settle()
      expect(now()).toEqual(['20 deny 192.0.2.7/32 -1 *'])
    })

    test('fills the quota and not one entry more, then swaps the lightest for a heavier one in place', async () => {
      const { block, settle, held: now } = await start()
      await block(...Array.from({ length: 25 }, (_, i) => blockOf(`192.0.2.${i}/32`, 100 + i * 50)))
      await settle()
      expect(now()).toHaveLength(18)
      expect(now()).not.toContainEqual(expect.stringContaining('192.0.2.6/32'))
      await block(blockOf('203.0.113.1/32', 5_000))
      await settle(1)
      expect(now()).toHaveLength(18)
      expect(now()).toContainEqual(expect.stringMatching(/^37 deny 203\.0\.113\.1\/32/))
    })

    test('uses a larger quota where the account has one', async () => {
      const { block, settle, held: now } = await start(40)
      await block(...Array.from({ length: 45 }, (_, i) => blockOf(`192.0.2.${i}/32`)))
      await settle()
      expect(now()).toHaveLength(38)
    })

    test('leaves what somebody else made alone, in the window and out of it', async () => {
      const { acl, block, settle, held: now } = await start()
      for (const ruleNumber of [5, 20]) {
        const prefix = onePrefix('198.51.100.1/32')
        acl.create(
          requestOf({ ruleNumber, prefix, protocol: 17, ports: null, action: 'deny', egress: false }),
        )
      }
      await block(blockOf('192.0.2.7/32'))
      await settle()
      await settle(10)
      expect(now()).toEqual(['5 deny 198.51.100.1/32 17 *', '20 deny 198.51.100.1/32 17 *'])
    })
  })
}
