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

/** Chooses until nothing fits any more, and leaves in `capacity` what is left of it. */
export function choose(
  input: PlanInput,
  held: ReadonlySet<string>,
  capacity: Capacity,
): { chosen: Block[]; refused: Refusal[] } {
  const chosen: Block[] = []
  const refused: Refusal[] = []
  const { ranges } = input
  const isIncumbent = ({ prefix, scope }: Block) =>
    denialsOf(prefix, scope, ranges).every((denial) => held.has(denialKey(denial)))
  for (const block of ranked(input.desired, isIncumbent)) {
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

/** Heaviest first; then the wider, the older, the lower address, so that the order is total. */
export function ranked(blocks: readonly Block[], isIncumbent: (block: Block) => boolean): Block[] {
  const worth = new Map(
    blocks.map((block) => {
      const weight = block.origin === 'operator' ? Number.POSITIVE_INFINITY : block.weight
      return [block, weight * (isIncumbent(block) ? INCUMBENT : 1)]
    }),
  )
  const byWorth = (a: Block, b: Block) => {
    const [first, second] = [worth.get(a)!, worth.get(b)!]
    return first === second ? 0 : second - first
  }
  return [...blocks].sort(
    (a, b) =>
      byWorth(a, b) ||
      bitsOf(a.prefix).length - bitsOf(b.prefix).length ||
      a.from - b.from ||
      comparePrefixes(a.prefix, b.prefix),
  )
}

function coveredBy(block: Block, chosen: readonly Block[]): string | undefined {
  const wider = chosen.find((other) => blockCovers(other, block))
  return wider === undefined ? undefined : `already covered by the block of ${wider.prefix}`
}
