import type { Block } from './block.ts'
import { capacityOf, choose, type Refusal } from './choice.ts'
import { ANY_PROTOCOL, type Entry, type PortRange } from './entry.ts'
import { type Claim, isWithin, type PlanInput, type RuleWindow } from './plan-input.ts'
import { meet, touchesPorts } from './port-match.ts'
import { bitsOf, familyOf, overlaps, sourcesIn } from './prefix.ts'
import { type Denial, denialKey, denialsOf, sameEntry } from './wanted.ts'

export type Change =
  | { readonly kind: 'add'; readonly entry: Entry; readonly why: string }
  | { readonly kind: 'replace'; readonly entry: Entry; readonly replaced: Entry; readonly why: string }
  | { readonly kind: 'remove'; readonly entry: Entry; readonly why: string }
  | { readonly kind: 'keep'; readonly entry: Entry; readonly why: string }

export interface Plan {
  /**
   * Ordered as they are to be applied: what is kept; what must be there before its like goes; replacements; removals;
   * additions.
   */
  readonly changes: readonly Change[]
  /** Blocks that get no entry, and why. */
  readonly refused: readonly Refusal[]
  /** Entries in our window that no claim covers: somebody else's, never touched. */
  readonly foreign: readonly Entry[]
  /** A foreign allow that is matched before our window, so that our denials are dead; or undefined. */
  readonly shadowedBy: Entry | undefined
  /** Addresses that no entry of ours denied before. */
  readonly newlyCovered: number
  /** Entries that leave before their block's `until`, but for those of sources that have become known-good. */
  readonly early: readonly Entry[]
  /** Entries that could still be added, in the family that has fewer of them. */
  readonly free: number
}

/**
 * Makes the changes that bring one network ACL to the blocks that are in force. Pure and deterministic; planning
 * again after applying keeps everything.
 *
 * | current entry in our window | claimed | a chosen block wants it | change                                   |
 * | --------------------------- | ------- | ----------------------- | ---------------------------------------- |
 * | none                        |         | yes                     | add, or replace one that goes            |
 * | deny 192.0.2.7/32           | yes     | yes                     | keep, at its number                      |
 * | deny 192.0.2.9/32           | yes     | no                      | remove, or be replaced by one that comes |
 * | deny 198.51.100.1/32        | no      | either                  | none: foreign, counted against capacity  |
 *
 * What is claimed outside the window is from settings of before: it is removed, and what it denied comes into the window.
 *
 * Blocks are chosen by weight, whole or not at all, until the family's capacity is used.
 */
export function makePlan(input: PlanInput): Plan {
  const { window } = input
  const own = input.current.filter((entry) => isClaimed(entry, input.claims))
  const ownInWindow = own.filter(({ ruleNumber }) => isWithin(window, ruleNumber))
  const foreign = input.current.filter((entry) => isWithin(window, entry.ruleNumber) && !own.includes(entry))
  const held = new Set(ownInWindow.map(denialKey))
  const capacity = capacityOf(input, own, foreign)
  const { chosen, refused } = choose(input, held, capacity)
  const wanted = new Map(chosen.flatMap((block) => wantedBy(block, input.ranges)))
  const kept = keep(ownInWindow, wanted)
  const leaving = own.filter((entry) => !kept.includes(entry))
  const arriving = [...wanted].filter(([key]) => !kept.some((entry) => denialKey(entry) === key))
  const changes = exchange(input, leaving, arriving, foreign, kept)
  return {
    changes: [...kept.map((entry) => keeping(entry, wanted)), ...changes],
    refused,
    foreign,
    shadowedBy: shadow(input, own),
    newlyCovered: coverage(arriving, own),
    early: leavingEarly(leaving, changes, input),
    free: Math.max(0, Math.min(capacity[4], capacity[6], capacity.numbers)),
  }
}

/** The changes of a plan that touch the firewall. */
export function changesToApply(plan: Plan): Change[] {
  return plan.changes.filter(({ kind }) => kind !== 'keep')
}

