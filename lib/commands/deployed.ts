import { failureOf, tellError } from '../aws/aws-errors.ts'
import type { DeployedFence } from '../aws/deployed-fence.ts'
import type { ModeSet } from '../aws/fence-state.ts'
import type { FenceConfig } from '../config.ts'
import type { StatusDocument } from '../contract/status.ts'
import type { Mode } from '../reconcile.ts'
import { VERSION } from '../version.ts'
import { lateText } from '../view/fence-words.ts'

/** A tier beside network ACLs, as the settings name it. */
export type Tier = keyof FenceConfig['firewalls']

/** A fence on AWS as somebody at a terminal sees it. */
export interface Deployed extends DeployedFence {
  readonly region: string
  /** Tiers that the settings have and the stack does not yet: the fence here is without them. */
  readonly missing: readonly Tier[]
  /** ARN of the topic that alerts go to. */
  readonly topic: string
  queues(): Promise<StatusDocument['queues']>
  /** Milliseconds since 1970. */
  clock(): number
}

/** How each document about the fence begins. */
export function aboutFence({ fence, region }: Deployed, at: number) {
  return { version: VERSION, fence: fence.id, region, at: isoTime(at) }
}

export function isoTime(at: number): string {
  return new Date(at).toISOString()
}

export interface ModeInForce {
  readonly inForce: Mode
  /** Undefined where nobody set it by hand. */
  readonly set: ModeSet | undefined
}

/** The mode that rounds go by: set by hand, or else of the settings that were deployed, which the last round tells. */
export async function modeInForce({ state, fence }: DeployedFence): Promise<ModeInForce> {
  const set = await state.mode()
  const inForce = set?.mode ?? (await state.round())?.mode ?? fence.mode
  return { inForce, set }
}

/** Why a firewall cannot be used, where that is a fact about the fence; undefined where nothing can be told now. */
export function firewallProblem(error: unknown, noun = 'network ACL'): string | undefined {
  if (isOurs(error)) return error.message
  const failure = failureOf(error)
  const isGone = failure === 'not-found' || failure === 'no-group'
  return isGone ? `there is no such ${noun} (${tellError(error)})` : undefined
}

/** Whether the words of the error are ours: they name the thing and the next step. */
export function isOurs(error: unknown): error is Error {
  return error instanceof Error && error.name === 'Error' && !('code' in error)
}

/** Lines where no round has happened lately, so that nobody relies on one in an emergency; none where one has. */
export async function lateRoundText(
  { state, clock }: Deployed,
  width: number,
  next = LOOK,
): Promise<readonly string[]> {
  const last = (await state.round())?.at
  const at = isoTime(clock())
  return lateText(last === undefined ? null : isoTime(last), at, next, width)
}

const LOOK =
  'the functions may be down, see sipfence status; sipfence release removes what it holds from here'
