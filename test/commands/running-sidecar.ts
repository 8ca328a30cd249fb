import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { ROOT } from './cli.ts'

/** A built sidecar that runs. */
export interface RunningSidecar {
  readonly child: ChildProcess
  /** What it has said on standard error by now, and printed on standard output. */
  readonly said: () => string
  readonly printed: () => string
  /** Settles as soon as it has said so; rejects where it ends without. */
  hasSaid(words: RegExp): Promise<void>
  /** Exit code and signal. */
  readonly ended: Promise<unknown[]>
}

export interface SidecarStart {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** For node itself, before the program. */
  readonly node?: readonly string[]
}

const SIDECARS: ChildProcess[] = []

/** Starts it; its standard input is open and silent. Whoever starts one calls `killSidecars` in the end. */
export function startSidecar(
  args: readonly string[],
  { cwd, env, node = [] }: SidecarStart = {},
): RunningSidecar {
  const program = [...node, join(ROOT, 'dist/bin/sipfence.js'), 'sidecar', ...args]
  const child = spawn(process.execPath, program, { cwd, env })
  SIDECARS.push(child)
  const said = collected(child.stderr)
  const ended = once(child, 'close')
  child.stdin.on('error', () => undefined)
  async function hasSaid(words: RegExp): Promise<void> {
    let look = () => {}
    const found = new Promise<void>((resolve) => {
      look = () => {
        if (words.test(said())) resolve()
      }
    })
    child.stderr.on('data', look)
    look()
    const silent = ended.then(() => {
      if (!words.test(said())) throw new Error(`ended without saying ${words}: ${said()}`)
    })
    await Promise.race([found, silent])
  }
  return { child, said, printed: collected(child.stdout), hasSaid, ended }
}

/** Ends every sidecar that this process has started and that still runs. */
export function killSidecars(): void {
  for (const child of SIDECARS.splice(0)) child.kill('SIGKILL')
}

function collected(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString()
}
