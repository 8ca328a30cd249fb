import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ReportQueue } from '../../lib/aws/report-queue.ts'

/** What AWS answers to one call; a text is the code of an error, `null` no answer at all. */
type Answer = object | string | null

interface Call {
  readonly action: string
  readonly input: Record<string, string>
}

const URL = 'https://sqs.eu-west-1.amazonaws.com/123456789012/sipfence-pbx-reports'
let server: Server
let port = 0
const calls: Call[] = []
let answer: (call: Call) => Answer

beforeEach(async () => {
  calls.length = 0
  answer = usual
  server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString()
    const action = String(request.headers['x-amz-target']).replace('AmazonSQS.', '')
    calls.push({ action, input: JSON.parse(body) })
    const value = answer(calls.at(-1)!)
    if (value === null) return
    response.setHeader('content-type', 'application/x-amz-json-1.0')
    if (typeof value === 'object') response.end(JSON.stringify(value))
    else response.writeHead(400).end(JSON.stringify({ __type: value, message: 'so it is' }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${port}`)
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'LOCAL')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local')
})
afterEach(() => {
  vi.unstubAllEnvs()
  server.closeAllConnections()
  server.close()
})

function usual({ action, input }: Call): Answer {
  if (action === 'GetQueueUrl') return { QueueUrl: URL }
  return { MessageId: 'm', MD5OfMessageBody: createHash('md5').update(input['MessageBody']!).digest('hex') }
}

const open = () => new ReportQueue({ fence: 'pbx', region: 'eu-west-1' })
const actions = () => calls.map(({ action }) => action)

describe('the queue of reports', () => {
  test('is found by its name once, and gets each report as it is, wherever its URL points', async () => {
    const queue = open()
    expect(await queue.send('{"seq":1}')).toEqual({ ok: true })
    expect(await queue.send('{"seq":2}')).toEqual({ ok: true })
    expect(calls).toEqual([
      { action: 'GetQueueUrl', input: { QueueName: 'sipfence-pbx-reports' } },
      { action: 'SendMessage', input: { QueueUrl: URL, MessageBody: '{"seq":1}' } },
      { action: 'SendMessage', input: { QueueUrl: URL, MessageBody: '{"seq":2}' } },
    ])
  })

  test.each([
    ['QueueDoesNotExist', /there is no such queue; deploy the fence, or check its region and id/],
    ['AccessDeniedException', /this role may not; give the instance role the policy that the stack made/],
    ['InvalidClientTokenId', /no valid credentials; attach the instance role/],
    ['RequestThrottled', /SQS asks for fewer calls/],
    ['KmsDisabled', /in eu-west-1: KmsDisabled: so it is$/],
  ])('says what to do about %s', async (code, words) => {
    answer = () => code
    const sending = open().send('{}')
    await expect(sending).rejects.toThrow(/^Cannot send to queue sipfence-pbx-reports in eu-west-1: /)
    await expect(sending).rejects.toThrow(words)
    await expect(sending).rejects.toThrow(code)
  })

  test('says so where this host has no credentials', async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE'])
      vi.stubEnv(name, undefined)
    vi.stubEnv('HOME', '/nonexistent')
    vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent')
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent')
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
    await expect(open().send('{}')).rejects.toThrow(/no valid credentials; attach the instance role/)
    expect(calls).toEqual([])
  })

  test('a text that SQS will never take is no reason to try again', async () => {
    answer = (call) => (call.action === 'SendMessage' ? 'InvalidMessageContents' : usual(call))
    expect(await open().send('{}')).toEqual({
      ok: false,
      reason: 'Queue sipfence-pbx-reports does not take a report: InvalidMessageContents: so it is',
    })
    expect(actions()).toEqual(['GetQueueUrl', 'SendMessage'])
  })

  test('a queue that is gone is looked for again', async () => {
    const queue = open()
    await queue.send('{}')
    answer = (call) => (call.action === 'SendMessage' ? 'QueueDoesNotExist' : usual(call))
    await expect(queue.send('{}')).rejects.toThrow(/no such queue/)
    answer = usual
    expect(await queue.send('{}')).toEqual({ ok: true })
    expect(actions()).toEqual(['GetQueueUrl', 'SendMessage', 'SendMessage', 'GetQueueUrl', 'SendMessage'])
  })

  test('an answer that does not come is given up within seconds, and at once where it is told to', async () => {
    const given = new AbortController()
    answer = () => {
      given.abort()
      return null
    }
    await expect(open().send('{}', given.signal)).rejects.toThrow(/^Cannot send to queue.*abort/)
    expect(actions()).toEqual(['GetQueueUrl'])
    await expect(open().send('{}')).rejects.toThrow(
      /SQS does not answer; see that this host reaches it.*TimeoutError/,
    )
    expect(actions()).toHaveLength(1 + 2) // an attempt is made twice, and each has its time
  })

  test('names the reason where nobody listens', async () => {
    server.closeAllConnections()
    server.close()
    await expect(open().send('{}')).rejects.toThrow(/ECONNREFUSED/)
  })
})
