import { BoundedMap } from '../core/bounded-map.ts'
import type { Family } from '../core/prefix.ts'
import type { PrefixListChange, PrefixListEntry } from './prefix-list-change.ts'
import {
  changedEntries,
  MOST_ENTRIES,
  readChange,
  readEntries,
  refuse,
  requireFit,
  requireMaxEntries,
  requireName,
} from './prefix-list-change.ts'

/** The states of EC2's ManagedPrefixList that a list here can be in. */
export type PrefixListState =
  | 'create-in-progress'
  | 'create-complete'
  | 'modify-in-progress'
  | 'modify-complete'
  | 'modify-failed'
  | 'restore-in-progress'
  | 'restore-complete'

/** What is shown of a list at one instant. */
export interface PrefixListView {
  readonly name: string
  readonly maxEntries: number
  /** The version whose entries are in force; 1 for the first. */
  readonly version: number
  readonly state: PrefixListState
  /** Why the last change failed. */
  readonly stateMessage?: string | undefined
}

/** Who pays for a reference to a list, out of a quota of its own, by the list's maximum of entries. */
export interface PrefixListReferrer {
  readonly id: string
  /** Whether its quota would bear the list with that maximum. */
  bears(listId: string, maxEntries: number): boolean
}

export interface PrefixListOptions {
  /** Of the form `pl-` and 8 or 17 hexadecimal digits. */
  readonly id?: string
  readonly name?: string
  readonly family: Family
  /** 1 to 1,000, which is the default. A security group that refers to the list pays for so many rules. */
  readonly maxEntries?: number
  /** Those of version 1, held to the same rules as added ones. */
  readonly entries?: readonly PrefixListEntry[]
  /** The account that the list belongs to. */
  readonly ownerId?: string
  /** How long a change is in progress before it is in force, in milliseconds; 0 is at once, and the default. */
  readonly settleMs?: number
  /** Milliseconds since the epoch; needed where a change takes time. */
  readonly now?: () => number
  /** True for a list that was only just made: it is in progress, like a change. */
  readonly fresh?: boolean
}

/** Amazon VPC quotas: versions of a list that are kept. */
const MOST_VERSIONS = 1000
/** ModifyManagedPrefixList, MaxEntries: how many of those that lack quota the state message names. */
const NAMED_REFERRERS = 10

/**
 * A managed prefix list with the semantics of EC2's: entries of one family, a version that every change of them
 * raises and that guards against a change made from an older reading, and past versions to restore.
 *
 * A request that EC2 would refuse throws a PrefixListError and changes nothing. A change takes `settleMs`. Until
 * then the old version is shown (the examples of the AWS CLI show it with modify-in-progress) and is in force
 * (inferred), and every further change but of the name is refused.
 */
export class ManagedPrefixList {
  readonly id: string
  readonly family: Family
  readonly ownerId: string
  /** Told of each change when it was taken, with the instant when it will be in force. */
  onChange: (inForceAt: number) => void = () => {}
  /** Those that refer to the list; each of them enters and leaves by itself. */
  readonly referrers = new Set<PrefixListReferrer>()
  readonly #versions = new BoundedMap<number, readonly PrefixListEntry[]>(MOST_VERSIONS)
  readonly #settleMs: number
  readonly #now: () => number
  #view: PrefixListView
  #next: { readonly at: number; readonly view: PrefixListView } | undefined

  constructor(options: PrefixListOptions) {
    const { maxEntries = MOST_ENTRIES, entries = [], name = 'sip', settleMs = 0, now = () => 0 } = options
    this.id = options.id ?? 'pl-00000000000000000'
    this.family = options.family
    this.ownerId = options.ownerId ?? '123456789012'
    this.#settleMs = settleMs
    this.#now = now
    requireName(name)
    requireMaxEntries(maxEntries)
    requireFit(entries.length, maxEntries)
    const first = entries.map(({ prefix, description }) => ({ cidr: prefix, description }))
    this.#versions.set(1, changedEntries([], readEntries(first, [], this.family)))
    this.#view = { name, maxEntries, version: 1, state: 'create-complete' }
    if (options.fresh === true) this.#begin('create-in-progress', this.#view)
  }

  get maxEntries(): number {
    return this.describe().maxEntries
  }

  get version(): number {
    return this.describe().version
  }

