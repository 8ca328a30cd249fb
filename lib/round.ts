import type { Brake } from './core/brake.ts'
import type { PortRange } from './core/entry.ts'
import type { Prefix } from './core/prefix.ts'
import type { Journal } from './journal.ts'
import {
  endBlocks,
  type Firewall,
  type Mode,
  type ReconcileLedger,
  type Round,
  reconcile,
} from './reconcile.ts'

/** The right to write to the fence's firewalls: one at a time, whoever it is. */
export interface Lease {
  readonly owner: string
  /** Milliseconds since 1970; after that anybody may take it. */
  readonly until: number
}

/** What a host said of itself in its newest report. */
export interface HostSeen {
  readonly host: string
  /** The report's own time. */
  readonly at: number
  readonly boot: string
  readonly seq: number
  readonly halfBlind: boolean
  readonly lossFraction: number
  readonly clockSkewMs: number
}

/** What came of the last round, for people who ask. */
export interface RoundRecord {
  readonly at: number
  readonly mode: Mode
  readonly firewalls: readonly {
    readonly id: string
    /** Entries that the blocks want there, whatever the mode. */
    readonly entries: number
    readonly refused: number
    /** Why the brake is on, and that a person should look; null where it is off. */
    readonly braked: string | null
    /** What went wrong; null where all went well. */
    readonly problem: string | null
  }[]
}

/** What a round needs to know of its fence beside blocks and claims. */
export interface RoundState {
  mode(): Promise<{ readonly mode: Mode } | undefined>
  takeLease(lease: Lease, now: number): Promise<boolean>
  endLease(owner: string): Promise<void>
  hosts(): Promise<readonly HostSeen[]>
  /** Until when a person lets plans pass that the brake would stop; 0 where nobody does. */
  approvedUntil(): Promise<number>
  /** Firewalls in which something is claimed, whatever the settings name today. */
  claimedFirewalls(): Promise<readonly string[]>
  keepRound(round: RoundRecord): Promise<void>
}

export interface RoundPorts {
  readonly ledger: ReconcileLedger
  readonly state: RoundState
  readonly firewalls: readonly Firewall[]
  readonly journal: Journal
}

export interface RoundOptions {
  /** Who takes the lease. */
  readonly owner: string
  /** The mode of the settings file, where nobody has set another. */
  readonly mode: Mode
  readonly ranges: readonly PortRange[]
  readonly reserve: number
  readonly brake: Brake
  /** The hosts that should report. */
  readonly roster: readonly string[]
}

/** Longer than a round may take: a round that dies keeps others out no longer than this. */
const LEASE_MS = 60_000
const NO_BRAKE: Brake = { newlyCovered: Number.POSITIVE_INFINITY, lifted: Number.POSITIVE_INFINITY }
/** Three heartbeats. */
const SILENT_MS = 180_000

/**
 * One round of a fence: takes the lease, reconciles each of its firewalls, tells of sensors that are silent, and writes
 * down what came of it. A firewall that fails does not keep the others from their round; in the end the round throws,
 * so that its failure is seen and it is tried again.
 */
export async function fenceRound(
  ports: RoundPorts,
  options: RoundOptions,
  now: number,
): Promise<RoundRecord> {
  const { state } = ports
  const { owner } = options
  if (!(await state.takeLease({ owner, until: now + LEASE_MS }, now))) {
    throw new Error(
      'Cannot begin a round: somebody else holds the lease of the fence; it ends within a minute',
    )
  }
  try {
    const mode = (await state.mode())?.mode ?? options.mode
    const brake = now < (await state.approvedUntil()) ? NO_BRAKE : options.brake
    const firewalls = await reconcileAll(ports, { ...options, mode, brake }, now)
    await tellOfForgotten(ports, now)
    if (mode !== 'off') await tellOfSilence(ports, options.roster, now)
    const record = { at: now, mode, firewalls }
    await state.keepRound(record)
    return record
  } finally {
    await state.endLease(owner)
  }
}

