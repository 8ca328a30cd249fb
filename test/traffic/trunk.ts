import { type Asking, inDialog, invite, type RequestText, type ResponseText, respond } from './sip-text.ts'
import type { Socket } from './socket.ts'
import { UserAgent } from './user-agent.ts'
import type { World } from './world.ts'

export interface TrunkOptions {
  readonly socket: Socket
  readonly pbx: Socket
  readonly domain: string
  readonly callsPerSecond: number
  /** Milliseconds after the start of the capture between which calls begin. */
  readonly fromMs: number
  readonly untilMs: number
  /** How long a call lasts that the callee does not end before. */
  readonly holdMs: () => number
}

/** A carrier that the PBX knows by its address: calls without credentials, any number of them at a time. */
export class Trunk {
  readonly #world: World
  readonly #options: TrunkOptions
  readonly #agent: UserAgent
  readonly #ended = new Set<string>()

  constructor(world: World, options: TrunkOptions) {
    this.#world = world
    this.#options = options
    this.#agent = new UserAgent(world, {
      socket: options.socket,
      onRequest: (request) => this.#answer(request),
    })
    const gap = () => world.dice.gapMs(options.callsPerSecond)
    world.at(options.fromMs, () => world.repeat(gap, options.untilMs, () => this.#call()))
  }

  #call(): void {
    const { dice } = this.#world
    const { socket, domain, pbx } = this.#options
    const user = `+4930${dice.whole(1_000_000, 9_999_999)}`
    const asking: Asking = { dice, local: socket, domain, user, userAgent: 'SBC/7.4' }
    this.#agent.request(invite(asking, `+4989${dice.whole(1_000_000, 9_999_999)}`), pbx, (response) => {
      if (response.status === 200) this.#hangUpLater(response, asking)
    })
  }

  #hangUpLater(confirmed: ResponseText, { local, dice }: Asking): void {
    const { pbx, holdMs } = this.#options
    this.#world.after(holdMs(), () => {
      if (this.#ended.delete(confirmed.callId)) return
      const invited = requestOf(confirmed)
      const bye = inDialog('BYE', { invited, confirmed }, { local, fromCallee: false, cseq: 2, dice })
      this.#agent.request(bye, pbx)
    })
  }

  #answer(request: RequestText): void {
    if (request.method === 'ACK') return
    if (request.method === 'BYE') this.#ended.add(request.callId)
    const tag = this.#world.dice.token(10)
    this.#agent.send(respond(request, 200, { server: 'SBC/7.4', tag }), this.#options.pbx)
  }
}

/** As much of the INVITE as its BYE needs, from the answer: a hundred thousand calls need not keep theirs. */
function requestOf({ via, from, to, callId, cseq, contact = '' }: ResponseText): RequestText {
  return { kind: 'request', method: 'INVITE', uri: contact, via, from, to, callId, cseq }
}
