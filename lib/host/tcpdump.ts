import { readdirSync, readFileSync } from 'node:fs'
import type { Batch, PacketSource } from '../capture.ts'
import { readCapture } from './capture-file.ts'
import { type GuardedChild, NOT_EXECUTABLE, NOT_FOUND, spawnGuarded } from './guarded-child.ts'
import { withIdleTicks } from './idle-ticks.ts'
import { TcpdumpWords } from './tcpdump-words.ts'

/** What to capture, and with what. */
export interface TcpdumpOptions {
  /** A network device, or `any`. */
  readonly interface: string
  /** UDP and TCP ports, as source or destination. At least one. */
  readonly ports: readonly number[]
  /** The time in milliseconds since 1970. */
  readonly clock: () => number
  /** Ends the capture. */
  readonly signal?: AbortSignal
  /** The program to run; `tcpdump` on the path unless told. */
  readonly command?: string
}

type Exit =
  | { readonly error: NodeJS.ErrnoException }
  | { readonly error?: never; readonly status: string; readonly code: number | null }

const IDLE_MILLISECONDS = 1000
const STATISTICS_MILLISECONDS = 60_000
const KERNEL_BUFFER_KIB = 16_384
// ARPHRD_ETHER and ARPHRD_LOOPBACK of linux/if_arp.h.
const ETHERNET_TYPES: readonly string[] = ['1', '772']

/**
 * Packets on the ports, as tcpdump sees them on the interface, in batches as they come; an empty batch each
 * second in which nothing comes. The counts of received and dropped packets are asked for each minute by the clock
 * and come with a later batch.
 * Throws when tcpdump is missing, may not capture, or ends by itself. Ends cleanly when the signal aborts.
 * The child is gone when the source is, or this process.
 */
export async function* tcpdumpSource(options: TcpdumpOptions): PacketSource {
  const { clock, command = 'tcpdump', signal } = options
  const isAborted = () => signal?.aborted === true
  if (isAborted()) return
  const child = spawnGuarded(command, tcpdumpArguments(options), { ...process.env, LC_ALL: 'C' })
  const ended = exitOf(child)
  const words = new TcpdumpWords(child.stderr)
  try {
    const frames = readCapture(`tcpdump on ${options.interface}`, child.stdout, () => {})
    yield* timed(withIdleTicks(frames, IDLE_MILLISECONDS, signal), child, words, clock)
  } catch (error) {
    // Output that stops in the wrong place is a symptom; what the child said on its way out is the cause.
    if (child.exitCode === null && child.signalCode === null && !child.stdout.readableEnded) throw error
  } finally {
    child.kill('SIGTERM')
    // A child that is blocked on a full pipe sees the signal only when the pipe breaks.
    child.stdout.destroy()
    await ended
  }
  if (!isAborted()) throw failure(options.interface, command, await ended, words.complaint)
}

/** The arguments for tcpdump: whole packets, no names, a 16 MiB kernel buffer, pcap to stdout packet by packet. */
export function tcpdumpArguments(options: Pick<TcpdumpOptions, 'interface' | 'ports'>): string[] {
  const size = String(KERNEL_BUFFER_KIB)
  const filter = captureFilter(options.ports, carriesVlans(options.interface))
  return ['-i', options.interface, '-nn', '-s', '0', '-B', size, '-U', '-w', '-', filter]
}

/** The pcap-filter(7) expression for the ports over UDP and TCP, plain and, where told, behind one VLAN tag. */
export function captureFilter(ports: readonly number[], withVlans: boolean): string {
  const plain = `(udp or tcp) and (${ports.map((port) => `port ${port}`).join(' or ')})`
  return withVlans ? `(${plain}) or (vlan and ${plain})` : plain
}

/** tcpdump refuses "vlan" on devices that are not Ethernet: `any`, tunnels, PPP. */
function carriesVlans(device: string): boolean {
  if (device === 'any') return false
  try {
    return ETHERNET_TYPES.includes(readFileSync(`/sys/class/net/${device}/type`, 'utf8').trim())
  } catch {
    return false
  }
}

async function* timed(
  batches: AsyncIterable<Batch | undefined>,
  child: GuardedChild,
  words: TcpdumpWords,
  clock: () => number,
): AsyncGenerator<Batch, void> {
  let asked = clock()
  for await (const batch of batches) {
    const now = clock()
    yield { packets: [], ignored: 0, ...batch, now, ...words.statistics }
    if (Math.abs(now - asked) < STATISTICS_MILLISECONDS || !words.isListening) continue
    asked = now
    child.kill('SIGUSR1')
  }
}

function exitOf(child: GuardedChild): Promise<Exit> {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ error }))
    child.once('close', (code, killer) => {
      resolve({ status: code === null ? `signal ${killer}` : `exit code ${code}`, code })
    })
  })
}

function failure(device: string, command: string, exit: Exit, complaint: string): Error {
  if (exit.error !== undefined) {
    return new Error(`Cannot capture on "${device}": no shell starts (${exit.error.message})`)
  }
  if (exit.code === NOT_FOUND) return cannotRun(device, `there is no program "${command}"`, complaint)
  if (exit.code === NOT_EXECUTABLE) return cannotRun(device, `"${command}" does not run`, complaint)
  const said = complaint === '' ? `tcpdump ended with ${exit.status} and said nothing` : complaint
  if (/No such device/i.test(complaint)) {
    const devices = networkDevices().join(', ')
    return new Error(`Cannot capture on "${device}": no such interface; there are ${devices} (${said})`)
  }
  if (/permission|Operation not permitted/i.test(complaint)) {
    const advice = 'run as root or with the capability CAP_NET_RAW'
    return new Error(`Cannot capture on "${device}": this process may not; ${advice} (${said})`)
  }
  const wanted = 'expected it to run until it is stopped'
  return new Error(
    `Cannot capture on "${device}": tcpdump ended by itself with ${exit.status}; ${wanted} (${said})`,
  )
}

function cannotRun(device: string, fault: string, complaint: string): Error {
  const advice = 'install the package tcpdump (apt install tcpdump, dnf install tcpdump)'
  return new Error(`Cannot capture on "${device}": ${fault}; ${advice} (${complaint})`)
}

function networkDevices(): string[] {
  try {
    return [...readdirSync('/sys/class/net'), 'any']
  } catch {
    return ['any']
  }
}
