import { ack, type RequestText, type ResponseText, respond } from './sip-text.ts'
import type { Socket } from './socket.ts'
import type { Datagram, World } from './world.ts'

const T1 = 500
const T2 = 4_000
/** Timers B and F: 64 times T1. */
const GIVE_UP_MS = 32_000

interface Transaction {
  readonly request: RequestText
  readonly to: Socket
  readonly hear: (response: ResponseText) => void
  state: 'calling' | 'proceeding' | 'completed'
  /** Sent again for each copy of the final response. */
  acknowledgement: RequestText | undefined
}

export interface UserAgentOptions {
  /** The socket that the other side sees. */
  readonly socket: Socket
  readonly onRequest: (request: RequestText, datagram: Datagram) => void
}

/**
 * The transaction layer of whoever speaks SIP over UDP (RFC 3261 17.1): sends requests again by timers A and E
 * until an answer comes, acknowledges final responses to INVITE, and hands over each response once.
 */
export class UserAgent {
  readonly #world: World
  readonly #options: UserAgentOptions
  readonly #transactions = new Map<string, Transaction>()

  constructor(world: World, options: UserAgentOptions) {
    this.#world = world
    this.#options = options
    world.listen(options.socket, (datagram) => this.receive(datagram))
  }

  /** @param hear gets provisional responses too, and a 408 of our own after 32 s without an answer (8.1.3.1) */
  request(request: RequestText, to: Socket, hear: (response: ResponseText) => void = ignore): void {
    const transaction: Transaction = { request, to, hear, state: 'calling', acknowledgement: undefined }
    const key = keyOf(request)
    this.#transactions.set(key, transaction)
    this.send(request, to)
    this.#sendAgain(transaction, T1, this.#world.now + GIVE_UP_MS)
    this.#world.after(2 * GIVE_UP_MS + GIVE_UP_MS * Number(request.method === 'INVITE'), () => {
      this.#transactions.delete(key)
    })
  }

  send(content: RequestText | ResponseText, to: Socket): void {
    this.#world.send({ from: this.#options.socket, to, content })
  }

  receive(datagram: Datagram): void {
    const { content } = datagram
    if (content instanceof Uint8Array) return
    if (content.kind === 'request') this.#options.onRequest(content, datagram)
    else this.#hear(content)
  }

  #hear(response: ResponseText): void {
    const transaction = this.#transactions.get(keyOf(response))
    if (transaction === undefined) return
    const { request, to } = transaction
    if (transaction.state === 'completed') {
      if (transaction.acknowledgement !== undefined && response.status >= 200) {
        this.send(transaction.acknowledgement, to)
      }
      return
    }
    transaction.state = response.status < 200 ? 'proceeding' : 'completed'
    if (response.status >= 200 && request.method === 'INVITE') {
      transaction.acknowledgement = ack(request, response, this.#world.dice)
      this.send(transaction.acknowledgement, to)
    }
    transaction.hear(response)
  }

  #sendAgain(transaction: Transaction, afterMs: number, until: number): void {
    const isInvite = transaction.request.method === 'INVITE'
    this.#world.after(afterMs, () => {
      if (transaction.state === 'completed' || (isInvite && transaction.state === 'proceeding')) return
      if (this.#world.now >= until) {
        transaction.state = 'completed'
        transaction.hear(respond(transaction.request, 408, { server: '' }))
        return
      }
      this.send(transaction.request, transaction.to)
      this.#sendAgain(transaction, isInvite ? 2 * afterMs : Math.min(2 * afterMs, T2), until)
    })
  }
}

function keyOf({ via, method }: RequestText | ResponseText): string {
  return `${via.branch} ${method}`
}

function ignore(): void {}
