import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { proofReport } from '../../lib/contract/proofs.ts'
import { sourceReport } from '../../lib/contract/report.ts'
import type { ProofReport, SourceReport } from '../../lib/core/source-report.ts'
import { eventually } from '../eventually.ts'
import { lacks } from '../skips.ts'
import { ROOT, sipfence } from './cli.ts'
import { freePort, type MotoQueue, motoEnvironment, startMotoQueue } from './moto-queue.ts'
import { quickRecording } from './quick-recording.ts'
import { registrations } from './registrations.ts'

const HOST = 'i-0123456789abcdef0'
const QUEUE = 'sipfence-pbx-reports'

let root = ''
const running: ChildProcess[] = []
const queues: MotoQueue[] = []
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'sipfence-send-'))
})
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await Promise.all(queues.map((queue) => queue.stop()))
  rmSync(root, { recursive: true, force: true })
})

/** A folder with settings, for one test: they wait for a clock most of the time, so they run side by side. */
function newFolder(): string {
  const folder = mkdtempSync(join(root, 'test-'))
  const fence = { id: 'pbx', region: 'eu-west-1', pbxs: [{ addresses: ['10.0.0.10'] }] }
  writeFileSync(join(folder, 'sipfence.json'), JSON.stringify({ version: 1, fences: [fence] }))
  writeFileSync(join(folder, 'bare.json'), '{ "version": 1, "fences": [{ "id": "pbx" }] }')
  return folder
}

interface Sidecar {
  readonly said: () => string
  readonly ended: Promise<unknown[]>
  end(): void
}

/** The built sidecar, which reads a capture and sends to what listens on the port. */
function sidecar(folder: string, capture: string, port: number): Sidecar {
  const args = [
    'sidecar',
    '--config',
    'sipfence.json',
    '--host',
    HOST,
    '--spool',
    'spool',
    '--heartbeat',
    '1s',
  ]
  const child = spawn(process.execPath, [join(ROOT, 'dist/bin/sipfence.js'), ...args, '--read', capture], {
    cwd: folder,
    env: motoEnvironment(port),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  running.push(child)
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += String(chunk)
  })
  return { said: () => said, ended: once(child, 'close'), end: () => child.kill('SIGTERM') }
}

async function startQueue(port: number): Promise<MotoQueue> {
  const queue = await startMotoQueue(port, QUEUE)
  queues.push(queue)
  return queue
}

function spooled(folder: string): string[] {
  const path = join(folder, 'spool/pbx')
  return existsSync(path) ? readdirSync(path) : []
}

interface Arrived {
  readonly reports: SourceReport[]
  readonly proofs: ProofReport[]
}

/** As the fence reads them: every message is one of the two kinds, and fits its schema. */
function read(bodies: readonly string[]): Arrived {
  const reports: SourceReport[] = []
  const proofs: ProofReport[] = []
  for (const body of bodies) {
    const value: unknown = JSON.parse(body)
    if (body.includes('"sipfence.proofs/1"')) proofs.push(proofReport.parse(value))
    else reports.push(sourceReport.parse(value))
  }
  return { reports, proofs }
}

