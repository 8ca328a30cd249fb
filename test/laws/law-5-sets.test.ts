import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchesOf, MOST_A_CALL } from '../../lib/core/batches.ts'
import type { Block } from '../../lib/core/block.ts'
import { merged } from '../../lib/core/merged.ts'
import { bitsOf, covers, familyOf, overlaps, type Prefix, sourcesIn } from '../../lib/core/prefix.ts'
import {
  type DenialInput,
  type DenialPlan,
  denialsUnderBrake,
  planDenials,
  type SetPlan,
} from '../../lib/core/set-plan.ts'
import { planTrusted, type TrustedInput } from '../../lib/core/trusted-plan.ts'
import { anyOrder, blockOf, prefix } from '../core/arbitraries.ts'
import { search } from '../search.ts'

const NOW = 1_800_000_000_000

const situation = fc.record({
  family: fc.constantFrom(4 as const, 4 as const, 6 as const),
  blocks: fc.uniqueArray(blockOf(NOW), { maxLength: 30, selector: ({ prefix }) => prefix }),
  /** Blocks of an earlier round, whose prefixes are still held. */
  earlier: fc.uniqueArray(blockOf(NOW - 50_000), { maxLength: 20, selector: ({ prefix }) => prefix }),
  /** Put there by somebody. */
  foreign: fc.uniqueArray(prefix, { maxLength: 5 }),
  protectedPrefixes: fc.array(prefix, { maxLength: 4 }),
  good: fc.array(prefix, { maxLength: 2 }),
  capacity: fc.integer({ min: 1, max: 25 }),
})

type Situation = typeof situation extends fc.Arbitrary<infer S> ? S : never

interface Arranged {
  readonly input: DenialInput
  /** The set after a plan was applied to it, as the input of the next plan. */
  readonly next: (plan: SetPlan) => DenialInput
}

function arrange(given: Situation, blocks: readonly Block[] = given.blocks): Arranged {
  const { family, earlier, capacity } = given
  const theirs = given.foreign.filter((each) => familyOf(each) === family).slice(0, capacity)
  const hits = (list: readonly Prefix[]) => (candidate: Prefix) =>
    list.some((each) => overlaps(bitsOf(each), bitsOf(candidate)))
  const [isGood, isProtected] = [hits(given.good), hits(given.protectedPrefixes)]
  const bare = { family, capacity, protects: () => undefined, knownGood: () => false }
  const first = planDenials({ ...bare, desired: earlier, held: theirs, claims: [] })
  const ours = first.changes.map((change) => change.prefix)
  const input: DenialInput = {
    family,
    capacity,
    desired: blocks,
    held: [...theirs, ...ours],
    claims: ours.map((each) => ({ prefix: each, at: NOW })),
    knownGood: isGood,
    protects: (candidate) => (isGood(candidate) || isProtected(candidate) ? 'it is' : undefined),
  }
  return { input, next: (plan) => applied(input, plan) }
}

function applied(input: DenialInput, { changes }: SetPlan): DenialInput {
  const held = new Set(input.held)
  for (const { kind, prefix: each } of changes) {
    if (kind === 'add') expect(held.has(each)).toBe(false)
    else expect(held.delete(each)).toBe(true)
    if (kind === 'add') held.add(each)
  }
  const added = changes
    .filter(({ kind }) => kind === 'add')
    .map((change) => ({ prefix: change.prefix, at: NOW }))
  return { ...input, held: [...held], claims: [...input.claims, ...added] }
}

function oursIn({ held, claims }: Pick<DenialInput, 'held' | 'claims'>): Prefix[] {
  return held.filter((each) => claims.some((claim) => claim.prefix === each))
}

function always(holds: (arranged: Arranged, given: Situation) => void): void {
  search(
    fc.property(situation, (given) => holds(arrange(given), given)),
    { seed: 5, numRuns: 400 },
  )
}

function isIn(inner: Prefix, outer: Prefix): boolean {
  return covers(bitsOf(outer), bitsOf(inner))
}

