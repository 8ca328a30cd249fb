import { isAttacking } from './core/block.ts'
import type { Brake } from './core/brake.ts'
import type { PortRange } from './core/entry.ts'
import { ruleText } from './core/ingress-rule.ts'
import type { TrustedList } from './core/lockdown.ts'
import type { DoorState } from './core/lockdown-wish.ts'
import type { Family, Prefix } from './core/prefix.ts'
import { type Desired, readDesired } from './desired.ts'
import type { Journal } from './journal.ts'
import { type LockdownOptions, lockdownRound, type SecurityGroups, type SwapLedger } from './lockdown.ts'
import {
  endBlocks,
  type Firewall,
  type Mode,
  type ReconcileLedger,
  type Round,
  reconcile,
} from './reconcile.ts'
import { type DenyingSet, type PrefixSet, reconcileSet } from './reconcile-set.ts'
import { keepTrusted, type TrustedLedger, trustedList } from './trusted-peers.ts'

/** Where the fence's one decision is placed. What is not there is not used. */
export interface Tiers {
  /** Network ACLs: they deny the worst, on the PBXs' subnets. */
  readonly firewalls: readonly Firewall[]
  /** Prefix lists and IP sets that deny. */
  readonly sets: readonly DenyingSet[]
  /** Who is let in while the door is closed, and the door. */
  readonly trusted?: {
    readonly lists: Readonly<Record<Family, PrefixSet>>
    readonly groups: SecurityGroups
  }
}

export type TierLedger = ReconcileLedger & TrustedLedger & SwapLedger

export interface TierPorts extends Tiers {
  readonly ledger: TierLedger
  readonly journal: Journal
}

export interface TierOptions {
  readonly fence: string
  readonly mode: Mode
  readonly ranges: readonly PortRange[]
  /** Entries of each family that are left free for people. */
  readonly reserve: number
  readonly brake: Brake
  readonly approved: boolean
  /** The allowlist, and who watches the PBXs' health. */
  readonly allow: readonly Prefix[]
  /** Bits of the widest prefix in which trusted peers may share an entry. */
  readonly widest: Readonly<Record<Family, number>>
  readonly door: DoorState
}

/** What came of one place. */
interface PlaceRecord {
  readonly id: string
  /** Entries that are desired there, whatever the mode. */
  readonly entries: number
  readonly refused: number
  /** Why the brake is on, and that a person should look; null where it is off. */
  readonly braked: string | null
  /** What went wrong; null where all went well. */
  readonly problem: string | null
  /** Of a network ACL that could be read: entries that could still be added, or as a negative number blocks without one. */
  readonly free?: number
  /** Of the same: entries among our numbers that are somebody else's. */
  readonly foreign?: number
}

interface LockdownRecord extends DoorState {
  /** Public rules that are taken away now. */
  readonly rules: readonly { readonly group: string; readonly rule: string }[]
  readonly refused: readonly string[]
  readonly problem: string | null
}

export interface TierRecords {
  readonly firewalls: readonly PlaceRecord[]
  readonly sets: readonly PlaceRecord[]
  readonly trusted: readonly PlaceRecord[]
  /** Null where the fence has no door. */
  readonly lockdown: LockdownRecord | null
  /** Sources that are attacking, by their blocks. */
  readonly attacking: number
}

/**
 * One after the other, and none keeps another from its turn by failing. Blocks end after the last one, and none is
 * lifted that one of them still holds.
 */
export async function reconcileTiers(
  ports: TierPorts,
  options: TierOptions,
  now: number,
): Promise<TierRecords> {
  const { firewalls, sets, ledger } = ports
  const desired = await readDesired(ledger, now)
  const acls = await inTurn(firewalls, (firewall) => reconciled(firewall, desired, ports, options, now))
  // Before the lists, which may have to be waited for: the door must not.
  const door = await trustedAndDoor(ports, options, now)
  const lists = await inTurn(sets, (set) => reconciledSet(set, desired, ports, options, now))
  const [first, ...others] = [...acls, ...lists].map(({ lifted }) => lifted)
  const everywhere = [...(first ?? [])].filter((prefix) => others.every((each) => each.has(prefix)))
  await endBlocks(ports, desired.open, new Set(everywhere), now)
  const records = {
    firewalls: acls.map(({ record }) => record),
    sets: lists.map(({ record }) => record),
    attacking: desired.blocks.filter((block) => isAttacking(block, now)).length,
  }
  return { ...records, ...door }
}

async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const item of items) results.push(await work(item))
  return results
}

interface Reconciled {
  readonly record: PlaceRecord
  /** Sources whose blocks may end as far as this place goes; none where it failed or is braked. */
  readonly lifted: ReadonlySet<Prefix>
}

const NONE: ReadonlySet<Prefix> = new Set()

async function reconciled(
  firewall: Firewall,
  desired: Desired,
  { ledger, journal }: TierPorts,
  options: TierOptions,
  now: number,
): Promise<Reconciled> {
  const { id } = firewall
  try {
    const settings = { ...options, apply: true, ends: false }
    const round = await reconcile({ ledger, firewall, journal }, desired, settings, now)
    const problem = problemOf(round)
    const record = { id, ...countsOf(round), braked: round.braked ?? null, problem, ...roomOf(round) }
    return { record, lifted: round.braked === undefined && problem === null ? round.lifted : NONE }
  } catch (error) {
    return { record: failedRecord(id, error), lifted: NONE }
  }
}

