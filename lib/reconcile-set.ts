import type { Block } from './core/block.ts'
import { type Brake, brakeOf } from './core/brake.ts'
import { READ_LAG_MS } from './core/plan-input.ts'
import type { Family, Prefix } from './core/prefix.ts'
import {
  type DenialInput,
  type DenialPlan,
  denialsUnderBrake,
  planDenials,
  type SetChange,
  type SetClaim,
  type SetContents,
  type SetPlan,
} from './core/set-plan.ts'
import { type Desired, liftedBy } from './desired.ts'
import type { Alert, Journal } from './journal.ts'
import type { Mode } from './reconcile.ts'

/** What a set holds, read at one moment. */
export interface SetState {
  readonly held: readonly Prefix[]
  /** Prefixes that it can hold at most. */
  readonly capacity: number
  /** AWS's own mark of this state: a write that names another one is refused. */
  readonly version: string
}

/** How far a write came. What is done is done, whatever came after. */
export interface SetOutcome {
  readonly done: readonly SetChange[]
  /** Why it did not come to its end; null where it did. */
  readonly stopped: SetStop | null
}

/** `stale`: somebody has written since it was read. `slow`: AWS takes its time, and the next round goes on. */
interface SetStop {
  readonly kind: 'stale' | 'slow' | 'failed'
  readonly reason: string
}

/** A managed prefix list or an IP set: prefixes of one family to which other things refer. */
export interface PrefixSet {
  readonly id: string
  readonly family: Family
  /** Throws where it cannot be read: an empty answer means that there is nothing. */
  read(): Promise<SetState>
  apply(changes: readonly SetChange[], state: SetState): Promise<SetOutcome>
}

/** A set that denies, and the blocks that belong in it. */
export interface DenyingSet extends PrefixSet {
  readonly takes: (block: Block) => boolean
}

export interface SetLedger {
  setClaims(set: string): Promise<readonly SetClaim[]>
  keepSetClaims(set: string, claims: readonly SetClaim[]): Promise<void>
}

export interface SetPorts<Set extends PrefixSet = PrefixSet> {
  readonly ledger: SetLedger
  readonly set: Set
  readonly journal: Journal
}

export interface SetOptions {
  readonly mode: Mode
  /** False is preview: it reads and plans, and writes nothing. */
  readonly apply: boolean
  readonly brake: Brake
}

/** One round of a set. */
export interface SetRound<Plan extends SetPlan = SetPlan> {
  /** What is desired, whatever the mode. */
  readonly plan: Plan
  /** What the set held of ours and of others when it was read last. */
  readonly held: readonly Prefix[]
  readonly capacity: number
  /** Why not all of it was written; null where it was. */
  readonly problem: string | null
}

export interface DenialRound extends SetRound<DenialPlan> {
  /** Why some of the plan waits for a person, or undefined. */
  readonly braked: string | undefined
  /** Sources whose blocks are to be lifted, because something protects them now. */
  readonly lifted: ReadonlySet<Prefix>
}

/** Loop 3 for sets that deny: makes one hold exactly the addresses of its blocks in force. */
export async function reconcileSet(
  ports: SetPorts<DenyingSet>,
  desired: Desired,
  { mode, apply, brake }: SetOptions,
  now: number,
): Promise<DenialRound> {
  const { set, journal } = ports
  const blocks = desired.blocks.filter((block) => set.takes(block))
  const { protects, knownGood } = desired
  const inputOf = (contents: SetContents): DenialInput => ({
    ...contents,
    desired: blocks,
    protects,
    knownGood,
  })
  const planOf = (contents: SetContents) => planDenials(inputOf(contents))
  const written = (contents: SetContents, plan: DenialPlan): SetPlan => {
    const input = inputOf(contents)
    if (mode === 'enforce') return denialsUnderBrake(plan, brake, input)
    return planDenials({
      ...input,
      desired: [],
      givenUp: `the fence is ${mode === 'off' ? 'off' : 'only observing'}`,
    })
  }
  const round = await settleSet(ports, planOf, written, apply, now)
  const braked = mode === 'enforce' ? brakeOf(round.plan, brake) : undefined
  if (apply && mode !== 'off') await tell(set.id, round.plan, braked, journal, now)
  return { ...round, braked, lifted: liftedBy(desired) }
}

