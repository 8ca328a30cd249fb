import { keyedHash } from './keyed-hash.ts'
import type { Prefix } from './prefix.ts'
import { SourceRecord } from './source-record.ts'

interface Slot {
  readonly record: SourceRecord
  /** Packets, halved with age; at most `error` more than the source's own, and few less. */
  weight: number
  error: number
  place: number
}

const GUARD_CELLS = 65_536
const ADMIT_AFTER = 3

/**
 * Records of the heaviest sources that nothing is known of: guarded Space-Saving (Metwally, Agrawal and
 * El Abbadi 2005). While there is room every source gets a record. When full, a source must first be seen
 * three times within a guard window by a keyed count-min filter, and then takes the place of the lightest one,
 * so sources that are forged once each hardly push anybody out: none of 10,000 in a window, one in a hundred of
 * 50,000. A source with more than its share of the packets is always in.
 *
 * A record that changes hands starts from zero, so its counters are lower bounds: what is decided on them may
 * come late, never falsely. A source without a record has at most `leastWeight` packets of 10 s uncounted.
 */
export class Suspects {
  readonly #slots = new Map<Prefix, Slot>()
  /** Binary heap, the lightest slot first. */
  readonly #heap: Slot[] = []
  readonly #guard = [new Uint8Array(GUARD_CELLS), new Uint8Array(GUARD_CELLS)] as const
  /** What a source may have missed since the last ageing, and between the two before. */
  #missed = 0
  #missedBefore = 0
  readonly #capacity: number
  readonly #key: number

  constructor(capacity: number, key: number) {
    this.#capacity = capacity
    this.#key = key
  }

  get size(): number {
    return this.#heap.length
  }

  /** How many packets of 10 s, at most, a source may have in no counter of its own. */
  get leastWeight(): number {
    return Math.max(this.#missed, this.#lightest()) + this.#missedBefore
  }

  /** The source's record, counting one packet for it; undefined while it is not let in. O(log capacity). */
  touch(prefix: Prefix): SourceRecord | undefined {
    const slot = this.#slots.get(prefix)
    if (slot !== undefined) {
      slot.weight++
      this.#sink(slot.place)
      return slot.record
    }
    if (this.#heap.length < this.#capacity) return this.#insert(new SourceRecord(prefix), 0)
    return this.#admits(prefix) ? this.#replaceLightest(prefix) : undefined
  }

  find(prefix: Prefix): SourceRecord | undefined {
    return this.#slots.get(prefix)?.record
  }

  /** Takes the source out, with its record, as when it turns out to be known-good. */
  remove(prefix: Prefix): SourceRecord | undefined {
    const slot = this.#slots.get(prefix)
    if (slot === undefined) return undefined
    this.#missed = Math.max(this.#missed, this.#lightest())
    this.#slots.delete(prefix)
    const last = this.#heap.pop()!
    if (last !== slot) {
      this.#put(last, slot.place)
      this.#sink(last.place)
      this.#rise(last.place)
    }
    return slot.record
  }

  /** Every 10 s: halves the weights, so that yesterday's heavy sources give way, and empties the guard. */
  age(): void {
    this.#missedBefore = Math.max(this.#missed, this.#lightest())
    this.#missed = 0
    for (const slot of this.#heap) {
      slot.weight = Math.floor(slot.weight / 2) // keeps the heap's order
      slot.error = Math.min(slot.error, slot.weight)
    }
    for (const cells of this.#guard) cells.fill(0)
  }

  *records(): IterableIterator<SourceRecord> {
    for (const slot of this.#heap) yield slot.record
  }

  #lightest(): number {
    return this.#heap.length < this.#capacity ? 0 : this.#heap[0]!.weight + ADMIT_AFTER - 1
  }

  #admits(prefix: Prefix): boolean {
    const hash = keyedHash(this.#key, prefix)
    const one = hash % GUARD_CELLS
    const two = Math.floor(hash / GUARD_CELLS) % GUARD_CELLS
    const [first, second] = this.#guard
    const seen = Math.min(first[one]!, second[two]!) + 1
    if (first[one]! < 255) first[one]!++
    if (second[two]! < 255) second[two]!++
    return seen >= ADMIT_AFTER
  }

  #insert(record: SourceRecord, error: number): SourceRecord {
    const slot: Slot = { record, weight: error + 1, error, place: this.#heap.length }
    this.#slots.set(record.prefix, slot)
    this.#heap.push(slot)
    this.#rise(slot.place)
    return record
  }

  #replaceLightest(prefix: Prefix): SourceRecord {
    const slot = this.#heap[0]!
    this.#slots.delete(slot.record.prefix)
    slot.record.reuse(prefix)
    slot.error = slot.weight
    slot.weight++
    this.#slots.set(prefix, slot)
    this.#sink(0)
    return slot.record
  }

  #put(slot: Slot, place: number): void {
    this.#heap[place] = slot
    slot.place = place
  }

  #rise(from: number): void {
    const slot = this.#heap[from]!
    let place = from
    while (place > 0) {
      const parent = this.#heap[(place - 1) >> 1]!
      if (parent.weight <= slot.weight) break
      this.#put(parent, place)
      place = (place - 1) >> 1
    }
    this.#put(slot, place)
  }

  #sink(from: number): void {
    const slot = this.#heap[from]!
    let place = from
    for (;;) {
      let child = 2 * place + 1
      if (child >= this.#heap.length) break
      if (child + 1 < this.#heap.length && this.#heap[child + 1]!.weight < this.#heap[child]!.weight) child++
      if (this.#heap[child]!.weight >= slot.weight) break
      this.#put(this.#heap[child]!, place)
      place = child
    }
    this.#put(slot, place)
  }
}
