import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../eventually.ts'
import { ROOT, sipfence } from './cli.ts'
import { freePort } from './moto-queue.ts'
import { registrations } from './registrations.ts'

let folder = ''
const running: ChildProcess[] = []
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sipfence-watch-'))
  const fence = { id: 'pbx', region: 'eu-west-1', ports: [5060, 5080], pbxs: [{ addresses: ['10.0.0.10'] }] }
  writeFileSync(join(folder, 'sipfence.json'), JSON.stringify({ version: 1, fences: [fence] }))
  writeFileSync(join(folder, 'wrong.json'), '{ "version": 1, "fences": [{ "id": "pbx", "prots": [] }] }')
  writeFileSync(join(folder, 'attack.pcap'), registrations(60))
})
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

/** The built sidecar over a recording of a minute; tells when its pages are there. */
async function watched(...args: string[]): Promise<{ url: string; child: ChildProcess; said: () => string }> {
  const port = await freePort()
  const options = [
    '--read',
    join(folder, 'attack.pcap'),
    '--listen',
    `127.0.0.1:${port}`,
    '--heartbeat',
    '1s',
  ]
  const child = spawn(
    process.execPath,
    [join(ROOT, 'dist/bin/sipfence.js'), 'sidecar', ...options, ...args],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, AWS_EC2_METADATA_DISABLED: 'true', AWS_ENDPOINT_URL: 'http://127.0.0.1:1' },
    },
  )
  running.push(child)
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += String(chunk)
  })
  const url = `http://127.0.0.1:${port}`
  await eventually(() => fetch(url).catch(() => undefined))
  return { url, child, said: () => said }
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1])
}

describe.concurrent('sipfence sidecar --listen', () => {
  test('says that it is well once it counts, and what it counts', async () => {
    const { url, child } = await watched('--dry-run', '--host', 'i-0123456789abcdef0')
    await expect.poll(async () => (await fetch(`${url}/healthz`)).status).toBe(200)
    expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({
      schema: 'sipfence.health/1',
      ok: true,
      problems: [],
      sentAgeSeconds: null,
      fence: 'local',
      host: 'i-0123456789abcdef0',
    })
    await expect.poll(() => metric(url, 'sipfence_known_good')).toBe(3)
    expect(await metric(url, 'sipfence_healthy')).toBe(1)
    const ended = once(child, 'close')
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })

  test('counts what could not be sent, and holds up nothing at the end', async () => {
    const send = ['--config', join(folder, 'sipfence.json'), '--host', 'i-0123456789abcdef0']
    const { url, child } = await watched(...send, '--spool', join(folder, 'spool'))
    await expect.poll(() => metric(url, 'sipfence_reports_failed_total')).toBeGreaterThan(0)
    expect(await metric(url, 'sipfence_reports_sent_total')).toBe(0)
    const ended = once(child, 'close')
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })

  test('counts on where something else listens there', async () => {
    const first = await watched('--dry-run')
    const port = new URL(first.url).port
    const args = ['sidecar', '--dry-run', '--json', '--read', '-', '--pbx', '10.0.0.10']
    const { code, out, err } = await sipfence([...args, '--listen', `127.0.0.1:${port}`], registrations(0))
    expect([code, err]).toEqual([
      0,
      expect.stringMatching(/something else listens there.*counting goes on without/),
    ])
    expect(out).toContain('"knownGood":3')
    first.child.kill('SIGKILL')
  })

  test.each([
    ['0.0.0.0:9060', /other hosts could reach it; it should be a loopback address/],
    ['10.0.0.10:9060', /other hosts could reach it/],
    ['[2001:db8::1]:9060', /other hosts could reach it/],
    ['localhost:9060', /should be a loopback address and a port, such as 127.0.0.1:9060/],
    ['127.0.0.1', /should be a loopback address and a port/],
    ['127.0.0.1:70000', /should be a loopback address and a port/],
    ['9060', /should be a loopback address and a port/],
  ])('refuses %s', async (listen, said) => {
    const { code, err } = await sipfence(['sidecar', '--dry-run', '--listen', listen])
    expect([code, err]).toEqual([2, expect.stringMatching(said)])
  })
})

describe.concurrent('sipfence sidecar --check', () => {
  const check = (...args: string[]) =>
    sipfence(['sidecar', '--check', ...args], undefined, {
      ...process.env,
      AWS_EC2_METADATA_DISABLED: 'true',
    })

  test('says what would be counted, in whose name, and captures nothing', async () => {
    const host = ['--host', 'i-0123456789abcdef0', '--interface', 'lo']
    const { code, out } = await check('--config', join(folder, 'sipfence.json'), ...host)
    expect(code).toBe(0)
    expect(out.split('\n').slice(0, 4)).toEqual([
      'fence "pbx" in eu-west-1',
      'host i-0123456789abcdef0',
      'interface lo, PBX 10.0.0.10',
      'ports 5060, 5080',
    ])
  })

  test('says that the instance is not known', async () => {
    const { code, out } = await check('--config', join(folder, 'sipfence.json'))
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^host unknown\. Cannot tell which instance this is/m),
    ])
  })

  test('refuses settings that the sidecar would not start with', async () => {
    const { code, err } = await check('--config', join(folder, 'wrong.json'))
    expect([code, err]).toEqual([2, expect.stringMatching(/has no setting "prots"/)])
  })
})
