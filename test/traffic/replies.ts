import type { RequestText, ResponseText } from './sip-text.ts'
import type { Socket } from './socket.ts'
import type { UserAgent } from './user-agent.ts'
import type { World } from './world.ts'

const T1 = 500
const T2 = 4_000
/** Timers H and J: 64 times T1. */
const KEPT_MS = 32_000

interface Kept {
  response: ResponseText | undefined
  acknowledged: boolean
}

/**
 * The server transactions of a PBX (RFC 3261 17.2): a request seen before gets the last answer once more, and an
 * INVITE's final answer goes out again by timers G and H until its ACK comes: at 0.5, 1.5, 3.5, 7.5 .. 31.5 s.
 * A 2xx is repeated so by any PBX (13.3.1.4), the rest by one that is stateful.
 */
export class Replies {
  readonly #world: World
  readonly #agent: UserAgent
  readonly #stateful: boolean
  #kept = new Map<string, Kept>()
  /** Finals that wait for an ACK, by what that ACK names. */
  #waiting = new Map<string, Kept>()

  constructor(world: World, agent: UserAgent, stateful: boolean) {
    this.#world = world
    this.#agent = agent
    this.#stateful = stateful
  }

  /** Whether the request has been seen; then it has been dealt with. */
  repeats(request: RequestText, from: Socket): boolean {
    if (request.method === 'ACK') return false
    const key = transactionOf(request, from)
    const kept = this.#kept.get(key)
    if (kept === undefined) {
      if (this.#stateful || request.answer !== undefined) this.#keep(key)
      return false
    }
    if (kept.response !== undefined) this.#agent.send(kept.response, from)
    return true
  }

  send(response: ResponseText, to: Socket): void {
    const key = transactionOf(response, to)
    const isFinalOfInvite = response.method === 'INVITE' && response.status >= 200
    const accepted = response.status < 300
    const isCall = response.method === 'INVITE' && accepted
    const kept = this.#kept.get(key) ?? (isCall ? this.#keep(key) : undefined)
    if (kept !== undefined) kept.response = response
    this.#agent.send(response, to)
    if (!isFinalOfInvite || kept === undefined || !(accepted || this.#stateful)) return
    const waiting: Kept = { response, acknowledged: false }
    const name = accepted ? dialogOf(response) : key
    this.#waiting.set(name, waiting)
    this.#repeat(waiting, to, T1, this.#world.now + KEPT_MS)
    this.#world.after(KEPT_MS, () => this.#waiting.delete(name))
  }

  /** An ACK names the transaction of a refusal by its branch, and a 2xx by its dialog. */
  acknowledge(ack: RequestText, from: Socket): void {
    const waiting =
      this.#waiting.get(transactionOf({ ...ack, method: 'INVITE' }, from)) ?? this.#waiting.get(dialogOf(ack))
    if (waiting !== undefined) waiting.acknowledged = true
  }

  /** Forgets everything and repeats nothing more. */
  forget(): void {
    for (const waiting of this.#waiting.values()) waiting.acknowledged = true
    this.#kept = new Map()
    this.#waiting = new Map()
  }

  #keep(key: string): Kept {
    const kept: Kept = { response: undefined, acknowledged: false }
    this.#kept.set(key, kept)
    this.#world.after(KEPT_MS, () => this.#kept.delete(key))
    return kept
  }

  #repeat(waiting: Kept, to: Socket, afterMs: number, until: number): void {
    this.#world.after(afterMs, () => {
      if (waiting.acknowledged || waiting.response === undefined || this.#world.now >= until) return
      this.#agent.send(waiting.response, to)
      this.#repeat(waiting, to, Math.min(2 * afterMs, T2), until)
    })
  }
}

function transactionOf({ via, method }: RequestText | ResponseText, peer: Socket): string {
  return `${peer.address}:${peer.port} ${via.branch} ${method}`
}

function dialogOf({ callId, to }: RequestText | ResponseText): string {
  return `${callId} ${to.tag}`
}
