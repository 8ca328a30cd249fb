import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { portLines } from '../../lib/commands/sidecar-check.ts'
import { listeningPorts } from '../../lib/host/listening-ports.ts'

let proc = ''
const running: ChildProcess[] = []
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'sipfence-proc-'))
})
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
  rmSync(proc, { recursive: true })
})

type Table = 'udp' | 'udp6' | 'tcp' | 'tcp6'

const ANY = '00000000'
const ANY6 = ANY.repeat(4)
const TABLES: readonly Table[] = ['udp', 'udp6', 'tcp', 'tcp6']
const STATES = { udp: '07', udp6: '07', tcp: '0A', tcp6: '0A' }

interface Socket {
  readonly table: Table
  readonly port: number
  readonly address?: string
  readonly state?: string
  /** Of another process. */
  readonly foreign?: boolean
}

/** A process with sockets, as the kernel shows it. */
function process(pid: number, comm: string, sockets: readonly Socket[]): void {
  for (const folder of ['fd', 'net']) mkdirSync(join(proc, String(pid), folder), { recursive: true })
  writeFileSync(join(proc, String(pid), 'comm'), `${comm}\n`)
  symlinkSync('/dev/null', join(proc, String(pid), 'fd/0'))
  for (const table of TABLES) {
    const rows = sockets.map(({ port, address, state, foreign, ...socket }, i) => {
      if (socket.table !== table) return ''
      const inode = pid * 100 + i
      if (foreign !== true) symlinkSync(`socket:[${inode}]`, join(proc, String(pid), 'fd', String(10 + i)))
      const any = address ?? (table.endsWith('6') ? ANY6 : ANY)
      const local = `${any}:${port.toString(16).toUpperCase().padStart(4, '0')}`
      return `  ${i}: ${local} ${ANY}:0000 ${state ?? STATES[table]} 00000000:00000000 00:00000000 00000000   106        0 ${inode} 2 0000000000000000 0\n`
    })
    writeFileSync(
      join(proc, String(pid), 'net', table),
      `  sl  local_address rem_address   st\n${rows.join('')}`,
    )
  }
}

test('finds what SIP servers listen on, each once, in order', () => {
  process(20, 'kamailio', [
    { table: 'tcp6', port: 5080 },
    { table: 'udp6', port: 5060 },
    { table: 'udp', port: 5060, address: '0A00000A' },
    { table: 'tcp', port: 5060 },
  ])
  process(21, 'kamailio', [{ table: 'udp', port: 5060 }])
  process(30, 'freeswitch', [{ table: 'udp', port: 15_060 }])
  expect(listeningPorts(proc)).toEqual([
    { server: 'kamailio', transport: 'udp', port: 5060 },
    { server: 'kamailio', transport: 'tcp', port: 5060 },
    { server: 'kamailio', transport: 'tcp', port: 5080 },
    { server: 'freeswitch', transport: 'udp', port: 15_060 },
  ])
})

test.each<[string, string, Socket]>([
  ['another program', 'nginx', { table: 'udp', port: 5060 }],
  ['a socket of another process', 'asterisk', { table: 'udp', port: 5060, foreign: true }],
  ['loopback', 'asterisk', { table: 'udp', port: 5060, address: '0100007F' }],
  [
    'loopback of IPv6',
    'asterisk',
    { table: 'tcp6', port: 5060, address: '00000000000000000000000001000000' },
  ],
  [
    'loopback of IPv4 in IPv6',
    'asterisk',
    { table: 'udp6', port: 5060, address: '0000000000000000FFFF00000100007F' },
  ],
  ['a connection', 'asterisk', { table: 'tcp', port: 5060, state: '01' }],
  ['TLS', 'asterisk', { table: 'tcp', port: 5061 }],
  ['management', 'asterisk', { table: 'tcp', port: 5038 }],
  ['IAX2', 'asterisk', { table: 'udp', port: 4569 }],
  ['media', 'freeswitch', { table: 'udp', port: 16_386 }],
])('leaves out %s', (_, comm, socket) => {
  process(7, comm, [socket])
  expect(listeningPorts(proc)).toEqual([])
})

test('finds nothing where nothing can be read, and throws nothing', () => {
  mkdirSync(join(proc, '8/net'), { recursive: true })
  writeFileSync(join(proc, '8/comm'), 'asterisk\n')
  writeFileSync(join(proc, '8/net/udp'), 'heading\n\u0000 what is this\n  1:\n')
  expect(listeningPorts(proc)).toEqual([])
  expect(listeningPorts(join(proc, 'none'))).toEqual([])
})

test('finds a real socket of a process with such a name', async () => {
  const script = `process.title = 'opensips'; require('dgram').createSocket('udp4').bind(45062, () => console.log('bound'))`
  const child = spawn('node', ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  running.push(child)
  await once(child.stdout, 'data')
  expect(listeningPorts()).toContainEqual({ server: 'opensips', transport: 'udp', port: 45_062 })
})

test('what is found is compared with the ports of the settings', () => {
  const listening = [
    { server: 'freeswitch', transport: 'udp', port: 5060 },
    { server: 'freeswitch', transport: 'udp', port: 5080 },
  ] as const
  expect(portLines([5060, 5080], listening)).toEqual([
    'there listens freeswitch on udp 5060, freeswitch on udp 5080',
  ])
  expect(portLines([5060], listening)[1]).toMatch(
    /^WARNING: nobody watches port 5080; .*"ports": \[5060, 5080\]/,
  )
  expect(portLines([5060], [])).toEqual(['no SIP server was found to listen on this host'])
})
