import type { IncomingMessage, ServerResponse } from 'node:http'
import type { WireRequest } from './protocols.ts'

/** As much as DynamoDB takes in one request, in bytes; no other service takes more. */
export const LONGEST_BODY = 16 * 1024 * 1024

export interface SignedRequest extends WireRequest {
  /** The Authorization header, empty where there is none. */
  readonly authorization: string
}

/** An answer as HTTP carries it. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The request with its whole body; null where that is too long or ends early. */
export async function readRequest(message: IncomingMessage): Promise<SignedRequest | null> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > LONGEST_BODY) return null
      chunks.push(chunk)
    }
  } catch {
    return null
  }
  const { authorization = '', 'x-amz-target': target } = message.headers
  return {
    authorization,
    target: typeof target === 'string' ? target : '',
    body: Buffer.concat(chunks).toString('utf8'),
  }
}

/** Aborted when the connection of the answer ends, which is also when the answer has been written. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return gone.signal
}

export function writeAnswer(response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  response.writeHead(status, { ...headers })
  response.end(body)
}