describe
  .skipIf(lacks('the sidecar beside a queue', 'moto'))
  .concurrent('sipfence sidecar, beside a queue', () => {
    test('reports a recorded attack; what it cannot send waits, and arrives when the queue is there again', async () => {
      const folder = newFolder()
      const capture = join(folder, 'attack.pcap')
      writeFileSync(capture, quickRecording())
      const port = await freePort()
      let moto = await startQueue(port)
      const { said, ended, end } = sidecar(folder, capture, port)
      const early: string[] = []
      await eventually(async () => early.push(...(await moto.drain())) >= 4, 200)
      expect(said()).toContain(`reports of ${HOST} go to queue ${QUEUE} in eu-west-1`)
      expect(spooled(folder)).toEqual([])
      await moto.stop()
      await eventually(() => /Cannot send to queue.*ECONNREFUSED/.test(said()))
      await eventually(() => spooled(folder).length >= 3)
      moto = await startQueue(port)
      await eventually(() => /Reports can be sent again/.test(said()))
      await eventually(() => spooled(folder).length === 0)
      end()
      expect(await ended).toEqual([0, null])
      const { reports, proofs } = read(await moto.drain())
      for (const { host, fence } of [...reports, ...proofs]) expect([host, fence]).toEqual([HOST, 'pbx'])
      const seqs = [...new Set([...reports, ...proofs].map(({ seq }) => seq))].sort((a, b) => a - b)
      const first = Math.max(...[read(early).reports, read(early).proofs].flat().map(({ seq }) => seq)) + 1
      expect(seqs[0]).toBeLessThanOrEqual(first + 3) // what the dying queue took with it
      expect(seqs).toEqual(Array.from(seqs, (_, i) => seqs[0]! + i))
      const victim = reports.flatMap(({ sources }) =>
        sources.filter(({ prefix }) => prefix === '192.0.2.200/32'),
      )
      expect(Math.max(...victim.map(({ w10 }) => w10.challenges ?? 0))).toBeGreaterThan(1000)
      const good = [...read(early).proofs, ...proofs].flatMap((each) => each.proofs)
      expect(new Set(good.map(({ source }) => source)).size).toBeGreaterThanOrEqual(15)
      expect(said().match(/Cannot send/g)).toHaveLength(1)
      expect(said()).not.toMatch(/Dropped|Lost/)
    })

    test('what one run could not send, the next one does', async () => {
      const folder = newFolder()
      const capture = join(folder, 'short.pcap')
      writeFileSync(capture, registrations(3))
      const before = sidecar(folder, capture, await freePort())
      expect(await before.ended).toEqual([0, null])
      const count = spooled(folder).length
      expect(count).toBeGreaterThanOrEqual(3)
      expect(before.said()).toContain(`${count} reports stay in the spool and are sent after the next start`)
      const port = await freePort()
      const moto = await startQueue(port)
      const after = sidecar(folder, capture, port)
      expect(await after.ended).toEqual([0, null])
      expect(after.said()).toContain(`${count} reports wait in the spool`)
      expect(spooled(folder)).toEqual([])
      const { reports, proofs } = read(await moto.drain())
      expect(new Set([...reports, ...proofs].map(({ boot }) => boot)).size).toBe(2)
    })
  })

describe.concurrent('what sipfence sidecar needs', () => {
  const run = (...args: string[]) => sipfence(['sidecar', '--host', HOST, ...args])
  const runIn = (environment: NodeJS.ProcessEnv, ...args: string[]) =>
    sipfence(['sidecar', ...args], undefined, { ...process.env, ...environment })

  test('without --dry-run, settings', async () => {
    const err =
      'Cannot send reports: no fence is named; pass --config sipfence.json, or print them with --dry-run'
    expect(await run()).toMatchObject({ code: 2, err: expect.stringContaining(err) })
  })

  test('a fence with a region', async () => {
    const folder = newFolder()
    const config = join(folder, 'bare.json')
    const said = /fence "pbx" has no region; add "region" to its settings, or set AWS_REGION/
    const nowhere = await runIn({ AWS_REGION: undefined }, '--host', HOST, '--config', config)
    expect(nowhere).toMatchObject({ code: 2, err: expect.stringMatching(said) })
    const more = ['--spool', join(folder, 'spool'), '--read', join(folder, 'none.pcap'), '--pbx', '10.0.0.10']
    const missing = { code: 1, err: expect.stringMatching(/in eu-west-1.*\n.*there is no such file/) }
    const somewhere = await runIn({ AWS_REGION: 'eu-west-1' }, '--host', HOST, '--config', config, ...more)
    expect(somewhere).toMatchObject(missing)
  })

  test('to know the instance', async () => {
    const config = join(newFolder(), 'sipfence.json')
    const said = /Cannot tell which instance this is: .*; pass --host i-…/
    const ended = await runIn({ AWS_EC2_METADATA_DISABLED: 'true' }, '--config', config)
    expect(ended).toMatchObject({ code: 1, err: expect.stringMatching(said) })
  })

  test.each([
    [
      '--json only with --dry-run',
      ['--config', 'x', '--json'],
      /--json while sending: it goes with --dry-run/,
    ],
    [
      'one origin of packets',
      ['--dry-run', '--read', 'x', '--interface', 'lo'],
      /--interface and --read together/,
    ],
    ['a host that may be an instance', ['--host', 'pbx.example'], /it should be an instance id such as i-/],
  ])('%s', async (_, args, said) => {
    expect(await run(...args)).toMatchObject({ code: 2, err: expect.stringMatching(said) })
  })
})

