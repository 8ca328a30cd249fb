import type { DeployedFence } from '../aws/deployed-fence.ts'
import { ruleText } from '../core/ingress-rule.ts'
import type { Swap } from '../core/lockdown.ts'
import { type DoorState, doorAt, type LockdownWish, OPEN } from '../core/lockdown-wish.ts'
import { type Family, familyOf, type Prefix } from '../core/prefix.ts'
import type { LockdownOptions, LockdownRound } from '../lockdown.ts'
import { lockdownRound } from '../lockdown.ts'
import type { Mode } from '../reconcile.ts'
import { roundOptions } from '../settings/round-options.ts'
import type { Tiers } from '../tiers.ts'
import { keepTrusted, type TrustedLedger, type TrustedRound } from '../trusted-peers.ts'
import type { ClosedByHand } from '../view/lockdown-said-text.ts'
import { firewallProblem, isoTime } from './deployed.ts'
import { MUTE } from './rehearsal.ts'

export type Trusted = NonNullable<Tiers['trusted']>

/** A list of trusted peers as a round would keep it, or why none can. */
export interface ListRehearsal {
  readonly id: string
  readonly family: Family
  /** Known-good sources that belong in it. */
  readonly knownGood: number
  /** Prefixes of the settings that belong in it beside them. */
  readonly settings: number
  readonly round: TrustedRound | null
  /** Null where there is a round. */
  readonly problem: string | null
}

/** The trusted peers and the door as a round would leave them. */
export interface DoorRehearsal {
  readonly door: DoorState
  readonly lists: readonly ListRehearsal[]
  readonly round: LockdownRound | null
  /** Why there can be no round; null where there is one. */
  readonly problem: string | null
}

/** Rules that were taken away, in a fence whose settings name no security groups any more. */
export const FORGOTTEN_SWAPS =
  'the settings have no firewalls.trustedPeers any more, so nobody puts back what was taken away: put it back, and deploy'

/** Whether the door should be closed in a round in this mode, and why. */
export async function doorIn({ state, fence }: DeployedFence, mode: Mode, now: number): Promise<DoorState> {
  if (mode !== 'enforce') return { closed: false, why: `the mode is ${mode}` }
  return doorAt((await state.lockdown()) ?? OPEN, fence.firewalls.trustedPeers?.officeHours, now)
}

/** Until when somebody keeps it closed by hand, and who; null where nobody does. */
export function closedByHand({ closed, by }: LockdownWish, now: number): ClosedByHand | null {
  return closed !== null && now < closed.until ? { until: isoTime(closed.until), by } : null
}

/** The end of a round without hands: it reads and plans what becomes of the lists and the door, and writes nothing. */
export async function rehearseDoor(
  deployed: DeployedFence,
  { lists, groups }: Trusted,
  door: DoorState,
  now: number,
): Promise<DoorRehearsal> {
  const { fence, ledger } = deployed
  const kept = await rehearseLists(deployed, lists, door, now)
  const stuck = kept.find(({ problem }) => problem !== null)?.problem ?? null
  // Opening goes by what was taken away, whatever the lists hold.
  if (door.closed && stuck !== null) return { door, lists: kept, round: null, problem: stuck }
  const options = {
    fence: fence.id,
    ranges: roundOptions(fence).ranges,
    apply: false,
    trusted: { 4: listAfter(kept[0]!), 6: listAfter(kept[1]!) },
  }
  try {
    const round = await lockdownRound({ ledger, groups, journal: MUTE }, door, options, now)
    return { door, lists: kept, round, problem: null }
  } catch (error) {
    const problem = firewallProblem(error, 'security group')
    if (problem === undefined) throw error
    return { door, lists: kept, round: null, problem }
  }
}

async function rehearseLists(
  { fence, ledger, state }: DeployedFence,
  lists: Trusted['lists'],
  { closed }: DoorState,
  now: number,
): Promise<ListRehearsal[]> {
  const { allow, widest } = roundOptions(fence)
  const approved = now < (await state.approvedUntil())
  const good = await ledger.knownGood(now)
  const known = new Set(good)
  const settings = [...new Set(allow)].filter((prefix) => !known.has(prefix))
  const about = ([4, 6] as const).map((family) => ({
    id: lists[family].id,
    family,
    knownGood: countOf(known, family),
    settings: countOf(settings, family),
  }))
  const read: TrustedLedger = {
    knownGood: async () => good,
    setClaims: (id) => ledger.setClaims(id),
    keepSetClaims: async () => undefined,
  }
  try {
    const options = { allow, widest, closed, approved, apply: false }
    const rounds = await keepTrusted({ ledger: read, lists, journal: MUTE }, options, now)
    return about.map((each) => ({ ...each, round: rounds[each.family], problem: null }))
  } catch (error) {
    const problem = firewallProblem(error, 'prefix list')
    if (problem === undefined) throw error
    return about.map((each) => ({ ...each, round: null, problem }))
  }
}

function countOf(prefixes: Iterable<Prefix>, family: Family): number {
  return [...prefixes].filter((prefix) => familyOf(prefix) === family).length
}

/** The list once the round has written to it: a lockdown comes after that. */
function listAfter({ id, round, knownGood, problem }: ListRehearsal): LockdownOptions['trusted'][Family] {
  if (round === null) return { id, capacity: 0, held: 0, left: [], knownGood, problem }
  const { capacity, plan } = round
  return { id, capacity, held: heldAfter(round), left: plan.left, knownGood, problem: null }
}

/** How many prefixes the list holds once the round has written to it. */
export function heldAfter({ plan }: TrustedRound): number {
  const added = plan.changes.filter(({ kind }) => kind === 'add')
  return plan.kept.length + plan.foreign.length + added.length
}

/** The steps of a round for a document. */
export function stepsOf({ steps }: LockdownRound) {
  return steps.map(({ kind, group, rule, why }) => ({ kind, group, rule: ruleText(rule), why }))
}

/** What is taken away, for a document. */
export function rulesOf(swaps: readonly Swap[]) {
  return swaps.map(({ group, rule }) => ({ group, rule: ruleText(rule) }))
}
