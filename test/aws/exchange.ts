import type { IncomingMessage, ServerResponse } from 'node:http'
import type { WireAnswer, WireRequest } from './protocols.ts'

/** As much as DynamoDB takes in one request, in bytes; no other service takes more. */
export const LONGEST_BODY = 16 * 1024 * 1024

/** The request with its whole body; null where that is too long or ends early. */
export async function readRequest(message: IncomingMessage): Promise<WireRequest | null> {
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
  const target = message.headers['x-amz-target']
  return { target: typeof target === 'string' ? target : '', body: Buffer.concat(chunks).toString('utf8') }
}

/** Aborted when the connection of the answer ends, which is also when the answer has been written. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return gone.signal
}

export function writeAnswer(response: ServerResponse, answer: WireAnswer, requestId: string): void {
  const headers = { 'content-type': answer.contentType, 'x-amzn-requestid': requestId, ...answer.headers }
  response.writeHead(answer.status, headers)
  response.end(answer.body)
}
