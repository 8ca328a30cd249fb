import {
  DescribeManagedPrefixListsCommand,
  type EC2Client,
  GetManagedPrefixListEntriesCommand,
  type ManagedPrefixList,
  ModifyManagedPrefixListCommand,
} from '@aws-sdk/client-ec2'
import { batchesOf } from '../core/batches.ts'
import type { Family, Prefix } from '../core/prefix.ts'
import { parsePrefix } from '../core/prefix.ts'
import type { SetChange } from '../core/set-plan.ts'
import type { PrefixSet, SetOutcome, SetState } from '../reconcile-set.ts'
import { failureOf, tellError } from './aws-errors.ts'

export interface PrefixListOptions {
  /** `pl-…`; it must exist. */
  readonly id: string
  readonly family: Family
  /** Named in the description of each entry, for people. */
  readonly fence: string
  readonly ec2: EC2Client
  readonly wait: (ms: number) => Promise<void>
}

const LONGEST_DESCRIPTION = 255
/** A change of a list takes seconds; a round has thirty for everything. */
const POLL_MS = 250
const MOST_POLLS = 40

/**
 * A customer-managed prefix list. Each write names the version that was read, so that nobody's change is lost, and EC2 keeps
 * the versions before it. A list changes asynchronously: it is read, and written again, when the change before is complete.
 */
export class PrefixList implements PrefixSet {
  readonly id: string
  readonly family: Family
  readonly #options: PrefixListOptions

  constructor(options: PrefixListOptions) {
    this.id = options.id
    this.family = options.family
    this.#options = options
  }

  /** Throws where the list cannot be read, is of the other family, or stays in the middle of a change. */
  async read(): Promise<SetState> {
    const { Version, MaxEntries, AddressFamily } = await this.#settled()
    if (Version === undefined || MaxEntries === undefined || AddressFamily !== `IPv${this.family}`) {
      throw new Error(
        `Cannot use prefix list ${this.id}: it is ${AddressFamily} in version ${Version} for ${MaxEntries} entries; expected a list of IPv${this.family} prefixes that has entries`,
      )
    }
    return { held: await this.#entries(Version), capacity: MaxEntries, version: String(Version) }
  }

  async apply(changes: readonly SetChange[], { held, capacity, version }: SetState): Promise<SetOutcome> {
    const done: SetChange[] = []
    let current = Number(version)
    for (const batch of batchesOf(changes, { held: held.length, capacity })) {
      try {
        if (done.length > 0) await this.#settled()
        // Where somebody wrote in between it is another version, and EC2 refuses.
        await this.#modify(batch, current++)
      } catch (error) {
        return { done, stopped: { stale: failureOf(error) === 'conflict', reason: tellError(error) } }
      }
      done.push(...batch)
    }
    if (done.length === changes.length) return { done, stopped: null }
    return { done, stopped: { stale: false, reason: `it has room for ${capacity} entries` } }
  }

  async #modify(batch: readonly SetChange[], version: number): Promise<void> {
    const added = batch.filter(({ kind }) => kind === 'add')
    const removed = batch.filter(({ kind }) => kind === 'remove')
    await this.#options.ec2.send(
      new ModifyManagedPrefixListCommand({
        PrefixListId: this.id,
        CurrentVersion: version,
        ...(added.length === 0 ? {} : { AddEntries: added.map((change) => this.#entryOf(change)) }),
        ...(removed.length === 0 ? {} : { RemoveEntries: removed.map(({ prefix }) => ({ Cidr: prefix })) }),
      }),
    )
  }

  #entryOf({ prefix, why }: SetChange) {
    const text = `sipfence ${this.#options.fence}: ${why}`.replace(/[^ -~]/g, '?')
    return { Cidr: prefix, Description: text.slice(0, LONGEST_DESCRIPTION) }
  }

  /** The list, when no change of it is under way any more. */
  async #settled(): Promise<ManagedPrefixList> {
    const { ec2, wait } = this.#options
    const ids = { PrefixListIds: [this.id] }
    for (let polls = 0; polls < MOST_POLLS; polls++) {
      const { PrefixLists } = await ec2.send(new DescribeManagedPrefixListsCommand(ids))
      const list = PrefixLists?.find(({ PrefixListId }) => PrefixListId === this.id)
      if (list === undefined) throw new Error(`Cannot read prefix list ${this.id}: EC2 answered without it`)
      if (!list.State?.endsWith('in-progress')) return list
      await wait(POLL_MS)
    }
    throw new Error(
      `Cannot read prefix list ${this.id}: a change of it has not come to its end in ${(POLL_MS * MOST_POLLS) / 1000} s`,
    )
  }

  async #entries(version: number): Promise<Prefix[]> {
    const held: Prefix[] = []
    let token: string | undefined
    do {
      const page = await this.#options.ec2.send(
        new GetManagedPrefixListEntriesCommand({
          PrefixListId: this.id,
          TargetVersion: version,
          ...(token === undefined ? {} : { NextToken: token }),
        }),
      )
      if (page.Entries === undefined)
        throw new Error(`Cannot read prefix list ${this.id}: EC2 answered without its entries`)
      for (const { Cidr } of page.Entries) held.push(this.#prefixOf(Cidr))
      token = page.NextToken === '' ? undefined : page.NextToken
    } while (token !== undefined)
    return held
  }

  #prefixOf(cidr: string | undefined): Prefix {
    const parsed = parsePrefix(cidr ?? '')
    if (parsed.ok) return parsed.value
    throw new Error(`Cannot read prefix list ${this.id}: ${parsed.reason}`)
  }
}
