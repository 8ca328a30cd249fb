import { type Dialog, Exchanges, type Pending } from './exchanges.ts'
import { keyedHash } from './keyed-hash.ts'
import { type Echo, Nonces } from './nonces.ts'
import type { Prefix } from './prefix.ts'
import { MOST_DIGESTS } from './sip-fields.ts'
import type { SipMessage, SipRequest, SipResponse } from './sip-message.ts'
import type { Counter } from './source-record.ts'
import type { Sources } from './sources.ts'

/** Echoes of nonces sent to one address alone that prove it: one may be guessed or overheard. */
const PROVING_ECHOES = 3
/** A client repeats a request ten times at the most while it gets no answer (RFC 3261 17.1.2.2, timers E and F). */
const MOST_COPIES = 10
/** Answers from where the PBX asked nobody have no name of their own: all of them vouch as one. */
const UNASKED = '0.0.0.0/0' as Prefix

/**
 * What each SIP message says about its source: counts it, ties answers to questions, and notes proofs. A source
 * is proven only by what it could not send without receiving what the PBX sent to its address.
 */
export class Conversations {
  readonly #sources: Sources
  readonly #nonces: Nonces
  readonly #exchanges: Exchanges
  readonly #key: number

  constructor(sources: Sources, key: number) {
    this.#sources = sources
    this.#key = key
    this.#nonces = new Nonces(key)
    this.#exchanges = new Exchanges(key)
  }

  hear(source: Prefix, message: SipMessage, inbound: boolean): void {
    if (message.kind === 'response') {
      if (inbound) this.#responseIn(source, message)
      else this.#responseOut(source, message)
    } else if (!inbound) this.#exchanges.asked(source, message)
    else if (message.method === 'ACK') this.#ackIn(source, message)
    else this.#requestIn(source, message)
  }

