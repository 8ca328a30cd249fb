import type { Front } from './front.ts'

/** As much of an HTTP request as the SDK hands to what sends it. */
interface Request {
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

interface Response {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** The SDK's `requestHandler`: what takes a signed, serialized request to the server and brings its answer. */
export interface InProcessHandler {
  handle(
    request: Request,
    options?: { readonly abortSignal?: unknown },
  ): Promise<{ readonly response: Response }>
  destroy(): void
  updateHttpClientConfig(): void
  httpHandlerConfigs(): Record<string, never>
}

/**
 * Hands requests to the front as they are, without sockets: the same bytes, at half the price. A connection that drops
 * looks to the SDK as one of Node's does.
 */
export function inProcessHandler(front: Front): InProcessHandler {
  return {
    async handle({ headers, body }, { abortSignal } = {}) {
      const gone = new AbortController()
      const hangUp = () => gone.abort()
      const signals = [front.closing, ...(abortSignal instanceof AbortSignal ? [abortSignal] : [])]
      for (const signal of signals) signal.addEventListener('abort', hangUp, { once: true })
      try {
        if (signals.some(({ aborted }) => aborted)) throw front.closing.aborted ? dropped() : aborted()
        const request = {
          authorization: headers['authorization'] ?? '',
          target: headers['x-amz-target'] ?? '',
          body: textOf(body),
        }
        const answer = await Promise.race([front.answer(request, gone.signal), whenAborted(gone.signal)])
        if (answer === 'gone') throw front.closing.aborted ? dropped() : aborted()
        if (answer === 'dropped') throw dropped()
        return {
          response: {
            statusCode: answer.status,
            headers: answer.headers,
            body: Buffer.from(answer.body, 'utf8'),
          },
        }
      } finally {
        for (const signal of signals) signal.removeEventListener('abort', hangUp)
      }
    },
    destroy: () => undefined,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  }
}

function textOf(body: unknown): string {
  if (!(body instanceof Uint8Array)) return typeof body === 'string' ? body : ''
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
}

function whenAborted(signal: AbortSignal): Promise<'gone'> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve('gone'), { once: true }))
}

function aborted(): Error {
  return Object.assign(new Error('Request aborted'), { name: 'AbortError' })
}

/** The SDK's handler over Node's sockets gives this name to a connection that was reset. */
function dropped(): Error {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET', name: 'TimeoutError' })
}
