import type { DoorDocument, LockdownDocument, TrustedDocument } from '../contract/lockdown.ts'
import type { DoorState, LockdownWish } from '../core/lockdown-wish.ts'
import { hoursText } from '../core/office-hours.ts'
import type { Mode } from '../reconcile.ts'
import type { RoundRecord } from '../round-record.ts'
import { aboutFence, type Deployed, isoTime, modeInForce } from './deployed.ts'
import {
  type DoorRehearsal,
  doorIn,
  FORGOTTEN_SWAPS,
  heldAfter,
  type ListRehearsal,
  rehearseDoor,
  rulesOf,
  stepsOf,
  type Trusted,
} from './door.ts'
import { silentHosts } from './hosts.ts'

/** How the trusted peers and the door stand now, what a round would do, and what closing the door would. */
export async function lockdownOf(deployed: Deployed, trusted: Trusted): Promise<LockdownDocument> {
  const { fence, state } = deployed
  const now = deployed.clock()
  const { inForce: mode } = await modeInForce(deployed)
  const wish = await state.lockdown()
  const lastAt = (await state.round())?.at
  const door = await doorIn(deployed, mode, now)
  const rehearsal = await rehearseDoor(deployed, trusted, door, now)
  const closing = door.closed ? rehearsal : await rehearseDoor(deployed, trusted, asked({}), now)
  const { officeHours } = fence.firewalls.trustedPeers ?? {}
  return {
    schema: 'sipfence.lockdown/1',
    ...aboutFence(deployed, now),
    mode,
    wish: {
      standing: wish?.standing ?? 'off',
      closedUntil: wish?.closed == null ? null : isoTime(wish.closed.until),
      allowlistOnly: wish?.closed?.allowlistOnly === true,
      set: wish === undefined ? null : { at: isoTime(wish.at), by: wish.by },
    },
    officeHours: officeHours === undefined ? null : hoursText(officeHours),
    ...(await doorDocuments(deployed, rehearsal, mode)),
    silentHosts: await silentHosts(deployed),
    lastRound: lastAt === undefined ? null : isoTime(lastAt),
    closing: closingOf(closing),
  }
}

/** The same as a part of how the fence stands; null where it has no door. */
export async function doorStatus(
  deployed: Deployed,
): Promise<{ trusted: TrustedDocument[]; lockdown: DoorDocument | null }> {
  const now = deployed.clock()
  if (deployed.trusted === undefined) {
    const swaps = await deployed.ledger.swaps()
    const none = { steps: [], refused: [], problem: FORGOTTEN_SWAPS, lastRefused: [] }
    const forgotten = { closed: false, why: 'lockdown is off', rules: rulesOf(swaps), ...none }
    return { trusted: [], lockdown: swaps.length === 0 ? null : forgotten }
  }
  const { inForce: mode } = await modeInForce(deployed)
  const door = await doorIn(deployed, mode, now)
  return await doorDocuments(deployed, await rehearseDoor(deployed, deployed.trusted, door, now), mode)
}

/** What a person lets pass that would be refused otherwise. */
export type Leave = Omit<DoorState, 'closed' | 'why'>

function asked(leave: Leave): DoorState {
  return { ...leave, closed: true, why: 'somebody asks' }
}

/** What closing the door would do. */
export type ClosingDocument = Pick<LockdownDocument, 'closing' | 'trusted' | 'silentHosts'> & {
  /** Public rules that are taken away already. */
  readonly before: DoorDocument['rules']
}

/** Closes the door without hands, in enforce: nothing is written anywhere. */
export async function rehearseClosing(
  deployed: Deployed,
  trusted: Trusted,
  leave: Leave = {},
): Promise<ClosingDocument> {
  const rehearsal = await rehearseDoor(deployed, trusted, asked(leave), deployed.clock())
  return {
    before: rulesOf(await deployed.ledger.swaps()),
    closing: closingOf(rehearsal),
    trusted: rehearsal.lists.map((list) => trustedOf(list, 'enforce')),
    silentHosts: await silentHosts(deployed),
  }
}

/** Why closing would be refused, each reason once. */
export function refusalsOf({
  closing: { problem, refused },
}: Pick<ClosingDocument, 'closing'>): readonly string[] {
  return [...new Set(problem === null ? refused : [problem, ...refused])]
}

async function doorDocuments(
  { ledger, state }: Deployed,
  { door: { closed, why }, lists, round, problem }: DoorRehearsal,
  mode: Mode,
) {
  const lockdown: DoorDocument = {
    closed,
    why,
    rules: rulesOf(await ledger.swaps()),
    steps: round === null ? [] : stepsOf(round),
    refused: [...(round?.refused ?? [])],
    problem,
    lastRefused: closed ? [...lastRefused(await state.round(), await state.lockdown())] : [],
  }
  return { trusted: lists.map((list) => trustedOf(list, mode)), lockdown }
}

/** What a round said before somebody wanted something else is no answer to it. */
function lastRefused(last: RoundRecord | undefined, wish: LockdownWish | undefined): readonly string[] {
  if (last?.lockdown == null || !last.lockdown.closed || last.at < (wish?.at ?? 0)) return []
  const { refused, problem } = last.lockdown
  return [...new Set(problem === null ? refused : [problem, ...refused])]
}

function trustedOf(list: ListRehearsal, mode: Mode): TrustedDocument {
  const { id, family, knownGood, settings, round, problem } = list
  if (round === null) return { id, family, problem, holds: null }
  const { held, capacity, plan } = round
  const counts = {
    own: held.length - plan.foreign.length,
    held: held.length,
    wanted: mode === 'off' ? held.length : heldAfter(round),
    capacity,
    knownGood,
    settings,
    sources: knownGood + settings,
  }
  return { id, family, problem, holds: { ...counts, foreign: [...plan.foreign], left: [...plan.left] } }
}

function closingOf({ round, problem }: DoorRehearsal): LockdownDocument['closing'] {
  if (round === null) return { rules: [], refused: [], tracked: false, problem }
  const { refused, tracked } = round
  const taken = stepsOf(round).filter(({ kind }) => kind === 'revoke')
  return {
    rules: taken.map(({ group, rule }) => ({ group, rule })),
    refused: [...refused],
    tracked,
    problem,
  }
}
