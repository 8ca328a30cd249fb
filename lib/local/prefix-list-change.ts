import type { Family, Prefix } from '../core/prefix.ts'
import { familyOf, parsePrefix } from '../core/prefix.ts'

/** One entry of a managed prefix list. */
export interface PrefixListEntry {
  readonly prefix: Prefix
  /** Absent where nobody gave one. */
  readonly description?: string | undefined
}

/** The parameters of ModifyManagedPrefixList as they arrive, not yet checked. */
export interface PrefixListChange {
  /** Absent: the change is made whatever the version is. */
  readonly currentVersion?: number | undefined
  readonly name?: string | undefined
  readonly add?: readonly { readonly cidr: string; readonly description?: string | undefined }[]
  /** CIDRs. */
  readonly remove?: readonly string[]
  readonly maxEntries?: number | undefined
}

/**
 * None of these is in EC2's documentation but as "the request fails". All but one are observed: EC2 is on record with
 * them in public bug reports. The one is known from public clients that handle it.
 */
export type PrefixListErrorCode =
  /** Observed: the current version is another one. */
  | 'PrefixListVersionMismatch'
  /** Observed: another change is in progress. */
  | 'IncorrectState'
  /** Observed: an entry to remove is not there, or one to add is there with the same description. */
  | 'InvalidPrefixListModification'
  /** Inferred: more entries than the maximum after the change, or for the new maximum. */
  | 'PrefixListMaxEntriesExceeded'
  /** Observed: entries and maximum in one request. */
  | 'InvalidParameterCombination'
  /** Observed for more than 100 entries, a CIDR both added and removed, and a version below 1; else inferred. */
  | 'InvalidParameterValue'
  /** Inferred from what is observed of an empty list of entries: the request asks for nothing. */
  | 'InvalidRequest'

/** A request that EC2 would refuse with status 400 and this code. It has changed nothing. */
export class PrefixListError extends Error {
  readonly code: PrefixListErrorCode

  constructor(code: PrefixListErrorCode, message: string) {
    super(message)
    this.name = 'PrefixListError'
    this.code = code
  }
}

/** Amazon VPC quotas: entries of one list. */
export const MOST_ENTRIES = 1000
/** AddEntry.N and RemoveEntry.N of ModifyManagedPrefixList, each. */
const MOST_IN_A_CHANGE = 100
/** Of a name and of a description, in characters (CreateManagedPrefixList). */
const LONGEST_TEXT = 255

/** What a request adds and removes, each CIDR once. */
export interface EntryChange {
  readonly add: ReadonlyMap<Prefix, PrefixListEntry>
  readonly remove: ReadonlySet<Prefix>
}

/** Throws for what EC2 refuses without looking at the list. */
export function readChange({ add = [], remove = [] }: PrefixListChange, family: Family): EntryChange {
  if (add.length > MOST_IN_A_CHANGE || remove.length > MOST_IN_A_CHANGE) {
    const counts = `${add.length} entries to add and ${remove.length} to remove`
    refuse('InvalidParameterValue', `Cannot take ${counts}; expected ${MOST_IN_A_CHANGE} of each at most`)
  }
  return readEntries(add, remove, family)
}

/** A CIDR that is named twice is inferred to be refused. */
export function readEntries(
  add: NonNullable<PrefixListChange['add']>,
  remove: readonly string[],
  family: Family,
): EntryChange {
  const entries = add.map((entry) => readEntry(entry, family))
  const adding = new Map(entries.map((entry) => [entry.prefix, entry]))
  const removing = new Set(remove.map((cidr) => readCidr(cidr, family)))
  const twice = [...adding.keys()].find((prefix) => removing.has(prefix))
  if (twice !== undefined) refuse('InvalidParameterValue', `Cannot both add and remove ${twice}`)
  if (adding.size < add.length || removing.size < remove.length) {
    refuse('InvalidParameterValue', 'Cannot take the same CIDR twice in one request')
  }
  return { add: adding, remove: removing }
}

/**
 * The entries after the change. The refusal of an entry that is there names its CIDR and its description; that it
 * takes a new description where the two differ is inferred from that.
 */
export function changedEntries(
  entries: readonly PrefixListEntry[],
  { add, remove }: EntryChange,
): readonly PrefixListEntry[] {
  const held = new Map(entries.map((entry) => [entry.prefix, entry]))
  for (const prefix of remove) {
    if (!held.delete(prefix))
      refuse('InvalidPrefixListModification', `Cannot remove ${prefix}: it is not there`)
  }
  for (const [prefix, entry] of add) {
    if (held.has(prefix) && held.get(prefix)!.description === entry.description) {
      refuse('InvalidPrefixListModification', `Cannot add ${prefix}: it is there with that description`)
    }
    held.set(prefix, entry)
  }
  return Object.freeze([...held.values()])
}

/** Observed in the console: 1 to 1,000. */
export function requireMaxEntries(maxEntries: number): void {
  if (Number.isInteger(maxEntries) && maxEntries >= 1 && maxEntries <= MOST_ENTRIES) return
  refuse(
    'InvalidParameterValue',
    `Cannot hold ${maxEntries} entries; expected a maximum of 1 to ${MOST_ENTRIES}`,
  )
}

export function requireFit(count: number, maxEntries: number): void {
  if (count <= maxEntries) return
  refuse('PrefixListMaxEntriesExceeded', `Cannot hold ${count} entries; the maximum is ${maxEntries}`)
}

/** Documented: up to 255 characters, and nothing that begins as the names of AWS's own lists do. */
export function requireName(name: string): void {
  if (name !== '' && name.length <= LONGEST_TEXT && !name.startsWith('com.amazonaws')) return
  const expected = `1 to ${LONGEST_TEXT} characters, not beginning with "com.amazonaws"`
  refuse('InvalidParameterValue', `Cannot take name ${shown(name)}; expected ${expected}`)
}

export function refuse(code: PrefixListErrorCode, message: string): never {
  throw new PrefixListError(code, message)
}

function readEntry({ cidr, description }: NonNullable<PrefixListChange['add']>[number], family: Family) {
  if (description !== undefined && description.length > LONGEST_TEXT) {
    const expected = `${LONGEST_TEXT} characters at most`
    refuse('InvalidParameterValue', `Cannot take description ${shown(description)}; expected ${expected}`)
  }
  const prefix = readCidr(cidr, family)
  return Object.freeze(description === undefined ? { prefix } : { prefix, description })
}

/** Observed: IPv6 is taken in any case and shown in canonical text. That host bits are refused is inferred. */
function readCidr(text: string, family: Family): Prefix {
  const parsed = parsePrefix(text)
  if (text.includes('/') && parsed.ok && familyOf(parsed.value) === family) return parsed.value
  const expected = `an IPv${family} network, "/" and a prefix length`
  refuse('InvalidParameterValue', `Cannot take CIDR ${shown(text)}; expected ${expected}`)
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 60))
}
