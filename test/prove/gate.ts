/**
 * Plants what the gate must refuse in a copy of the project, one after the other, and wants the step of `npm run check`
 * that is meant for it to fail and to name the rule and the file. The gate itself shows that they let the project pass.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copiedTree, ROOT } from './tree.ts'

interface Planted {
  readonly name: string
  /** Files by their paths; none of them is there. */
  readonly files: Readonly<Record<string, string>>
  /** The step of the gate that must refuse it. */
  readonly step: string
  /** What of the step is run where the whole takes long. */
  readonly only?: string
  /** What it must say, besides the name of the first file. */
  readonly says: string
}

const VITEST = 'vitest run'
const CLOCKS = 'test/house/clocks.test.ts'
const HOUSE = 'test/house/rules.test.ts'

const PLANTED: readonly Planted[] = [
  {
    name: 'a type error',
    files: { 'test/core/planted.ts': "export const planted: number = 'one'\n" },
    step: 'npm run types',
    says: 'TS2322',
  },
  {
    name: 'an import cycle',
    files: {
      'lib/core/planted.ts':
        "import { other } from './other-planted.ts'\n\nexport const planted = () => other\n",
      'lib/core/other-planted.ts':
        "import { planted } from './planted.ts'\n\nexport const other = () => planted\n",
    },
    step: 'npm run lint',
    says: 'lint/suspicious/noImportCycles',
  },
  {
    name: 'an import cycle of types',
    files: {
      'lib/core/planted.ts': "import type { B } from './other-planted.ts'\n\nexport type A = B | 1\n",
      'lib/core/other-planted.ts': "import type { A } from './planted.ts'\n\nexport type B = readonly A[]\n",
    },
    step: 'npm run lint',
    says: 'lint/suspicious/noImportCycles',
  },
  {
    name: 'a dead export',
    files: {
      'lib/core/planted.ts': 'export const used = 1\nexport const dead = 2\n',
      'test/core/planted.test.ts': "import { used } from '../../lib/core/planted.ts'\n\nused.toFixed()\n",
    },
    step: 'npm run unused',
    says: 'Unused exports',
  },
  {
    name: 'a file that nothing imports',
    files: { 'lib/core/planted.ts': 'export const planted = 1\n' },
    step: 'npm run unused',
    says: 'Unused files',
  },
  {
    name: 'a bare sleep',
    files: { 'test/core/planted.test.ts': 'await new Promise((resolve) => setTimeout(resolve, 500))\n' },
    step: VITEST,
    only: CLOCKS,
    says: 'waits by a timer',
  },
  {
    name: 'time as a verdict',
    files: {
      'test/core/planted.test.ts': 'const began = Date.now()\nexpect(Date.now() - began).toBeLessThan(50)\n',
    },
    step: VITEST,
    only: CLOCKS,
    says: 'makes time a verdict',
  },
  {
    name: 'a time limit of a test’s own',
    files: { 'test/core/planted.test.ts': "test('works', async () => {}, 5000)\n" },
    step: VITEST,
    only: CLOCKS,
    says: 'has a time limit of its own',
  },
  {
    name: 'core that reads a file',
    files: { 'lib/core/planted.ts': "import { readFileSync } from 'node:fs'\n\nreadFileSync('x')\n" },
    step: VITEST,
    only: HOUSE,
    says: 'must not import node:fs',
  },
]

/** The steps of a script of package.json. */
function stepsOf(script: string): string[] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>
  }
  return scripts[script]!.split(' && ')
}

/** A step of vitest runs everything, or the folders that it names. */
function covers(step: string, { step: wanted, only }: Planted): boolean {
  if (wanted !== VITEST) return step === wanted
  return (
    step === VITEST || (step.startsWith(VITEST) && step.split(' ').some((folder) => only!.startsWith(folder)))
  )
}

/** What is wrong with how the gate takes it; nothing where it is refused as it should be. */
function wrongWith(planted: Planted, root: string): string | undefined {
  const { files, step, only, says } = planted
  for (const lane of ['check', 'ok'])
    if (!stepsOf(lane).some((each) => covers(each, planted)))
      return `npm run ${lane} has no step "${step}" for it`
  const [program, ...args] = step.split(' ')
  const path = program === 'npm' ? program : join(root, 'node_modules/.bin', program!)
  for (const [file, text] of Object.entries(files)) writeFileSync(join(root, file), text, { flag: 'wx' })
  try {
    const { status, stdout, stderr } = spawnSync(path, only === undefined ? args : [...args, only], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    })
    const said = stdout + stderr
    if (status === 0) return `${step} passes`
    const missing = [says, Object.keys(files)[0]!].filter((words) => !said.includes(words))
    return missing.length > 0
      ? `${step} does not say ${missing.join(' and ')}:\n${said.slice(-2000)}`
      : undefined
  } finally {
    for (const file of Object.keys(files)) rmSync(join(root, file))
  }
}

const { root, remove } = copiedTree()
try {
  for (const planted of PLANTED) {
    const wrong = wrongWith(planted, root)
    if (wrong !== undefined) process.exitCode = 1
    const verdict = wrong === undefined ? `refused by ${planted.step}: ${planted.says}` : `MISSED: ${wrong}`
    process.stdout.write(`${planted.name}: ${verdict}\n`)
  }
} finally {
  remove()
}
