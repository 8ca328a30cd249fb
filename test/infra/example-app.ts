import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { vi } from 'vitest'
import { ROOT } from './synth.ts'

export interface Synthesis {
  readonly code: number | null
  readonly err: string
  /** Where its templates are, were there any. */
  readonly out: string
}

let runs = 0

/** Runs an example as `cdk synth` does: the command of its cdk.json, in its folder, with context by the environment. */
export function synthSpawned(name: string, context: object, root: string): Promise<Synthesis> {
  const cwd = join(ROOT, 'examples', name)
  const { app } = JSON.parse(readFileSync(join(cwd, 'cdk.json'), 'utf8'))
  const out = mkdtempSync(join(root, 'out-'))
  const env = { PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}`, ...toldTo(context, out) }
  return new Promise((resolve) => {
    const words = String(app).replace(/^npx /, '') // npx looks for a newer npm; the program is the same
    const child = execFile('sh', ['-c', words], { cwd, env }, (_, __, err) =>
      resolve({ code: child.exitCode, err, out }),
    )
  })
}

/**
 * Runs an example's app.ts in this process, which has loaded CDK already: a tenth of what a process of its own takes.
 * One at a time: what it prints, its environment and its end are the process's own.
 */
export async function synthHere(name: string, context: object, root: string): Promise<Synthesis> {
  const out = mkdtempSync(join(root, 'out-'))
  const own = process.env
  const before = process.listeners('beforeExit')
  const err: string[] = []
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    err.push(String(chunk))
    return true
  })
  process.env = toldTo(context, out)
  try {
    await import(`${join(ROOT, 'examples', name, 'app.ts')}?run=${++runs}`)
    endApp(before)
    return { code: Number(process.exitCode ?? 0), err: err.join(''), out }
  } finally {
    process.exitCode = undefined
    process.env = own
    spy.mockRestore()
  }
}

/** What CDK does when a process ends: an app that nobody has synthesized is synthesized then. */
function endApp(before: readonly unknown[]): void {
  for (const listener of process.listeners('beforeExit')) {
    if (before.includes(listener)) continue
    process.off('beforeExit', listener)
    listener(0)
  }
}

function toldTo(context: object, out: string): Record<string, string> {
  return { CDK_OUTDIR: out, CDK_CONTEXT_JSON: JSON.stringify(context), CDK_VALIDATION: 'false' }
}
