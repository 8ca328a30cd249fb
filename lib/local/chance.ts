import { ulid } from 'ulid'

/**
 * Chance that can be repeated: the same seed gives the same jitter and the same ids, so that a replay of the same
 * capture ends in the same document. Not for secrets. The generator is mulberry32.
 */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 up to, and not including, 1. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** @param at milliseconds, whole */
  newId(at: number): string {
    return ulid(at, () => this.random())
  }
}
