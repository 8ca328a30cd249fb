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
import { blockOf } from '../core/arbitraries.ts'
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
  await search(fc.asyncProperty(change, holds), { seed: 7, numRuns: 400 })
}

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

  test('never lets the quota be passed', async () => {
    await always(async (given) => {
      const { firewall, input } = await arrange(given)
      await firewall.apply(underBrake(makePlan(input), given.limits, input))
      const { entries } = await firewall.read()
      for (const family of [4, 6] as const)
        expect(entries.filter(({ prefix }) => familyOf(prefix) === family).length).toBeLessThanOrEqual(QUOTA)
    })
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
})
