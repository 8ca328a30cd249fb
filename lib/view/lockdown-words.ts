import type { DoorDocument, LockdownDocument, TrustedDocument } from '../contract/lockdown.ts'
import { ago, entries, prefixesText, reason } from './fence-words.ts'
import { count, counted, printable } from './format.ts'

/** What views say of the trusted peers and the door. */

const NAMED = 10

/** Whether who talks with the PBX now goes on to. */
export function flowsText(tracked: boolean): string {
  return tracked
    ? 'Flows that stand are tracked: they live on until they time out.'
    : 'Flows that stand are cut at once.'
}

/** Rows of a table: how the door stands, what is taken away, and why it is not as it should be. */
export function doorRows(door: DoorDocument): string[][] {
  const { rules, refused, problem } = door
  return [
    ['Lockdown', doorText(door)],
    ...rules.map((each) => ['', `${ruleOfGroup(each)} is taken away`]),
    ...refused.map((words) => ['', `refused: ${reason(words)}`]),
    ...(problem === null ? [] : [['', reason(problem)]]),
    ...lastWords(door).map((words) => ['', `the last round refused: ${reason(words)}`]),
  ]
}

/** Why it is not closed as it should be: the reasons that the rows above give. */
export function doorReasons(door: DoorDocument): readonly string[] {
  return [...door.refused, ...(door.problem === null ? [] : [door.problem]), ...lastWords(door)]
}

/** What the last round said, where this look at it says nothing against closing. */
function lastWords({ steps, rules, refused, problem, lastRefused }: DoorDocument): readonly string[] {
  const isClosed = rules.length > 0 && steps.length === 0
  return isClosed || refused.length > 0 || problem !== null ? [] : lastRefused
}

/** `open: lockdown is off`. */
function doorText(door: DoorDocument): string {
  const { closed, why, rules, steps, refused, problem } = door
  const words = reason(why)
  if (!closed && rules.length === 0) return `open: ${words}`
  const back = problem === null ? '; the next round puts back what is taken away' : ''
  if (!closed) return `closed, and should be open: ${words}${back}`
  if (refused.length > 0 || problem !== null || lastWords(door).length > 0)
    return `not closed as it should be: ${words}`
  return steps.length > 0 ? `closed with the next round: ${words}` : `closed: ${words}`
}

/** `sg-0a1b: udp 5060 from 0.0.0.0/0`. */
export function ruleOfGroup({ group, rule }: { readonly group: string; readonly rule: string }): string {
  return `${group}: ${printable(rule, 200)}`
}

/** Rows of a table: what each list of trusted peers holds, and who is left out. */
export function trustedRows(trusted: readonly TrustedDocument[]): string[][] {
  return trusted.flatMap(({ id, family, problem, holds }) => {
    const title = 'Trusted peers'
    if (holds === null) return [[title, `${id}: ${reason(problem ?? 'cannot be read')}`]]
    const { held, wanted, capacity, sources, knownGood, settings, left, foreign } = holds
    const soon = wanted === held ? '' : `, ${count(wanted)} with the next round,`
    const whom = counted(sources, `trusted IPv${family} source`)
    const whence =
      sources === 0 ? '' : `: ${count(knownGood)} known-good, ${count(settings)} from the settings`
    const room = `${id}: ${entries(held)} of ${count(capacity)}${soon} for ${whom}${whence}`
    return [
      [title, room],
      ...(left.length === 0 ? [] : [['', `no room for ${leftText(left)}: a lockdown is refused`]]),
      ...(foreign.length === 0 ? [] : [['', prefixesText(foreign)]]),
    ]
  })
}

function leftText(left: readonly string[]): string {
  const named = left.slice(0, NAMED).map((prefix) => printable(prefix, 50))
  const more = left.length - named.length
  return `${counted(left.length, 'source')} (${named.join(', ')}${more > 0 ? ` and ${count(more)} more` : ''})`
}

/** Rows of a table: whose sensors are missing, and what that means for who is trusted. */
export function silentRows(hosts: LockdownDocument['silentHosts'], at: string): string[][] {
  return hosts.map(({ host, reported }, i) => {
    const words =
      reported === null
        ? `${host} has never reported: whoever it knows is not among them`
        : `${host} reported ${ago(reported, at)}, and not since: whom it has come to know since is not among them`
    return [i === 0 ? 'Sensors' : '', words]
  })
}
