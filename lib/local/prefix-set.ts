import { batchesOf } from '../core/batches.ts'
import type { Block } from '../core/block.ts'
import type { Family } from '../core/prefix.ts'
import type { SetChange } from '../core/set-plan.ts'
import type { DenyingSet, SetOutcome, SetState } from '../reconcile-set.ts'
import type { ManagedPrefixList } from './prefix-list.ts'
import { PrefixListError } from './prefix-list-change.ts'

/** The port of a set over an embedded prefix list: in batches, each guarded by the version that was read, as on EC2. */
export class LocalPrefixSet implements DenyingSet {
  readonly id: string
  readonly family: Family
  readonly #list: ManagedPrefixList

  constructor(list: ManagedPrefixList) {
    this.id = list.id
    this.family = list.family
    this.#list = list
  }

  readonly takes = (_: Block): boolean => true

  async read(): Promise<SetState> {
    const { version, maxEntries } = this.#list.describe()
    const held = this.#list.entriesOf(version).map(({ prefix }) => prefix)
    return { held, capacity: maxEntries, version: String(version) }
  }

  async apply(changes: readonly SetChange[], { held, capacity, version }: SetState): Promise<SetOutcome> {
    const done: SetChange[] = []
    let currentVersion = Number(version)
    for (const batch of batchesOf(changes, { held: held.length, capacity })) {
      const add = batch.filter(({ kind }) => kind === 'add').map(({ prefix }) => ({ cidr: prefix }))
      const remove = batch.filter(({ kind }) => kind === 'remove').map(({ prefix }) => prefix)
      try {
        this.#list.modify({ currentVersion, add, remove })
      } catch (error) {
        if (!(error instanceof PrefixListError)) throw error
        const stale = error.code === 'PrefixListVersionMismatch' || error.code === 'IncorrectState'
        return {
          done,
          stopped: { kind: stale ? 'stale' : 'failed', reason: `${error.code}: ${error.message}` },
        }
      }
      done.push(...batch)
      currentVersion++
    }
    if (done.length === changes.length) return { done, stopped: null }
    return { done, stopped: { kind: 'failed', reason: `it has room for ${capacity} entries` } }
  }
}
