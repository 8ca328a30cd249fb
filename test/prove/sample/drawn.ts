/** So many of the items, drawn by the seed, in their own order. */
export function drawn<T>(items: readonly T[], count: number, seed: number): T[] {
  const random = randomOf(seed)
  const places = items.map((_, i) => i)
  for (let i = 0; i < Math.min(count, places.length); i++) {
    const other = i + Math.floor(random() * (places.length - i))
    ;[places[i], places[other]] = [places[other]!, places[i]!]
  }
  return places
    .slice(0, count)
    .sort((a, b) => a - b)
    .map((place) => items[place]!)
}

/** mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
