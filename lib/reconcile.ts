import type { Block } from './core/block.ts'
import { type Brake, brakeOf, underBrake } from './core/brake.ts'
import type { Entry, PortRange } from './core/entry.ts'
import { type Change, changesToApply, makePlan, type Plan } from './core/plan.ts'
import { type Claim, type PlanInput, READ_LAG_MS, type RuleWindow } from './core/plan-input.ts'
import type { Prefix } from './core/prefix.ts'
import { denialKey, sameEntry } from './core/wanted.ts'
import { type Desired, type DesiredLedger, liftedBy } from './desired.ts'
import type { Alert, Journal } from './journal.ts'

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
export interface ReconcileLedger extends DesiredLedger {
  /** Ends the block where it is over by now, or is lifted. Returns how it stands then. */
  endBlock(block: Block, at: number, lifted: boolean): Promise<Block | undefined>
  claims(firewall: string): Promise<readonly Claim[]>
  keepClaims(firewall: string, claims: readonly Claim[]): Promise<void>
}

/** `observe` decides and changes nothing; `off` does not even decide. Both give up what the fence holds. */
export type Mode = 'observe' | 'enforce' | 'off'

const MODE_WORDS = { enforce: 'enforced', observe: 'only observing', off: 'off' } as const

export interface ReconcileOptions {
  readonly mode: Mode
  /** False is preview: it reads and plans, and writes nothing, neither to the firewall nor to the ledger. */
  readonly apply: boolean
  readonly ranges: readonly PortRange[]
  /** Entries of each family that are left free for people. */
  readonly reserve: number
  readonly brake: Brake
  /** Whether blocks end with this round, as they do unless told; a fence of several firewalls ends them after the last. */
  readonly ends?: boolean
}

export interface ReconcilePorts {
  readonly ledger: ReconcileLedger
  readonly firewall: Firewall
  readonly journal: Journal
}

export interface Round {
  /** What the blocks want, whatever the mode. */
  readonly plan: Plan
  readonly outcomes: readonly Outcome[]
  /** Why some of the plan waits for a person, or undefined. */
  readonly braked: string | undefined
  /** Sources whose blocks are to be lifted, because something protects them now. */
  readonly lifted: ReadonlySet<Prefix>
}

/**
 * Loop 3: makes one network ACL hold exactly the blocks that are in force.
 *
 * Reads current (the firewall); plans; puts the brake on a plan that does too much; claims what it is about to write;
 * applies; reads back and settles the claims; tells; ends the blocks that are over. A read that fails ends the round
 * with nothing changed. Running it again changes nothing.
 */
export async function reconcile(
  ports: ReconcilePorts,
  desired: Desired,
  { mode, apply, ranges, reserve, brake, ends = true }: ReconcileOptions,
  now: number,
): Promise<Round> {
  const { ledger, firewall, journal } = ports
  const { open, blocks, protects, knownGood, neverBlocked } = desired
  const claims = await ledger.claims(firewall.id)
  const { entries: current, rulesQuota } = await firewall.read()
  const { window } = firewall
  const fixed = { rulesQuota, reserve, window, ranges, now }
  const input: PlanInput = { ...fixed, desired: blocks, current, claims, protects, knownGood, neverBlocked }
  const plan = makePlan(input)
  const braked = mode === 'enforce' ? brakeOf(plan, brake) : undefined
  const lifted = liftedBy(desired)
  if (!apply) return { plan, outcomes: [], braked, lifted }
  const changes = mode === 'enforce' ? underBrake(plan, brake, input) : givingUp(input, mode)
  const outcomes = changes.length > 0 ? await applied(changes, input, ports) : []
  if (mode !== 'off') await tell(plan, braked, journal, now)
  if (ends) await endBlocks(ports, open, braked === undefined ? lifted : new Set(), now)
  return { plan, outcomes, braked, lifted }
}

/** Ends the blocks that are over, and those that are lifted because something protects their source now. */
export async function endBlocks(
  { ledger, journal }: Pick<ReconcilePorts, 'ledger' | 'journal'>,
  open: readonly Block[],
  lifted: ReadonlySet<Prefix>,
  now: number,
): Promise<void> {
  for (const block of open) {
    const isLifted = lifted.has(block.prefix)
    if (now < block.until && !isLifted) continue
    const ended = await ledger.endBlock(block, now, isLifted)
    if (ended?.endedAt != null) await journal.write({ kind: 'block', block: ended, change: 'ended' })
  }
}

/** A person's wish, so no brake is put on it. */
function givingUp(input: PlanInput, mode: Mode): Change[] {
  return changesToApply(makePlan({ ...input, desired: [], givenUp: `the fence is ${MODE_WORDS[mode]}` }))
}

/** Claims before it writes and settles after, so that a crash in between loses no entry. */
async function applied(
  changes: readonly Change[],
  { claims, current, now }: PlanInput,
  { ledger, firewall, journal }: ReconcilePorts,
): Promise<readonly Outcome[]> {
  const intent = intended(settled(claims, current, now), changes, now)
  await ledger.keepClaims(firewall.id, intent)
  const outcomes = await firewall.apply(changes)
  for (const outcome of outcomes) {
    const failed = outcome.ok ? null : outcome.reason
    await journal.write({ kind: 'change', at: now, firewall: firewall.id, change: outcome.change, failed })
  }
  const { entries } = await firewall.read()
  await ledger.keepClaims(firewall.id, settled(intent, entries, now))
  return outcomes
}

async function tell(plan: Plan, braked: string | undefined, journal: Journal, now: number): Promise<void> {
  for (const alert of alertsOf(plan, braked, now)) await journal.write({ kind: 'alert', alert })
  for (const { block, reason, why } of plan.refused) {
    const refusal = { kind: 'refusal', at: now, source: block.prefix, why } as const
    if (reason === 'no-free-entry') await journal.write({ ...refusal, reason })
  }
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
  const [heaviest, ...rest] = refused.filter(({ reason }) => reason === 'no-free-entry')
  if (heaviest !== undefined) {
    const more = rest.length === 0 ? '' : ` and ${rest.length} more`
    const why = `${heaviest.block.prefix}${more} cannot be denied: heavier blocks hold every entry that the fence may use`
    alerts.push({ at, kind: 'no-free-entry', source: null, why })
  }
  return alerts
}

/** The claims with those of the entries to be written: they are kept before and after the write, lest a crash loses them. */
function intended(claims: readonly Claim[], changes: readonly Change[], now: number): Claim[] {
  const written = changes.filter(({ kind }) => kind !== 'remove').map(({ entry }) => ({ entry, at: now }))
  return [...claims.filter(({ entry }) => !written.some((each) => sameEntry(each.entry, entry))), ...written]
}

/**
 * Claims of what the firewall really holds. What was written lately and is not there may yet appear, because reads lag:
 * its claim is kept, or it would be taken for somebody else's for ever.
 */
function settled(claims: readonly Claim[], held: readonly Entry[], now: number): Claim[] {
  return claims.filter(
    ({ entry, at }) => now - at < READ_LAG_MS || held.some((each) => sameEntry(each, entry)),
  )
}
