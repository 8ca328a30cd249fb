import type { Block } from './block.ts'
import type { Brake } from './brake.ts'
import { type Refusal, ranked } from './choice.ts'
import { mergedUpTo } from './merged.ts'
import { bitsOf, type Family, familyOf, isOneSource, type Prefix, sourcesIn } from './prefix.ts'
import { PrefixIndex } from './prefix-index.ts'

/** A prefix list or an IP set holds prefixes and nothing else: no number, no protocol, no port. */
export interface SetChange {
  readonly kind: 'add' | 'remove'
  readonly prefix: Prefix
  readonly why: string
}

/** A prefix that we wrote, or were about to write. */
export interface SetClaim {
  readonly prefix: Prefix
  /** When it was last about to be written, in milliseconds. */
  readonly at: number
}

/** What a set holds, whoever put it there. */
export interface SetContents {
  readonly family: Family
  readonly held: readonly Prefix[]
  readonly claims: readonly SetClaim[]
  /** Prefixes that it can hold at most. */
  readonly capacity: number
}

export interface SetPlan {
  /** Additions first; nothing where the set is as it should be. */
  readonly changes: readonly SetChange[]
  /** Ours that stay. */
  readonly kept: readonly Prefix[]
  /** Somebody else's: left alone, and counted against capacity. */
  readonly foreign: readonly Prefix[]
}

export interface DenialInput extends SetContents {
  /** Blocks that are in force and may be in this set, of whatever family. */
  readonly desired: readonly Block[]
  /** Why a prefix must not be blocked, or undefined where it may be. */
  readonly protects: (prefix: Prefix) => string | undefined
  /** Whether that is because a source in it has become known-good. */
  readonly knownGood: (prefix: Prefix) => boolean
  /** Why all that is ours is given up, where it is; then nothing is desired. */
  readonly givenUp?: string
}

export interface DenialPlan extends SetPlan {
  /** Blocks that the set does not hold, and why. */
  readonly refused: readonly Refusal[]
  /** Addresses that only wide blocks newly deny: single sources never reach a limit. */
  readonly newlyCovered: number
  /** Blocks in force that it would let go, but for those of sources that have become known-good. */
  readonly early: readonly Block[]
}

/**
 * Makes the changes that bring a set to the blocks in force. Pure and deterministic; planning again after applying is
 * empty. It holds as few prefixes as hold exactly those addresses: two halves become their whole, and nothing overlaps. Where they are too many,
 * the heaviest are taken.
 */
export function planDenials(input: DenialInput): DenialPlan {
  const { desired, family, capacity, protects } = input
  const { own, foreign } = ownAndForeign(input)
  const [ours, theirs] = [new PrefixIndex(own), new PrefixIndex(foreign)]
  const refused: Refusal[] = []
  const open: Block[] = []
  // What is held counts nothing: entries that join would make two choices take turns. A change of a list is cheap.
  for (const block of ranked(desired, () => false)) {
    if (familyOf(block.prefix) !== family) continue
    const why = protects(block.prefix)
    const holder = theirs.holderOf(block.prefix)
    if (why !== undefined) refused.push({ block, reason: 'protected', why })
    else if (holder !== undefined) refused.push({ block, reason: 'covered', why: coveredText(holder) })
    else open.push(block)
  }
  const room = Math.max(0, capacity - foreign.length)
  const { taken, merged } = mergedUpTo(
    open.map(({ prefix }) => prefix),
    room,
  )
  for (const [i, block] of open.entries()) {
    if (!taken[i]) refused.push({ block, reason: 'no-free-entry', why: fullText(room) })
  }
  const chosen = open.filter((_, i) => taken[i])
  const [whyAdded, whyGone] = [reasonsIn(merged, chosen), goneBecause(own, input)]
  return {
    ...changesBetween(own, merged, whyAdded, whyGone),
    foreign,
    refused,
    newlyCovered: coverage(chosen, ours),
    early: desired.filter((block) => isEarly(block, ours, input)),
  }
}

