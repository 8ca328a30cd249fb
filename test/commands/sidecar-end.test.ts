import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sourceReport } from '../../lib/contract/report.ts'
import { eventually } from '../eventually.ts'
import { freePort, motoEnvironment } from './moto-queue.ts'
import { registrations } from './registrations.ts'
import { killSidecars, startSidecar } from './running-sidecar.ts'

const HOST = 'i-0123456789abcdef0'

let folder = ''
const servers: Server[] = []
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sipfence-end-'))
  const fence = { id: 'pbx', region: 'eu-west-1', pbxs: [{ addresses: ['10.0.0.10'] }] }
  writeFileSync(join(folder, 'sipfence.json'), JSON.stringify({ version: 1, fences: [fence] }))
  writeFileSync(join(folder, 'hour.pcap'), registrations(3600))
})
afterAll(() => {
  killSidecars()
  for (const server of servers) server.closeAllConnections()
  for (const server of servers) server.close()
  rmSync(folder, { recursive: true })
})

/** Takes requests and never answers. */
async function silentServer(): Promise<{ server: Server; port: number }> {
  const server = createServer(() => {}).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

/** What makes Node say so when it comes to load the commands, and then wait until somebody writes to the pipe. */
function heldLoading(pipe: string): string {
  const hooks = `import { writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
export async function resolve(specifier, context, next) {
  if (specifier.endsWith('/commands/main.js')) {
    writeSync(2, 'loading the commands\\n')
    await readFile(${JSON.stringify(pipe)})
  }
  return await next(specifier, context)
}`
  const file = join(folder, 'hold.mjs')
  writeFileSync(
    file,
    `import { register } from 'node:module'\nregister(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)})`,
  )
  return pathToFileURL(file).href
}

test.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s while the commands are being loaded ends it well, before it counts',
  async (signal) => {
    const pipe = join(folder, `hold-${signal}`)
    execFileSync('mkfifo', [pipe])
    const node = ['--import', heldLoading(pipe)]
    const { child, hasSaid, said, ended } = startSidecar(['--dry-run', '--read', '-', '--pbx', '10.0.0.10'], {
      node,
    })
    await hasSaid(/loading the commands/)
    child.kill(signal)
    await writeFile(pipe, 'go on')
    expect(await ended).toEqual([0, null])
    expect(said()).toBe('loading the commands\n')
  },
)

test('signals end a mere check as they end any program, so that nobody takes it for passed', async () => {
  const { server, port } = await silentServer()
  const asked = once(server, 'request')
  const AWS_EC2_METADATA_SERVICE_ENDPOINT = `http://127.0.0.1:${port}`
  const { AWS_EC2_METADATA_DISABLED: _, ...env } = process.env
  const { child, ended } = startSidecar(['--check', '--config', 'sipfence.json'], {
    cwd: folder,
    env: { ...env, AWS_EC2_METADATA_SERVICE_ENDPOINT },
  })
  await asked
  child.kill('SIGTERM')
  expect(await ended).toEqual([null, 'SIGTERM'])
})

test('signal after signal loses no report: what cannot be sent is in the spool', async () => {
  const { server, port } = await silentServer()
  const sending = once(server, 'request')
  const page = `127.0.0.1:${await freePort()}`
  const options = ['--config', 'sipfence.json', '--host', HOST, '--spool', 'spool', '--read', 'hour.pcap']
  const { child, said, ended } = startSidecar([...options, '--heartbeat', '1s', '--listen', page], {
    cwd: folder,
    env: motoEnvironment(port),
  })
  await sending
  child.kill('SIGTERM')
  // Its pages go when it no longer counts, and begins to send what is left.
  await eventually(() =>
    fetch(`http://${page}/`).then(
      () => false,
      () => true,
    ),
  )
  child.kill('SIGTERM')
  child.kill('SIGINT')
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
  const path = join(folder, 'spool/pbx')
  const files = readdirSync(path)
  const bodies = files.map((name) => JSON.parse(readFileSync(join(path, name), 'utf8')))
  const seqs = bodies.map(({ seq }: { seq: number }) => seq).sort((a, b) => a - b)
  expect(seqs.length).toBeGreaterThanOrEqual(2)
  expect(seqs).toEqual(Array.from(seqs, (_, i) => i + seqs[0]!))
  expect(seqs[0]).toBeLessThanOrEqual(1)
  expect(sourceReport.parse(bodies.find(({ seq }) => seq === seqs.at(-1))).totals.knownGood).toBe(3)
  expect(said()).toContain(`${files.length} reports stay in the spool and are sent after the next start`)
})