const TRIES = 3

/**
 * Reads a set, plans, claims and writes; begins again where somebody else has written meanwhile, so that nothing of
 * theirs is lost. A read that fails ends it with nothing changed. Claims of what has gone are given up by a later
 * round, which sees that it has.
 */
export async function settleSet<Plan extends SetPlan>(
  { ledger, set, journal }: SetPorts,
  planOf: (contents: SetContents) => Plan,
  written: (contents: SetContents, plan: Plan) => SetPlan,
  apply: boolean,
  now: number,
): Promise<SetRound<Plan>> {
  for (let tries = 1; ; tries++) {
    const kept = await ledger.setClaims(set.id)
    const state = await set.read()
    const { held, capacity } = state
    const claims = settled(kept, held, now)
    const contents = { family: set.family, held, claims, capacity }
    const plan = planOf(contents)
    const { changes } = apply ? written(contents, plan) : { changes: [] }
    const intent = intended(claims, changes, now)
    if (apply && (changes.length > 0 || claims.length < kept.length))
      await ledger.keepSetClaims(set.id, intent)
    if (changes.length === 0) return { plan, held, capacity, problem: null }
    const { done, stopped } = await set.apply(changes, state)
    const told = (some: readonly SetChange[], failed: string | null) =>
      journal.write({ kind: 'set', at: now, set: set.id, changes: some, failed })
    if (done.length > 0) await told(done, null)
    if (stopped?.kind === 'stale' && tries < TRIES) continue
    const left = changes.filter((change) => !done.includes(change))
    if (stopped !== null && stopped.kind !== 'slow') await told(left, stopped.reason)
    return {
      plan,
      held: after(held, done),
      capacity,
      problem: problemOf(stopped, left.length, changes.length),
    }
  }
}

function problemOf(stopped: SetStop | null, left: number, all: number): string | null {
  if (stopped === null || stopped.kind === 'slow') return null
  return `${left} of ${all} changes were not made: ${stopped.reason}`
}

function after(held: readonly Prefix[], done: readonly SetChange[]): Prefix[] {
  const gone = new Set(done.filter(({ kind }) => kind === 'remove').map(({ prefix }) => prefix))
  const come = done.filter(({ kind }) => kind === 'add').map(({ prefix }) => prefix)
  return [...held.filter((prefix) => !gone.has(prefix)), ...come]
}

async function tell(set: string, plan: DenialPlan, braked: string | undefined, journal: Journal, at: number) {
  const about = { at, source: null, host: set } as const
  const alerts: Alert[] = []
  if (plan.foreign.length > 0) {
    const why = `${set} holds ${plan.foreign.length} prefixes that are not sipfence's (${plan.foreign[0]} is one): they are left alone and counted against capacity`
    alerts.push({ ...about, kind: 'foreign-entry', why })
  }
  if (braked !== undefined) alerts.push({ ...about, kind: 'brake', why: `${set}: ${braked}` })
  const [heaviest, ...rest] = plan.refused.filter(({ reason }) => reason === 'no-free-entry')
  if (heaviest !== undefined) {
    const more = rest.length === 0 ? '' : ` and ${rest.length} more`
    alerts.push({
      ...about,
      kind: 'no-free-entry',
      why: `${heaviest.block.prefix}${more} find no room in ${set}: heavier blocks hold every entry that the fence may use`,
    })
  }
  for (const alert of alerts) await journal.write({ kind: 'alert', alert })
}

/** The claims with those of the prefixes to be written: kept before and after the write, lest a crash loses them. */
function intended(claims: readonly SetClaim[], changes: readonly SetChange[], now: number): SetClaim[] {
  const added = changes.filter(({ kind }) => kind === 'add').map(({ prefix }) => ({ prefix, at: now }))
  const fresh = new Set(added.map(({ prefix }) => prefix))
  return [...claims.filter(({ prefix }) => !fresh.has(prefix)), ...added]
}

/** Claims of what the set really holds, and of what was written lately: reads lag. */
function settled(claims: readonly SetClaim[], held: readonly Prefix[], now: number): SetClaim[] {
  const there = new Set(held)
  return claims.filter(({ prefix, at }) => now - at < READ_LAG_MS || there.has(prefix))
}