/** Ours is what stands at a claimed number exactly as claimed; anything else was put there by somebody. */
function isClaimed(entry: Entry, claims: readonly Claim[]): boolean {
  return claims.some((claim) => sameEntry(claim.entry, entry))
}

function wantedBy(block: Block, ranges: readonly PortRange[]): [string, { denial: Denial; block: Block }][] {
  return denialsOf(block.prefix, block.scope, ranges).map((denial) => [denialKey(denial), { denial, block }])
}

type Wanted = ReadonlyMap<string, { readonly denial: Denial; readonly block: Block }>

/** Of several entries that deny the same, the lowest number is kept. */
function keep(own: readonly Entry[], wanted: Wanted): Entry[] {
  const seen = new Set<string>()
  return [...own]
    .sort((a, b) => a.ruleNumber - b.ruleNumber)
    .filter((entry) => {
      const key = denialKey(entry)
      if (seen.has(key) || !wanted.has(key)) return false
      seen.add(key)
      return true
    })
}

function keeping(entry: Entry, wanted: Wanted): Change {
  return { kind: 'keep', entry, why: wanted.get(denialKey(entry))!.block.why }
}

/**
 * What comes takes the number of what goes, by ReplaceNetworkAclEntry; a full ACL has no room for both. No packet that is
 * denied before and after is let in between: an entry is replaced by the only one that denies any of the same; where
 * several take over from it they are added before it goes, if there is room.
 */
function exchange(
  input: PlanInput,
  leaving: readonly Entry[],
  arriving: readonly [string, { denial: Denial; block: Block }][],
  foreign: readonly Entry[],
  kept: readonly Entry[],
): Change[] {
  const rest = [...leaving].sort((a, b) => a.ruleNumber - b.ruleNumber)
  const taken = new Set([...foreign, ...kept, ...rest].map(({ ruleNumber }) => ruleNumber))
  const heirs = new Map(
    rest.map((entry) => [entry, arriving.filter(([, { denial }]) => denySame(entry, denial)).length]),
  )
  const successors = arriving.map(([, { denial, block }]) => {
    const replaced = takePlace(denial, (entry) => heirs.get(entry) === 1 && denySame(entry, denial))
    return { denial, block, replaced }
  })
  const others = successors.filter(({ replaced }) => replaced === undefined)
  const sharing = others.filter(({ denial }) => leaving.some((entry) => denySame(entry, denial)))
  const early = numbered(sharing.map(adding), input.window, taken)
  const fits = hasRoom(input, early) && early.every(({ entry }) => isWithin(input.window, entry.ruleNumber))
  const first = fits ? early : []
  const later = others
    .filter((each) => !fits || !sharing.includes(each))
    .map((each) => {
      const alike = takePlace(each.denial, (entry) => denySame(entry, each.denial))
      return { ...each, replaced: alike ?? takePlace(each.denial, () => true) }
    })
  for (const entry of rest) taken.delete(entry.ruleNumber)
  for (const { entry } of first) taken.add(entry.ruleNumber)
  const removals = rest.map((entry) => ({ kind: 'remove', entry, why: goneBecause(entry, input) }) as const)
  const additions = later.filter(({ replaced }) => replaced === undefined).map(adding)
  const added = numbered(additions, input.window, taken)
  const changes = [...first, ...successors.flatMap(replacing), ...later.flatMap(replacing)]
  // What moves into the window is put there before it is taken from where it was, where both have room.
  const moving = removals.filter(({ entry }) => !isWithin(input.window, entry.ruleNumber))
  if (moving.length === 0 || !hasRoom(input, [...first, ...added])) return [...changes, ...removals, ...added]
  return [...changes, ...removals.filter((change) => !moving.includes(change)), ...added, ...moving]

  function takePlace({ prefix }: Denial, suits: (entry: Entry) => boolean): Entry | undefined {
    const place = rest.findIndex(
      (entry) =>
        familyOf(entry.prefix) === familyOf(prefix) &&
        isWithin(input.window, entry.ruleNumber) &&
        suits(entry),
    )
    return place < 0 ? undefined : rest.splice(place, 1)[0]
  }
}

