import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type LoopbackServer, type Pages, serveOnLoopback } from '../../lib/host/loopback-server.ts'

const open: LoopbackServer[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

const PAGES: Pages = {
  '/healthz': () => ({ status: 503, type: 'application/json', body: '{"ok":false}' }),
  '/broken': () => {
    throw new Error('Cannot tell')
  },
}

async function serve(pages = PAGES): Promise<LoopbackServer> {
  const server = await serveOnLoopback('127.0.0.1', 0, pages)
  open.push(server)
  return server
}

test.each([
  ['a page', 'GET', '/healthz?x=1', 503, '{"ok":false}'],
  ['the head of a page', 'HEAD', '/healthz', 503, ''],
  ['no other page', 'GET', '/', 404, 'There is /healthz and /broken\n'],
  ['no other method', 'POST', '/healthz', 405, 'Only GET and HEAD\n'],
  ['why a page cannot be told', 'GET', '/broken', 500, 'Cannot tell\n'],
])('answers %s', async (_, method, path, status, body) => {
  const { port } = await serve()
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method })
  expect([response.status, await response.text()]).toEqual([status, body])
})

test('turns away who comes while 16 others hold on, and ends with all of them', async () => {
  const { port, close } = await serve()
  const held = Array.from({ length: 16 }, () => connect(port, '127.0.0.1'))
  await Promise.all(held.map((socket) => once(socket, 'connect')))
  const [first] = held
  first!.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
  expect(String(await once(first!, 'data'))).toContain('503')
  const late = connect(port, '127.0.0.1').resume()
  await once(late, 'close')
  const ended = Promise.all(held.map((socket) => once(socket.resume(), 'close')))
  close()
  await ended
})

test('says that something else listens there', async () => {
  const { port } = await serve()
  await expect(serveOnLoopback('127.0.0.1', port, PAGES)).rejects.toThrow(
    `Cannot listen on 127.0.0.1 port ${port}: something else listens there; name another by --listen`,
  )
})
