import type { LockdownDocument } from '../contract/lockdown.ts'
import { ago, lateText, moment, reason } from './fence-words.ts'
import { table } from './format.ts'
import { doorRows, flowsText, ruleOfGroup, silentRows, trustedRows } from './lockdown-words.ts'

type Closing = LockdownDocument['closing']

/** What `sipfence lockdown` prints for people. */
export function lockdownText(document: LockdownDocument, width: number): string[] {
  const { fence, region, at, mode, trusted, lockdown, closing, silentHosts, lastRound } = document
  const rows = [
    ...doorRows(lockdown),
    ['Standing', standingText(document)],
    ...trustedRows(trusted),
    ...silentRows(silentHosts, at),
    ...(lockdown.closed || lockdown.rules.length > 0 ? [] : closingRows(closing, mode)),
  ]
  const late = lateText(lastRound, at, LATE[moves(lockdown)], width)
  return [...late, `Fence ${fence} in ${region}, mode ${mode}`, '', ...table(rows, width, '')]
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

const LATE = {
  close: 'it will not close until rounds happen again, see sipfence status',
  open: 'it will not open until rounds happen again, see sipfence status; sipfence release opens it from here',
  stay: 'it will neither close nor open until rounds happen again, see sipfence status',
} as const

/** What a round is needed for. */
function moves({ closed, rules, steps }: LockdownDocument['lockdown']): keyof typeof LATE {
  if (closed && (rules.length === 0 || steps.length > 0)) return 'close'
  return !closed && rules.length > 0 ? 'open' : 'stay'
}

/** In a mode that changes no firewall this comes first; what follows is how it would be in enforce. */
function closingRows(closing: Closing, mode: LockdownDocument['mode']): string[][] {
  if (mode === 'enforce') return enforcedRows(closing, 'Closing it now')
  const first = `would be refused: the mode is ${mode}; sipfence mode enforce comes first`
  return [['Closing it now', first], ...enforcedRows(closing, 'In enforce it')]
}

function enforcedRows({ rules, refused, tracked, problem }: Closing, title: string): string[][] {
  if (problem !== null) return [[title, `cannot be told: ${reason(problem)}`]]
  if (refused.length > 0)
    return refused.map((words, i) => [i === 0 ? title : '', `would be refused: ${reason(words)}`])
  return [
    ...rules.map((each, i) => [i === 0 ? title : '', `would take away ${ruleOfGroup(each)}`]),
    ['', flowsText(tracked)],
  ]
}
