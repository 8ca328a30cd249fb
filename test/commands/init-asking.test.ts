import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { answerTo, openQuestions } from '../../lib/commands/questions.ts'
import { ROOT } from './cli.ts'
import { runHere } from './in-process.ts'
import { GROUP, type InitAccount, openInitAccount, PBX, PUBLIC, VPC } from './init-account.ts'

/** Runs the built command line on a terminal of its own (script of util-linux) and types these lines. */
async function typed(account: InitAccount, lines: readonly string[], ...args: string[]) {
  const words = [process.execPath, join(ROOT, 'dist/bin/sipfence.js'), 'init', PBX, ...args]
  const command = words.map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: account.folder,
    env: account.env,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const out: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stdin.write(lines.map((line) => `${line}\n`).join(''))
  const [code] = await once(child, 'close')
  return { code: code as number | null, out: Buffer.concat(out).toString() }
}

describe('sipfence init on a terminal', () => {
  test('asks for what AWS cannot tell, again where an answer will not do, and writes what was said', async () => {
    const account = await openInitAccount()
    const lines = [
      'My PBX',
      'office',
      '5060 5061',
      GROUP,
      '192.0.2.1/24',
      '192.0.2.0/24, 2001:db8::/32',
      '',
      'yes',
    ]
    const { code, out } = await typed(account, lines)
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('Name of the fence [main-pbx]: ') })
    expect(out).toContain('should be 1 to 31 of a-z')
    expect(out).toContain('UDP and TCP ports of SIP [5060]: ')
    expect(out).toContain(`that a lockdown may close; possible: ${GROUP} [none]: `)
    expect(out).toContain('has host bits set; the prefix is 192.0.2.0/24')
    expect(out).not.toContain('Left open')
    expect(account.settings()?.fences[0]).toMatchObject({
      id: 'office',
      ports: [5060, 5061],
      allow: ['192.0.2.0/24', '2001:db8::/32'],
      firewalls: { trustedPeers: { securityGroups: [GROUP] } },
    })
  })

  test('takes nothing for the proposals, asks nothing that an option says, and writes nothing after a no', async () => {
    const account = await openInitAccount()
    const args = ['--id', 'office', '--ports', '5060', '--lockdown', GROUP, '--email', 'ops@example.com']
    const { code, out } = await typed(account, ['', 'no'], ...args)
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('Nothing was written.') })
    expect(out).not.toMatch(/Name of the fence|ports of SIP|may close|E-mail/)
    expect(account.settings()).toBeUndefined()
  })

  test('goes by the ports that were named where it asks what a lockdown may close', async () => {
    const rules = [{ ...PUBLIC, ports: { from: 5080, to: 5080 } }]
    const account = await openInitAccount({ securityGroups: [{ id: GROUP, vpcId: VPC, rules }] })
    const { out } = await typed(account, ['', '5070', '', '', '', 'no'])
    expect(out).toContain('UDP and TCP ports of SIP [5080]: ')
    expect(out).toContain('that a lockdown may close [none]: ')
  })
})

describe('questions', () => {
  function terminal() {
    const [input, output] = [new PassThrough(), new PassThrough()]
    const questions = openQuestions(input, output)
    onTestFinished(() => questions.close())
    return { input, questions, told: [] as string[] }
  }

  test('get the lines in their order, those too that came early', async () => {
    const { input, questions } = terminal()
    input.write('one\ntwo\nth')
    expect(await questions.ask('?')).toBe('one')
    expect(await questions.ask('?')).toBe('two')
    input.write('ree\n')
    expect(await questions.ask('?')).toBe('three')
  })

  test('end with the input, and say that nothing was written', async () => {
    const { input, questions, told } = terminal()
    input.end('bad\n')
    const read = (text: string) => {
      throw new Error(`no ${text}`)
    }
    const answer = answerTo(questions.ask, 'What', 'a', read, (line) => told.push(line))
    await expect(answer).rejects.toThrow('the input ended before the last answer; nothing was written')
    expect(told).toEqual(['no bad'])
  })
})

describe('sipfence init on the instance itself', () => {
  /** An instance metadata service that takes version 2 only. */
  async function metadata(answers: Readonly<Record<string, string>>): Promise<string> {
    const server = createServer(({ method, url = '', headers }, response) => {
      if (method === 'PUT' && url === '/latest/api/token') return response.end('token')
      const answer = answers[url.replace('/latest/meta-data/', '')]
      const isKnown = headers['x-aws-ec2-metadata-token'] === 'token' && answer !== undefined
      return response.writeHead(isKnown ? 200 : 404).end(answer)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  async function here(account: InitAccount, answers: Readonly<Record<string, string>>) {
    const { AWS_REGION: _, AWS_EC2_METADATA_DISABLED: __, ...env } = account.env
    const endpoint = await metadata(answers)
    return await runHere(['init', '--json'], { ...env, AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint })
  }

  test('knows its id and region', async () => {
    const account = await openInitAccount()
    const { code, out } = await here(account, { 'instance-id': PBX, 'placement/region': 'eu-central-1' })
    expect({ code, ...JSON.parse(out) }).toMatchObject({
      code: 0,
      region: 'eu-central-1',
      instance: { id: PBX },
    })
  })

  test('is wrong usage where the region is not told', async () => {
    const account = await openInitAccount()
    expect(await here(account, { 'instance-id': PBX, 'placement/region': '<html>' })).toMatchObject({
      code: 2,
      err: expect.stringContaining('unknown in which region; name it with --region'),
    })
  })
})
