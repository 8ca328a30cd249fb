import type { SetChange } from './set-plan.ts'

/** ModifyManagedPrefixList takes so many additions and as many removals a call (EC2 API, ModifyManagedPrefixList). */
export const MOST_A_CALL = 100

/**
 * The changes in as few calls as there must be. Additions come before removals as far as there is room beside what is
 * held, so that what is to be held instead of something else is there before that goes.
 */
export function batchesOf(
  changes: readonly SetChange[],
  { held, capacity, most = MOST_A_CALL }: { held: number; capacity: number; most?: number },
): SetChange[][] {
  const added = changes.filter(({ kind }) => kind === 'add')
  const removed = changes.filter(({ kind }) => kind === 'remove')
  const batches: SetChange[][] = []
  let count = held
  while (added.length > 0 || removed.length > 0) {
    const room = capacity - count + Math.min(most, removed.length)
    const adds = Math.max(0, Math.min(most, added.length, room))
    if (adds === 0 && removed.length === 0) break // more than the capacity was planned: what fits was done
    const without = added.length > adds ? Math.max(0, count + adds - capacity) : most
    const batch = [...added.splice(0, adds), ...removed.splice(0, Math.min(most, without))]
    count += 2 * adds - batch.length
    batches.push(batch)
  }
  return batches
}
