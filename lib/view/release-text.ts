import { ruleText as groupRuleText } from '../core/ingress-rule.ts'
import type { LockdownStep } from '../core/lockdown.ts'
import type { Change } from '../core/plan.ts'
import type { SetChange } from '../core/set-plan.ts'
import { stackName } from '../names.ts'
import { reason, ruleText } from './fence-words.ts'
import { clock, count, printable, wrapped } from './format.ts'

/** How a network ACL, a list or a security group stands after its fence was released. */
export interface Released {
  readonly id: string
  /** What it is, and its id. */
  readonly name: string
  readonly kind: 'firewall' | 'security group'
  /** What of ours is still there, or not back: a phrase for each. */
  readonly left: readonly string[]
  /** Entries of others that stand where ours did. */
  readonly foreign: readonly string[]
  /** Why something is left, or why that cannot be told. */
  readonly problem: string | null
  /** When to look again, because AWS may not show yet what was written last; null where it does. */
  readonly againAt: number | null
}

/** A list may hold thousands. */
const MOST_NAMED = 20

export function offText(fence: string): string {
  return `Fence ${fence} is off: its functions put nothing back.`
}

/** One change as it was made, or failed. */
export function changeText(name: string, { kind, entry }: Change, failed: string | null): string {
  if (failed !== null) return `${name}: cannot ${kind} ${ruleText(entry)}: ${reason(failed)}`
  return `${name}: ${kind === 'remove' ? 'removed' : `${kind}:`} ${ruleText(entry)}`
}

/** Changes of a list as they were made in one go, and why that did not come to its end. */
export function setChangesText(name: string, done: readonly SetChange[], failed: string | null): string[] {
  const lines = done.map(
    ({ kind, prefix }) => `${name}: ${kind === 'remove' ? 'removed' : 'added'} ${prefix}`,
  )
  const more = lines.length - MOST_NAMED
  return [
    ...lines.slice(0, MOST_NAMED),
    ...(more > 0 ? [`${name}: and ${count(more)} more`] : []),
    ...(failed === null ? [] : [`${name}: cannot go on: ${reason(failed)}`]),
  ]
}

/** One step of opening the door as it was made, or failed. */
export function stepText({ kind, group, rule }: LockdownStep, failed: string | null): string {
  const words = `${printable(groupRuleText(rule), 200)}`
  if (failed !== null) return `${group}: cannot ${kind} ${words}: ${reason(failed)}`
  return `${group}: ${kind === 'authorize' ? 'authorized' : 'revoked'} ${words}`
}

/** What of ours is left, one line for each; nothing where all is gone. */
export function leftText(released: readonly Released[]): string[] {
  return released.flatMap(({ name, left, problem }) => {
    if (left.length === 0) return problem === null ? [] : [`  ${name}: ${reason(problem)}`]
    const why = problem === null ? '' : ` (${reason(problem)})`
    const more = left.length - MOST_NAMED
    const lines = left.slice(0, MOST_NAMED).map((words) => `  ${name}: ${words}${why}`)
    return more > 0 ? [...lines, `  ${name}: and ${count(more)} more`] : lines
  })
}

/**
 * What is left of others, and what to do next, where nothing of ours is left.
 *
 * @param trusted lists of trusted peers
 */
export function releasedText(
  fence: string,
  released: readonly Released[],
  trusted: readonly string[],
  width: number,
): string[] {
  const places = released.filter(({ kind }) => kind === 'firewall').map(({ name }) => name)
  const others = released.flatMap(({ name, foreign }) =>
    few(foreign).map((words) => `${name}: ${words} is not the fence's: it was left alone.`),
  )
  const again = Math.max(0, ...released.map(({ againAt }) => againAt ?? 0))
  const lag =
    again === 0
      ? []
      : [
          `EC2 may not show yet what was written last; to be sure, run sipfence release again after ${clock(again)} UTC.`,
        ]
  const done = `Nothing of fence ${fence} stands in ${places.join(', ') || 'any network ACL'}.`
  const door =
    trusted.length === 0
      ? []
      : [
          `The door is open. The lists of trusted peers (${trusted.join(', ')}) keep their entries, because other rules may refer to them.`,
        ]
  const next = `npx cdk destroy ${stackName(fence)} removes its stack; sipfence mode observe, or enforce, brings it back.`
  return [...others, done, ...door, ...lag, next].flatMap((line) => wrapped(line, width))
}

function few(foreign: readonly string[]): readonly string[] {
  const more = foreign.length - MOST_NAMED
  return more > 0 ? [...foreign.slice(0, MOST_NAMED), `${count(more)} more, each of which`] : foreign
}
