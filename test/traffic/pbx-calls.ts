import type { CallPlan, PbxOptions } from './pbx-options.ts'
import type { Replies } from './replies.ts'
import { inDialog, type RequestText, type ResponseText, respond } from './sip-text.ts'
import type { Socket } from './socket.ts'
import type { UserAgent } from './user-agent.ts'
import type { World } from './world.ts'

export interface PbxParts {
  readonly world: World
  readonly agent: UserAgent
  readonly socket: Socket
  readonly options: PbxOptions
}

interface Call {
  readonly invited: RequestText
  readonly caller: Socket
  readonly tag: string
  state: 'early' | 'confirmed' | 'over'
}

/** The calls that a PBX has accepted: it tries, rings, answers or refuses, and hangs up, as their plans say. */
export class PbxCalls {
  readonly #parts: PbxParts & { readonly replies: Replies }
  readonly #calls = new Map<string, Call>()

  constructor(parts: PbxParts & { readonly replies: Replies }) {
    this.#parts = parts
  }

  take(invited: RequestText, caller: Socket): void {
    const { world, options, replies } = this.#parts
    const plan = options.plan(invited.to.user, world.dice)
    const call: Call = { invited, caller, tag: world.dice.token(12), state: 'early' }
    this.#calls.set(invited.callId, call)
    replies.send(this.#reply(call, 100), caller)
    if (plan.ringMs !== undefined) {
      world.after(plan.ringMs, () => {
        if (call.state === 'early') replies.send(this.#reply(call, 180), caller)
      })
    }
    world.after(plan.finalMs, () => this.#finish(call, plan))
  }

  /** A request within a dialog: BYE ends the call, what names none gets 481. */
  inDialog(request: RequestText, from: Socket): void {
    const { options, replies } = this.#parts
    const call = this.#calls.get(request.callId)
    const known = call !== undefined && call.tag === request.to.tag && call.state === 'confirmed'
    if (known && request.method === 'BYE') call.state = 'over'
    const status = known ? 200 : 481
    replies.send(respond(request, status, { server: options.server, seenFrom: from }), from)
  }

  cancel(request: RequestText, from: Socket): void {
    const { options, replies, world } = this.#parts
    const call = this.#calls.get(request.callId)
    const early = call?.state === 'early'
    const tag = call?.tag ?? world.dice.token(12)
    replies.send(respond(request, early ? 200 : 481, { server: options.server, tag, seenFrom: from }), from)
    if (call === undefined || !early) return
    call.state = 'over'
    replies.send(this.#reply(call, 487), call.caller)
  }

  #finish(call: Call, { status, hangUpMs }: CallPlan): void {
    const { world, replies, agent, socket } = this.#parts
    if (call.state !== 'early') return
    const response = this.#reply(call, status)
    call.state = status < 300 ? 'confirmed' : 'over'
    replies.send(response, call.caller)
    if (status >= 300 || hangUpMs === undefined) return
    world.after(hangUpMs, () => {
      if (call.state !== 'confirmed') return
      call.state = 'over'
      const sides = { invited: call.invited, confirmed: response }
      const bye = inDialog('BYE', sides, { local: socket, fromCallee: true, cseq: 1, dice: world.dice })
      agent.request(bye, call.caller)
    })
  }

  #reply({ invited, caller, tag }: Call, status: number): ResponseText {
    const { options, socket } = this.#parts
    const contact = `sip:${invited.to.user}@${socket.address}:${socket.port}`
    const body = status === 200 && invited.body !== undefined ? invited.body : ''
    const lines = body === '' ? [] : ['Content-Type: application/sdp']
    return respond(invited, status, { server: options.server, tag, seenFrom: caller, contact, lines, body })
  }
}
