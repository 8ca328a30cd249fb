import type { PrefixListOptions, PrefixListView } from '../../lib/local/prefix-list.ts'
import { ManagedPrefixList } from '../../lib/local/prefix-list.ts'
import { AwsError } from './aws-error.ts'
import { StateHistory } from './state-history.ts'
import type { Tags } from './tag-specifications.ts'

/** A managed prefix list that the local AWS starts with. */
export interface PrefixListSeed
  extends Pick<PrefixListOptions, 'name' | 'family' | 'maxEntries' | 'entries' | 'ownerId'> {
  /** Of the form `pl-` and 8 or 17 hexadecimal digits. */
  readonly id: string
  readonly tags?: Tags
}

/** What a describe call shows of a list, at one instant. */
export interface DescribedList extends PrefixListView {
  readonly list: ManagedPrefixList
  readonly tags: Tags
}

/**
 * The managed prefix lists of the account and their past states. A change is recorded when it is asked for, by an API
 * call or by a test that changes the list itself, as another operator of the account.
 */
export class PrefixListStore {
  readonly lists = new Map<string, ManagedPrefixList>()
  readonly #histories = new Map<string, StateHistory<DescribedList>>()
  readonly #byToken = new Map<string, string>()
  readonly #settleMs: number
  readonly #now: () => number

  /** @param settleMs how long each change is in progress */
  constructor(seeds: readonly PrefixListSeed[], settleMs: number, now: () => number) {
    this.#settleMs = settleMs
    this.#now = now
    for (const seed of seeds) this.#add(seed, false)
  }

  get(id: string): ManagedPrefixList {
    return this.lists.get(id) ?? unknownList(id)
  }

  /** Every list as it was that long ago; as they are for 0. A list that a test began with was there forever. */
  described(ageMs: number): readonly DescribedList[] {
    const at = this.#now() - ageMs
    return [...this.#histories.values()].flatMap((history) => history.at(at) ?? [])
  }

  describedOne(id: string, ageMs: number): DescribedList {
    return this.#histories.get(id)?.at(this.#now() - ageMs) ?? unknownList(id)
  }

  /** Makes a list. A client token that was there before means the list that it made (documented). */
  create(options: Omit<PrefixListSeed, 'id'>, clientToken: string | undefined): string {
    const made = this.#byToken.get(clientToken ?? '')
    if (made !== undefined) return made
    const id = `pl-${(this.lists.size + 1).toString(16).padStart(17, 'c')}`
    this.#add({ id, ...options }, true)
    if (clientToken !== undefined) this.#byToken.set(clientToken, id)
    return id
  }

  #add({ tags = {}, ...seed }: PrefixListSeed, fresh: boolean): void {
    const list = new ManagedPrefixList({ ...seed, fresh, settleMs: this.#settleMs, now: this.#now })
    const history = new StateHistory<DescribedList>()
    const record = (at: number) => history.record(at, { list, tags, ...list.describe(at) })
    list.onChange = (inForceAt) => {
      record(this.#now())
      record(inForceAt)
    }
    if (fresh) list.onChange(this.#now() + this.#settleMs)
    else record(Number.NEGATIVE_INFINITY)
    this.lists.set(seed.id, list)
    this.#histories.set(seed.id, history)
  }
}

/** InvalidPrefixListID.NotFound is observed, the code for an id that is none is inferred. */
function unknownList(id: string): never {
  if (/^pl-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) {
    throw new AwsError('InvalidPrefixListID.NotFound', `The prefix list ID '${id}' does not exist`)
  }
  throw new AwsError('InvalidPrefixListId.Malformed', `Invalid id: "${id.slice(0, 60)}" (expecting "pl-...")`)
}