/** The same without that which a limit is for: past the limit of lifting nothing is lifted, of covering nothing wide is added. */
export function denialsUnderBrake(plan: DenialPlan, limits: Brake, input: DenialInput): DenialPlan {
  const lifting = plan.early.length > limits.lifted
  const adding = plan.newlyCovered > limits.newlyCovered
  if (!lifting && !adding) return plan
  const ours = new PrefixIndex(ownAndForeign(input).own)
  const stays = new Set(lifting ? plan.early.map(({ prefix }) => prefix) : [])
  return planDenials({
    ...input,
    desired: adding ? input.desired.filter((block) => !isNewAndWide(block, ours)) : input.desired,
    protects: (prefix) => (stays.has(prefix) ? undefined : input.protects(prefix)),
  })
}

/** Ours is what is claimed; the rest was put there by somebody. */
export function ownAndForeign({ held, claims }: SetContents): { own: Prefix[]; foreign: Prefix[] } {
  const claimed = new Set(claims.map(({ prefix }) => prefix))
  return {
    own: held.filter((prefix) => claimed.has(prefix)),
    foreign: held.filter((prefix) => !claimed.has(prefix)),
  }
}

/** What makes `own` to `wanted`; what is in both is kept. */
export function changesBetween(
  own: readonly Prefix[],
  wanted: readonly Prefix[],
  whyAdded: (prefix: Prefix) => string,
  whyGone: (prefix: Prefix) => string,
): Pick<SetPlan, 'changes' | 'kept'> {
  const [before, after] = [new Set(own), new Set(wanted)]
  const added = wanted.filter((prefix) => !before.has(prefix))
  const removed = own.filter((prefix) => !after.has(prefix))
  return {
    changes: [
      ...added.map((prefix) => ({ kind: 'add', prefix, why: whyAdded(prefix) }) as const),
      ...removed.map((prefix) => ({ kind: 'remove', prefix, why: whyGone(prefix) }) as const),
    ],
    kept: own.filter((prefix) => after.has(prefix)),
  }
}

function coveredText(holder: Prefix): string {
  return `already covered by ${holder}, which is not sipfence's`
}

function fullText(room: number): string {
  return `no free entry: the list has room for ${room}, and heavier blocks hold them`
}

function reasonsIn(merged: readonly Prefix[], blocks: readonly Block[]): (prefix: Prefix) => string {
  const held = blocksBy(merged, blocks)
  return (prefix) => {
    const [first, ...rest] = held.get(prefix)!
    return rest.length === 0 ? first!.why : `${first!.why}; and ${rest.length} more in ${prefix}`
  }
}

function goneBecause(own: readonly Prefix[], { desired, protects, givenUp }: DenialInput) {
  const held = blocksBy(own, desired)
  return (prefix: Prefix): string => {
    if (givenUp !== undefined) return givenUp
    const inIt = held.get(prefix) ?? []
    const why = inIt.map((block) => protects(block.prefix)).find((each) => each !== undefined)
    if (why !== undefined) return `protected now: ${why}`
    return inIt.length === 0 ? 'its block is over' : 'joined with others, or gives way to heavier blocks'
  }
}

/** The blocks that each prefix holds, in their order. */
function blocksBy(prefixes: readonly Prefix[], blocks: readonly Block[]): ReadonlyMap<Prefix, Block[]> {
  const index = new PrefixIndex(prefixes)
  const held = new Map<Prefix, Block[]>()
  for (const block of blocks) {
    const holder = index.holderOf(block.prefix)
    if (holder !== undefined) held.set(holder, [...(held.get(holder) ?? []), block])
  }
  return held
}

function coverage(chosen: readonly Block[], own: PrefixIndex): number {
  const wide = new Set(chosen.filter((block) => isNewAndWide(block, own)).map(({ prefix }) => prefix))
  return [...wide].reduce((sum, prefix) => sum + sourcesIn(bitsOf(prefix)), 0)
}

function isNewAndWide({ prefix }: Block, own: PrefixIndex): boolean {
  return !isOneSource(prefix) && own.holderOf(prefix) === undefined
}

function isEarly({ prefix }: Block, own: PrefixIndex, { protects, knownGood }: DenialInput): boolean {
  return protects(prefix) !== undefined && !knownGood(prefix) && own.holderOf(prefix) !== undefined
}