  /** The entries in force, oldest first. The list is frozen and stays the same one until the version changes. */
  get entries(): readonly PrefixListEntry[] {
    return this.#versions.get(this.version)!
  }

  /** What is shown now, or will be at a later instant if nothing else happens. */
  describe(at = this.#now()): PrefixListView {
    return this.#next !== undefined && at >= this.#next.at ? this.#next.view : this.#view
  }

  /** The entries of a version that is or was in force; the newest 1,000 are kept. The error code is inferred. */
  entriesOf(version: number): readonly PrefixListEntry[] {
    const entries = version <= this.version ? this.#versions.get(version) : undefined
    return entries ?? refuse('InvalidParameterValue', `Cannot find version ${version} of ${this.id}`)
  }

  /** ModifyManagedPrefixList. A new name takes effect at once. */
  modify(change: PrefixListChange): void {
    const { currentVersion, maxEntries, name } = change
    const read = readChange(change, this.family)
    const edits = read.add.size + read.remove.size > 0
    if (name !== undefined) requireName(name)
    if (edits && maxEntries !== undefined) {
      refuse('InvalidParameterCombination', 'Cannot change the entries and their maximum in one request')
    }
    if (!edits && maxEntries === undefined && name === undefined) {
      refuse('InvalidRequest', `Cannot modify ${this.id}: the request asks for nothing`)
    }
    if (edits || maxEntries !== undefined) this.#requireCurrent(currentVersion)
    if (edits) this.#edit(changedEntries(this.entries, read), 'modify')
    if (maxEntries !== undefined) this.#resize(maxEntries)
    if (name !== undefined) this.#rename(name)
    this.onChange(this.#next?.at ?? this.#now())
  }

  /** RestoreManagedPrefixListVersion: a new version with the entries of a previous one. */
  restore(previousVersion: number, currentVersion: number): void {
    this.#requireCurrent(currentVersion)
    this.#edit(this.entriesOf(previousVersion), 'restore')
    this.onChange(this.#next!.at)
  }

  /** Which of the two is answered where both apply is inferred. */
  #requireCurrent(currentVersion: number | undefined): void {
    const { state, version } = this.describe()
    if (state.endsWith('-in-progress')) {
      refuse('IncorrectState', `Cannot change ${this.id} in the current state (${state})`)
    }
    if (currentVersion === undefined || currentVersion === version) return
    if (!Number.isInteger(currentVersion) || currentVersion < 1) {
      refuse('InvalidParameterValue', `Cannot take version ${currentVersion}; expected 1 or more`)
    }
    const stale = `Cannot change version ${currentVersion} of ${this.id}: its version is ${version}`
    refuse('PrefixListVersionMismatch', `${stale}; read it again`)
  }

  #edit(entries: readonly PrefixListEntry[], how: 'modify' | 'restore'): void {
    const { name, maxEntries, version } = this.describe()
    requireFit(entries.length, maxEntries)
    this.#versions.set(version + 1, entries)
    this.#begin(`${how}-in-progress`, { name, maxEntries, version: version + 1, state: `${how}-complete` })
  }

  /**
   * Documented: where a reference cannot pay for the new maximum the change fails, and the state message says which.
   * That no change of the maximum is a new version is inferred from clients that go on with the old one.
   */
  #resize(maxEntries: number): void {
    requireMaxEntries(maxEntries)
    requireFit(this.entries.length, maxEntries)
    const { stateMessage: _, ...view } = this.describe()
    const unable = [...this.referrers].filter((referrer) => !referrer.bears(this.id, maxEntries))
    const named = unable.slice(0, NAMED_REFERRERS).map(({ id }) => id)
    const stateMessage = `${maxEntries} entries exceed the quota of ${named.join(', ')}`
    this.#begin(
      'modify-in-progress',
      unable.length === 0
        ? { ...view, maxEntries, state: 'modify-complete' }
        : { ...view, state: 'modify-failed', stateMessage },
    )
  }

  #begin(state: PrefixListState, next: PrefixListView): void {
    const { stateMessage: _, ...view } = this.describe()
    this.#view = { ...view, state }
    this.#next = { at: this.#now() + this.#settleMs, view: next }
  }

  /** Documented: the name does not affect the version. */
  #rename(name: string): void {
    const next = this.#next
    this.#view = { ...this.#view, name }
    if (next !== undefined) this.#next = { ...next, view: { ...next.view, name } }
  }
}