describe('A plan for a prefix list or an IP set', () => {
  test('never exceeds capacity, however many calls it takes', () => {
    always(({ input, next }) => {
      const plan = planDenials(input)
      expect(next(plan).held.length).toBeLessThanOrEqual(input.capacity)
    })
  })

  test('never touches what somebody else put there, and does not say it again', () => {
    always(({ input, next }) => {
      const plan = planDenials(input)
      const theirs = input.held.filter((each) => !oursIn(input).includes(each))
      expect(plan.foreign).toEqual(theirs)
      const held = next(plan)
      expect(held.held).toEqual(expect.arrayContaining(theirs))
      for (const each of oursIn(held)) expect(theirs.some((other) => isIn(each, other))).toBe(false)
    })
  })

  test('holds exactly the addresses of the blocks it took, without overlap, and none that is protected', () => {
    always(({ input, next }, { blocks }) => {
      const plan = planDenials(input)
      const held = oursIn(next(plan))
      const refused = new Set(plan.refused.map(({ block }) => block.prefix))
      const taken = blocks
        .map((block) => block.prefix)
        .filter((each) => familyOf(each) === input.family && !refused.has(each))
      expect([...held].sort()).toEqual([...merged(taken)].sort())
      expect(held.filter((each) => input.protects(each) !== undefined)).toEqual([])
    })
  })

  test('refuses for want of room only the lighter ones, and uses all the room there is', () => {
    always(({ input }, { blocks }) => {
      const plan = planDenials({ ...input, held: [], claims: [] })
      const full = plan.refused.filter(({ reason }) => reason === 'no-free-entry')
      if (full.length === 0) return
      expect(plan.changes.length).toBe(input.capacity)
      const heaviest = [...blocks]
        .filter((each) => familyOf(each.prefix) === input.family && input.protects(each.prefix) === undefined)
        .sort(
          (a, b) => (b.origin === 'operator' ? 1e9 : b.weight) - (a.origin === 'operator' ? 1e9 : a.weight),
        )[0]!
      const weightOf = (each: Block) => (each.origin === 'operator' ? 1e9 : each.weight)
      const best = full.find(({ block }) => weightOf(block) > weightOf(heaviest))
      expect(best).toBeUndefined()
    })
  })

  test('is deterministic: the order in which blocks, prefixes and claims are listed changes nothing', () => {
    search(
      fc.property(situation, fc.integer(), (given, seed) => {
        const { input } = arrange(given)
        const mixed = <T>(items: readonly T[]) => fc.sample(anyOrder(items), { seed, numRuns: 1 })[0]!
        const other = planDenials({
          ...input,
          desired: mixed(input.desired),
          held: mixed(input.held),
          claims: mixed(input.claims),
        })
        expect(sorted(other)).toEqual(sorted(planDenials(input)))
      }),
      { seed: 5, numRuns: 400 },
    )
  })

  test('is empty when planned again after applying, where single sources join and there is little room', () => {
    const dense = fc.record({
      sources: fc.uniqueArray(
        fc.record({ last: fc.integer({ min: 0, max: 31 }), weight: fc.integer({ min: 1, max: 12 }) }),
        {
          maxLength: 24,
          selector: ({ last }) => last,
        },
      ),
      capacity: fc.integer({ min: 1, max: 8 }),
    })
    search(
      fc.property(dense, ({ sources, capacity }) => {
        const some = fc.sample(blockOf(NOW), { numRuns: 1, seed: 1 })[0]!
        const desired = sources.map(
          ({ last, weight }): Block => ({
            ...some,
            origin: 'detector',
            weight,
            prefix: `198.51.100.${last}/32` as Prefix,
          }),
        )
        const bare = {
          family: 4 as const,
          capacity,
          desired,
          protects: () => undefined,
          knownGood: () => false,
        }
        const held = planDenials({ ...bare, held: [], claims: [] }).changes.map((change) => change.prefix)
        const claims = held.map((each) => ({ prefix: each, at: NOW }))
        expect(planDenials({ ...bare, held, claims }).changes).toEqual([])
      }),
      { seed: 3, numRuns: 2_000 },
    )
  })

  test('is empty when planned again after applying', () => {
    always(({ input, next }) => {
      expect(planDenials(next(planDenials(input))).changes).toEqual([])
    })
  })
})

