import type { EntryDocument } from '../contract/fence.ts'
import { count, counted, duration, entryText, printable, wrapped } from './format.ts'

/** What views of a deployed fence have in common. Times come as ISO 8601; text of the ledger may be hostile. */

const LONGEST_WHY = 400

/** A reason from the ledger, safe for a terminal. */
export function reason(why: string): string {
  return printable(why, LONGEST_WHY)
}

/** `12 s ago`, as seen at the other instant; what is ahead of that, by clocks that differ, is 0 s ago. */
export function ago(time: string, at: string): string {
  return `${duration(Math.max(0, Date.parse(at) - Date.parse(time)))} ago`
}

/** `2026-11-22 10:43:22`, in UTC. */
export function moment(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)}`
}

/** A round begins each minute; after this long without one something is wrong. */
export const LATE_MS = 180_000

/**
 * What to expect where no round has happened lately; nothing where one has.
 *
 * @param last when the last round was; null where there was none
 */
export function lateText(last: string | null, at: string, next: string, width: number): string[] {
  if (last !== null && Date.parse(at) - Date.parse(last) < LATE_MS) return []
  const since = last === null ? 'has ever happened' : `has happened since ${moment(last)} UTC`
  return wrapped(`No round ${since}: ${next}.`, width)
}

/** `rule 20: deny udp 5060 192.0.2.7/32`. */
export function ruleText(entry: EntryDocument): string {
  return `rule ${entry.ruleNumber}: ${entryText(entry)}`
}

/** What in a network ACL is somebody else's and matters to the fence. */
export function othersText(foreign: readonly EntryDocument[], shadowedBy: EntryDocument | null): string[] {
  const rules = foreign.map((entry) => `${ruleText(entry)} is not the fence's: it is left alone`)
  if (shadowedBy === null) return rules
  const shadow = `${ruleText(shadowedBy)} is matched before the fence's denials: move it behind them`
  return [...rules, shadow]
}

/** `3 blocks stand`, `1 block stands`. */
export function standing(blocks: number): string {
  return `${counted(blocks, 'block')} ${blocks === 1 ? 'stands' : 'stand'}`
}

/** `1 entry`, `2 entries`. */
export function entries(number: number): string {
  return `${count(number)} ${number === 1 ? 'entry' : 'entries'}`
}

const NAMED = 3

/** What in a list is somebody else's. */
export function prefixesText(foreign: readonly string[]): string {
  const named = foreign.slice(0, NAMED).map((prefix) => printable(prefix, 50))
  const more = foreign.length - named.length
  const all = `${named.join(', ')}${more > 0 ? ` and ${count(more)} more` : ''}`
  return foreign.length === 1
    ? `${all} is not the fence's: it is left alone`
    : `${all} are not the fence's: they are left alone`
}

/** `network ACL acl-…`, `deny list pl-… (IPv4)`; the id of an IP set tells its family by itself. */
export function placeName(id: string, family?: 4 | 6): string {
  if (id.startsWith('acl-')) return `network ACL ${id}`
  if (!id.startsWith('pl-')) return `IP set ${id}`
  return `deny list ${id}${family === undefined ? '' : ` (IPv${family})`}`
}
