import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Block } from '../../lib/core/block.ts'
import { type Entry, type Protocol, TCP, UDP } from '../../lib/core/entry.ts'
import { changesToApply, makePlan } from '../../lib/core/plan.ts'
import { type Claim, isWithin, type PlanInput } from '../../lib/core/plan-input.ts'
import {
  type Address,
  bitsOf,
  covers,
  familyOf,
  overlaps,
  type Prefix,
  prefixOf,
} from '../../lib/core/prefix.ts'
import { denialKey, portRanges } from '../../lib/core/wanted.ts'
import { requestOf } from '../../lib/local/acl-entry.ts'
import { LocalFirewall } from '../../lib/local/firewall.ts'
import { NetworkAcl } from '../../lib/local/network-acl.ts'
import { anyOrder, blockOf, prefix, sipPorts } from '../core/arbitraries.ts'
import { search } from '../search.ts'

const NOW = 1_800_000_000_000
const FIRST_RULE = 20
/** Those of `sipPorts`, one more on either side, and one far away. */
const PORTS_AND_THEIR_NEIGHBOURS = [...Array.from({ length: 11 }, (_, i) => 5_057 + i), 20_000]

const situation = fc.record({
  blocks: fc.uniqueArray(blockOf(NOW), { maxLength: 30, selector: ({ prefix }) => prefix }),
  /** Blocks of an earlier round, whose entries still stand. */
  earlier: fc.uniqueArray(blockOf(NOW - 50_000), { maxLength: 20, selector: ({ prefix }) => prefix }),
  /** Put there by somebody: within our window, and outside it. */
  foreign: fc.uniqueArray(fc.record({ ruleNumber: fc.integer({ min: 1, max: 99 }), prefix }), {
    maxLength: 5,
    selector: ({ ruleNumber }) => ruleNumber,
  }),
  protectedPrefixes: fc.array(prefix, { maxLength: 4 }),
  ports: fc.oneof(fc.constant([5060]), sipPorts),
  /** Those of the earlier round, where the settings have changed since. */
  portsBefore: fc.option(sipPorts, { nil: undefined }),
  lastRule: fc.oneof(fc.constant(79), fc.integer({ min: 21, max: 40 })),
  rulesQuota: fc.integer({ min: 8, max: 40 }),
  reserve: fc.integer({ min: 0, max: 4 }),
})

type Situation = typeof situation extends fc.Arbitrary<infer S> ? S : never

/** A network ACL with foreign entries and the entries of an earlier round, and what claims those. */
async function arrange(given: Situation) {
  const { earlier, foreign, ports, rulesQuota, reserve, protectedPrefixes, blocks, lastRule } = given
  const window = { firstRule: FIRST_RULE, lastRule }
  const acl = NetworkAcl.defaultAllow({ rulesQuota })
  const put = foreign.filter((entry) => {
    const full = {
      ...entry,
      protocol: 17,
      ports: { from: 5060, to: 5060 },
      action: 'deny' as const,
      egress: false,
    }
    return attempt(() => acl.create(requestOf(full)))
  })
  const firewall = new LocalFirewall(acl, window)
  const protects = (candidate: Prefix) =>
    protectedPrefixes.some((each) => overlaps(bitsOf(each), bitsOf(candidate))) ? 'protected' : undefined
  const common = { window, ranges: portRanges(ports), rulesQuota, reserve, now: NOW }
  async function plan(desired: readonly Block[], claims: readonly Claim[], guard: PlanInput['protects']) {
    const { entries: current } = await firewall.read()
    return makePlan({ ...common, desired, claims, current, protects: guard })
  }
  const { entries: empty } = await firewall.read()
  const before = { ...common, ranges: portRanges(given.portsBefore ?? ports), desired: earlier, claims: [] }
  const first = makePlan({ ...before, current: empty, protects: () => undefined })
  await firewall.apply(changesToApply(first))
  const claims = claimsOf(changesToApply(first).map(({ entry }) => entry))
  return { firewall, acl, foreign: put, claims, protects, plan, desired: blocks, common }
}

function attempt(act: () => void): boolean {
  try {
    act()
    return true
  } catch {
    return false
  }
}

function claimsOf(entries: readonly Entry[]): Claim[] {
  return entries.map((entry) => ({ entry, at: NOW }))
}

