import { createHash } from 'node:crypto'

/**
 * So many of the items, in their own order, as the seed draws them by their keys: each item by itself, so that what a change
 * of the code does not touch is drawn again as before. Items with the same key are told apart by how many came before.
 */
export function drawn<T>(items: readonly T[], count: number, seed: number, keyOf: (item: T) => string): T[] {
  const met = new Map<string, number>()
  const lots = items.map((item, place) => {
    const key = keyOf(item)
    const before = met.get(key) ?? 0
    met.set(key, before + 1)
    const lot = createHash('sha256').update(`${seed} ${before} ${key}`).digest('hex')
    return { item, place, lot }
  })
  return lots
    .sort((a, b) => (a.lot < b.lot ? -1 : 1))
    .slice(0, count)
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}
