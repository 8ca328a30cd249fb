import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { ROOT } from '../commands/cli.ts'
import { packedNode } from './packed-node.ts'

/** What came of some tests on the Node that ships. */
export interface Outcome {
  readonly passed: number
  /** What failed, each with its first message; also a file that could not be loaded. */
  readonly failed: readonly string[]
}

/** As vitest's JSON reporter writes it. */
interface Report {
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

/** Runs the tests with vitest on that Node, and whatever they start as `node` with it too. */
export async function onPackedNode(args: readonly string[]): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'sipfence-shipped-'))
  try {
    const output = join(folder, 'report.json')
    const said = await vitest(['--reporter=json', `--outputFile=${output}`, ...args])
    return outcomeOf(output, said)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function vitest(args: readonly string[]): Promise<string> {
  const node = packedNode()
  const command = [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', ...args]
  const child = spawn(node, command, {
    cwd: ROOT,
    env: environment(node),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  const hear = (bytes: Buffer) => {
    said = (said + bytes).slice(-2_000)
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve(said))
  })
}

/** Ours, but for what this run of vitest has told its own processes, and where the results of the whole run go. */
function environment(node: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|SIPFENCE_TEST_RESULTS$|TEST$|DEV$|PROD$|SSR$|MODE$|BASE_URL$)/.test(name),
  )
  return {
    ...Object.fromEntries(own),
    PATH: [dirname(node), process.env['PATH']].join(delimiter),
  }
}

function outcomeOf(output: string, said: string): Outcome {
  let report: Report
  try {
    report = JSON.parse(readFileSync(output, 'utf8')) as Report
  } catch {
    return { passed: 0, failed: [`vitest told nothing: ${said}`] }
  }
  const failed = report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const tests = assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => `${test.fullName}: ${test.failureMessages[0]}`)
    return status === 'failed' && tests.length === 0 ? [`${name}: ${message}`] : tests
  })
  return { passed: report.numPassedTests, failed }
}
