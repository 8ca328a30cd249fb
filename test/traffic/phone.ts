import { type DigestAnswer, digestAnswer } from './digest.ts'
import {
  type Asking,
  again,
  inDialog,
  invite,
  options,
  type RequestText,
  type ResponseText,
  register,
  respond,
  subscribe,
} from './sip-text.ts'
import type { Socket } from './socket.ts'
import { UserAgent } from './user-agent.ts'
import type { World } from './world.ts'

export interface PhoneOptions {
  /** The socket that the PBX sees, and the phone's own behind a NAT; the same where there is none. */
  readonly socket: Socket
  readonly local?: Socket
  readonly pbx: Socket
  readonly domain: string
  readonly user: string
  readonly password: string
  readonly userAgent?: string
  /** Between registrations; 1,800 unless told. */
  readonly registerSeconds?: number
  /** Between attempts after a refusal; 30 unless told. */
  readonly retrySeconds?: number
  /** Keeps a nonce and counts its uses (qop=auth), so that only the first request is challenged. */
  readonly reusesNonce?: boolean
  /** A nonce from before the capture, which it tries first. */
  readonly oldNonce?: string
  /** A person types the password: this many seconds pass before the first challenge is answered. */
  readonly humanSeconds?: number
  /** Subscriptions after registering: the mailbox, then keys that watch colleagues; 0 unless told. */
  readonly subscriptions?: number
  /** Seconds from one subscription to the next; together 0.35 unless told. */
  readonly subscribeSeconds?: number
  /** Between OPTIONS to the PBX, between CRLF keepalives, and between calls; 0, for none, unless told. */
  readonly optionsSeconds?: number
  readonly crlfSeconds?: number
  readonly callSeconds?: number
}

type Done = (response: ResponseText, request: RequestText) => void

/** A desk phone or softphone: registers and answers challenges as a person or a program would. */
export class Phone {
  readonly #world: World
  readonly #options: PhoneOptions
  readonly #agent: UserAgent
  readonly #callId: string
  #cseq = 0
  #nonce: { readonly realm: string; readonly nonce: string; uses: number } | undefined
  #registered = false
  /** Calls that the other side has hung up. */
  readonly #ended = new Set<string>()

