import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** A socket on which a SIP server takes what comes from other hosts. */
export interface Listening {
  /** The process's name, such as `asterisk`. */
  readonly server: string
  readonly transport: 'udp' | 'tcp'
  readonly port: number
}

/** Their process names; Linux cuts names to 15 characters, which these are below. */
const SIP_SERVERS: readonly string[] = ['asterisk', 'freeswitch', 'kamailio', 'opensips']

/** `TCP_LISTEN`, and `TCP_CLOSE` as UDP shows a socket that is not connected; linux/net/tcp_states.h. */
const OPEN = { tcp: '0A', udp: '07' } as const

/**
 * The sockets of SIP servers on this host that plausibly speak SIP, each once, in order. It looks from within each server's
 * own network namespace. Needs root, or CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH: without, it finds nothing. Never throws.
 *
 * Plausible are ports 5060 to 5099 and those that are that and a multiple of 10,000 (15060), but not TCP 5061,
 * which is TLS, and no socket on loopback. SIP servers also listen for management, media and the web, so any other
 * port of theirs may be anything.
 */
export function listeningPorts(proc = '/proc'): Listening[] {
  const found = new Map<string, Listening>()
  for (const pid of entriesOf(proc).filter((name) => /^\d+$/.test(name))) {
    const server = textOf(join(proc, pid, 'comm')).trim()
    if (!SIP_SERVERS.includes(server)) continue
    const own = socketsOf(join(proc, pid, 'fd'))
    for (const { transport, port, inode } of openSockets(join(proc, pid, 'net'))) {
      if (own.has(inode) && isPlausible(transport, port))
        found.set(`${server} ${transport} ${port}`, { server, transport, port })
    }
  }
  return [...found.values()].sort((a, b) => a.port - b.port || (a.transport < b.transport ? 1 : -1))
}

function isPlausible(transport: Listening['transport'], port: number): boolean {
  const common = port % 10_000
  return common >= 5060 && common <= 5099 && !(transport === 'tcp' && common === 5061)
}

interface OpenSocket {
  readonly transport: Listening['transport']
  readonly port: number
  readonly inode: string
}

/** Columns of these tables: slot, local address, remote address, state, queues, timer, retransmits, uid, timeout, inode. */
function* openSockets(net: string): Iterable<OpenSocket> {
  for (const transport of ['udp', 'tcp'] as const) {
    for (const table of [transport, `${transport}6`]) {
      for (const line of textOf(join(net, table)).split('\n').slice(1)) {
        const columns = line.trim().split(/\s+/)
        const [address = '', port = ''] = (columns[1] ?? '').split(':')
        if (columns[3] !== OPEN[transport] || isLoopback(address)) continue
        yield { transport, port: Number.parseInt(port, 16), inode: columns[9] ?? '' }
      }
    }
  }
}

/** Addresses are 32-bit words in the host's byte order, which is little-endian on x64 and arm64: 127.0.0.1 is 0100007F. */
function isLoopback(address: string): boolean {
  return address.length === 8
    ? address.endsWith('7F')
    : address === '00000000000000000000000001000000' || /^0{16}FFFF0000.{6}7F$/.test(address)
}

/** Inodes of the process's sockets. */
function socketsOf(folder: string): Set<string> {
  const inodes = new Set<string>()
  for (const name of entriesOf(folder)) {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(join(folder, name))) ?? []
    if (inode !== undefined) inodes.add(inode)
  }
  return inodes
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