interface Arriving {
  readonly denial: Denial
  readonly block: Block
  readonly replaced: Entry | undefined
}

function adding({ denial, block }: Arriving): Change {
  return { kind: 'add', entry: { ruleNumber: 0, ...denial }, why: block.why }
}

function replacing({ denial, block, replaced }: Arriving): Change[] {
  if (replaced === undefined) return []
  const entry = { ruleNumber: replaced.ruleNumber, ...denial }
  return [{ kind: 'replace', entry, replaced, why: block.why }]
}

/** Whether there is a packet that both deny. */
function denySame(one: Denial, other: Denial): boolean {
  const protocols =
    one.protocol === other.protocol || [one, other].some(({ protocol }) => protocol === ANY_PROTOCOL)
  const ports = one.ports === null || other.ports === null || meet(one.ports, other.ports)
  return protocols && ports && overlaps(bitsOf(one.prefix), bitsOf(other.prefix))
}

function hasRoom({ current, rulesQuota }: PlanInput, added: readonly Change[]): boolean {
  const of = (family: 4 | 6) => (entry: Entry) => familyOf(entry.prefix) === family
  const entries = [...current, ...added.map(({ entry }) => entry)]
  return ([4, 6] as const).every((family) => entries.filter(of(family)).length <= rulesQuota)
}

function numbered(additions: readonly Change[], window: RuleWindow, taken: ReadonlySet<number>): Change[] {
  let ruleNumber = window.firstRule - 1
  return additions.map((change) => {
    do ruleNumber++
    while (taken.has(ruleNumber))
    return { ...change, entry: { ...change.entry, ruleNumber } }
  })
}

function goneBecause(entry: Entry, { desired, protects, givenUp }: PlanInput): string {
  if (givenUp !== undefined) return givenUp
  const why = protects(entry.prefix)
  if (why !== undefined) return `protected now: ${why}`
  const stillWanted = desired.some(({ prefix }) => prefix === entry.prefix)
  return stillWanted ? 'gives way to a heavier or wider block' : 'its block is over'
}

/** First match decides: an allow of SIP with a lower number than ours lets everything past our denials. */
function shadow(
  { current, window, ranges, neverBlocked = () => false }: PlanInput,
  own: readonly Entry[],
): Entry | undefined {
  const last = own.length === 0 ? window.firstRule : Math.max(...own.map(({ ruleNumber }) => ruleNumber))
  return current.find(
    (entry) =>
      entry.action === 'allow' &&
      entry.ruleNumber <= last &&
      touchesPorts(entry, ranges) &&
      !neverBlocked(entry.prefix),
  )
}

function coverage(arriving: readonly [string, { denial: Denial }][], own: readonly Entry[]): number {
  const covered = new Set(own.map(({ prefix }) => prefix))
  const prefixes = new Set(arriving.map(([, { denial }]) => denial.prefix))
  let addresses = 0
  for (const prefix of prefixes) {
    if (!covered.has(prefix)) addresses += sourcesIn(bitsOf(prefix))
  }
  return addresses
}

/** Denials that end early without a heavier one taking their place: lifted, because protected now, or gone. */
function leavingEarly(leaving: readonly Entry[], changes: readonly Change[], input: PlanInput): Entry[] {
  const coming = new Set(changes.filter(({ kind }) => kind !== 'remove').map(({ entry }) => denialKey(entry)))
  return leaving.filter((entry) => {
    const stands = input.desired.some(({ prefix, until }) => prefix === entry.prefix && until > input.now)
    if (!stands || coming.has(denialKey(entry)) || input.knownGood?.(entry.prefix)) return false
    const gone = changes.some((change) => change.kind === 'remove' && change.entry === entry)
    return gone || input.protects(entry.prefix) !== undefined
  })
}
