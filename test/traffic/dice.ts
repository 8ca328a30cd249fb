/** Chance from a seed: the same seed gives the same traffic on every machine. Not for secrets. */
export class Dice {
  #a: number
  #b = 0x9e3779b9
  #c = 0x243f6a88
  #count = 1

  constructor(seed: number) {
    this.#a = seed >>> 0
    for (let i = 0; i < 16; i++) this.#next()
  }

  /** From `low` up to, and not including, `high`. */
  between(low: number, high: number): number {
    return low + (this.#next() / 4_294_967_296) * (high - low)
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1))
  }

  /** True with this probability, 0 to 1. */
  chance(probability: number): boolean {
    return this.between(0, 1) < probability
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.whole(0, list.length - 1)]!
  }

  /** That many hexadecimal digits: tags, branches, Call-IDs, nonces. */
  token(digits: number): string {
    let text = ''
    while (text.length < digits) text += this.#next().toString(16).padStart(8, '0')
    return text.slice(0, digits)
  }

  /** How long until the next of events that come independently of each other, `perSecond` of them on average. */
  gapMs(perSecond: number): number {
    return (-Math.log(1 - this.between(0, 1)) * 1000) / perSecond
  }

  /** Three words that stir each other, with a counter so that no seed falls into a short cycle. */
  #next(): number {
    const mixed = (this.#a + this.#b + this.#count++) >>> 0
    this.#a = (this.#b ^ (this.#b >>> 9)) >>> 0
    this.#b = (this.#c + (this.#c << 3)) >>> 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + mixed) >>> 0
    return mixed
  }
}