function sorted({ changes, kept, foreign, refused }: DenialPlan) {
  return {
    changes: changes.map(({ kind, prefix: each, why }) => `${kind} ${each} ${why}`).sort(),
    kept: [...kept].sort(),
    foreign: [...foreign].sort(),
    refused: refused.map(({ block, reason }) => `${block.prefix} ${reason}`).sort(),
  }
}

describe('The brake on a prefix list or an IP set', () => {
  const limits = fc.record({
    newlyCovered: fc.constantFrom(0, 4, 64, 4_096),
    lifted: fc.integer({ min: 0, max: 4 }),
  })

  test('past the limit of lifting keeps what would be lifted early; past the limit of covering adds nothing wide', () => {
    search(
      fc.property(situation, limits, (given, brake) => {
        const again = arrange(given, [...given.earlier.filter((_, i) => i % 2 === 0), ...given.blocks])
        const { input } = again
        const plan = planDenials(input)
        const held = oursIn(again.next(denialsUnderBrake(plan, brake, input)))
        expect(again.next(denialsUnderBrake(plan, brake, input)).held.length).toBeLessThanOrEqual(
          input.capacity,
        )
        const isHeld = (each: Prefix) => held.some((outer) => isIn(each, outer))
        if (plan.early.length > brake.lifted) {
          for (const block of plan.early) {
            const noRoom = held.length + plan.foreign.length >= input.capacity
            expect(isHeld(block.prefix) || noRoom).toBe(true)
          }
        }
        if (plan.newlyCovered > brake.newlyCovered) {
          const before = oursIn(input)
          const wide = held.filter((each) => sourcesIn(bitsOf(each)) > 1 && !before.includes(each))
          for (const each of wide) expect(isOfOldOrSingles(each, before, given, input)).toBe(true)
        }
      }),
      { seed: 7, numRuns: 400 },
    )
  })

  /** A new wide prefix is made of single sources, or of what was held. */
  function isOfOldOrSingles(
    each: Prefix,
    before: readonly Prefix[],
    { blocks, earlier }: Situation,
    input: DenialInput,
  ): boolean {
    const parts = [...blocks, ...earlier]
      .map((block) => block.prefix)
      .filter((part) => isIn(part, each) && input.desired.some((block) => block.prefix === part))
    return (
      parts.every(
        (part) =>
          sourcesIn(bitsOf(part)) === 1 ||
          before.some((outer) => isIn(part, outer)) ||
          parts.some((other) => other !== part && isIn(part, other)),
      ) ||
      merged(parts.filter((part) => sourcesIn(bitsOf(part)) === 1)).some((whole) => isIn(each, whole)) ||
      before.some((outer) => isIn(each, outer))
    )
  }

  test('never counts sources that have become known-good: nobody’s mistake lets those go', () => {
    search(
      fc.property(situation, (given) => {
        const { input } = arrange(given, given.earlier)
        const { early } = planDenials({ ...input, knownGood: () => true })
        expect(early).toEqual([])
        const goodOnly = planDenials(input).early.filter((block) => input.knownGood(block.prefix))
        expect(goodOnly).toEqual([])
      }),
      { seed: 7, numRuns: 100 },
    )
  })

  test('never counts single sources: a thousand new ones pass the smallest limit', () => {
    const blocks = Array.from({ length: 1_000 }, (_, i) => ({
      ...fc.sample(blockOf(NOW), { numRuns: 1, seed: i })[0]!,
      prefix: `198.18.${i >> 8}.${i & 255}/32` as Prefix,
    }))
    const input: DenialInput = {
      family: 4,
      capacity: 1_000,
      desired: blocks,
      held: [],
      claims: [],
      protects: () => undefined,
      knownGood: () => false,
    }
    expect(planDenials(input).newlyCovered).toBe(0)
  })
})

