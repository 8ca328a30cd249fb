import type { Block } from './block.ts'
import type { Entry } from './entry.ts'
import type { PlanInput } from './plan-input.ts'
import { bitsOf, comparePrefixes, type Family, familyOf } from './prefix.ts'
import { blockCovers, denialKey, denialsOf } from './wanted.ts'

/** A block that gets no entry. */
export interface Refusal {
  readonly block: Block
  readonly reason: 'protected' | 'covered' | 'no-free-entry'
  readonly why: string
}

/** How many entries we may hold: of each family by AWS's quota, and in all by the numbers of our window. */
interface Capacity {
  4: number
  6: number
  numbers: number
}

/** An entry in place is worth this much more than one that is not, so that equal sources do not take turns. */
const INCUMBENT = 1.25

/** Entries that we may hold in each family; the numbers of the window are shared by both. */
export function capacityOf(input: PlanInput, own: readonly Entry[], foreign: readonly Entry[]): Capacity {
  const others = input.current.filter((entry) => !own.includes(entry))
  const free = (family: Family) =>
    Math.max(
      0,
      input.rulesQuota - input.reserve - others.filter((entry) => familyOf(entry.prefix) === family).length,
    )
  const numbers = input.window.lastRule - input.window.firstRule + 1 - foreign.length
  return { 4: free(4), 6: free(6), numbers }
}

export function choose(
  input: PlanInput,
  held: ReadonlySet<string>,
  capacity: Capacity,
): { chosen: Block[]; refused: Refusal[] } {
  const chosen: Block[] = []
  const refused: Refusal[] = []
  for (const block of ranked(input, held)) {
    const protectedBy = input.protects(block.prefix)
    const wider = coveredBy(block, chosen)
    const family = familyOf(block.prefix)
    const size = denialsOf(block.prefix, block.scope, input.ranges).length
    if (protectedBy !== undefined) {
      refused.push({ block, reason: 'protected', why: protectedBy })
      continue
    }
    if (wider !== undefined) {
      refused.push({ block, reason: 'covered', why: wider })
      continue
    }
    if (size > capacity[family] || size > capacity.numbers) {
      const why = `no free entry: needs ${size}, and heavier blocks hold the rest`
      refused.push({ block, reason: 'no-free-entry', why })
      continue
    }
    capacity[family] -= size
    capacity.numbers -= size
    chosen.push(block)
  }
  return { chosen, refused }
}

/** Heaviest first; then the older, the wider, the lower address, so that the order is total. */
function ranked({ desired, ranges }: PlanInput, held: ReadonlySet<string>): Block[] {
  const worth = new Map(
    desired.map((block) => {
      const incumbent = denialsOf(block.prefix, block.scope, ranges).every((denial) =>
        held.has(denialKey(denial)),
      )
      return [block, block.weight * (incumbent ? INCUMBENT : 1)]
    }),
  )
  const weightOf = (block: Block) =>
    block.origin === 'operator' ? Number.POSITIVE_INFINITY : worth.get(block)!
  const byWeight = (a: Block, b: Block) => (weightOf(a) === weightOf(b) ? 0 : weightOf(b) - weightOf(a))
  return [...desired].sort(
    (a, b) =>
      byWeight(a, b) ||
      bitsOf(a.prefix).length - bitsOf(b.prefix).length ||
      a.from - b.from ||
      comparePrefixes(a.prefix, b.prefix),
  )
}

function coveredBy(block: Block, chosen: readonly Block[]): string | undefined {
  const wider = chosen.find((other) => blockCovers(other, block))
  return wider === undefined ? undefined : `already covered by the block of ${wider.prefix}`
}