/** Throws what a round left undone, so that the caller fails as well. */
export function throwProblems({ firewalls }: RoundRecord): void {
  const failed = firewalls.flatMap(({ id, problem }) => (problem === null ? [] : [`${id}: ${problem}`]))
  if (failed.length > 0) throw new Error(`Cannot finish the round: ${failed.join('; ')}`)
}

type Options = Omit<RoundOptions, 'owner' | 'roster'>

interface Reconciled {
  readonly record: RoundRecord['firewalls'][number]
  /** Sources whose blocks may end as far as this firewall goes; none where it failed or is braked. */
  readonly lifted: ReadonlySet<Prefix>
}

/** One after the other. Blocks end after the last one, and none is lifted that one of them still holds. */
async function reconcileAll(
  ports: RoundPorts,
  options: Options,
  now: number,
): Promise<RoundRecord['firewalls']> {
  const all: Reconciled[] = []
  for (const firewall of ports.firewalls) all.push(await reconciled(firewall, ports, options, now))
  const [first, ...others] = all.map(({ lifted }) => lifted)
  const everywhere = [...(first ?? [])].filter((prefix) => others.every((each) => each.has(prefix)))
  await endBlocks(ports, await ports.ledger.openBlocks(), new Set(everywhere), now)
  return all.map(({ record }) => record)
}

async function reconciled(
  firewall: Firewall,
  { ledger, journal }: RoundPorts,
  options: Options,
  now: number,
): Promise<Reconciled> {
  const { id } = firewall
  const none: ReadonlySet<Prefix> = new Set()
  try {
    const settings = { ...options, apply: true, ends: false }
    const round = await reconcile({ ledger, firewall, journal }, settings, now)
    const problem = problemOf(round)
    const record = { id, ...countsOf(round), braked: round.braked ?? null, problem }
    return { record, lifted: round.braked === undefined && problem === null ? round.lifted : none }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    return { record: { id, entries: 0, refused: 0, braked: null, problem }, lifted: none }
  }
}

function countsOf({ plan }: Round): { entries: number; refused: number } {
  const entries = plan.changes.filter(({ kind }) => kind !== 'remove').length
  return { entries, refused: plan.refused.length }
}

function problemOf({ outcomes }: Round): string | null {
  const failed = outcomes.filter((outcome) => !outcome.ok)
  if (failed.length === 0) return null
  return `${failed.length} of ${outcomes.length} changes failed, the first with: ${failed[0]!.reason}`
}

/** Entries in a firewall that the settings do not name any more are in nobody's care. */
async function tellOfForgotten({ state, firewalls, journal }: RoundPorts, at: number): Promise<void> {
  const known = new Set(firewalls.map(({ id }) => id))
  for (const id of await state.claimedFirewalls()) {
    if (known.has(id)) continue
    const why = `${id} holds entries of this fence and is not in its settings any more: put it back, run sipfence release, and take it out again`
    await journal.write({
      kind: 'alert',
      alert: { at, kind: 'forgotten-firewall', source: null, host: id, why },
    })
  }
}

/** A sensor that says nothing is no sign of guilt or innocence; people must know that it is not watching. */
async function tellOfSilence(
  { state, journal }: RoundPorts,
  roster: readonly string[],
  at: number,
): Promise<void> {
  const seen = new Map((await state.hosts()).map((host) => [host.host, host]))
  for (const host of roster) {
    const last = seen.get(host)?.at
    if (last !== undefined && at - last < SILENT_MS) continue
    const since =
      last === undefined ? 'has never reported' : `has not reported since ${new Date(last).toISOString()}`
    const why = `the sensor on ${host} ${since}; nothing of its traffic is judged: see to the sidecar there`
    await journal.write({ kind: 'alert', alert: { at, kind: 'silent-sensor', source: null, host, why } })
  }
}
