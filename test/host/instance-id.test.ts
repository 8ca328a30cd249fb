import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { thisInstance } from '../../lib/host/instance-id.ts'

const ID = 'i-0123456789abcdef0'
const TOKEN = 'dG9rZW4='
let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

type Answer = readonly [status: number, text: string] | 'silence'

interface Service {
  readonly env: Readonly<Record<string, string>>
  readonly asked: string[]
  /** Ends where the service is silent, and not before: no test hangs on how long a second is. */
  readonly patience: () => AbortSignal
}

/** An instance metadata service that takes nothing but version 2. */
async function imds(answers: Readonly<Record<string, Answer>>): Promise<Service> {
  const asked: string[] = []
  const waiting = new AbortController()
  const answerTo = (request: IncomingMessage): Answer => {
    const { method, url = '', headers } = request
    if (method === 'PUT' && url === '/latest/api/token') {
      const seconds = Number(headers['x-aws-ec2-metadata-token-ttl-seconds'])
      return seconds >= 1 && seconds <= 21_600 ? (answers['token'] ?? [200, TOKEN]) : [400, '']
    }
    if (headers['x-aws-ec2-metadata-token'] !== TOKEN) return [401, '']
    return answers[url.replace('/latest/meta-data/', '')] ?? [404, '<html>404 - Not Found</html>']
  }
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const answer = answerTo(request)
    if (answer === 'silence') waiting.abort(new DOMException('', 'TimeoutError'))
    else response.writeHead(answer[0]).end(answer[1])
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${port}/` }
  return { env, asked, patience: () => waiting.signal }
}

describe('the instance by its metadata', () => {
  test('has an id and a public address', async () => {
    const { env, asked, patience } = await imds({
      'instance-id': [200, ID],
      'public-ipv4': [200, '198.51.100.7'],
    })
    expect(await thisInstance(env, patience)).toEqual({ id: ID, publicAddresses: ['198.51.100.7'] })
    expect(asked[0]).toBe('PUT /latest/api/token')
  })

  test.each<[string, Answer]>([
    ['not there', [404, '']],
    ['no address', [200, '<html>']],
    ['never told', 'silence'],
  ])('has no public address where that is %s', async (_, answer) => {
    const { env, patience } = await imds({ 'instance-id': [200, ID], 'public-ipv4': answer })
    expect(await thisInstance(env, patience)).toEqual({ id: ID, publicAddresses: [] })
  })

  test.each<[string, Record<string, Answer>, RegExp]>([
    ['gives no token', { token: [403, ''] }, /it answered with status 403/],
    ['has no id', {}, /it answered with status 404/],
    ['tells no instance id', { 'instance-id': [200, 'i-am not one\u001b['] }, /it answered "i-am not one/],
    ['does not answer', { token: 'silence' }, /no answer within 1 s/],
  ])('cannot be told where the service %s', async (_, answers, why) => {
    const { env, patience } = await imds(answers)
    const asking = thisInstance(env, patience)
    await expect(asking).rejects.toThrow(/Cannot tell which instance this is: .*; pass --host i-…/)
    await expect(asking).rejects.toThrow(why)
  })

  test('cannot be told where nobody listens', async () => {
    const { env, patience } = await imds({})
    server!.close()
    await once(server!, 'close')
    await expect(thisInstance(env, patience)).rejects.toThrow(/does not tell \(ECONNREFUSED\); pass --host/)
  })

  test('is not asked for where the environment forbids it', async () => {
    const { env, asked } = await imds({ 'instance-id': [200, ID] })
    const asking = thisInstance({ ...env, AWS_EC2_METADATA_DISABLED: 'TRUE' })
    await expect(asking).rejects.toThrow(/AWS_EC2_METADATA_DISABLED is set; pass --host/)
    expect(asked).toEqual([])
  })
})
