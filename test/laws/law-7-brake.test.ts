import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Block } from '../../lib/core/block.ts'
import { brakeOf, underBrake } from '../../lib/core/brake.ts'
import type { Entry } from '../../lib/core/entry.ts'
import { changesToApply, makePlan } from '../../lib/core/plan.ts'
import type { Claim, PlanInput } from '../../lib/core/plan-input.ts'
import { familyOf, type Prefix } from '../../lib/core/prefix.ts'
import { denialKey, portRanges } from '../../lib/core/wanted.ts'
import { LocalFirewall } from '../../lib/local/firewall.ts'
import { NetworkAcl } from '../../lib/local/network-acl.ts'
import { blockOf, onePrefix } from '../core/arbitraries.ts'
import { search } from '../search.ts'

const NOW = 1_800_000_000_000
const QUOTA = 20
const WINDOW = { firstRule: 20, lastRule: 60 }

/** A firewall with the entries of some blocks; then settings, blocks and protection change. */
const change = fc.record({
  before: fc.uniqueArray(blockOf(NOW), { maxLength: 14, selector: ({ prefix }) => prefix }),
  fresh: fc.uniqueArray(blockOf(NOW), { maxLength: 8, selector: ({ prefix }) => prefix }),
  /** Which of the earlier blocks are over, protected by the settings, or known-good by now. */
  fates: fc.array(fc.constantFrom('stands', 'stands', 'over', 'protected', 'good'), {
    minLength: 14,
    maxLength: 14,
  }),
  ports: fc.constantFrom<number[]>([5060], [5060, 5080], [5061]),
  window: fc.constantFrom(WINDOW, { firstRule: 20, lastRule: 24 }, { firstRule: 30, lastRule: 70 }),
  reserve: fc.integer({ min: 0, max: 10 }),
  limits: fc.record({ newlyCovered: fc.constantFrom(0, 2, 4_096), lifted: fc.integer({ min: 0, max: 4 }) }),
})

type Situation = typeof change extends fc.Arbitrary<infer S> ? S : never

async function arrange({ before, fresh, fates, ports, window, reserve }: Situation) {
  const acl = NetworkAcl.defaultAllow({ rulesQuota: QUOTA })
  const firewall = new LocalFirewall(acl, WINDOW)
  const common = { rulesQuota: QUOTA, now: NOW, protects: () => undefined }
  const { entries: empty } = await firewall.read()
  const ranges = portRanges([5060])
  const first = makePlan({
    ...common,
    desired: before,
    current: empty,
    claims: [],
    reserve: 0,
    window: WINDOW,
    ranges,
  })
  await firewall.apply(changesToApply(first))
  const { entries: current } = await firewall.read()
  const ours = changesToApply(first).map(({ entry }) => entry)
  const claims: Claim[] = ours.map((entry) => ({ entry, at: NOW }))
  const fateOf = new Map<Prefix, string>(before.map(({ prefix }, i) => [prefix, fates[i]!]))
  const desired: Block[] = before.filter(({ prefix }) => fateOf.get(prefix) !== 'over')
  desired.push(...fresh.filter(({ prefix }) => !fateOf.has(prefix)))
  const isGood = (prefix: Prefix) => fateOf.get(prefix) === 'good'
  const input: PlanInput = {
    desired,
    current,
    claims,
    rulesQuota: QUOTA,
    reserve,
    window,
    ranges: portRanges(ports),
    protects: (prefix) => (isGood(prefix) || fateOf.get(prefix) === 'protected' ? 'it is' : undefined),
    knownGood: isGood,
    now: NOW,
  }
  return { firewall, input, ours, isOver: (prefix: Prefix) => fateOf.get(prefix) === 'over', isGood }
}

async function always(holds: (given: Situation) => Promise<void>): Promise<void> {
  await search(fc.asyncProperty(change, holds), { seed: [7, 194190352], numRuns: 400 })
}

const light = (text: string, weight: number): Block => ({
  id: text,
  prefix: onePrefix(text),
  scope: 'sip-udp',
  class: 'reflection',
  origin: 'detector',
  level: 1,
  weight,
  from: NOW - 1_000,
  until: NOW + 60_000,
  endedAt: null,
  why: `because of ${text}`,
})

/** What the law forbids and the code does; the property above leaves out exactly this. */
const WRONG_TODAY: readonly { readonly name: string; readonly why: string; readonly given: Situation }[] = [
  {
    name: 'two blocks that stand give way to two that are heavier',
    why: 'what is replaced by a heavier one is free, and a host that lies says how heavy it is',
    given: {
      before: [light('192.0.2.1/32', 100), light('192.0.2.2/32', 100)],
      fresh: [light('203.0.113.1/32', 1_000), light('203.0.113.2/32', 1_000)],
      fates: ['stands', 'stands'],
      ports: [5060],
      window: WINDOW,
      reserve: 16, // with the rules of somebody there is room for two entries
      limits: { newlyCovered: 4_096, lifted: 1 },
    },
  },
]