/** 43,212 packets: more than a pipe holds, and fewer than are read to find out who the PBX is. */
const LONG = registrations(3_600)

describe.concurrent('sipfence sidecar --dry-run --read', () => {
  async function dryRun(capture: Uint8Array, ...args: string[]) {
    const path = join(newFolder(), 'capture.pcap')
    writeFileSync(path, capture)
    return await sipfence(['sidecar', '--dry-run', '--json', '--heartbeat', '1s', '--read', path, ...args])
  }

  test('prints what a recording would have been reported as, had it come now', async () => {
    const began = Date.now()
    const { code, out, err } = await dryRun(registrations(2))
    expect([code, err]).toEqual([
      0,
      expect.stringMatching(/capture.pcap", as if it came now, .* PBX 10.0.0.10;/),
    ])
    const { reports, proofs } = read(out.trim().split('\n'))
    expect(reports.length).toBeGreaterThanOrEqual(2)
    for (const { at } of [...reports, ...proofs]) {
      expect(at).toBeGreaterThan(began) // waits: too early is wrong on any machine
      expect(at).toBeLessThanOrEqual(Date.now() + 1000) // waits: the clock only goes on, so that no machine is too slow
    }
    expect(Date.now() - began).toBeGreaterThanOrEqual(2000) // waits: too early is wrong on any machine
    expect(proofs.flatMap((each) => each.proofs)).toContainEqual(
      expect.objectContaining({ source: '203.0.113.1/32', knownGoodAt: expect.any(Number) }),
    )
    expect(reports.at(-1)?.totals.knownGood).toBe(3)
  })

  test('reads standard input too', async () => {
    const args = ['sidecar', '--dry-run', '--json', '--read', '-', '--pbx', '10.0.0.10']
    const { code, out, err } = await sipfence(args, registrations(0))
    expect([code, err]).toEqual([0, expect.stringMatching(/SIP on standard input, as if it came now/)])
    expect(read(out.trim().split('\n')).reports.at(-1)?.totals.knownGood).toBe(3)
  })

  test.each([[['--pbx', '10.0.0.10']], [[]]])(
    'ends on SIGTERM while standard input is silent, with options %j',
    async (pbx) => {
      const args = ['sidecar', '--dry-run', '--json', '--read', '-', ...pbx]
      const child = spawn(process.execPath, [join(ROOT, 'dist/bin/sipfence.js'), ...args])
      running.push(child)
      const ended = once(child, 'close')
      // Once it has all been taken, somebody reads.
      child.stdin.on('error', () => undefined) // it ends before it has read all
      const reading = new Promise((resolve) => child.stdin.write(LONG.subarray(0, -10), resolve))
      let said = ''
      child.stderr.on('data', (chunk: Buffer) => {
        said += String(chunk)
      })
      await (pbx.length > 0 ? eventually(() => /counting SIP/.test(said)) : reading)
      child.kill('SIGTERM')
      expect(await ended).toEqual([0, null])
      expect(said).not.toMatch(/Cannot|close/)
    },
  )

  test('asks who the PBX is where it cannot be told', async () => {
    const both = Buffer.concat([
      registrations(0),
      registrations(0, { pbx: '10.0.0.20', network: '198.51.100.' }).subarray(24),
    ])
    expect(await dryRun(both)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/is the PBX; name it with --pbx/),
    })
  })

  test('says what is wrong with a file', async () => {
    expect(await dryRun(Buffer.from('no capture'), '--pbx', '10.0.0.10')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/Cannot read capture ".*": it starts with/),
    })
  })
})