  constructor(world: World, options: PhoneOptions) {
    this.#world = world
    this.#options = options
    this.#callId = world.dice.token(24)
    if (options.oldNonce !== undefined)
      this.#nonce = { realm: options.domain, nonce: options.oldNonce, uses: 7 }
    this.#agent = new UserAgent(world, {
      socket: options.socket,
      onRequest: (request) => this.#answer(request),
    })
  }

  /** Registers, and then does what the options say, for ever. */
  start(): void {
    const { dice } = this.#world
    const { registerSeconds = 1_800, retrySeconds = 30 } = this.#options
    this.#cseq += 10
    const request = register({ ...this.#asking(), callId: this.#callId, cseq: this.#cseq })
    const before = this.#world.now
    this.#transact(request, (response) => {
      const accepted = response.status === 200
      const gap = accepted ? registerSeconds * dice.between(0.85, 1) : retrySeconds
      this.#world.after(Math.max(0, gap * 1000 - (this.#world.now - before) * Number(!accepted)), () =>
        this.start(),
      )
      if (!accepted || this.#registered) return
      this.#registered = true
      this.#begin()
    })
  }

  /** Registers again at once, as after a network change. */
  registerAgain(): void {
    this.#cseq += 10
    this.#transact(register({ ...this.#asking(), callId: this.#callId, cseq: this.#cseq }), () => {})
  }

  call(number: string, holdMs: number): void {
    this.#transact(invite(this.#asking(), number), (confirmed, invited) => {
      if (confirmed.status !== 200) return
      const local = this.#options.local ?? this.#options.socket
      const { dice } = this.#world
      const bye = inDialog(
        'BYE',
        { invited, confirmed },
        { local, fromCallee: false, cseq: invited.cseq + 1, dice },
      )
      this.#world.after(holdMs, () => {
        if (!this.#ended.delete(invited.callId)) this.#agent.request(bye, this.#options.pbx)
      })
    })
  }

  #begin(): void {
    const {
      optionsSeconds = 0,
      crlfSeconds = 0,
      callSeconds = 0,
      subscriptions = 0,
      subscribeSeconds = 0.35,
    } = this.#options
    const { dice } = this.#world
    for (let i = 0; i < subscriptions; i++) {
      const target = i === 0 ? this.#options.user : String(dice.whole(2_000, 2_999))
      const event = i === 0 ? 'message-summary' : 'dialog'
      const request = subscribe(this.#asking(), target, event)
      const delay = subscribeSeconds * 1000 * (i + dice.between(0, 1))
      this.#world.after(delay, () => this.#transact(request, () => {}))
    }
    this.#every(optionsSeconds, () => this.#agent.request(options(this.#asking()), this.#options.pbx))
    this.#every(crlfSeconds, () => {
      const { socket, pbx } = this.#options
      this.#world.send({ from: socket, to: pbx, content: Buffer.from('\r\n\r\n') })
    })
    this.#every(callSeconds, () => this.call(String(dice.whole(3_000, 3_999)), dice.between(3_000, 40_000)))
  }

  #every(seconds: number, run: () => void): void {
    if (seconds === 0) return
    this.#world.after(this.#world.dice.between(0.5, 1) * seconds * 1000, () => {
      run()
      this.#every(seconds, run)
    })
  }

  /** Sends the request and answers a challenge to it once, and once more where the nonce was only stale. */
  #transact(request: RequestText, done: Done): void {
    const nonce = this.#nonce
    const first =
      nonce === undefined ? request : { ...request, answer: this.#digest(request, nonce.realm, nonce.nonce) }
    this.#attempt(first, done, nonce === undefined ? 1 : 2)
  }

  #attempt(request: RequestText, done: Done, left: number): void {
    const { dice } = this.#world
    const { pbx, reusesNonce = false, humanSeconds = 0 } = this.#options
    this.#agent.request(request, pbx, (response) => {
      if (response.status < 200) return
      const { challenge } = response
      if (challenge === undefined || left === 0) {
        if (challenge !== undefined) this.#nonce = undefined
        done(response, request)
        return
      }
      if (reusesNonce) this.#nonce = { realm: challenge.realm, nonce: challenge.nonce, uses: 0 }
      const wait = humanSeconds > 0 && !this.#registered ? humanSeconds * 1000 : dice.between(50, 800)
      const answer = this.#digest(request, challenge.realm, challenge.nonce)
      this.#world.after(wait, () => {
        this.#attempt(again(request, dice, answer), done, challenge.stale ? left : left - 1)
      })
    })
  }

  #digest({ method, uri }: RequestText, realm: string, nonce: string): DigestAnswer {
    const { user, password, reusesNonce = false } = this.#options
    const question = { user, password, realm, nonce, method, uri }
    if (!reusesNonce) return digestAnswer(question)
    const uses = this.#nonce === undefined ? 1 : ++this.#nonce.uses
    return digestAnswer({
      ...question,
      cnonce: this.#world.dice.token(8),
      nc: uses.toString(16).padStart(8, '0'),
    })
  }

  #answer(request: RequestText): void {
    const { pbx, userAgent = 'phone' } = this.#options
    if (request.method === 'ACK') return
    if (request.method === 'BYE') this.#ended.add(request.callId)
    const tag = this.#world.dice.token(10)
    this.#world.after(this.#world.dice.between(1, 30), () => {
      this.#agent.send(respond(request, 200, { server: userAgent, tag }), pbx)
    })
  }

  #asking(): Asking {
    const { socket, local = socket, domain, user, userAgent = 'phone' } = this.#options
    return { dice: this.#world.dice, local, domain, user, userAgent }
  }
}
