import type { DeployedFence } from '../aws/deployed-fence.ts'
import { NO_BRAKE } from '../core/brake.ts'
import { portRanges } from '../core/wanted.ts'
import { readDesired } from '../desired.ts'
import type { Journal } from '../journal.ts'
import { type Mode, type Round, reconcile } from '../reconcile.ts'
import { type DenialRound, type DenyingSet, reconcileSet } from '../reconcile-set.ts'
import { firewallProblem } from './deployed.ts'
import { setKind, setNoun } from './holding.ts'

/** A round of one place as it would be now, or why there can be none. */
export type Rehearsal<R = Round> =
  | { readonly id: string; readonly round: R; readonly problem: null }
  | { readonly id: string; readonly round: null; readonly problem: string }

export type SetRehearsal = Rehearsal<DenialRound> & {
  readonly kind: ReturnType<typeof setKind>
  readonly family: DenyingSet['family']
  readonly takes: DenyingSet['takes']
}

/** What a round would do to the places that deny. */
export interface Rehearsed {
  readonly networkAcls: readonly Rehearsal[]
  readonly sets: readonly SetRehearsal[]
}

export const MUTE: Journal = { write: async () => undefined }

/** Rounds without hands, one place after the other: they read and plan, and write nothing anywhere. */
export async function rehearse(deployed: DeployedFence, mode: Mode, now: number): Promise<Rehearsed> {
  const { fence, ledger, state, firewalls, sets } = deployed
  const { reserve } = fence
  const brake = now < (await state.approvedUntil()) ? NO_BRAKE : fence.brake
  const options = { mode, apply: false, ranges: portRanges(fence.ports), reserve, brake }
  const desired = await readDesired(ledger, now)
  const networkAcls: Rehearsal[] = []
  for (const firewall of firewalls) {
    const round = () => reconcile({ ledger, firewall, journal: MUTE }, desired, options, now)
    networkAcls.push(await rehearsed(firewall.id, 'network ACL', round))
  }
  const lists: SetRehearsal[] = []
  for (const set of sets) {
    const { id, family, takes } = set
    const round = () => reconcileSet({ ledger, set, journal: MUTE }, desired, options, now)
    lists.push({ ...(await rehearsed(id, setNoun(id), round)), kind: setKind(id), family, takes })
  }
  return { networkAcls, sets: lists }
}

async function rehearsed<R>(id: string, noun: string, round: () => Promise<R>): Promise<Rehearsal<R>> {
  try {
    return { id, round: await round(), problem: null }
  } catch (error) {
    const problem = firewallProblem(error, noun)
    if (problem === undefined) throw error
    return { id, round: null, problem }
  }
}