describe('A plan for trusted peers', () => {
  const trusted = fc.constantFrom(4 as const, 4 as const, 6 as const).chain((family) => {
    const ofFamily = prefix.filter((each) => familyOf(each) === family)
    return fc.record({
      family: fc.constant(family),
      sources: fc.uniqueArray(ofFamily, { maxLength: 40 }),
      earlier: fc.uniqueArray(ofFamily, { maxLength: 20 }),
      foreign: fc.uniqueArray(ofFamily, { maxLength: 3 }),
      capacity: fc.integer({ min: 3, max: 25 }),
      keepsAll: fc.boolean(),
      approved: fc.boolean(),
    })
  })

  function inputOf(given: typeof trusted extends fc.Arbitrary<infer S> ? S : never): TrustedInput {
    const { family, foreign, capacity, earlier } = given
    const widest = family === 4 ? 20 : 52
    const base = { family, capacity, widest, keepsAll: false, approved: true }
    const first = planTrusted({ ...base, sources: earlier, held: foreign, claims: [] })
    const ours = first.changes.map((change) => change.prefix)
    const claims = ours.map((each) => ({ prefix: each, at: NOW }))
    return { ...base, ...given, held: [...foreign, ...ours], claims }
  }

  function holding(input: TrustedInput, { changes }: SetPlan): Prefix[] {
    const gone = new Set(changes.filter(({ kind }) => kind === 'remove').map((change) => change.prefix))
    const added = changes.filter(({ kind }) => kind === 'add').map((change) => change.prefix)
    return [...input.held.filter((each) => !gone.has(each)), ...added]
  }

  test('holds every source or names it, within capacity, and leaves what is not ours', () => {
    search(
      fc.property(trusted, (given) => {
        const input = inputOf(given)
        const plan = planTrusted(input)
        const held = holding(input, plan)
        expect(held.length).toBeLessThanOrEqual(input.capacity)
        expect(held).toEqual(expect.arrayContaining([...plan.foreign]))
        for (const source of input.sources) {
          const inIt = held.some((each) => isIn(source, each))
          const named = plan.left.some((each) => isIn(source, each) || isIn(each, source))
          expect(inIt || named).toBe(true)
        }
      }),
      { seed: 5, numRuns: 400 },
    )
  })

  test('is empty when planned again after applying', () => {
    search(
      fc.property(trusted, (given) => {
        const input = inputOf(given)
        const plan = planTrusted(input)
        const added = plan.changes
          .filter(({ kind }) => kind === 'add')
          .map((change) => ({ prefix: change.prefix, at: NOW }))
        const later = { ...input, held: holding(input, plan), claims: [...input.claims, ...added] }
        expect(planTrusted(later).changes).toEqual([])
      }),
      { seed: 5, numRuns: 400 },
    )
  })

  test('comes to rest within four rounds where sources must share and prefixes of the list join', () => {
    const few = fc.record({
      sources: fc.uniqueArray(fc.integer({ min: 0, max: 4_095 }), { maxLength: 40 }),
      earlier: fc.uniqueArray(fc.integer({ min: 0, max: 4_095 }), { maxLength: 20 }),
      capacity: fc.integer({ min: 1, max: 12 }),
      keepsAll: fc.boolean(),
    })
    const source = (n: number) => `198.51.${n >> 8}.${n & 255}/32` as Prefix
    search(
      fc.property(few, ({ sources, earlier, capacity, keepsAll }) => {
        const base = { family: 4 as const, capacity, widest: 22, approved: false, keepsAll: false }
        const claimed = (held: readonly Prefix[]) => held.map((each) => ({ prefix: each, at: NOW }))
        const first = planTrusted({ ...base, sources: earlier.map(source), held: [], claims: [] })
        const held = holding({ ...base, sources: [], held: [], claims: [] }, first)
        const input = { ...base, keepsAll, sources: sources.map(source), held, claims: claimed(held) }
        let now = held
        for (let rounds = 0; rounds < 4; rounds++) {
          const again = { ...input, held: now, claims: claimed(now) }
          now = holding(again, planTrusted(again))
        }
        expect(planTrusted({ ...input, held: now, claims: claimed(now) }).changes).toEqual([])
      }),
      { seed: 3, numRuns: 2_000 },
    )
  })

  test('lets nobody lose his place while only the list is let in, as long as there is room', () => {
    search(
      fc.property(trusted, (given) => {
        const input = { ...inputOf(given), keepsAll: true }
        const plan = planTrusted(input)
        const held = holding(input, plan)
        const room = input.capacity - plan.foreign.length
        if (merged([...input.sources, ...oursIn(input)]).length > room) return
        for (const each of input.held) expect(held.some((outer) => isIn(each, outer))).toBe(true)
      }),
      { seed: 5, numRuns: 400 },
    )
  })

  test('withholds an emptying that looks like a mistake until a person approves', () => {
    const sources = Array.from({ length: 20 }, (_, i) => `192.0.2.${i * 2}/32` as Prefix)
    const claims = sources.map((each) => ({ prefix: each, at: NOW }))
    const input: TrustedInput = {
      family: 4,
      capacity: 30,
      widest: 20,
      keepsAll: false,
      approved: false,
      sources: sources.slice(0, 3),
      held: sources,
      claims,
    }
    expect(planTrusted(input)).toMatchObject({
      changes: [],
      withheld: expect.objectContaining({ length: 17 }),
    })
    expect(planTrusted({ ...input, approved: true }).changes).toHaveLength(17)
    expect(planTrusted({ ...input, sources: sources.slice(0, 10) }).changes).toHaveLength(10)
  })
})

