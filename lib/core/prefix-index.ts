import { bitsOf, formatPrefix, type Prefix } from './prefix.ts'

const WIDTH = { 4: 32, 6: 128 } as const

/** Prefixes by length, so that finding one that holds another takes a step for each length there is, not for each prefix. */
export class PrefixIndex {
  readonly #byLength = new Map<string, Set<bigint>>()

  constructor(prefixes: Iterable<Prefix>) {
    for (const prefix of prefixes) {
      const { family, bits, length } = bitsOf(prefix)
      const key = `${family}/${length}`
      const same = this.#byLength.get(key) ?? new Set()
      this.#byLength.set(key, same.add(bits))
    }
  }

  /** The widest prefix that holds all of this one, itself included; undefined where none does. */
  holderOf(prefix: Prefix): Prefix | undefined {
    const { family, bits, length } = bitsOf(prefix)
    for (let shorter = 0; shorter <= length; shorter++) {
      const same = this.#byLength.get(`${family}/${shorter}`)
      if (same === undefined) continue
      const shift = BigInt(WIDTH[family] - shorter)
      const outer = (bits >> shift) << shift
      if (same.has(outer)) return formatPrefix({ family, bits: outer, length: shorter })
    }
    return undefined
  }
}
