import type { DoorDocument, LockdownDocument } from '../contract/lockdown.ts'
import { moment, reason } from './fence-words.ts'
import { table, wrapped } from './format.ts'
import { flowsText, ruleOfGroup, silentRows, trustedRows } from './lockdown-words.ts'

/** What people are told who said something of the door. */

/** Until when it is closed by hand, in ISO 8601, and who said so. */
export interface ClosedByHand {
  readonly until: string
  readonly by: string
}

/** What closing the door does, as it was rehearsed. */
interface Closed {
  readonly fence: string
  /** ISO 8601. */
  readonly at: string
  readonly until: string
  /** How it was closed by hand before; null where it was not. */
  readonly earlier: ClosedByHand | null
  readonly allowlistOnly: boolean
  /** Public rules that were taken away before. */
  readonly before: DoorDocument['rules']
  readonly closing: LockdownDocument['closing']
  readonly trusted: LockdownDocument['trusted']
  readonly silentHosts: LockdownDocument['silentHosts']
}

export function closedText(closed: Closed, width: number): string[] {
  const { fence, at, until, earlier, allowlistOnly, before, closing, trusted, silentHosts } = closed
  const { rules, tracked } = closing
  const rows = [
    ...before.map((each) => ['Taken away', `${ruleOfGroup(each)}, before already`]),
    ...rules.map((each) => ['Taken away', ruleOfGroup(each)]),
    ...(rules.length === 0 ? [] : [['', flowsText(tracked)]]),
    ...trustedRows(trusted),
    ...silentRows(silentHosts, at),
  ]
  const head = [
    `Fence ${fence} closes the door until ${moment(until)} UTC: within seconds only trusted peers are let in.`,
    ...(earlier === null
      ? []
      : [`It was closed until ${handText(earlier)}; now until ${moment(until)} UTC.`]),
    ...(allowlistOnly ? ['It stays closed although nobody may be known-good: the allowlist is enough.'] : []),
  ]
  const next = 'sipfence lockdown shows how it stands, sipfence lockdown off opens it.'
  return [
    ...head.flatMap((line) => wrapped(line, width)),
    '',
    ...table(rows, width, ''),
    '',
    ...wrapped(next, width),
  ]
}

/** Why it cannot be closed: one paragraph for each reason, in lines that fit. */
export function refusedText(fence: string, reasons: readonly string[], width: number): string {
  return [`Cannot lock down fence "${fence}", and nothing was done:`, ...listed(reasons, width)].join('\n')
}

interface Opened {
  readonly fence: string
  /** How it was closed by hand until now; null where it was not. */
  readonly earlier: ClosedByHand | null
  /** Whether office hours closed it. */
  readonly wasAutomatic: boolean
  /** Public rules that are taken away. */
  readonly rules: DoorDocument['rules']
}

export function openedText({ fence, earlier, wasAutomatic, rules }: Opened, width: number): string[] {
  const was = rules.length === 0 ? 'was to be closed' : 'was closed'
  const ended = [
    ...(earlier === null ? [] : [`it ${was} until ${handText(earlier)}`]),
    ...(wasAutomatic ? ['office hours no longer close it'] : []),
  ].join('; ')
  const back =
    rules.length === 0
      ? 'No rule is taken away.'
      : `Within seconds what was taken away is back: ${rules.map(ruleOfGroup).join('; ')}.`
  return [
    `Fence ${fence} keeps the door open.`,
    ...(ended === '' ? [] : [`${ended[0]!.toUpperCase()}${ended.slice(1)}.`]),
    back,
  ].flatMap((line) => wrapped(line, width))
}

/** How the door should stand, how it does, and what keeps it from that. */
interface DoorNow {
  readonly door: { readonly closed: boolean; readonly why: string }
  /** Whether public rules are taken away now. */
  readonly isClosed: boolean
  /** Why closing it now would be refused. */
  readonly refused: readonly string[]
}

interface Automatic extends DoorNow {
  readonly fence: string
  readonly officeHours: string
  /** How it is closed by hand meanwhile; null where it is not. */
  readonly earlier: ClosedByHand | null
}

export function autoText({ fence, officeHours, earlier, ...now }: Automatic, width: number): string[] {
  const kept = earlier === null ? [] : [`Until ${handText(earlier)} it is to be closed all the same.`]
  const first = [`Fence ${fence} closes the door outside office hours: ${officeHours}.`, ...kept]
  const last = 'sipfence lockdown shows how it stands, sipfence lockdown off takes it back.'
  return [...first.flatMap((line) => wrapped(line, width)), ...nowText(now, width), ...wrapped(last, width)]
}

function nowText({ door, isClosed, refused }: DoorNow, width: number): string[] {
  const why = reason(door.why)
  const isRefused = refused.length > 0
  if (door.closed && isRefused)
    return ['Now it should be closed, but that is refused:', ...listed(refused, width)]
  const words = door.closed ? (isClosed ? 'is closed' : 'closes') : 'is open'
  return [
    ...wrapped(`Now it ${words}: ${why}.`, width),
    ...(isRefused ? ['Closing it now would be refused:', ...listed(refused, width)] : []),
  ]
}

/** One paragraph for each reason. */
export function listed(reasons: readonly string[], width: number): string[] {
  return reasons.flatMap((words) =>
    wrapped(words, width - 4).map((line, i) => (i === 0 ? `  ${line}` : `    ${line}`)),
  )
}

function handText({ until, by }: ClosedByHand): string {
  return `${moment(until)} UTC by ${reason(by)}`
}
