import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** What came of some tests. */
export interface Verdict {
  readonly passed: number
  /** `file > name` of the first test in which an assertion failed. */
  readonly caughtBy: string | undefined
  /** What else went wrong: a file that could not be loaded, a hook, a timeout, an error that nobody expected. */
  readonly trouble: string | undefined
}

export interface Selection {
  readonly tests: readonly string[]
  /** A regular expression on the names of tests. */
  readonly only?: string | undefined
  /** Whether to end with the first failure. */
  readonly bail?: boolean
}

/** As vitest's JSON reporter writes it. */
interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

/** A run that takes so long hangs. */
const LONGEST_MS = 600_000

/** Runs tests of the tree in a process of their own. */
export async function vitestRun(root: string, { tests, only, bail = false }: Selection): Promise<Verdict> {
  const output = join(root, 'verdict.json')
  rmSync(output, { force: true })
  const options = ['--reporter=json', `--outputFile=${output}`, ...(bail ? ['--bail=1'] : [])]
  const names = only === undefined ? [] : ['-t', only]
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const said = await ended(root, [vitest, 'run', ...options, ...names, ...tests])
  try {
    return verdictOf(JSON.parse(readFileSync(output, 'utf8')) as Report, root)
  } catch {
    return { passed: 0, caughtBy: undefined, trouble: `vitest told nothing: ${said.slice(-300)}` }
  }
}

/** What the process said, once it is gone. */
function ended(root: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, SIPFENCE_SEED: process.env['SIPFENCE_SEED'] ?? '0', NO_COLOR: '1' }
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LONGEST_MS, // waits: only ends a run that hangs
    })
    let said = ''
    const hear = (bytes: Buffer) => {
      said = (said + bytes).slice(-2_000)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('close', () => resolve(said))
  })
}

/** A failed assertion, or a property that an assertion has refuted; whatever else fails is no verdict on the product. */
function isAssertion(message: string): boolean {
  if (/^(AssertionError|Error: Property failed)/.test(message)) return true
  // What `rejects` and `toMatch` say of a value that is none for them has no type of its own.
  const [, first = ''] = message.split('\n    at ')
  return first.includes('/@vitest/expect/')
}

function verdictOf({ testResults }: Report, root: string): Verdict {
  const all = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map((test) => ({ ...test, file: name.slice(root.length + 1) })),
  )
  const failed = all.filter(({ status }) => status === 'failed')
  const caught = failed.find(({ failureMessages }) => failureMessages.some(isAssertion))
  const broken = testResults.find(({ message }) => message !== '')
  const trouble = broken?.message ?? failed.find((each) => each !== caught)?.failureMessages[0]
  return {
    passed: all.filter(({ status }) => status === 'passed').length,
    caughtBy: caught && `${caught.file} > ${caught.fullName}`,
    trouble: trouble?.slice(0, 300),
  }
}
