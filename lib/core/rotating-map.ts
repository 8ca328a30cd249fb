/**
 * A Map for keys that anybody can write: it holds the newest `capacity / 2` keys for certain and never more than
 * `capacity`. When the young half is full it becomes the old one, and what was old is forgotten all at once, so
 * that writing costs the same however many are written. Use it only where a forgotten key costs a missed count
 * and no harm.
 */
export class RotatingMap<K, V> {
  #young = new Map<K, V>()
  #old = new Map<K, V>()
  readonly #half: number

  /** @param capacity an even number */
  constructor(capacity: number) {
    this.#half = capacity / 2
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(key: K): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key)
  }

  /** Writes the key and makes it the newest. */
  set(key: K, value: V): void {
    this.#young.set(key, value)
    if (this.#young.size < this.#half) return
    this.#old = this.#young
    this.#young = new Map()
  }
}
