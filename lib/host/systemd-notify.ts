import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface NotifyOptions {
  /** Whether the work goes on at this moment. Nothing is told before it once did. */
  readonly isAlive: () => boolean
  /** One line for `systemctl status`. */
  readonly status: () => string
  /** Takes a line for people. */
  readonly tell: (line: string) => void
  readonly env?: Environment
  /** Hands these assignments to systemd, or throws; the program systemd-notify does it unless told. */
  readonly speak?: (words: readonly string[]) => Promise<unknown>
}

type Environment = Readonly<Record<string, string | undefined>>

const LOOK_MS = 1_000
const SPEAK_MS = 10_000
/** systemd wants to hear at least twice within WatchdogSec; thrice lets one be lost. */
const TELLINGS = 3

/**
 * Tells systemd that the work has begun, and then, as often as its watchdog wants, that it goes on; silent while it does
 * not, so that systemd restarts the unit. Does nothing unless systemd asked for it (NOTIFY_SOCKET, WATCHDOG_USEC). Node
 * has no datagrams over Unix sockets, so a child tells, and the unit needs NotifyAccess=all. Each telling says
 * that the work has begun: before systemd 246 nobody waits until a child has been heard, so one may be lost.
 * Returns what ends it.
 */
export function notifySystemd(options: NotifyOptions): () => void {
  const { env = process.env, speak = (words) => bySystemdNotify(words, env) } = options
  if ((env['NOTIFY_SOCKET'] ?? '') === '') return () => undefined
  const watchdogMs = Number(env['WATCHDOG_USEC'] ?? 0) / 1000
  const pauseMs = watchdogMs > 0 ? Math.max(LOOK_MS, watchdogMs / TELLINGS) : Number.POSITIVE_INFINITY
  let due = Number.NEGATIVE_INFINITY
  let isTelling = false

  async function look(): Promise<void> {
    const now = performance.now()
    if (isTelling || now < due || !options.isAlive()) return
    isTelling = true
    try {
      await speak(['READY=1', 'WATCHDOG=1', `STATUS=${options.status()}`])
      due = now + pauseMs
    } catch (error) {
      options.tell(`Cannot tell systemd that it runs: ${error instanceof Error ? error.message : error}`)
    }
    isTelling = false
  }

  const timer = setInterval(() => void look(), LOOK_MS)
  timer.unref()
  return () => clearInterval(timer)
}

function bySystemdNotify(words: readonly string[], env: Environment): Promise<unknown> {
  return promisify(execFile)('systemd-notify', [...words], { env: { ...env }, timeout: SPEAK_MS })
}
