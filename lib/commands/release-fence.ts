import { failureOf, tellError } from '../aws/aws-errors.ts'
import type { DeployedFence } from '../aws/deployed-fence.ts'
import type { Change } from '../core/plan.ts'
import { type Claim, READ_LAG_MS, type RuleWindow } from '../core/plan-input.ts'
import { portRanges } from '../core/wanted.ts'
import type { Firewall, FirewallState, Outcome } from '../reconcile.ts'
import { fenceRound } from '../round.ts'
import { changeText, offText, type Released } from '../view/release-text.ts'
import { firewallProblem } from './deployed.ts'
import { holdingOf } from './holding.ts'

export interface ReleaseOptions {
  /** Who releases it, for the record. */
  readonly by: string
  readonly clock: () => number
  readonly wait: (ms: number) => Promise<void>
  /** Takes a line for each change as it is made. */
  readonly told: (line: string) => void
  /** Takes a line where somebody else writes to the fence's firewalls. */
  readonly waiting: (line: string) => void
}

/** Longer than a lease lasts that nobody renews. */
const PATIENCE_MS = 90_000
const LEASE_MS = 60_000
const BETWEEN_TRIES_MS = 1_000

/**
 * Takes a fence out of its firewalls from here: sets it off, so that its functions put nothing back, runs one round
 * under the lease, and gives the network ACLs free where nothing of ours is left. Entries of others are left alone.
 * Tells of each ACL how it stands then. Doing it again is harmless.
 */
export async function releaseFence(
  deployed: DeployedFence,
  options: ReleaseOptions,
): Promise<readonly Released[]> {
  const { fence, state, firewalls } = deployed
  const { by, clock, told } = options
  const owner = `release ${by} ${process.pid}`
  await state.setMode({ mode: 'off', at: clock(), by })
  told(offText(fence.id))
  await takeLease(deployed, owner, options)
  const recorders = firewalls.map((firewall) => new Recorder(firewall, told))
  const claimed = await Promise.all(firewalls.map(({ id }) => deployed.ledger.claims(id)))
  const problems = await lastRound(deployed, owner, recorders, clock())
  const released: Released[] = []
  for (const [i, firewall] of firewalls.entries()) {
    const settled = await settle(deployed, firewall, clock())
    const problem = settled.problem ?? (settled.left.length > 0 ? (problems.get(firewall.id) ?? null) : null)
    released.push({ ...settled, problem, againAt: againAt(claimed[i]!, recorders[i]!.written, clock()) })
  }
  return released
}

/** Waits for whoever holds the lease; rounds of the functions last seconds. */
async function takeLease(
  { fence, state }: DeployedFence,
  owner: string,
  { clock, wait, waiting }: ReleaseOptions,
): Promise<void> {
  const giveUpAt = clock() + PATIENCE_MS
  for (let tries = 0; ; tries++) {
    if (await state.takeLease({ owner, until: clock() + LEASE_MS }, clock())) return
    const holder = (await state.lease())?.owner ?? 'somebody'
    if (clock() >= giveUpAt) {
      throw new Error(
        `Cannot release fence "${fence.id}": ${holder} has kept the lease of its firewalls for ${PATIENCE_MS / 1000} s; the fence is off, but holds what it held: try again`,
      )
    }
    if (tries === 0) waiting(`${holder} is writing to the fence's firewalls; waiting for it to end`)
    await wait(BETWEEN_TRIES_MS)
  }
}

/** @returns what went wrong, by firewall */
async function lastRound(
  { fence, ledger, state }: DeployedFence,
  owner: string,
  firewalls: readonly Firewall[],
  now: number,
): Promise<ReadonlyMap<string, string | null>> {
  const { ports, reserve, brake } = fence
  const options = { owner, mode: 'off', ranges: portRanges(ports), reserve, brake, roster: [] } as const
  const journal = { write: async () => undefined }
  const record = await fenceRound({ ledger, state, firewalls, journal }, options, now)
  return new Map(record.firewalls.map(({ id, problem }) => [id, problem]))
}

type Settled = Omit<Released, 'againAt'>

/** Reads what is left, and gives the ACL back where that is nothing. */
async function settle(
  deployed: DeployedFence,
  firewall: DeployedFence['firewalls'][number],
  now: number,
): Promise<Settled> {
  const { id } = firewall
  try {
    const { own, foreign } = await holdingOf(deployed, firewall, now)
    if (own.length === 0) await firewall.release()
    return { id, left: own, foreign, problem: null }
  } catch (error) {
    // An ACL that is gone holds nothing.
    const problem = failureOf(error) === 'not-found' ? null : (firewallProblem(error) ?? tellError(error))
    return { id, left: [], foreign: [], problem }
  }
}

/** When reads must show what was written last but was not seen now; null where all of it was. */
function againAt(claims: readonly Claim[], written: ReadonlySet<number>, now: number): number | null {
  const unseen = claims
    .filter(({ entry }) => !written.has(entry.ruleNumber))
    .map(({ at }) => at + READ_LAG_MS)
  const last = Math.max(0, ...unseen)
  return last > now ? last : null
}

/** A firewall that tells of each change as it is made. */
class Recorder implements Firewall {
  readonly id: string
  readonly window: RuleWindow
  readonly written = new Set<number>()
  readonly #firewall: Firewall
  readonly #told: (line: string) => void

  constructor(firewall: Firewall, told: (line: string) => void) {
    this.id = firewall.id
    this.window = firewall.window
    this.#firewall = firewall
    this.#told = told
  }

  async read(): Promise<FirewallState> {
    return await this.#firewall.read()
  }

  async apply(changes: readonly Change[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = []
    for (const change of changes) {
      const [outcome] = await this.#firewall.apply([change])
      if (outcome === undefined) continue
      outcomes.push(outcome)
      this.written.add(change.entry.ruleNumber)
      this.#told(changeText(this.id, change, outcome.ok ? null : outcome.reason))
    }
    return outcomes
  }
}
