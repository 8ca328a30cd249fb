import type { Entry, PortRange } from './entry.ts'
import { isWithin, type RuleWindow } from './plan-input.ts'
import { touchesPorts } from './port-match.ts'
import { familyOf, type Prefix } from './prefix.ts'

/** AWS keeps the numbers above for itself (CreateNetworkAclEntry: 1 to 32766). */
const LAST_NUMBER = 32_766
/** 40 rules are the highest quota, the `*` rule among them, and the families share the numbers: more is never filled. */
const MOST_NUMBERS = 78

/**
 * The rule numbers that a fence may take in a network ACL: all free, and all below the first allow that matches SIP,
 * because the lowest number that matches decides and a denial behind that allow is dead. The usual window where it will
 * do, else the widest gap, of equal ones the lowest; null where there is no free number.
 */
export function proposeWindow(
  entries: readonly Entry[],
  ranges: readonly PortRange[],
  usual: RuleWindow,
  neverBlocked: (prefix: Prefix) => boolean = () => false,
): RuleWindow | null {
  const allow = firstAllow(entries, ranges, neverBlocked)
  const end = Math.min(LAST_NUMBER, (allow?.ruleNumber ?? LAST_NUMBER + 1) - 1)
  const isFree = (window: RuleWindow) => !entries.some(({ ruleNumber }) => isWithin(window, ruleNumber))
  if (usual.lastRule <= end && isFree(usual)) return usual
  const [widest] = gaps(entries, end).sort((a, b) => width(b) - width(a) || a.firstRule - b.firstRule)
  if (widest === undefined) return null
  return { ...widest, lastRule: Math.min(widest.lastRule, widest.firstRule + MOST_NUMBERS - 1) }
}

/**
 * The allow with the lowest number that lets in a packet to a SIP port, from whomever but those who are never blocked
 * anyway; undefined where none does.
 */
export function firstAllow(
  entries: readonly Entry[],
  ranges: readonly PortRange[],
  neverBlocked: (prefix: Prefix) => boolean = () => false,
): Entry | undefined {
  return [...entries]
    .sort((a, b) => a.ruleNumber - b.ruleNumber)
    .find((entry) => entry.action === 'allow' && touchesPorts(entry, ranges) && !neverBlocked(entry.prefix))
}

/** Entries that people have put before the first allow: a window must go round them. Lowest first. */
export function entriesBefore(
  entries: readonly Entry[],
  ranges: readonly PortRange[],
  neverBlocked: (prefix: Prefix) => boolean = () => false,
): Entry[] {
  const end = firstAllow(entries, ranges, neverBlocked)?.ruleNumber ?? LAST_NUMBER + 1
  return entries.filter(({ ruleNumber }) => ruleNumber < end).sort((a, b) => a.ruleNumber - b.ruleNumber)
}

/** Entries that AWS would still take, of each family. */
export function roomFor(entries: readonly Entry[], quota: number): Readonly<Record<4 | 6, number>> {
  const free = (family: 4 | 6) =>
    Math.max(0, quota - entries.filter(({ prefix }) => familyOf(prefix) === family).length)
  return { 4: free(4), 6: free(6) }
}

function width({ firstRule, lastRule }: RuleWindow): number {
  return Math.min(MOST_NUMBERS, lastRule - firstRule + 1)
}

/** Runs of free numbers from 1 to `end`. */
function gaps(entries: readonly Entry[], end: number): RuleWindow[] {
  const taken = entries.map(({ ruleNumber }) => ruleNumber).filter((number) => number <= end)
  const bounds = [0, ...[...new Set(taken)].sort((a, b) => a - b), end + 1]
  return bounds
    .slice(1)
    .map((bound, i) => ({ firstRule: bounds[i]! + 1, lastRule: bound - 1 }))
    .filter(({ firstRule, lastRule }) => firstRule <= lastRule)
}
