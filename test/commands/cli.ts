import { spawn } from 'node:child_process'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')
export const RECORDING = join(ROOT, 'examples/recorded-attack/reflection.pcap.gz')

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs the built command line, as `npx sipfence` does; `input` goes to its standard input. */
export function sipfence(
  args: readonly string[],
  input?: Uint8Array,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const options = { cwd: ROOT, env: environment }
    const child = spawn(process.execPath, [join(ROOT, 'dist/bin/sipfence.js'), ...args], options)
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', reject)
    child.on('close', (code) =>
      resolve({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }),
    )
    child.stdin.on('error', () => undefined) // a command that does not read it closes it
    child.stdin.end(input)
  })
}
