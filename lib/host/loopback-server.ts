import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** What answers a GET of each path. Throws where it cannot; that is a 500. */
export type Pages = Readonly<Record<string, () => Answer | Promise<Answer>>>

export interface LoopbackServer {
  /** The port it listens on, chosen by the system where port 0 was asked for. */
  readonly port: number
  close(): void
}

/** A scraper, a watcher and a person; who comes beyond them is turned away. */
const MOST_CONNECTIONS = 16
const REQUEST_MS = 5_000

/**
 * Answers GET and HEAD of the pages over HTTP at a loopback address, which the caller has checked. It holds no process, and
 * nothing that a client does or leaves undone takes more than 16 connections of 5 s. Throws where it cannot listen.
 */
export async function serveOnLoopback(host: string, port: number, pages: Pages): Promise<LoopbackServer> {
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
    (request, response) => {
      void answer(request, response, pages)
    },
  )
  server.maxConnections = MOST_CONNECTIONS
  server.keepAliveTimeout = REQUEST_MS
  server.listen({ host, port })
  try {
    await once(server, 'listening')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'EADDRINUSE' ? 'something else listens there' : message
    throw new Error(`Cannot listen on ${host} port ${port}: ${why}; name another by --listen`, {
      cause: error,
    })
  }
  server.on('error', () => undefined)
  server.unref()
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, pages: Pages): Promise<void> {
  const { status, type, body } = await answerTo(request, pages)
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

async function answerTo({ method, url = '' }: IncomingMessage, pages: Pages): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'Only GET and HEAD')
  const page = pages[url.split('?', 1)[0]!]
  if (page === undefined) return plain(404, `There is ${Object.keys(pages).join(' and ')}`)
  try {
    return await page()
  } catch (error) {
    return plain(500, error instanceof Error ? error.message : String(error))
  }
}

function plain(status: number, line: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${line}\n` }
}