async function reconciledSet(
  set: DenyingSet,
  desired: Desired,
  { ledger, journal }: TierPorts,
  { mode, brake }: TierOptions,
  now: number,
): Promise<Reconciled> {
  const { id } = set
  try {
    const round = await reconcileSet({ ledger, set, journal }, desired, { mode, apply: true, brake }, now)
    const { plan, braked, problem } = round
    const refused = plan.refused.length
    const record = { id, entries: entriesOf(plan), refused, braked: braked ?? null, problem }
    return { record, lifted: braked === undefined && problem === null ? round.lifted : NONE }
  } catch (error) {
    return { record: failedRecord(id, error), lifted: NONE }
  }
}

/** To open the door no list is needed. To close it, they come first; one that cannot be kept closes nothing. */
async function trustedAndDoor(
  ports: TierPorts,
  options: TierOptions,
  now: number,
): Promise<Pick<TierRecords, 'trusted' | 'lockdown'>> {
  const { trusted: places } = ports
  const { door, mode } = options
  if (places === undefined) {
    await tellOfForgottenDoor(ports, now)
    return { trusted: [], lockdown: null }
  }
  const desired = mode === 'enforce' ? door : { closed: false, why: `the mode is ${mode}` }
  const unkept = { 4: unkeptList(places.lists[4].id), 6: unkeptList(places.lists[6].id) }
  const opened = desired.closed ? undefined : await doorRound(ports, places, desired, unkept, options, now)
  const trusted = await keptTrusted(ports, places.lists, options, now)
  const lockdown = opened ?? (await doorRound(ports, places, desired, trusted, options, now))
  const records = ([4, 6] as const).map((family): PlaceRecord => {
    const { id, held, left, problem } = trusted[family]
    return { id, entries: held, refused: left.length, braked: null, problem }
  })
  return { trusted: records, lockdown }
}

async function doorRound(
  { ledger, journal }: TierPorts,
  { groups }: NonNullable<Tiers['trusted']>,
  desired: DoorState,
  trusted: LockdownOptions['trusted'],
  { fence, ranges }: TierOptions,
  now: number,
): Promise<LockdownRecord> {
  const options = { fence, ranges, apply: true, trusted }
  try {
    const round = await lockdownRound({ ledger, groups, journal }, desired, options, now)
    return { ...desired, rules: round.swaps, refused: round.refused, problem: round.problem }
  } catch (error) {
    return { ...desired, rules: [], refused: [], problem: words(error) }
  }
}

function unkeptList(id: string, problem: string | null = null): TrustedList {
  return { id, capacity: 0, held: 0, left: [], knownGood: 0, problem }
}

async function keptTrusted(
  { ledger, journal }: TierPorts,
  lists: NonNullable<Tiers['trusted']>['lists'],
  { allow, widest, approved, door, mode }: TierOptions,
  now: number,
): Promise<LockdownOptions['trusted']> {
  const unkept = (why: string) => ({ 4: unkeptList(lists[4].id, why), 6: unkeptList(lists[6].id, why) })
  if (mode === 'off') return unkept('the fence is off')
  try {
    const options = { allow, widest, closed: door.closed, approved, apply: true }
    const rounds = await keepTrusted({ ledger, lists, journal }, options, now)
    return { 4: trustedList(lists[4].id, rounds[4]), 6: trustedList(lists[6].id, rounds[6]) }
  } catch (error) {
    return unkept(words(error))
  }
}

/** Rules that a lockdown has taken away are in nobody's care when the settings know of no trusted peers any more. */
async function tellOfForgottenDoor({ ledger, journal }: TierPorts, at: number): Promise<void> {
  const [first, ...more] = await ledger.swaps()
  if (first === undefined) return
  const rules = `${ruleText(first.rule)} of ${first.group}${more.length === 0 ? '' : ` and ${more.length} more`}`
  const why = `a lockdown has taken away ${rules}, and the settings have no trustedPeers any more: put them back, run sipfence lockdown off, and take them out again`
  await journal.write({
    kind: 'alert',
    alert: { at, kind: 'lockdown', source: null, host: 'forgotten', why },
  })
}

function countsOf({ plan }: Round): { entries: number; refused: number } {
  const entries = plan.changes.filter(({ kind }) => kind !== 'remove').length
  return { entries, refused: plan.refused.length }
}

function roomOf({ plan: { refused, free, foreign } }: Round): { free: number; foreign: number } {
  const without = refused.filter(({ reason }) => reason === 'no-free-entry').length
  return { free: without > 0 ? -without : free, foreign: foreign.length }
}

function entriesOf({
  changes,
  kept,
}: {
  changes: readonly { kind: string }[]
  kept: readonly Prefix[]
}): number {
  return kept.length + changes.filter(({ kind }) => kind === 'add').length
}

function problemOf({ outcomes }: Round): string | null {
  const failed = outcomes.filter((outcome) => !outcome.ok)
  if (failed.length === 0) return null
  return `${failed.length} of ${outcomes.length} changes failed, the first with: ${failed[0]!.reason}`
}

function failedRecord(id: string, error: unknown): PlaceRecord {
  return { id, entries: 0, refused: 0, braked: null, problem: words(error) }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
