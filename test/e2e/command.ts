import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type Ended, ROOT } from '../commands/cli.ts'

/** A command of the built command line that runs, with the given environment and nothing else of this machine's. */
export interface RunningCommand {
  /** What it has written for people so far. */
  told(): string
  /** As Ctrl-C does; returns how it ended. */
  interrupt(): Promise<Ended>
  ended(): Promise<Ended>
}

export function startCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): RunningCommand {
  const child = spawn(process.execPath, [join(ROOT, 'dist/bin/sipfence.js'), ...args], {
    env: { PATH: process.env['PATH'], NODE_NO_WARNINGS: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  const closed = once(child, 'close')
  async function ended(): Promise<Ended> {
    const [code] = await closed
    return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }
  }
  return {
    told: () => Buffer.concat(err).toString(),
    async interrupt() {
      child.kill('SIGINT')
      return await ended()
    },
    ended,
  }
}
