import { keyedHash } from './keyed-hash.ts'
import type { Prefix } from './prefix.ts'
import { RotatingMap } from './rotating-map.ts'
import type { SipMessage } from './sip-message.ts'

/** A request to the PBX whose answer will tell what it was worth. */
export interface Pending {
  readonly second: number
  /** Hash of the one user that the credentials name; undefined where there is none, or not one for certain. */
  readonly user: number | undefined
  readonly withCredentials: boolean
  /** The credentials use a nonce that was sent to this very source. */
  readonly nonceSentHere: boolean
  readonly outOfDialog: boolean
  excused: boolean
  /** The final response has been counted: its retransmissions are not counted again. */
  answered: boolean
  /** How often the same request came again. */
  copies: number
}

/** A call that the PBX accepted. */
export interface Dialog {
  readonly source: Prefix
  /** Who chose the PBX's To tag, where the PBX relayed somebody's answer; null where it is the PBX's own. */
  readonly toldBy: Prefix | null
}

/** A final refusal of an INVITE, which whoever receives it must acknowledge (RFC 3261 17.1.1.3). */
interface Refusal {
  readonly source: Prefix
  readonly second: number
  readonly challenge: boolean
  acknowledged: boolean
}

/** A request of the PBX itself, waiting for the peer. */
export interface Asked {
  readonly source: Prefix
  readonly method: string
}

const CAPACITY = 65_536
/** Branches that RFC 3261 8.1.1.7 makes unique begin with it. */
const MAGIC_COOKIE = 'z9hG4bK'
/** No request's hash: those are not negative. */
const REUSED = -1

/**
 * Ties responses to requests (RFC 3261 17.1.3: top branch and CSeq method) and ACKs to accepted calls (12.1: the
 * Call-ID and the PBX's To tag). Each table holds at least the newest 32,768; what is forgotten counts for nothing.
 */
export class Exchanges {
  readonly #toPbx = new RotatingMap<number, Pending>(CAPACITY)
  readonly #fromPbx = new RotatingMap<number, Asked>(CAPACITY)
  readonly #branches = new RotatingMap<number, number>(CAPACITY)
  readonly #accepted = new RotatingMap<number, Dialog>(CAPACITY)
  readonly #told = new RotatingMap<number, Prefix>(CAPACITY)
  readonly #refused = new RotatingMap<number, Refusal>(CAPACITY)
  readonly #key: number

  constructor(key: number) {
    this.#key = key
  }

  pending(source: Prefix, message: SipMessage): Pending | undefined {
    return this.#toPbx.get(this.#transaction(source, message))
  }

  await(source: Prefix, message: SipMessage, pending: Pending): void {
    this.#toPbx.set(this.#transaction(source, message), pending)
  }

  /** The PBX sends a request of its own. One that looks like an earlier one can be answered by guessing. */
  asked(source: Prefix, message: SipMessage): void {
    if (!message.via.branch.startsWith(MAGIC_COOKIE) || message.method === 'ACK') return
    const branch = keyedHash(this.#key, message.via.branch, message.method)
    const request = this.#request(source, message)
    const known = this.#branches.get(branch)
    this.#branches.set(branch, known === undefined || known === request ? request : REUSED)
    this.#fromPbx.set(request, { source, method: message.method })
  }

  /**
   * The PBX's own request that this response answers, if it was sent to the source that answers. Everything that the
   * response must copy (RFC 3261 8.2.6.2) has to be right, and the branch no other request's: some PBXs ping with
   * branches that anybody can write.
   */
  answered(source: Prefix, message: SipMessage): Asked | undefined {
    const request = this.#request(source, message)
    const asked = this.#fromPbx.get(request)
    if (asked === undefined) return undefined
    return this.#branches.get(keyedHash(this.#key, message.via.branch, message.method)) === request
      ? asked
      : undefined
  }

  /** A callee chose this To tag: the PBX may relay it, and it is no secret of the PBX. */
  told(callee: Prefix, message: SipMessage): void {
    if (message.to.tag !== '') this.#told.set(keyedHash(this.#key, message.callId, message.to.tag), callee)
  }

  /** The PBX sent a 2xx to an INVITE of this source. */
  accepted(source: Prefix, message: SipMessage): void {
    if (message.to.tag === '') return
    const id = keyedHash(this.#key, message.callId, message.to.tag)
    this.#accepted.set(id, { source, toldBy: this.#told.get(id) ?? null })
  }

  /** The dialog that the request names, if the PBX confirmed it to this source with a 2xx. */
  dialog(source: Prefix, message: SipMessage): Dialog | undefined {
    if (message.to.tag === '') return undefined
    const dialog = this.#accepted.get(keyedHash(this.#key, message.callId, message.to.tag))
    return dialog?.source === source ? dialog : undefined
  }

  /** The PBX refused an INVITE of this source, at that second. */
  refused(message: SipMessage, refusal: Refusal): void {
    const id = keyedHash(this.#key, message.callId, message.to.tag)
    if (this.#refused.get(id) === undefined) this.#refused.set(id, refusal)
  }

  /**
   * The refusal that an ACK is the first one to: it names the PBX's To tag, which somebody who forges the source
   * does not see. Where tags can be predicted it can be forged all the same; so it excuses, and proves nothing.
   */
  acknowledged(source: Prefix, ack: SipMessage): Refusal | undefined {
    const id = keyedHash(this.#key, ack.callId, ack.to.tag)
    const refusal = this.#refused.get(id)
    if (refusal === undefined || refusal.acknowledged || refusal.source !== source) return undefined
    refusal.acknowledged = true
    return refusal
  }

  #request(source: Prefix, { via, callId, from, cseq, method }: SipMessage): number {
    return keyedHash(this.#key, `${source}|${via.branch}`, `${callId}|${from.tag}|${cseq} ${method}`)
  }

  #transaction(source: Prefix, message: SipMessage): number {
    return keyedHash(this.#key, `${source}|${message.via.branch}`, `${message.cseq} ${message.method}`)
  }
}
