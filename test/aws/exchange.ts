import type { IncomingMessage, ServerResponse } from 'node:http'
import type { WireAnswer, WireRequest } from './protocols.ts'

/** No call that a fence makes comes near it. */
const LONGEST_BODY = 1_000_000

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

export function writeAnswer(response: ServerResponse, answer: WireAnswer, requestId: string): void {
  response.writeHead(answer.status, { 'content-type': answer.contentType, 'x-amzn-requestid': requestId })
  response.end(answer.body)
}
