import { createHash } from 'node:crypto'
import type { World } from './world.ts'

/**
 * `per-request`: a fresh nonce for each challenge, kept in a table for a minute and unknown after a restart, when
 * an answer on it is called stale, as FreeSWITCH does. `per-second`: made from the time and a secret, so that all
 * who ask in one second get the same one; good for 5 minutes, and after a restart simply wrong, as stock Kamailio.
 */
export type NonceStyle = 'per-request' | 'per-second'

const TABLE_MS = 60_000
const TIMED_SECONDS = 300

/** The nonces that a PBX has given out and still takes. */
export class NonceBook {
  readonly #world: World
  readonly #style: NonceStyle
  readonly #secret: string
  readonly #given = new Map<string, number>()

  constructor(world: World, style: NonceStyle) {
    this.#world = world
    this.#style = style
    this.#secret = world.dice.token(16)
  }

  /** Whether an answer on a nonce that it does not take is told to be stale. */
  get saysStale(): boolean {
    return this.#style === 'per-request'
  }

  next(): string {
    const second = Math.floor(this.#world.now / 1000)
    if (this.#style === 'per-second') return this.#timed(second)
    const { dice } = this.#world
    const nonce = [8, 4, 4, 4, 12].map((digits) => dice.token(digits)).join('-')
    this.#given.set(nonce, this.#world.now + TABLE_MS)
    return nonce
  }

  knows(nonce: string): boolean {
    const { now } = this.#world
    if (this.#style === 'per-request') return (this.#given.get(nonce) ?? 0) > now
    const second = Number.parseInt(nonce.slice(0, 8), 16)
    return this.#timed(second) === nonce && second > now / 1000 - TIMED_SECONDS
  }

  #timed(second: number): string {
    const time = second.toString(16).padStart(8, '0')
    return (
      time +
      createHash('md5')
        .update(time + this.#secret)
        .digest('hex')
    )
  }
}
