import { keyedHash } from './keyed-hash.ts'
import type { Prefix } from './prefix.ts'
import { RotatingMap } from './rotating-map.ts'

interface Asked {
  readonly source: Prefix
  readonly second: number
  readonly nonce: number
  followed: boolean
}

export interface Echo {
  /** The nonce was sent to the address that sends it back. */
  readonly sentHere: boolean
  /** …and to no other address: whoever sends it back receives what is sent there. */
  readonly onlyHere: boolean
  /** The challenge that this is the first follow-up of, wherever it comes from. */
  readonly follows: { readonly source: Prefix; readonly second: number } | undefined
}

const MANY = Symbol('sent to more than one source')
const CAPACITY = 131_072

/**
 * Which nonce the PBX sent to whom, for at least the last 65,000 challenges (half a minute of 2,000 challenges/s).
 * Stock Kamailio gives everyone who asks within a second the same nonce, so an echo proves an address only
 * where that nonce went to no other one. What is forgotten proves nothing and accuses nobody.
 */
export class Nonces {
  readonly #owner = new RotatingMap<number, Prefix | typeof MANY>(CAPACITY)
  readonly #sent = new RotatingMap<number, true>(CAPACITY)
  readonly #asked = new RotatingMap<number, Asked>(CAPACITY)
  readonly #key: number

  constructor(key: number) {
    this.#key = key
  }

  challenge(nonce: string, source: Prefix, callId: string, second: number): void {
    if (nonce === '') return
    const id = keyedHash(this.#key, nonce)
    const owner = this.#owner.get(id)
    this.#owner.set(id, owner === undefined || owner === source ? source : MANY)
    this.#sent.set(keyedHash(this.#key, nonce, source), true)
    this.#asked.set(keyedHash(this.#key, callId), { source, second, nonce: id, followed: false })
  }

  /** Somebody else than the PBX chose this nonce, so whoever sends it back may have been told it. */
  distrust(nonce: string): void {
    if (nonce !== '') this.#owner.set(keyedHash(this.#key, nonce), MANY)
  }

  /** A request carries the nonce. The Call-ID tells whose challenge it follows (RFC 3261 22.2 keeps it). */
  echo(nonce: string, source: Prefix, callId: string): Echo {
    const id = keyedHash(this.#key, nonce)
    const owner = this.#owner.get(id)
    const sentHere = this.#sent.get(keyedHash(this.#key, nonce, source)) === true
    if (owner === undefined) return { sentHere, onlyHere: false, follows: undefined }
    return { sentHere, onlyHere: owner === source, follows: this.#follow(callId, id) }
  }

  /** A follow-up brings back the very nonce that the challenge gave, so nobody can follow up with his own. */
  #follow(callId: string, nonce: number): Echo['follows'] {
    const asked = this.#asked.get(keyedHash(this.#key, callId))
    if (asked === undefined || asked.followed || asked.nonce !== nonce) return undefined
    asked.followed = true
    return asked
  }
}
