import type { Entry } from './entry.ts'
import { type Change, changesToApply, type Plan } from './plan.ts'
import type { PlanInput } from './plan-input.ts'
import { familyOf } from './prefix.ts'
import { denialKey } from './wanted.ts'

/** How much one round may do by itself. */
export interface Brake {
  /** Addresses (IPv6: /64s) that no entry denied before. */
  readonly newlyCovered: number
  /** Entries lifted before their block's `until`, but for those of sources that have become known-good. */
  readonly lifted: number
}

/** While a person lets everything pass. */
export const NO_BRAKE: Brake = {
  newlyCovered: Number.POSITIVE_INFINITY,
  lifted: Number.POSITIVE_INFINITY,
}

/** What of a plan the brake looks at. */
interface Braked {
  readonly newlyCovered: number
  readonly early: readonly unknown[]
}

/**
 * Why a plan is too big to apply without a person's approval, or undefined. Each added single address counts one,
 * so that adds within an ACL's capacity never reach the limit; due expiries are not counted at all.
 */
export function brakeOf({ newlyCovered, early }: Braked, limits: Brake): string | undefined {
  if (newlyCovered > limits.newlyCovered) {
    return `the plan would newly deny ${newlyCovered} addresses at once (limit ${limits.newlyCovered}); nothing was added; narrow the blocks, or let it pass with sipfence approve`
  }
  if (early.length > limits.lifted) {
    return `the plan would lift ${early.length} denials before their time (limit ${limits.lifted}); none of them was lifted; restore the settings that protect them, or let it pass with sipfence approve`
  }
  return undefined
}

/**
 * What of a plan is applied: all of it within the limits. Past a limit all but that which the limit is for: what is over
 * goes, and what stands stays, whatever else the plan wants.
 */
export function underBrake(plan: Plan, limits: Brake, input: PlanInput): Change[] {
  const changes = changesToApply(plan)
  const adding = plan.newlyCovered > limits.newlyCovered
  const lifting = plan.early.length > limits.lifted
  if (!adding && !lifting) return changes
  const kept = lifting ? [...plan.early, ...movingIn(changes)] : []
  const free = changes.flatMap((change) => withoutLeaving(change, kept, input))
  if (adding) return free.flatMap((change) => leavingOnly(change, input))
  return withinRoom(free, kept, input)
}

/** What leaves one number to come back at another: where its new place is held by what is kept, it would only leave. */
function movingIn(changes: readonly Change[]): Entry[] {
  const coming = new Set(changes.filter(({ kind }) => kind !== 'remove').map(({ entry }) => denialKey(entry)))
  const leaving = changes.map(leavingBy).filter((entry) => entry !== undefined)
  return leaving.filter((entry) => coming.has(denialKey(entry)))
}

/**
 * What is kept does not leave, nor come a second time; what was to take its place comes beside it, where there is room.
 */
function withoutLeaving(change: Change, kept: readonly Entry[], input: PlanInput): Change[] {
  const leaving = leavingBy(change)
  const stays = leaving === undefined || kept.includes(leaving)
  const isThere = change.kind !== 'remove' && kept.some((each) => denialKey(each) === denialKey(change.entry))
  if (isThere) return stays ? [] : leavingOnly(change, input)
  if (leaving === undefined || !stays) return [change]
  return change.kind === 'replace' ? [{ kind: 'add', entry: change.entry, why: change.why }] : []
}

function leavingBy(change: Change): Entry | undefined {
  if (change.kind === 'replace') return change.replaced
  return change.kind === 'remove' ? change.entry : undefined
}

/**
 * A swap is taken apart: what is over or protected goes, what comes waits, and so does what would have given way to it, or
 * would have moved to another number.
 */
function leavingOnly(change: Change, { desired, protects, now }: PlanInput): Change[] {
  const entry = leavingBy(change)
  if (entry === undefined) return []
  const why = protects(entry.prefix)
  const stands = desired.some(({ prefix, until }) => prefix === entry.prefix && until > now)
  if (stands && why === undefined) return []
  if (change.kind === 'remove') return [change]
  return [{ kind: 'remove', entry, why: stands ? `protected now: ${why}` : 'its block is over' }]
}

/** Additions for which there is a number and room beside what was kept. */
function withinRoom(changes: readonly Change[], kept: readonly Entry[], input: PlanInput): Change[] {
  const { window, current, reserve, rulesQuota } = input
  const others = changes.filter(({ kind }) => kind !== 'add')
  const gone = others.filter(({ kind }) => kind === 'remove').map(({ entry }) => entry)
  const held = [...current.filter((entry) => !gone.includes(entry))]
  const additions = changes.flatMap((change): Change[] => {
    if (change.kind !== 'add') return []
    const isTaken = (ruleNumber: number) => [...held, ...kept].some((each) => each.ruleNumber === ruleNumber)
    const family = familyOf(change.entry.prefix)
    let { ruleNumber } = isTaken(change.entry.ruleNumber) ? { ruleNumber: window.firstRule } : change.entry
    while (isTaken(ruleNumber)) ruleNumber++
    const room = rulesQuota - reserve - held.filter(({ prefix }) => familyOf(prefix) === family).length
    if (ruleNumber > window.lastRule || room < 1) return []
    const entry = { ...change.entry, ruleNumber }
    held.push(entry)
    return [{ ...change, entry }]
  })
  return [...others, ...additions]
}
