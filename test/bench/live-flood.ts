import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT } from '../commands/cli.ts'
import { writePcap } from '../traffic/wire.ts'
import { floodFrame, PBX } from './flood-frame.ts'

const PER_SECOND = 300
const STEP_MS = 10
const FILE_HEADER = 24
const PATIENCE_MS = 10_000

export interface SidecarOptions {
  readonly settings: string
  readonly spool: string
  readonly host: string
  readonly endpoint: string
  readonly region: string
}

/** A sidecar as it runs beside a PBX, but for its packets, which it reads from standard input as if they came now. */
export interface Sidecar {
  readonly packets: Writable
  /** Ends the packets; it sends its last report, and is killed where that takes too long. */
  end(): Promise<void>
}

export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const { settings, spool, host, endpoint, region } = options
  const asHost = ['--host', host, '--spool', spool, '--pbx', PBX]
  const child = spawn(
    process.execPath,
    [`${ROOT}/dist/bin/sipfence.js`, 'sidecar', '--config', settings, '--read', '-', ...asHost],
    {
      env: {
        NODE_NO_WARNINGS: '1',
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: host,
        AWS_SECRET_ACCESS_KEY: 'local',
      },
      stdio: ['pipe', 'ignore', 'pipe'],
    },
  )
  child.stdin!.on('error', () => undefined) // whoever floods may write once more after the end
  await ready(child)
  return {
    packets: child.stdin!,
    async end() {
      child.stdin!.end()
      await Promise.race([once(child, 'exit'), sleep(PATIENCE_MS, undefined, { ref: false })])
      if (child.exitCode === null) child.kill('SIGKILL')
    },
  }
}

async function ready(child: ChildProcess): Promise<void> {
  let told = ''
  for await (const chunk of child.stderr!.iterator({ destroyOnReturn: false })) {
    told += String(chunk)
    if (!told.includes('counting SIP')) continue
    child.stderr!.resume()
    return
  }
  throw new Error(`Cannot start a sidecar; it should say that it counts, and says: ${told}`)
}

/**
 * Floods the PBX in the victim's name, 300 requests a second, each answered with a challenge a millisecond later, at
 * the pace of the clock, until the signal aborts. Returns when the first packet went out, in milliseconds since 1970.
 */
export function flood(packets: Writable, victim: string, signal: AbortSignal): number {
  const began = Date.now()
  packets.write(writePcap([]))
  let sent = 0
  const step = () => {
    for (const due = ((Date.now() - began) * PER_SECOND) / 1000; sent <= due; sent++) {
      const at = began + (sent * 1000) / PER_SECOND
      const both = [floodFrame(victim, sent, false, at), floodFrame(victim, sent, true, at + 1)]
      packets.write(writePcap(both).subarray(FILE_HEADER))
    }
  }
  step()
  const timer = setInterval(step, STEP_MS)
  signal.addEventListener('abort', () => clearInterval(timer))
  return began
}
