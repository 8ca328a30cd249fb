import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { proofReport } from '../../lib/contract/proofs.ts'
import { sourceReport } from '../../lib/contract/report.ts'
import type { Counts } from '../../lib/core/source-record.ts'
import type { ProofReport, SourceReport } from '../../lib/core/source-report.ts'
import { request } from '../core/talk.ts'
import { eventually } from '../eventually.ts'
import { lacks } from '../skips.ts'
import { ROOT, sipfence } from './cli.ts'

const SCENARIOS = join(ROOT, 'test/lab/loopback')
const PORT = 15_060
const PHONE = '127.0.0.2'
const MARK = '127.0.0.9'

let folder = ''
const running: ChildProcess[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sipfence-sidecar-'))
})
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  running.push(child)
  return child
}

/** sipp's own counts of one scenario: the last line of its counts file by the names of the first. */
function sippCounts(scenario: string): Record<string, number> {
  const name = readdirSync(folder).find(
    (each) => each.startsWith(`${scenario}_`) && each.endsWith('_counts.csv'),
  )
  const lines = readFileSync(join(folder, name!), 'utf8').trim().split('\n')
  const values = lines.at(-1)!.split(';')
  return Object.fromEntries(lines[0]!.split(';').map((column, i) => [column, Number(values[i])]))
}

async function until(child: ChildProcess, words: RegExp): Promise<void> {
  let seen = ''
  for await (const chunk of child.stderr!) {
    seen += String(chunk)
    if (words.test(seen)) return
  }
  throw new Error(`ended without saying ${words}: ${seen}`)
}

interface Heard {
  readonly reports: SourceReport[]
  readonly proofs: ProofReport[]
}

/** Runs two sipp processes against each other while the sidecar listens on loopback; tells what it reported. */
async function listenTo(caller: readonly string[], callee: readonly string[]): Promise<Heard> {
  const args = [
    'sidecar',
    '--dry-run',
    '--json',
    '--interface',
    'lo',
    '--ports',
    String(PORT),
    '--pbx',
    '127.0.0.1',
    '--heartbeat',
    '1s',
  ]
  const sidecar = start(process.execPath, [join(ROOT, 'dist/bin/sipfence.js'), ...args])
  const printed: Buffer[] = []
  sidecar.stdout!.on('data', (chunk: Buffer) => printed.push(chunk))
  const ended = once(sidecar, 'close')
  await until(sidecar, /counting SIP on lo/)
  await eventually(() => captures(sidecar.pid!))
  const common = ['-nostdin', '-timeout', '20s', '-trace_counts']
  const server = start('sipp', [...callee, '-i', '127.0.0.1', '-p', String(PORT), ...common])
  await eventually(() => isBound('127.0.0.1', PORT))
  const client = start('sipp', [...caller, '-i', PHONE, '-p', String(PORT), `127.0.0.1:${PORT}`, ...common])
  await Promise.all([once(client, 'close'), once(server, 'close')])
  await mark()
  await eventually(() => Buffer.concat(printed).includes(`"${MARK}/32"`))
  sidecar.kill('SIGINT')
  expect(await ended).toEqual([0, null])
  const lines = Buffer.concat(printed)
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { schema: string })
  return {
    reports: lines
      .filter(({ schema }) => schema.startsWith('sipfence.report'))
      .map((each) => sourceReport.parse(each)),
    proofs: lines
      .filter(({ schema }) => schema.startsWith('sipfence.proofs'))
      .map((each) => proofReport.parse(each)),
  }
}

/** Sends one packet of somebody else's: whoever has counted it has counted all that came before. */
async function mark(): Promise<void> {
  const socket = createSocket('udp4').bind(0, MARK)
  await once(socket, 'listening')
  await new Promise((resolve) => socket.send(request('OPTIONS', {}), PORT, '127.0.0.1', resolve))
  socket.close()
}

/** Whether a child of the process has a packet socket whose ring runs, by packet(7)'s list. */
function captures(pid: number): boolean {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  const running = readFileSync('/proc/net/packet', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[5] === '1')
    .map((columns) => `socket:[${columns[8]}]`)
  return children
    .filter((child) => child !== '')
    .flatMap(socketsOf)
    .some((socket) => running.includes(socket))
}

function socketsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
  } catch {
    return [] // it has not begun, or closes one just now
  }
}