const keysOf = (entries: readonly Entry[]) => new Set(entries.map(denialKey))

describe('The brake', () => {
  test('past its limit on lifting takes away what is over or known-good, and nothing that it counts', async () => {
    let braked = 0
    await always(async (given) => {
      const { firewall, input, isOver, isGood } = await arrange(given)
      const plan = makePlan(input)
      if (plan.early.length <= given.limits.lifted) return
      braked++
      expect(brakeOf(plan, given.limits)).toMatch(/sipfence approve/)
      const outcomes = await firewall.apply(underBrake(plan, given.limits, input))
      expect(outcomes.filter(({ ok }) => !ok)).toEqual([])
      const after = keysOf((await firewall.read()).entries)
      for (const entry of plan.early) expect(after).toContain(denialKey(entry))
      for (const entry of input.claims.map((claim) => claim.entry)) {
        if (isOver(entry.prefix) || isGood(entry.prefix)) expect(after).not.toContain(denialKey(entry))
      }
    })
    expect(braked).toBeGreaterThan(50)
  })

  test('past its limit on denying adds nothing and takes away what is over', async () => {
    let braked = 0
    await always(async (given) => {
      const { firewall, input, isOver } = await arrange(given)
      const plan = makePlan(input)
      if (plan.newlyCovered <= given.limits.newlyCovered) return
      braked++
      expect(brakeOf(plan, given.limits)).toMatch(/newly deny/)
      const before = keysOf((await firewall.read()).entries)
      const outcomes = await firewall.apply(underBrake(plan, given.limits, input))
      expect(outcomes.filter(({ ok }) => !ok)).toEqual([])
      const { entries } = await firewall.read()
      for (const key of keysOf(entries)) expect(before).toContain(key)
      expect(entries.filter(({ prefix }) => isOver(prefix))).toEqual([])
    })
    expect(braked).toBeGreaterThan(50)
  })

  test('is not pulled by single addresses within capacity, nor by what is over, nor by who has become known-good', async () => {
    const limits = { newlyCovered: 40, lifted: 0 }
    const single = ({ prefix }: Block) => /\/(32|64)$/.test(prefix)
    await always(async (given) => {
      const fates = given.fates.map((fate) => (fate === 'protected' ? 'over' : fate))
      const quiet = {
        ...given,
        fates,
        ports: [5060],
        window: WINDOW,
        reserve: 0,
        fresh: given.fresh.filter(single),
      }
      const { input } = await arrange(quiet)
      const plan = makePlan({ ...input, desired: input.desired.filter(single) })
      expect(plan.early).toEqual([])
      expect(brakeOf(plan, limits)).toBeUndefined()
    })
  })

  test('never lets the quota be passed, nor more denials of blocks that stand be taken away than its limit', async () => {
    let counted = 0
    await always(async (given) => {
      const { takenAway, displaced, entries } = await roundOf(given)
      for (const family of [4, 6] as const)
        expect(entries.filter(({ prefix }) => familyOf(prefix) === family).length).toBeLessThanOrEqual(QUOTA)
      counted += takenAway.length
      expect(takenAway.length - displaced.length).toBeLessThanOrEqual(given.limits.lifted)
    })
    expect(counted).toBeGreaterThan(100)
  })

  test.fails.each(WRONG_TODAY)('$name, which is wrong today: $why', async ({ given }) => {
    const { takenAway } = await roundOf(given)
    expect(takenAway.length).toBeLessThanOrEqual(given.limits.lifted)
  })

  test.each(WRONG_TODAY)('$name: the case is what it says', async ({ given }) => {
    const { takenAway, displaced } = await roundOf(given)
    expect([takenAway.length, displaced.length]).toEqual([2, 2])
  })
})

/**
 * A round under the brake: the denials of blocks that stand which it takes away, but for those of who has become
 * known-good; and those among them in whose place the plan puts another entry, which no limit counts today.
 */
async function roundOf(given: Situation) {
  const { firewall, input, ours, isGood } = await arrange(given)
  const plan = makePlan(input)
  await firewall.apply(underBrake(plan, given.limits, input))
  const { entries } = await firewall.read()
  const after = keysOf(entries)
  const stands = ({ prefix }: Entry) =>
    !isGood(prefix) && input.desired.some((block) => block.prefix === prefix && block.until > NOW)
  const takenAway = ours.filter((entry) => stands(entry) && !after.has(denialKey(entry)))
  const replaced = new Set(
    plan.changes.flatMap((change) => (change.kind === 'replace' ? [denialKey(change.replaced)] : [])),
  )
  const isDisplaced = (entry: Entry) =>
    replaced.has(denialKey(entry)) && input.protects(entry.prefix) === undefined
  return { entries, takenAway, displaced: takenAway.filter(isDisplaced) }
}
