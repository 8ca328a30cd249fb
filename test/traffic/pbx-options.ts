import type { Address } from '../../lib/core/prefix.ts'
import type { Dice } from './dice.ts'
import type { NonceStyle } from './nonce-book.ts'

/** What becomes of a call. Times are milliseconds from the INVITE. */
export interface CallPlan {
  /** The final response. */
  readonly status: number
  /** When 180 goes out; undefined where the callee's side never says that it rings. */
  readonly ringMs: number | undefined
  readonly finalMs: number
  /** How long after the answer the callee hangs up; undefined leaves it to the caller. */
  readonly hangUpMs: number | undefined
}

export interface PbxOptions {
  readonly address: Address
  readonly realm: string
  /** Every domain is a realm of its own, as where several companies share a PBX; `realm` alone unless told. */
  readonly hasTenants?: boolean
  readonly server: string
  readonly nonces: NonceStyle
  /** The answer to a wrong digest: 403 as FreeSWITCH gives, or a fresh 401 or 407 as Kamailio does. */
  readonly refusal: 403 | 401
  /** Keeps server transactions: absorbs repeated requests, and repeats INVITE finals by timers G and H. */
  readonly stateful: boolean
  /** Calls from here need no credentials. */
  readonly trunks: ReadonlySet<Address>
  /** Header lines that each challenge carries besides what it must. */
  readonly refusalLines: readonly string[]
  /** Undefined for a user who does not exist. */
  readonly passwordOf: (user: string) => string | undefined
  readonly plan: (number: string, dice: Dice) => CallPlan
  /** Between OPTIONS to each registered phone; 0 for none. */
  readonly phoneOptionsSeconds: number
  /** Between OPTIONS to each trunk; 0 for none. */
  readonly trunkOptionsSeconds: number
}
