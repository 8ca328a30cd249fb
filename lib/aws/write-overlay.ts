import type { Entry } from '../core/entry.ts'
import type { Change } from '../core/plan.ts'
import { READ_LAG_MS } from '../core/plan-input.ts'
import { denialKey } from '../core/wanted.ts'

interface Written {
  readonly at: number
  /** What stood at the number within the lag before we wrote last; undefined where nothing did. */
  readonly before: readonly (Entry | undefined)[]
  /** What we wrote; undefined where we removed. */
  readonly after: Entry | undefined
}

/** States of one number that are remembered; a round a minute makes five within the lag. */
const MOST_STATES = 16

/**
 * What EC2 has acknowledged, laid over reads that have not caught up. A number is taken from here only where the read
 * still shows what stood there before our write; where it shows anything else, somebody wrote after us, and the read
 * is right.
 */
export class WriteOverlay {
  readonly #written = new Map<number, Written>()

  /** Notes a change that was acknowledged. */
  wrote({ kind, ...change }: Change, at: number): void {
    if (kind === 'keep') return
    const { ruleNumber } = change.entry
    const earlier = this.#written.get(ruleNumber)
    const stood = kind === 'add' ? undefined : 'replaced' in change ? change.replaced : change.entry
    const lagging = earlier !== undefined && at - earlier.at < READ_LAG_MS
    // A further write within the lag: a read may still show what stood before any of them.
    const before = lagging ? [...earlier.before, earlier.after].slice(-MOST_STATES) : [stood]
    this.#written.set(ruleNumber, { at, before, after: kind === 'remove' ? undefined : change.entry })
  }

  /** The entries that were read, as they stand by now. */
  laidOver(read: readonly Entry[], now: number): Entry[] {
    const byNumber = new Map(read.map((entry) => [entry.ruleNumber, entry]))
    for (const [ruleNumber, { at, before, after }] of this.#written) {
      if (now - at >= READ_LAG_MS) this.#written.delete(ruleNumber)
      else if (before.some((state) => same(byNumber.get(ruleNumber), state))) {
        if (after === undefined) byNumber.delete(ruleNumber)
        else byNumber.set(ruleNumber, after)
      }
    }
    return [...byNumber.values()].sort((a, b) => a.ruleNumber - b.ruleNumber)
  }
}

function same(one: Entry | undefined, other: Entry | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return denialKey(one) === denialKey(other)
}
