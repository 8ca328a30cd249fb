import { isRightAnswer } from './digest.ts'
import { NonceBook } from './nonce-book.ts'
import { PbxCalls } from './pbx-calls.ts'
import type { PbxOptions } from './pbx-options.ts'
import { type Binding, PbxSubscribers } from './pbx-subscribers.ts'
import { Replies } from './replies.ts'
import { type RequestText, type ResponseText, respond } from './sip-text.ts'
import type { Socket } from './socket.ts'
import { UserAgent } from './user-agent.ts'
import type { World } from './world.ts'

const CHALLENGED = new Set(['REGISTER', 'INVITE', 'SUBSCRIBE', 'PUBLISH', 'MESSAGE'])

/** What the answer to OPTIONS tells, and makes it three times as long as the question. */
const CAPABILITIES = [
  'Accept: application/sdp, application/isup, multipart/mixed, message/sipfrag',
  'Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, REGISTER, REFER, NOTIFY, PUBLISH, SUBSCRIBE',
  'Supported: timer, path, replaces, outbound, 100rel, norefersub',
  'Allow-Events: talk, hold, conference, presence, as-feature-event, dialog, line-seize, call-info, sla, refer',
]

/** A PBX on port 5060 as the packets of a real one show it. Requests take it a few milliseconds. */
export class Pbx {
  readonly socket: Socket
  readonly #world: World
  readonly #options: PbxOptions
  readonly #agent: UserAgent
  readonly #replies: Replies
  readonly #calls: PbxCalls
  readonly #subscribers: PbxSubscribers
  #nonces: NonceBook
  /** While it is down, everything that arrives is lost. */
  #down = false

  constructor(world: World, options: PbxOptions) {
    this.socket = { address: options.address, port: 5_060 }
    this.#world = world
    this.#options = options
    this.#nonces = new NonceBook(world, options.nonces)
    world.watch(options.address)
    this.#agent = new UserAgent(world, {
      socket: this.socket,
      onRequest: (request, { from }) => this.#take(request, answersGoTo(request, from)),
    })
    this.#replies = new Replies(world, this.#agent, options.stateful)
    const parts = { world, agent: this.#agent, socket: this.socket, options }
    this.#calls = new PbxCalls({ ...parts, replies: this.#replies })
    this.#subscribers = new PbxSubscribers(parts)
  }

  /** Stops at once and starts again after that long: nonces and transactions are forgotten, bindings are not. */
  restart(downMs: number): void {
    this.#down = true
    this.#replies.forget()
    this.#nonces = new NonceBook(this.#world, this.#options.nonces)
    this.#world.after(downMs, () => {
      this.#down = false
    })
  }

  /** Sends OPTIONS to the trunk at its interval, from `fromMs` to `untilMs` after the start. */
  watchTrunk(
    trunk: Socket,
    { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
  ): void {
    const { trunkOptionsSeconds } = this.#options
    if (trunkOptionsSeconds === 0) return
    this.#world.at(fromMs, () => this.#subscribers.ask('OPTIONS', { user: 'trunk', socket: trunk }))
    if (fromMs + trunkOptionsSeconds * 1000 >= untilMs) return
    this.watchTrunk(trunk, { fromMs: fromMs + trunkOptionsSeconds * 1000, untilMs })
  }

  #take(request: RequestText, from: Socket): void {
    if (this.#down || this.#replies.repeats(request, from)) return
    this.#world.after(this.#world.dice.between(0.3, 4), () => {
      if (!this.#down) this.#handle(request, from)
    })
  }

  #handle(request: RequestText, from: Socket): void {
    const trusted = this.#options.trunks.has(from.address) && request.method !== 'REGISTER'
    if (request.method === 'ACK') this.#replies.acknowledge(request, from)
    else if (request.to.tag !== undefined) this.#calls.inDialog(request, from)
    else if (request.method === 'CANCEL') this.#calls.cancel(request, from)
    else if (!CHALLENGED.has(request.method) || trusted) this.#accept(request, from)
    else this.#authenticate(request, from)
  }

  #authenticate(request: RequestText, from: Socket): void {
    const { stateful, passwordOf, refusal } = this.#options
    const { method, answer } = request
    if (method === 'INVITE' && stateful) this.#replies.send(this.#reply(request, 100, from), from)
    if (answer === undefined || !this.#nonces.knows(answer.nonce)) {
      this.#challenge(request, from, answer !== undefined && this.#nonces.saysStale)
      return
    }
    const password = passwordOf(answer.user)
    if (password !== undefined && isRightAnswer(answer, method, password)) this.#accept(request, from)
    else if (refusal === 401) this.#challenge(request, from, false)
    else this.#replies.send(this.#reply(request, 403, from), from)
  }

  #challenge(request: RequestText, from: Socket, stale: boolean): void {
    const status = request.method === 'REGISTER' ? 401 : 407
    const realm = this.#options.hasTenants === true ? request.to.host : this.#options.realm
    const challenge = { realm, nonce: this.#nonces.next(), stale, qop: true }
    const lines = this.#options.refusalLines
    this.#replies.send(this.#reply(request, status, from, { challenge, lines }), from)
  }

  #accept(request: RequestText, from: Socket): void {
    if (request.method === 'INVITE') {
      this.#calls.take(request, from)
      return
    }
    const binding: Binding = { user: request.from.user, socket: from }
    const lines = request.method === 'REGISTER' ? ['Expires: 3600'] : CAPABILITIES
    const response = this.#reply(request, 200, from, { lines })
    this.#replies.send(response, from)
    if (request.method === 'REGISTER') this.#subscribers.bind(binding)
    if (request.method === 'SUBSCRIBE') this.#subscribers.notify(response, binding)
  }

  #reply(request: RequestText, status: number, from: Socket, more: Partial<ResponseText> = {}): ResponseText {
    const tag = this.#world.dice.token(12)
    return respond(request, status, { server: this.#options.server, tag, seenFrom: from, ...more })
  }
}

/** RFC 3261 18.2.2 and RFC 3581 section 4. */
function answersGoTo({ via, isBare = false }: RequestText, from: Socket): Socket {
  return isBare ? { address: from.address, port: via.port } : from
}