describe('Batches of changes', () => {
  const change = (kind: 'add' | 'remove', i: number) => ({
    kind,
    prefix: `198.18.${i >> 8}.${i & 255}/32` as Prefix,
    why: '',
  })

  test('hold every change once, at most 100 additions and 100 removals each, and never more than the capacity', () => {
    search(
      fc.property(
        fc.integer({ min: 0, max: 1_000 }),
        fc.integer({ min: 0, max: 1_000 }),
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 0, max: 300 }),
        (adds, removes, kept, spare) => {
          const held = removes + kept
          const capacity = Math.max(held, kept + adds) + spare
          const changes = [
            ...Array.from({ length: adds }, (_, i) => change('add', i)),
            ...Array.from({ length: removes }, (_, i) => change('remove', 2_000 + i)),
          ]
          const batches = batchesOf(changes, { held, capacity })
          expect(new Set(batches.flat())).toEqual(new Set(changes))
          expect(batches.flat()).toHaveLength(changes.length)
          let count = held
          for (const batch of batches) {
            const added = batch.filter(({ kind }) => kind === 'add').length
            expect(added).toBeLessThanOrEqual(MOST_A_CALL)
            expect(batch.length - added).toBeLessThanOrEqual(MOST_A_CALL)
            count += 2 * added - batch.length
            expect(count).toBeLessThanOrEqual(capacity)
          }
        },
      ),
      { seed: 5, numRuns: 300 },
    )
  })

  test.each([
    [0, 0],
    [100, 1],
    [101, 2],
    [1_000, 10],
  ])('%i additions are %i calls', (adds, calls) => {
    const changes = Array.from({ length: adds }, (_, i) => change('add', i))
    expect(batchesOf(changes, { held: 0, capacity: 1_000 })).toHaveLength(calls)
  })

  test('put there what is to be held before what it stands for goes, where there is room', () => {
    const changes = [
      ...Array.from({ length: 150 }, (_, i) => change('add', i)),
      ...Array.from({ length: 150 }, (_, i) => change('remove', 2_000 + i)),
    ]
    const [first] = batchesOf(changes, { held: 150, capacity: 1_000 })
    expect(first!.every(({ kind }) => kind === 'add')).toBe(true)
  })

  test('come down to a smaller capacity', () => {
    const changes = Array.from({ length: 50 }, (_, i) => change('remove', i))
    expect(batchesOf(changes, { held: 100, capacity: 50 })).toHaveLength(1)
  })
})