/** Whether somebody listens there for datagrams, by the kernel's list. */
function isBound(address: string, port: number): boolean {
  const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0')
  const host = address
    .split('.')
    .reverse()
    .map((part) => hex(Number(part), 2))
    .join('')
  return readFileSync('/proc/net/udp', 'utf8').includes(` ${host}:${hex(port, 4)} `)
}

function countsOf(reports: readonly SourceReport[]): Counts | undefined {
  return reports.at(-1)?.sources.find(({ prefix }) => prefix === `${PHONE}/32`)?.w600
}

/** Whether the process is there and no zombie that waits for its new parent. */
function lives(pid: string): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

describe.skipIf(lacks('the sidecar on loopback', 'root', 'tcpdump', 'sipp'))(
  'sipfence sidecar --dry-run',
  () => {
    test('counts calls as sipp counted them, and the caller is known-good by his first', async () => {
      const { reports, proofs } = await listenTo(
        ['-sn', 'uac', '-m', '50', '-r', '25'],
        ['-sn', 'uas', '-m', '50'],
      )
      const sent = sippCounts('uac')
      expect(sent['0_INVITE_Sent']).toBe(50)
      expect(countsOf(reports)).toMatchObject({
        packetsIn: sent['0_INVITE_Sent']! + sent['5_ACK_Sent']! + sent['7_BYE_Sent']!,
        invite: sent['0_INVITE_Sent'],
        acks: sent['5_ACK_Sent'],
        otherMethods: sent['7_BYE_Sent'],
        finals: sent['4_200_Recv']! + sent['8_200_Recv']!,
      })
      expect(proofs.flatMap((each) => each.proofs)).toContainEqual(
        expect.objectContaining({ source: `${PHONE}/32`, knownGoodAt: expect.any(Number) }),
      )
    })

    test('counts registrations as sipp counted them, digest and all', async () => {
      const uac = [
        '-sf',
        join(SCENARIOS, 'register-uac.xml'),
        '-au',
        '1001',
        '-ap',
        's3cret',
        '-m',
        '40',
        '-r',
        '25',
      ]
      const uas = ['-sf', join(SCENARIOS, 'register-uas.xml'), '-m', '40']
      const { reports, proofs } = await listenTo(uac, uas)
      const sent = sippCounts('register-uac')
      expect(sent['4_200_Recv']).toBe(40)
      expect(countsOf(reports)).toMatchObject({
        register: sent['0_REGISTER_Sent'],
        registerWithCredentials: sent['2_REGISTER_Sent'],
        challenges: sent['1_401_Recv'],
        followed: sent['1_401_Recv'],
        successes: sent['4_200_Recv'],
      })
      expect(countsOf(reports)).not.toHaveProperty('failures')
      expect(proofs).not.toEqual([])
    })

    test('counts a wrong password as a failure each time, and proves only that the address is real', async () => {
      const uac = [
        '-sf',
        join(SCENARIOS, 'register-uac.xml'),
        '-au',
        '1001',
        '-ap',
        'wrong',
        '-m',
        '30',
        '-r',
        '25',
      ]
      const uas = ['-sf', join(SCENARIOS, 'register-uas.xml'), '-m', '30']
      const { reports } = await listenTo(uac, uas)
      const sent = sippCounts('register-uac')
      expect(countsOf(reports)).toMatchObject({
        failures: sent['3_403_Recv'],
        challenges: sent['1_401_Recv'],
      })
      expect(reports.at(-1)?.sources[0]).toMatchObject({ proof: 'nonce', knownGoodAt: null })
    })

    test('leaves no tcpdump behind when its reader goes away', async () => {
      const args = ['sidecar', '--dry-run', '--interface', 'lo', '--ports', String(PORT), '--heartbeat', '1s']
      const sidecar = start(process.execPath, [join(ROOT, 'dist/bin/sipfence.js'), ...args])
      const ended = once(sidecar, 'close')
      await once(sidecar.stdout!, 'data')
      const children = readFileSync(`/proc/${sidecar.pid}/task/${sidecar.pid}/children`, 'utf8')
        .trim()
        .split(' ')
      expect(children).toHaveLength(1)
      sidecar.stdout!.destroy()
      await ended
      await eventually(() => !lives(children[0]!))
    })

    test('says what it lacks where the interface is wrong', async () => {
      const ended = await sipfence(['sidecar', '--dry-run', '--interface', 'nope0'])
      expect(ended).toMatchObject({ code: 1, err: expect.stringMatching(/nope0.*no such interface/) })
    })
  },
)