  #requestIn(source: Prefix, request: SipRequest): void {
    if (this.#exchanges.dialog(source, request)?.toldBy === null) this.#sources.prove(source, 'dialog')
    this.#sources.count(source, methodCounter(request))
    const record = this.#sources.find(source)
    if (record !== undefined) record.unansweredSince ??= this.#sources.second
    const known = this.#exchanges.dialog(source, request) !== undefined
    const outOfDialog = !known && request.method !== 'CANCEL'
    const pending = this.#exchanges.pending(source, request)
    if (pending !== undefined) {
      this.#sources.count(source, 'retransmissions')
      if (++pending.copies > MOST_COPIES && outOfDialog) this.#sources.count(source, 'outOfDialog')
      return
    }
    if (outOfDialog) this.#sources.count(source, 'outOfDialog')
    this.#exchanges.await(source, request, {
      second: this.#sources.second,
      user: this.#onlyUser(request),
      withCredentials: request.credentials.length > 0,
      nonceSentHere: this.#followUps(source, request),
      outOfDialog,
      excused: false,
      answered: false,
      copies: 0,
    })
  }

  /** Returns whether the request answers a challenge that was sent to this very source. */
  #followUps(source: Prefix, request: SipRequest): boolean {
    let sentHere = false
    let echoed = false
    for (const { nonce } of request.credentials) {
      const echo = this.#nonces.echo(nonce, source, request.callId)
      sentHere ||= echo.sentHere
      this.#credit(echo.follows)
      echoed ||= echo.onlyHere
    }
    const record = echoed ? this.#sources.find(source) : undefined
    if (record !== undefined && ++record.echoes >= PROVING_ECHOES) this.#sources.prove(source, 'nonce')
    return sentHere
  }

  /** A challenge was followed up, and so the request that drew it is excused. */
  #credit(follows: Echo['follows']): void {
    if (follows === undefined) return
    const record = this.#sources.find(follows.source)
    record?.add('followed', follows.second)
    record?.add('excused', follows.second)
  }

  #ackIn(source: Prefix, ack: SipRequest): void {
    this.#sources.count(source, 'acks')
    const dialog = this.#exchanges.dialog(source, ack)
    if (dialog !== undefined) this.#acceptedCall(source, dialog)
    else this.#refusedCall(source, ack)
  }

  #refusedCall(source: Prefix, ack: SipRequest): void {
    const refusal = this.#exchanges.acknowledged(source, ack)
    if (refusal === undefined) return
    const record = this.#sources.find(source)
    record?.add('acknowledged', refusal.second)
    // Whoever acknowledges a challenge is there; only answering it would show that he means to come in.
    record?.add(refusal.challenge ? 'followed' : 'excused', refusal.second)
  }

  /** A tag that a callee chose is no secret of the PBX: then the callee vouches, as a user would. */
  #acceptedCall(source: Prefix, { toldBy }: Dialog): void {
    if (toldBy === null) this.#sources.prove(source, 'dialog')
    const { knownGood, second } = this.#sources
    if (toldBy === null || knownGood.vouches(keyedHash(this.#key, toldBy), source, second)) {
      this.#sources.makeKnownGood(source)
    }
  }

  #responseIn(source: Prefix, response: SipResponse): void {
    for (const { nonce } of response.challenges) this.#nonces.distrust(nonce)
    const asked = this.#exchanges.answered(source, response)
    if (response.method === 'INVITE') this.#exchanges.told(asked?.source ?? UNASKED, response)
    if (asked === undefined) return
    this.#sources.prove(source, 'dialog')
    const vouching = asked.method === 'REGISTER' || asked.method === 'INVITE' || asked.method === 'OPTIONS'
    if (vouching && response.status >= 200) this.#sources.makeKnownGood(source)
  }

  #responseOut(source: Prefix, response: SipResponse): void {
    this.#sources.count(source, 'replies')
    if (response.status >= 200) this.#sources.count(source, 'finals')
    if (response.status >= 300 && response.method === 'INVITE') {
      const challenge = response.challenges.length > 0
      this.#exchanges.refused(response, {
        source,
        second: this.#sources.second,
        challenge,
        acknowledged: false,
      })
    }
    const record = this.#sources.find(source)
    if (record !== undefined) record.unansweredSince = null
    const pending = this.#exchanges.pending(source, response)
    if (response.status === 401 || response.status === 407) this.#challengeOut(source, response, pending)
    else if (response.status === 403) this.#failure(source, pending)
    else if (response.status < 300) this.#acceptedOut(source, response, pending)
    if (pending !== undefined && response.status >= 200) pending.answered = true
  }

  #challengeOut(source: Prefix, response: SipResponse, pending: Pending | undefined): void {
    this.#sources.count(source, 'challenges')
    for (const { nonce } of response.challenges) {
      this.#nonces.challenge(nonce, source, response.callId, this.#sources.second)
    }
    if (response.challenges.some((challenge) => challenge.stale))
      this.#sources.count(source, 'staleChallenges')
    else this.#failure(source, pending)
  }

  #failure(source: Prefix, pending: Pending | undefined): void {
    if (pending === undefined || pending.answered || !pending.nonceSentHere) return
    this.#sources.count(source, 'failures')
    this.#sources.find(source)?.addFailedUser(pending.user ?? 0, this.#sources.second)
  }

  #acceptedOut(source: Prefix, response: SipResponse, pending: Pending | undefined): void {
    const final = response.status >= 200
    if (final && response.method === 'INVITE') this.#exchanges.accepted(source, response)
    if (pending === undefined) return
    const ringing = response.status > 100 && response.method === 'INVITE'
    if ((final || ringing) && pending.outOfDialog && !pending.excused) {
      pending.excused = true
      this.#sources.find(source)?.add('excused', pending.second)
    }
    if (!final || pending.answered || !pending.withCredentials) return
    this.#sources.count(source, 'successes')
    // Of all methods only REGISTER is never answered 200 to credentials that nobody looked at.
    if (response.method !== 'REGISTER' || !pending.nonceSentHere || pending.user === undefined) return
    const { knownGood, second } = this.#sources
    if (knownGood.vouches(pending.user, source, second)) this.#sources.makeKnownGood(source)
  }

  /** The hash of the one user that the credentials name; undefined where it cannot be told whose login it is. */
  #onlyUser({ credentials }: SipRequest): number | undefined {
    // Some registrars take the part before the @ and ignore case, so one login has many spellings.
    const users = new Set(credentials.map(({ user }) => user.replace(/@.*/s, '').toLowerCase()))
    const [user] = users
    if (users.size !== 1 || credentials.length >= MOST_DIGESTS || credentials.some((each) => each.ambiguous))
      return undefined
    return keyedHash(this.#key, user!)
  }
}

function methodCounter({ method, credentials }: SipRequest): Counter {
  if (credentials.length > 0) {
    if (method === 'REGISTER') return 'registerWithCredentials'
    return method === 'INVITE' ? 'inviteWithCredentials' : 'otherWithCredentials'
  }
  switch (method) {
    case 'REGISTER':
      return 'register'
    case 'INVITE':
      return 'invite'
    case 'OPTIONS':
      return 'options'
    case 'SUBSCRIBE':
      return 'subscribe'
    default:
      return 'otherMethods'
  }
}