async function held(firewall: LocalFirewall): Promise<string[]> {
  return (await firewall.read()).entries.map((entry) => `${entry.ruleNumber} ${denialKey(entry)}`)
}

describe('A plan', () => {
  test('never exceeds capacity: every change is applied by an ACL with quotas, and the reserve stays free', async () => {
    await always(async (given) => {
      const { firewall, claims, protects, plan, desired } = await arrange(given)
      const before = (await firewall.read()).entries.length
      const outcomes = await firewall.apply(changesToApply(await plan(desired, claims, protects)))
      expect(outcomes.filter(({ ok }) => !ok)).toEqual([])
      const { entries } = await firewall.read()
      for (const family of [4, 6] as const) {
        const count = entries.filter((entry) => familyOf(entry.prefix) === family).length
        const others = entries.filter(
          (entry) => familyOf(entry.prefix) === family && isForeign(entry, given),
        ).length
        expect(count).toBeLessThanOrEqual(Math.max(others, given.rulesQuota - given.reserve))
      }
      expect(entries.length).toBeLessThanOrEqual(Math.max(before, 2 * given.rulesQuota))
    })
  })

  test('never touches a foreign entry, in its window or out of it', async () => {
    await always(async (given) => {
      const { firewall, foreign, claims, protects, plan, desired } = await arrange(given)
      const result = await plan(desired, claims, protects)
      const numbers = new Set(foreign.map(({ ruleNumber }) => ruleNumber))
      expect(changesToApply(result).filter(({ entry }) => numbers.has(entry.ruleNumber))).toEqual([])
      const inWindow = foreign.filter(
        ({ ruleNumber }) => ruleNumber >= FIRST_RULE && ruleNumber <= given.lastRule,
      )
      expect(result.foreign.map(({ ruleNumber }) => ruleNumber).sort()).toEqual(
        inWindow.map(({ ruleNumber }) => ruleNumber).sort(),
      )
      await firewall.apply(changesToApply(result))
      const after = await held(firewall)
      for (const { ruleNumber, prefix: put } of foreign)
        expect(after).toContain(`${ruleNumber} deny ${put} 17 5060-5060`)
    })
  })

  test('never covers a protected address, and lifts what has become protected', async () => {
    await always(async (given) => {
      const { firewall, claims, protects, plan, desired, foreign } = await arrange(given)
      await firewall.apply(changesToApply(await plan(desired, claims, protects)))
      const { entries } = await firewall.read()
      const theirs = new Set(foreign.map(({ ruleNumber }) => ruleNumber))
      const ours = entries.filter(
        ({ ruleNumber }) =>
          ruleNumber >= FIRST_RULE && ruleNumber <= given.lastRule && !theirs.has(ruleNumber),
      )
      expect(ours.filter((entry) => protects(entry.prefix) !== undefined)).toEqual([])
    })
  })

  test('denies no port that nobody asked for, and every one of those that were', async () => {
    await always(async (given) => {
      const { firewall, claims, protects, plan, desired, foreign } = await arrange(given)
      const result = await plan(desired, claims, protects)
      await firewall.apply(changesToApply(result))
      const theirs = new Set(foreign.map(({ ruleNumber }) => ruleNumber))
      const { entries } = await firewall.read()
      const ours = entries.filter(
        ({ ruleNumber }) => isWithin(firewall.window, ruleNumber) && !theirs.has(ruleNumber),
      )
      const acl = new NetworkAcl({
        rulesQuota: 100,
        entries: ours.map((entry) => ({ ...entry, egress: false })),
      })
      const refused = new Set(result.refused.map(({ block }) => block))
      const placed = desired.filter((block) => !refused.has(block))
      const asked = new Set(given.ports)
      const wrong: string[] = []
      for (const address of new Set(desired.map((block) => block.prefix.replace(/\/.*/, '') as Address))) {
        for (const protocol of [UDP, TCP]) {
          for (const port of PORTS_AND_THEIR_NEIGHBOURS) {
            const { ruleNumber } = acl.evaluate({ egress: false, address, protocol, port })
            const isDenied = isWithin(firewall.window, ruleNumber)
            const wanted = placed.some((block) => asksFor(block, address, protocol, asked.has(port)))
            if (isDenied !== wanted)
              wrong.push(`${address} ${protocol} ${port} is ${isDenied ? '' : 'not '}denied`)
          }
        }
      }
      expect(wrong).toEqual([])
    }, 100)
  })

  test('lets nothing in between two of its changes that is denied before and after them, where there is room', async () => {
    await always(async (given) => {
      const roomy = { ...given, rulesQuota: 200, lastRule: 200, reserve: 0 }
      const { firewall, acl, claims, protects, plan, desired } = await arrange(roomy)
      const blocks = [...given.earlier, ...desired]
      const packets = [
        ...new Set(blocks.map(({ prefix: each }) => each.replace(/\/.*/, '') as Address)),
      ].flatMap((address) =>
        [UDP, TCP].flatMap((protocol) =>
          [...given.ports, 20_000].map((port) => ({ egress: false, address, protocol, port })),
        ),
      )
      const changes = changesToApply(await plan(desired, claims, protects))
      const moments = [packets.filter((packet) => acl.evaluate(packet).action === 'deny')]
      for (const change of changes) {
        expect((await firewall.apply([change])).filter(({ ok }) => !ok)).toEqual([])
        moments.push(moments[0]!.filter((packet) => acl.evaluate(packet).action === 'deny'))
      }
      const always = moments.at(-1)!
      const gaps = moments.flatMap((denied, i) =>
        always.filter((packet) => !denied.includes(packet)).map((packet) => ({ i, ...packet })),
      )
      expect(gaps).toEqual([])
    }, 100)
  })

  test('is deterministic: the order in which blocks, entries, ports and claims are listed changes nothing', async () => {
    const listed = situation.chain((given) =>
      fc.record({
        given: fc.constant(given),
        blocks: anyOrder(given.blocks),
        ports: anyOrder(given.ports),
        seed: fc.integer(),
      }),
    )
    await search(
      fc.asyncProperty(listed, async ({ given, blocks, ports, seed }) => {
        const { claims, protects, desired, common, firewall } = await arrange(given)
        const { entries: current } = await firewall.read()
        const input = { ...common, protects, desired, claims, current }
        const mixed = <T>(items: readonly T[]) => fc.sample(anyOrder(items), { seed, numRuns: 1 })[0]!
        const other = makePlan({
          ...input,
          ranges: portRanges(ports),
          desired: blocks,
          claims: mixed(claims),
          current: mixed(current),
        })
        const byNumber = (a: Entry, b: Entry) => a.ruleNumber - b.ruleNumber
        const sorted = (plan: ReturnType<typeof makePlan>) => ({
          ...plan,
          foreign: plan.foreign.toSorted(byNumber),
          early: plan.early.toSorted(byNumber),
        })
        expect(sorted(other)).toEqual(sorted(makePlan(input)))
      }),
      { seed: 5, numRuns: 100 },
    )
  })

  test('is empty when planned again after applying', async () => {
    await always(async (given) => {
      const { firewall, claims, protects, plan, desired } = await arrange(given)
      const changes = changesToApply(await plan(desired, claims, protects))
      await firewall.apply(changes)
      const before = await held(firewall)
      const again = await plan(desired, [...claims, ...claimsOf(changes.map(({ entry }) => entry))], protects)
      expect(changesToApply(again)).toEqual([])
      expect(await held(firewall)).toEqual(before)
    })
  })
})

/** Whether the block is to keep away what the source sends to the port, which is one of the PBX's SIP ports or not. */
function asksFor(block: Block, address: Address, protocol: Protocol, isSip: boolean): boolean {
  if (!covers(bitsOf(block.prefix), bitsOf(prefixOf(address, address.includes(':') ? 128 : 32)))) return false
  if (block.scope === 'all') return true
  return isSip && (block.scope === 'sip' || protocol === UDP)
}

function isForeign(entry: Entry, { foreign }: Situation): boolean {
  return entry.ruleNumber >= 80 || foreign.some(({ ruleNumber }) => ruleNumber === entry.ruleNumber)
}

async function always(holds: (given: Situation) => Promise<void>, numRuns = 300): Promise<void> {
  await search(fc.asyncProperty(situation, holds), { seed: 5, numRuns })
}
