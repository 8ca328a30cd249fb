import { failureOf, tellError } from '../aws/aws-errors.ts'
import type { DeployedFence } from '../aws/deployed-fence.ts'
import { READ_LAG_MS } from '../core/plan-input.ts'
import type { DenyingSet } from '../reconcile-set.ts'
import { fenceRound } from '../round.ts'
import type { RoundRecord } from '../round-record.ts'
import { roundOptions } from '../settings/round-options.ts'
import { placeName, ruleText } from '../view/fence-words.ts'
import { offText, type Released } from '../view/release-text.ts'
import { firewallProblem } from './deployed.ts'
import { FORGOTTEN_SWAPS, rulesOf } from './door.ts'
import { holdingOf, setHoldingOf, setNoun } from './holding.ts'
import { FirewallRecorder, GroupsRecorder, SetRecorder } from './recorders.ts'
import { MUTE } from './rehearsal.ts'

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
 * Takes a fence out of its firewalls from here: sets it off, so that its functions put nothing back, forgets what was
 * wanted of the door, so that no mode closes it again, runs one round under the lease, which opens a lockdown too, and gives the network ACLs free where nothing of ours is left. Entries of
 * others are left alone, and the lists of trusted peers stay as they are. Tells of each place how it stands then. Doing
 * it again is harmless.
 */
export async function releaseFence(
  deployed: DeployedFence,
  options: ReleaseOptions,
): Promise<readonly Released[]> {
  const { fence, state, ledger, firewalls } = deployed
  const { by, clock, told } = options
  const owner = `release ${by} ${process.pid}`
  await state.setMode({ mode: 'off', at: clock(), by })
  if ((await state.lockdown()) !== undefined)
    await state.setLockdown({ standing: 'off', closed: null, at: clock(), by })
  told(offText(fence.id))
  await takeLease(deployed, owner, options)
  const acls = firewalls.map((firewall) => new FirewallRecorder(firewall, told))
  const sets = deployed.sets.map((set) => new SetRecorder(set, told))
  const claims = await Promise.all(acls.map(({ id }) => ledger.claims(id)))
  const setClaims = await Promise.all(sets.map(({ id }) => ledger.setClaims(id)))
  const record = await lastRound(deployed, owner, { acls, sets, told }, clock())
  const problems = new Map([...record.firewalls, ...record.sets].map(({ id, problem }) => [id, problem]))
  const released: Released[] = []
  for (const [i, firewall] of firewalls.entries()) {
    const { written } = acls[i]!
    const unseen = claims[i]!.filter(({ entry }) => !written.has(entry.ruleNumber))
    const settled = withProblem(await settle(deployed, firewall, clock()), problems)
    released.push({ ...settled, againAt: againAt(unseen, clock()) })
  }
  for (const [i, set] of sets.entries()) {
    const unseen = setClaims[i]!.filter(({ prefix }) => !set.written.has(prefix))
    const settled = withProblem(await settleSet(deployed, set), problems)
    released.push({ ...settled, againAt: againAt(unseen, clock()) })
  }
  return [...released, ...(await notBack(deployed, record))]
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

interface Recorders {
  readonly acls: readonly FirewallRecorder[]
  readonly sets: readonly SetRecorder[]
  readonly told: (line: string) => void
}

async function lastRound(
  deployed: DeployedFence,
  owner: string,
  { acls, sets, told }: Recorders,
  now: number,
): Promise<RoundRecord> {
  const { fence, ledger, state, trusted } = deployed
  const options = { ...roundOptions(fence), owner, mode: 'off', roster: [] } as const
  const ports = { ledger, state, journal: MUTE, firewalls: acls, sets }
  if (trusted === undefined) return await fenceRound(ports, options, now)
  const door = { lists: trusted.lists, groups: new GroupsRecorder(trusted.groups, told) }
  return await fenceRound({ ...ports, trusted: door }, options, now)
}

type Settled = Omit<Released, 'againAt'>

/** Reads what is left, and gives the ACL back where that is nothing. */
async function settle(
  deployed: DeployedFence,
  firewall: DeployedFence['firewalls'][number],
  now: number,
): Promise<Settled> {
  const { id } = firewall
  const name = placeName(id)
  try {
    const { own, foreign } = await holdingOf(deployed, firewall, now)
    if (own.length === 0) await firewall.release()
    return { ...NOTHING, id, name, left: own.map(ruleText).map(stands), foreign: foreign.map(ruleText) }
  } catch (error) {
    return { ...NOTHING, id, name, problem: problemOf(error, 'network ACL') }
  }
}

async function settleSet(deployed: DeployedFence, set: DenyingSet): Promise<Settled> {
  const { id } = set
  const name = placeName(id, set.family)
  try {
    const { own, foreign } = await setHoldingOf(deployed, set)
    return { ...NOTHING, id, name, left: own.map(stands), foreign }
  } catch (error) {
    return { ...NOTHING, id, name, problem: problemOf(error, setNoun(id)) }
  }
}

const NOTHING = { kind: 'firewall', left: [], foreign: [], problem: null } as const

function stands(words: string): string {
  return `${words} still stands`
}

/** What is gone holds nothing. */
function problemOf(error: unknown, noun: string): string | null {
  return failureOf(error) === 'not-found' ? null : (firewallProblem(error, noun) ?? tellError(error))
}

function withProblem(settled: Settled, problems: ReadonlyMap<string, string | null>): Settled {
  if (settled.problem !== null || settled.left.length === 0) return settled
  return { ...settled, problem: problems.get(settled.id) ?? null }
}

/** Rules of security groups that a lockdown has taken away and that are not back. */
async function notBack(
  { ledger, trusted }: DeployedFence,
  { lockdown }: RoundRecord,
): Promise<readonly Released[]> {
  const problem = trusted === undefined ? FORGOTTEN_SWAPS : (lockdown?.problem ?? null)
  return rulesOf(await ledger.swaps()).map(({ group, rule }) => ({
    id: group,
    name: group,
    kind: 'security group',
    left: [`${rule} is still taken away`],
    foreign: [],
    problem,
    againAt: null,
  }))
}

/** When reads must show what was written last but was not seen now; null where all of it was. */
function againAt(unseen: readonly { readonly at: number }[], now: number): number | null {
  const last = Math.max(0, ...unseen.map(({ at }) => at + READ_LAG_MS))
  return last > now ? last : null
}
