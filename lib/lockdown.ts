import type { PortRange } from './core/entry.ts'
import { ruleText } from './core/ingress-rule.ts'
import {
  type GroupState,
  type LockdownStep,
  planLockdown,
  planOpening,
  type Swap,
  type TrustedList,
} from './core/lockdown.ts'
import type { DoorState } from './core/lockdown-wish.ts'
import type { Family } from './core/prefix.ts'
import type { Alert, Journal } from './journal.ts'

/** `already` where the group was so before: reads lag, and answers get lost. `gone` where there is no such group any more. */
export type StepOutcome =
  | { readonly kind: 'done' | 'already' | 'gone' }
  | { readonly kind: 'failed'; readonly reason: string }

/** The security groups on the interfaces of the fence's PBXs. Allow-only, so this is no firewall that denies. */
export interface SecurityGroups {
  /** Every group on every interface, the settings' own among them. Throws where one cannot be read. */
  read(): Promise<readonly GroupState[]>
  apply(step: LockdownStep): Promise<StepOutcome>
}

export interface SwapLedger {
  swaps(): Promise<readonly Swap[]>
  keepSwaps(swaps: readonly Swap[]): Promise<void>
}

export interface LockdownPorts {
  readonly ledger: SwapLedger
  readonly groups: SecurityGroups
  readonly journal: Journal
}

export interface LockdownOptions {
  readonly fence: string
  readonly ranges: readonly PortRange[]
  /** False is preview: it reads and plans, and writes nothing. */
  readonly apply: boolean
  readonly trusted: Readonly<Record<Family, TrustedList>>
}

/** What came of the door in a round, for people who ask. */
export interface LockdownRound {
  readonly desired: DoorState
  /** Rules that are taken away now. */
  readonly swaps: readonly { readonly group: string; readonly rule: string }[]
  /** What was done, or would be. */
  readonly steps: readonly LockdownStep[]
  /** Why it is not closed although it should be. */
  readonly refused: readonly string[]
  /** Whether flows that stood when it was closed live on until they time out. */
  readonly tracked: boolean
  /** What went wrong; null where all went well. */
  readonly problem: string | null
}

/**
 * Brings the door to what it should be: closed, the public rules for SIP are swapped for the trusted peers; open, every
 * one of them is back as it was. What is taken away is in the ledger before it is, so a crash at any step loses none.
 */
export async function lockdownRound(
  { ledger, groups, journal }: LockdownPorts,
  desired: DoorState,
  { fence, ranges, apply, trusted }: LockdownOptions,
  now: number,
): Promise<LockdownRound> {
  const before = await ledger.swaps()
  if (!desired.closed && before.length === 0)
    return { desired, swaps: [], steps: [], refused: [], tracked: false, problem: null }
  const { allowlistOnly = false, lose = 0 } = desired
  const plan = desired.closed
    ? planLockdown({
        fence,
        groups: await groups.read(),
        swaps: before,
        ranges,
        trusted,
        allowlistOnly,
        lose,
      })
    : planOpening(before)
  const { steps, refused } = plan
  let swaps = refused.length > 0 ? before : plan.swaps
  let problem: string | null = null
  if (apply && steps.length > 0) {
    if (desired.closed) await ledger.keepSwaps(swaps)
    const failed = await carriedOut(steps, { groups, journal }, now)
    problem = failed.size === 0 ? null : [...failed].map(([group, why]) => `${group}: ${why}`).join('; ')
    if (!desired.closed) {
      swaps = swaps.filter(({ group }) => failed.has(group))
      await ledger.keepSwaps(swaps)
    }
  }
  const shown = (apply ? swaps : before).map(({ group, rule }) => ({ group, rule: ruleText(rule) }))
  const round = { desired, swaps: shown, steps, refused, tracked: plan.tracked, problem }
  if (apply) for (const alert of alertsOf(round, now)) await journal.write({ kind: 'alert', alert })
  return round
}

/**
 * Group by group, one step after the other. After a step that failed nothing more is done to that group: while it is closed
 * the public rules stay where nobody else is let in yet, and while it is opened the trusted peers stay let in.
 *
 * @returns the groups that were not finished, and why
 */
async function carriedOut(
  steps: readonly LockdownStep[],
  { groups, journal }: Pick<LockdownPorts, 'groups' | 'journal'>,
  at: number,
): Promise<ReadonlyMap<string, string>> {
  const failed = new Map<string, string>()
  const gone = new Set<string>()
  for (const step of steps) {
    if (failed.has(step.group) || gone.has(step.group)) continue
    const outcome = await groups.apply(step)
    if (outcome.kind === 'already') continue
    if (outcome.kind === 'failed')
      failed.set(step.group, `cannot ${step.kind} ${ruleText(step.rule)}: ${outcome.reason}`)
    if (outcome.kind === 'gone') gone.add(step.group) // what was taken from a group goes with it
    const reason =
      outcome.kind === 'failed'
        ? outcome.reason
        : outcome.kind === 'gone'
          ? 'there is no such group any more'
          : null
    await journal.write({ kind: 'lockdown', at, step, failed: reason })
  }
  return failed
}

function alertsOf({ desired, swaps, refused, tracked, problem }: LockdownRound, at: number): Alert[] {
  const alerts: Alert[] = []
  if (refused.length > 0)
    alerts.push({
      at,
      kind: 'lockdown-refused',
      source: null,
      why: `the door is not closed (${desired.why}): ${refused.join('; ')}`,
    })
  else if (desired.closed && swaps.length > 0) {
    const flows = tracked
      ? 'flows that stood are tracked and live on until they time out; the heaviest of them are denied in the network ACL'
      : 'flows that stood were cut at once'
    const groups = [...new Set(swaps.map(({ group }) => group))].join(', ')
    alerts.push({
      at,
      kind: 'lockdown',
      source: null,
      why: `only trusted peers are let in by ${groups}: ${desired.why}; ${flows}; sipfence lockdown off opens it`,
    })
  }
  if (problem !== null)
    alerts.push({ at, kind: 'lockdown-refused', source: null, host: 'steps', why: problem })
  return alerts
}
