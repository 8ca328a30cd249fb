import { NO_BRAKE } from './core/brake.ts'
import { doorAt, type LockdownWish, OPEN } from './core/lockdown-wish.ts'
import type { OfficeHours } from './core/office-hours.ts'
import { figuresOf, type RoundFigures, SILENT_MS } from './figures.ts'
import type { Mode } from './reconcile.ts'
import type { HostSeen, RoundRecord } from './round-record.ts'
import { reconcileTiers, type TierOptions, type TierPorts } from './tiers.ts'

/** The right to write to the fence's firewalls: one at a time, whoever it is. */
export interface Lease {
  readonly owner: string
  /** Milliseconds since 1970; after that anybody may take it. */
  readonly until: number
}

/** What came of a round, and the figures that it gives. */
export interface RoundResult extends RoundRecord {
  readonly figures: RoundFigures
}

/** What a round needs to know of its fence beside blocks and claims. */
export interface RoundState {
  mode(): Promise<{ readonly mode: Mode } | undefined>
  takeLease(lease: Lease, now: number): Promise<boolean>
  endLease(owner: string): Promise<void>
  hosts(): Promise<readonly HostSeen[]>
  /** What people want of the door; undefined where nobody has said anything. */
  lockdown(): Promise<LockdownWish | undefined>
  /** Until when a person lets plans pass that the brake would stop; 0 where nobody does. */
  approvedUntil(): Promise<number>
  /** Firewalls in which something is claimed, whatever the settings name today. */
  claimedFirewalls(): Promise<readonly string[]>
  keepRound(round: RoundRecord): Promise<void>
}

export interface RoundPorts extends TierPorts {
  readonly state: RoundState
}

export interface RoundOptions extends Omit<TierOptions, 'approved' | 'door'> {
  /** Who takes the lease. */
  readonly owner: string
  /** The mode of the settings file, where nobody has set another. */
  readonly mode: Mode
  readonly officeHours?: OfficeHours | undefined
  /** The hosts that should report. */
  readonly roster: readonly string[]
}

/** Longer than a round may take: a round that dies keeps others out no longer than this. */
const LEASE_MS = 60_000

/**
 * One round of a fence: takes the lease, places its decision in every tier, tells of sensors that are silent, and writes
 * down what came of it.
 */
export async function fenceRound(
  ports: RoundPorts,
  options: RoundOptions,
  now: number,
): Promise<RoundResult> {
  const { state } = ports
  const { owner, roster } = options
  if (!(await state.takeLease({ owner, until: now + LEASE_MS }, now))) {
    throw new Error(
      'Cannot begin a round: somebody else holds the lease of the fence; it ends within a minute',
    )
  }
  try {
    const mode = (await state.mode())?.mode ?? options.mode
    const approved = now < (await state.approvedUntil())
    const brake = approved ? NO_BRAKE : options.brake
    const door = doorAt((await state.lockdown()) ?? OPEN, options.officeHours, now)
    const records = await reconcileTiers(ports, { ...options, mode, brake, approved, door }, now)
    await tellOfForgotten(ports, now)
    const hosts = await state.hosts()
    if (mode !== 'off') await tellOfSilence(ports, hosts, roster, now)
    const record = { at: now, mode, ...records }
    await state.keepRound(record)
    return { ...record, figures: figuresOf(record, hosts, roster, now) }
  } finally {
    await state.endLease(owner)
  }
}

/** Throws what a round left undone, so that the caller fails as well. */
export function throwProblems({ firewalls, sets, trusted, lockdown, mode }: RoundRecord): void {
  const lists = mode === 'off' ? sets : [...sets, ...trusted]
  const door = { id: 'lockdown', problem: lockdown?.problem ?? null }
  const failed = [...firewalls, ...lists, door].flatMap(({ id, problem }) =>
    problem === null ? [] : [`${id}: ${problem}`],
  )
  if (failed.length > 0) throw new Error(`Cannot finish the round: ${failed.join('; ')}`)
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
  { journal }: RoundPorts,
  hosts: readonly HostSeen[],
  roster: readonly string[],
  at: number,
): Promise<void> {
  const seen = new Map(hosts.map((host) => [host.host, host]))
  for (const host of roster) {
    const last = seen.get(host)?.at
    if (last !== undefined && at - last < SILENT_MS) continue
    const since =
      last === undefined ? 'has never reported' : `has not reported since ${new Date(last).toISOString()}`
    const why = `the sensor on ${host} ${since}; nothing of its traffic is judged: see to the sidecar there`
    await journal.write({ kind: 'alert', alert: { at, kind: 'silent-sensor', source: null, host, why } })
  }
}
