import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Stands between a function and one JSON service of the local AWS. */
export interface Detour {
  readonly endpoint: string
  stop(): Promise<void>
}

/**
 * What is passed on of one call: its body, maybe another; null for an answer that the service has failed.
 *
 * @param action of the service, such as `SendMessage`
 */
export type Passage = (action: string, body: string) => string | null

/** Starts a detour to an endpoint on a free port of 127.0.0.1. Signatures are not made anew: nobody checks them there. */
export async function startDetour(endpoint: string, pass: Passage): Promise<Detour> {
  const server = createServer((request, response) => void forward(endpoint, pass, request, response))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function forward(
  endpoint: string,
  pass: Passage,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const target = String(request.headers['x-amz-target'])
    const body = pass(
      target.slice(target.lastIndexOf('.') + 1),
      Buffer.concat(await request.toArray()).toString(),
    )
    if (body === null) return void response.writeHead(500).end('{"__type":"InternalServerError"}')
    const { authorization = '', 'content-type': type = '' } = request.headers
    const headers = { authorization, 'content-type': type, 'x-amz-target': target }
    const answer = await fetch(endpoint, { method: 'POST', headers, body })
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? type })
    response.end(await answer.text())
  } catch {
    response.destroy()
  }
}
