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
/** EC2 names no time for a change. A round has thirty seconds for all of its lists; what takes longer, later ones finish. */
const POLL_MS = 250
const PATIENCE_MS = 3_000

const SLOW = 'a change of it is under way, and takes its time'

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
    const list = await this.#settled({ left: PATIENCE_MS })
    if (list === undefined)
      throw new Error(
        `Cannot read prefix list ${this.id}: a change of it is under way; the next round reads it again`,
      )
    const { Version, MaxEntries, AddressFamily } = list
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
    const patience = { left: PATIENCE_MS }
    try {
      for (const batch of batchesOf(changes, { held: held.length, capacity })) {
        await this.#modify(batch, current)
        const list = await this.#settled(patience)
        if (list?.State?.endsWith('failed') && list.Version === current)
          return { done, stopped: { kind: 'failed', reason: list.StateMessage ?? list.State } }
        done.push(...batch)
        if (list === undefined) return { done, stopped: { kind: 'slow', reason: SLOW } }
        // Where somebody writes in between it is another version, and EC2 refuses the next call.
        current++
      }
    } catch (error) {
      const kind = failureOf(error) === 'conflict' ? 'stale' : 'failed'
      return { done, stopped: { kind, reason: tellError(error) } }
    }
    if (done.length === changes.length) return { done, stopped: null }
    return { done, stopped: { kind: 'failed', reason: `it has room for ${capacity} entries` } }
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

  /** The list, when no change of it is under way any more; undefined where that takes too long. */
  async #settled(patience: { left: number }): Promise<ManagedPrefixList | undefined> {
    const { ec2, wait } = this.#options
    const ids = { PrefixListIds: [this.id] }
    for (;;) {
      const { PrefixLists } = await ec2.send(new DescribeManagedPrefixListsCommand(ids))
      const list = PrefixLists?.find(({ PrefixListId }) => PrefixListId === this.id)
      if (list === undefined) throw new Error(`Cannot read prefix list ${this.id}: EC2 answered without it`)
      if (!list.State?.endsWith('in-progress')) return list
      if (patience.left <= 0) return undefined
      patience.left -= POLL_MS
      await wait(POLL_MS)
    }
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
      // The first version is the one that the list was made with, which is empty.
      if (page.Entries === undefined && version > 1)
        throw new Error(`Cannot read prefix list ${this.id}: EC2 answered without its entries`)
      for (const { Cidr } of page.Entries ?? []) held.push(this.#prefixOf(Cidr))
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
