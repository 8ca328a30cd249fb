import type { PbxParts } from './pbx-calls.ts'
import { newBranch, type RequestText, type ResponseText } from './sip-text.ts'
import type { Socket } from './socket.ts'
import { START } from './world.ts'

/** A user and the socket that the PBX reaches him at. */
export interface Binding {
  readonly user: string
  readonly socket: Socket
}

/** What a PBX itself asks of phones and trunks: OPTIONS to see that they are there, NOTIFY of what they watch. */
export class PbxSubscribers {
  readonly #parts: PbxParts
  readonly #bound = new Set<string>()

  constructor(parts: PbxParts) {
    this.#parts = parts
  }

  /** Starts the OPTIONS to a phone that has just registered; each phone has its own phase. */
  bind(binding: Binding): void {
    const { world, options } = this.#parts
    const key = `${binding.user} ${binding.socket.address} ${binding.socket.port}`
    const gapMs = options.phoneOptionsSeconds * 1000
    if (gapMs === 0 || this.#bound.has(key)) return
    this.#bound.add(key)
    let first = true
    const gap = () => {
      const ms = first ? world.dice.between(0, gapMs) : gapMs
      first = false
      return ms
    }
    world.repeat(gap, world.now - START + 3_600_000, () => this.ask('OPTIONS', binding))
  }

  /** The first NOTIFY that each subscription gets (RFC 6665 4.2.1.2), in the dialog of the SUBSCRIBE. */
  notify({ from, to, callId }: ResponseText, binding: Binding): void {
    const lines = ['Event: dialog', 'Subscription-State: active;expires=3600', 'Content-Type: text/plain']
    const body = 'Messages-Waiting: no\r\n'
    this.#parts.world.after(this.#parts.world.dice.between(1, 20), () => {
      this.#ask('NOTIFY', binding, { from: to, to: from, callId, lines, body })
    })
  }

  ask(method: string, binding: Binding): void {
    const { realm } = this.#parts.options
    const { dice } = this.#parts.world
    this.#ask(method, binding, {
      from: { user: 'pbx', host: realm, tag: dice.token(10) },
      to: { user: binding.user, host: realm },
      callId: dice.token(24),
    })
  }

  #ask(
    method: string,
    { user, socket: peer }: Binding,
    rest: Pick<RequestText, 'from' | 'to' | 'callId'> & Partial<RequestText>,
  ): void {
    const { world, agent, socket, options } = this.#parts
    const request: RequestText = {
      kind: 'request',
      method,
      uri: `sip:${user}@${peer.address}:${peer.port}`,
      via: { host: socket.address, port: socket.port, branch: newBranch(world.dice) },
      cseq: 1,
      contact: `sip:pbx@${socket.address}`,
      userAgent: options.server,
      ...rest,
    }
    agent.request(request, peer)
  }
}
