import type { Alert, Journal } from './analyze.ts'
import type { Block } from './core/block.ts'
import { type Brake, brakeOf } from './core/brake.ts'
import type { Entry, PortRange } from './core/entry.ts'
import { type Change, changesToApply, makePlan, type Plan } from './core/plan.ts'
import type { Claim, RuleWindow } from './core/plan-input.ts'
import type { Prefix } from './core/prefix.ts'
import type { Protection } from './core/protection.ts'
import { denialKey } from './core/wanted.ts'

/** What a network ACL holds, read at one moment. */
export interface FirewallState {
  /** Every inbound entry, the default `*` rules included. */
  readonly entries: readonly Entry[]
  readonly rulesQuota: number
}

export type Outcome =
  | { readonly change: Change; readonly ok: true }
  | { readonly change: Change; readonly ok: false; readonly reason: string }

/** A firewall that denies. Reading throws when it cannot read: an empty answer means that there is nothing. */
export interface Firewall {
  readonly id: string
  readonly window: RuleWindow
  read(): Promise<FirewallState>
  /** Applies the changes in order, each by itself, and tells of each what came of it. */
  apply(changes: readonly Change[]): Promise<readonly Outcome[]>
}

/** What the reconcile loop reads and writes of the ledger. A read that fails throws; it never reads as empty. */
export interface ReconcileLedger {
  /** Blocks that have not ended, those past their `until` included. */
  openBlocks(): Promise<readonly Block[]>
  keepBlock(block: Block): Promise<void>
  protection(): Promise<Protection>
  /** Known-good sources that lie within the prefix. */
  knownGoodWithin(prefix: Prefix, now: number): Promise<readonly Prefix[]>
  claims(firewall: string): Promise<readonly Claim[]>
  keepClaims(firewall: string, claims: readonly Claim[]): Promise<void>
}

export interface ReconcileOptions {
  /** False does everything but the changes themselves: preview, and the mode `observe`. */
  readonly apply: boolean
  readonly ranges: readonly PortRange[]
  /** Entries of each family that are left free for people. */
  readonly reserve: number
  readonly brake: Brake
}

export interface ReconcilePorts {
  readonly ledger: ReconcileLedger
  readonly firewall: Firewall
  readonly journal: Journal
}

export interface Round {
  readonly plan: Plan
  readonly outcomes: readonly Outcome[]
  /** Why nothing was applied though there was something to apply, or undefined. */
  readonly braked: string | undefined
}

/**
 * Loop 3: makes one network ACL hold exactly the blocks that are in force.
 *
 * Reads desired (the ledger) and current (the firewall); plans; puts the brake on a plan that does too much;
 * claims the numbers it is about to write; applies; reads back and settles the claims; ends the blocks that are
 * over. A read that fails ends the round with nothing changed. Running it again changes nothing.
 */
export async function reconcile(
  { ledger, firewall, journal }: ReconcilePorts,
  { apply, ranges, reserve, brake }: ReconcileOptions,
  now: number,
): Promise<Round> {
  const open = await ledger.openBlocks()
  const protection = await ledger.protection()
  const desired = open.filter((block) => now < block.until)
  const protectedNow = await whoIsProtected(desired, protection, ledger, now)
  const claims = await ledger.claims(firewall.id)
  const { entries: current, rulesQuota } = await firewall.read()
  const { window } = firewall
  const protects = (prefix: Prefix) => protectedNow.get(prefix)
  const plan = makePlan({ desired, current, claims, rulesQuota, reserve, window, ranges, protects, now })
  const changes = changesToApply(plan)
  const braked = changes.length === 0 ? undefined : brakeOf(plan, brake)
  for (const alert of alertsOf(plan, braked, now)) await journal.write({ kind: 'alert', alert })
  for (const { block, reason, why } of plan.refused) {
    const refusal = { kind: 'refusal', at: now, source: block.prefix, why } as const
    if (reason === 'no-free-entry') await journal.write({ ...refusal, reason })
  }
  let outcomes: readonly Outcome[] = []
  if (apply && changes.length > 0 && braked === undefined) {
    await ledger.keepClaims(firewall.id, intended(claims, changes))
    outcomes = await firewall.apply(changes)
    for (const outcome of outcomes) {
      const failed = outcome.ok ? null : outcome.reason
      await journal.write({ kind: 'change', at: now, change: outcome.change, failed })
    }
    const held = await firewall.read()
    await ledger.keepClaims(firewall.id, settled(intended(claims, changes), held.entries))
  }
  for (const block of open) {
    const lifted = block.origin === 'detector' && protectedNow.has(block.prefix)
    if (now < block.until && !lifted) continue
    const ended = { ...block, endedAt: Math.min(now, block.until) }
    await ledger.keepBlock(ended)
    await journal.write({ kind: 'block', block: ended, change: 'ended' })
  }
  return { plan, outcomes, braked }
}

/** Blocks whose prefix is, or holds, something that must not be blocked: it may have become so since. */
async function whoIsProtected(
  desired: readonly Block[],
  protection: Protection,
  ledger: ReconcileLedger,
  now: number,
): Promise<ReadonlyMap<Prefix, string>> {
  const found = new Map<Prefix, string>()
  for (const { prefix } of desired) {
    const why = protection.protects(prefix)
    if (why !== undefined) found.set(prefix, why)
    const [good] = await ledger.knownGoodWithin(prefix, now)
    if (good !== undefined)
      found.set(prefix, good === prefix ? 'known-good' : `known-good source ${good} in it`)
  }
  return found
}

function alertsOf({ foreign, shadowedBy, refused }: Plan, braked: string | undefined, at: number): Alert[] {
  const alerts: Alert[] = foreign.map((entry) => ({
    at,
    kind: 'foreign-entry',
    source: entry.prefix,
    why: `rule ${entry.ruleNumber} (${denialKey(entry)}) stands in sipfence's window and is not sipfence's: it is left alone and counted against capacity`,
  }))
  if (shadowedBy !== undefined) {
    const why = `rule ${shadowedBy.ruleNumber} (${denialKey(shadowedBy)}) is matched before sipfence's denials and may let their sources in; move it behind them`
    alerts.push({ at, kind: 'shadowed', source: null, why })
  }
  if (braked !== undefined) alerts.push({ at, kind: 'brake', source: null, why: braked })
  for (const { block, reason, why } of refused) {
    if (reason === 'no-free-entry') alerts.push({ at, kind: 'no-free-entry', source: block.prefix, why })
  }
  return alerts
}

/** Claims that cover each number to be written before and after the write, so that a crash loses neither. */
function intended(claims: readonly Claim[], changes: readonly Change[]): Claim[] {
  const byNumber = new Map(claims.map((claim) => [claim.ruleNumber, [...claim.entries]]))
  for (const { entry } of changes) {
    const entries = byNumber.get(entry.ruleNumber) ?? []
    if (!entries.some((each) => denialKey(each) === denialKey(entry))) entries.push(entry)
    byNumber.set(entry.ruleNumber, entries)
  }
  return [...byNumber].map(([ruleNumber, entries]) => ({ ruleNumber, entries }))
}

/** Claims of what the firewall really holds; what is not there is not ours any more. */
function settled(claims: readonly Claim[], held: readonly Entry[]): Claim[] {
  const keys = new Set(held.map((entry) => `${entry.ruleNumber} ${denialKey(entry)}`))
  return claims
    .map(({ ruleNumber, entries }) => ({
      ruleNumber,
      entries: entries.filter((entry) => keys.has(`${ruleNumber} ${denialKey(entry)}`)),
    }))
    .filter(({ entries }) => entries.length > 0)
}
