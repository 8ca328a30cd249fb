import type { Entry } from '../core/entry.ts'
import type { Change } from '../core/plan.ts'
import { stackName } from '../names.ts'
import { reason, ruleText } from './fence-words.ts'
import { clock, wrapped } from './format.ts'

/** How a network ACL stands after its fence was released. */
export interface Released {
  readonly id: string
  /** Entries of ours that still stand there. */
  readonly left: readonly Entry[]
  /** Entries of others in our window. */
  readonly foreign: readonly Entry[]
  /** Why something is left, or why that cannot be told. */
  readonly problem: string | null
  /** When to look again, because EC2 may not show yet what was written last; null where it does. */
  readonly againAt: number | null
}

export function offText(fence: string): string {
  return `Fence ${fence} is off: its functions put nothing back.`
}

/** One change as it was made, or failed. */
export function changeText(id: string, { kind, entry }: Change, failed: string | null): string {
  if (failed !== null) return `${id}: cannot ${kind} ${ruleText(entry)}: ${reason(failed)}`
  return `${id}: ${kind === 'remove' ? 'removed' : `${kind}:`} ${ruleText(entry)}`
}

/** What of ours is left, one line for each; nothing where all is gone. */
export function leftText(released: readonly Released[]): string[] {
  return released.flatMap(({ id, left, problem }) => {
    if (left.length === 0) return problem === null ? [] : [`  ${id}: ${reason(problem)}`]
    const why = problem === null ? '' : ` (${reason(problem)})`
    return left.map((entry) => `  ${id}: ${ruleText(entry)} still stands${why}`)
  })
}

/** What is left of others, and what to do next, where nothing of ours is left. */
export function releasedText(fence: string, released: readonly Released[], width: number): string[] {
  const others = released.flatMap(({ id, foreign }) =>
    foreign.map((entry) => `${id}: ${ruleText(entry)} is not the fence's: it was left alone.`),
  )
  const again = Math.max(0, ...released.map(({ againAt }) => againAt ?? 0))
  const lag =
    again === 0
      ? []
      : [
          `EC2 may not show yet what was written last; to be sure, run sipfence release again after ${clock(again)} UTC.`,
        ]
  const done = `Nothing of fence ${fence} stands in ${released.map(({ id }) => id).join(', ') || 'any network ACL'}.`
  const next = `npx cdk destroy ${stackName(fence)} removes its stack; sipfence mode observe, or enforce, brings it back.`
  return [...others, done, ...lag, next].flatMap((line) => wrapped(line, width))
}
