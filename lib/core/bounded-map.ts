/**
 * A Map that never holds more than `capacity` keys: the one written longest ago makes room. Finding that one costs
 * more the more keys were deleted, so it is for keys that only proof or people write, not for what floods write.
 */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, V>()
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)
  }

  /** Writes the key and makes it the newest. */
  set(key: K, value: V): void {
    this.#entries.delete(key)
    if (this.#entries.size >= this.#capacity) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest)
        break
      }
    }
    this.#entries.set(key, value)
  }

  delete(key: K): void {
    this.#entries.delete(key)
  }

  /** From the oldest to the newest. */
  entries(): IterableIterator<[K, V]> {
    return this.#entries.entries()
  }
}
