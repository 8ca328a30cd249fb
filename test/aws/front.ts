import { setMaxListeners } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AwsApi, Call } from './aws-api.ts'
import { accessKeyIdOf, internalError, readCall, routeOf, throttledError } from './aws-api.ts'
import { AwsError } from './aws-error.ts'
import type { HttpAnswer, SignedRequest } from './exchange.ts'
import { goneSignal, readRequest, writeAnswer } from './exchange.ts'
import type { FaultInjector } from './faults.ts'
import type { Outcome } from './faulty-call.ts'
import { carryOut } from './faulty-call.ts'
import type { WireAnswer } from './protocols.ts'
import { AWS_JSON_1_1 } from './protocols.ts'
import type { BucketSize } from './token-bucket.ts'
import { TokenBucket } from './token-bucket.ts'
import type { WireObject } from './wire-value.ts'

export interface RecordedCall {
  readonly service: string
  readonly action: string
  /** As the protocol carries them: in EC2's every leaf is text, and lists have their singular name. */
  readonly parameters: WireObject
  /** Milliseconds since the epoch. */
  readonly at: number
  /** When it was answered or refused; absent while it is under way, and where the account stopped before that. */
  readonly answeredAt?: number
}

export interface FrontOptions {
  readonly faults: FaultInjector
  /** By action. */
  readonly throttle: Readonly<Record<string, BucketSize>>
  readonly now: () => number
  /** A timer unless given. */
  readonly wait?: ((ms: number) => Promise<void>) | undefined
}

/** What stands before the APIs: it reads and records calls, throttles them and lets the injector spoil them. */
export class Front {
  readonly calls: (RecordedCall & { answeredAt?: number })[] = []
  readonly #apis: readonly AwsApi[]
  readonly #options: FrontOptions
  readonly #buckets = new Map<string, TokenBucket>()
  readonly #closing = new AbortController()
  #requests = 0

  constructor(apis: readonly AwsApi[], options: FrontOptions) {
    this.#apis = apis
    this.#options = options
    setMaxListeners(0, this.#closing.signal) // each call that waits is one
    for (const [action, size] of Object.entries(options.throttle)) {
      this.#buckets.set(action, new TokenBucket(size, options.now()))
    }
  }

  /** Aborted when it closes. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** Gives up the calls that wait. */
  close(): void {
    this.#closing.abort()
  }

  /** Answers one request over HTTP, whatever is in it; never rejects. */
  async serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = goneSignal(response)
    const request = await readRequest(message)
    const answer = request === null ? 'dropped' : await this.answer(request, gone)
    if (answer === 'dropped') response.destroy()
    else writeAnswer(response, answer)
  }

  /** What becomes of one request, whatever is in it; never rejects. */
  async answer(request: SignedRequest, gone: AbortSignal): Promise<HttpAnswer | 'dropped'> {
    const { authorization } = request
    const api = routeOf(this.#apis, authorization, request.target)
    const protocol = api?.protocol ?? AWS_JSON_1_1
    const requestId = `00000000-0000-4000-8000-${String(++this.#requests).padStart(12, '0')}`
    try {
      if (api === undefined) throw new AwsError('MissingAuthenticationToken', 'Cannot find the service', 403)
      const call = readCall(api, request, { accessKeyId: accessKeyIdOf(authorization), gone })
      const outcome = await this.#carryOut(call)
      return outcome === 'dropped' || this.#closing.signal.aborted
        ? 'dropped'
        : identified(protocol.answer(call.action, outcome.answer, requestId), requestId)
    } catch (error) {
      if (this.#closing.signal.aborted) return 'dropped'
      return identified(protocol.refuse(awsErrorOf(error, api), requestId), requestId)
    }
  }

  /** A call that the bucket refuses never comes to the injector. */
  async #carryOut(call: Call): Promise<Outcome> {
    const { api, action, parameters } = call
    const at = this.#options.now()
    const recorded: Front['calls'][number] = { service: api.name, action, parameters, at }
    this.calls.push(recorded)
    try {
      if (this.#buckets.get(action)?.take(at) === false) throw throttledError(api, action)
      return await this.#delayed(call)
    } finally {
      recorded.answeredAt = this.#options.now()
    }
  }

  async #delayed(call: Call): Promise<Outcome> {
    const { faults } = this.#options
    const half = faults.delayOf(call.api.name, call.action) / 2
    if (half > 0) await this.#wait(half)
    try {
      return await carryOut(call, faults.next(call.api.name, call.action), (ms) => this.#wait(ms))
    } finally {
      if (half > 0) await this.#wait(half)
    }
  }

  async #wait(ms: number): Promise<void> {
    const { signal } = this.#closing
    await (this.#options.wait?.(ms) ?? sleep(ms, undefined, { signal })) // waits: as long as a test told the account to take
    signal.throwIfAborted()
  }
}

/** With the headers that every answer of AWS has. */
function identified({ status, contentType, headers, body }: WireAnswer, requestId: string): HttpAnswer {
  return { status, headers: { 'content-type': contentType, 'x-amzn-requestid': requestId, ...headers }, body }
}

/** Anything but a refusal is a mistake of the local API, and its message is the way to find it. */
function awsErrorOf(error: unknown, api: AwsApi | undefined): AwsError {
  if (error instanceof AwsError) return error
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return api === undefined ? new AwsError('InternalFailure', message, 500) : internalError(api, message)
}
