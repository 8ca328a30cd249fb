import type { DoorDocument, LockdownDocument } from '../contract/lockdown.ts'
import { ago, moment, reason } from './fence-words.ts'
import { table, wrapped } from './format.ts'
import { doorRows, flowsText, ruleOfGroup, trustedRows } from './lockdown-words.ts'

type Closing = LockdownDocument['closing']

/** What `sipfence lockdown` prints for people. */
export function lockdownText(document: LockdownDocument, width: number): string[] {
  const { fence, region, mode, trusted, lockdown, closing } = document
  const rows = [
    ...doorRows(lockdown),
    ['Standing', standingText(document)],
    ...trustedRows(trusted),
    ...(lockdown.closed || lockdown.rules.length > 0 ? [] : closingRows(closing)),
  ]
  return [`Fence ${fence} in ${region}, mode ${mode}`, '', ...table(rows, width, '')]
}

function standingText({ wish: { standing, closedUntil, set }, officeHours, at }: LockdownDocument): string {
  const what = { off: 'open', auto: `closed outside office hours (${officeHours ?? 'none are set'})` }[
    standing
  ]
  const byHand =
    closedUntil === null || Date.parse(closedUntil) <= Date.parse(at)
      ? ''
      : `; closed by hand until ${moment(closedUntil)} UTC`
  const who =
    set === null ? '; nobody has said anything else' : `; said ${ago(set.at, at)} by ${reason(set.by)}`
  return `${what}${byHand}${who}`
}

function closingRows({ rules, refused, tracked, problem }: Closing): string[][] {
  const title = 'Closing it now'
  if (problem !== null) return [[title, `cannot be told: ${reason(problem)}`]]
  if (refused.length > 0)
    return refused.map((words, i) => [i === 0 ? title : '', `would be refused: ${reason(words)}`])
  return [
    ...rules.map((each, i) => [i === 0 ? title : '', `would take away ${ruleOfGroup(each)}`]),
    ['', flowsText(tracked)],
  ]
}

/** What closing the door does, as it was rehearsed. */
interface Closed {
  readonly fence: string
  /** ISO 8601. */
  readonly until: string
  /** Public rules that were taken away before. */
  readonly before: DoorDocument['rules']
  readonly closing: Closing
  readonly trusted: LockdownDocument['trusted']
}

/** What people are told who closed the door. */
export function closedText({ fence, until, before, closing, trusted }: Closed, width: number): string[] {
  const { rules, tracked } = closing
  const rows = [
    ...before.map((each) => ['Taken away', `${ruleOfGroup(each)}, before already`]),
    ...rules.map((each) => ['Taken away', ruleOfGroup(each)]),
    ...(rules.length === 0 ? [] : [['', flowsText(tracked)]]),
    ...trustedRows(trusted),
  ]
  const head = `Fence ${fence} closes the door until ${moment(until)} UTC: within seconds only trusted peers are let in.`
  const next = 'sipfence lockdown shows how it stands, sipfence lockdown off opens it.'
  return [...wrapped(head, width), '', ...table(rows, width, ''), '', ...wrapped(next, width)]
}

interface Opened {
  readonly fence: string
  /** Public rules that are taken away. */
  readonly rules: DoorDocument['rules']
}

/** What people are told who opened the door for good. */
export function openedText({ fence, rules }: Opened, width: number): string[] {
  const back =
    rules.length === 0
      ? 'No rule is taken away.'
      : `Within seconds what was taken away is back: ${rules.map(ruleOfGroup).join('; ')}.`
  return [`Fence ${fence} keeps the door open.`, ...wrapped(back, width)]
}

interface Automatic {
  readonly fence: string
  readonly officeHours: string
  /** Whether it should be closed now, and why. */
  readonly door: { readonly closed: boolean; readonly why: string }
  /** Why closing it now would be refused. */
  readonly refused: readonly string[]
}

/** What people are told who left the door to the office hours. */
export function autoText({ fence, officeHours, door, refused }: Automatic, width: number): string[] {
  return [
    `Fence ${fence} closes the door outside office hours: ${officeHours}.`,
    `Now it is ${door.closed ? 'closed' : 'open'}: ${reason(door.why)}.`,
    ...refused.map((words) => `Closing it now would be refused: ${reason(words)}`),
    'sipfence lockdown shows how it stands, sipfence lockdown off takes it back.',
  ].flatMap((line) => wrapped(line, width))
}
