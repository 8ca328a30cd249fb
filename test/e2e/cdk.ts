import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../commands/cli.ts'
import type { MotoAccount } from './moto.ts'

/** The names of a stack's outputs, by stack. */
export type Outputs = Readonly<Record<string, Readonly<Record<string, string>>>>

/**
 * The real CDK command line over this project's cdk.json and built app, with a home, a settings file and an output
 * folder of its own. What was synthesized last is used again where the fences are the same, unless it is asked for
 * anew: to synthesize takes twice as long as all the rest of a call.
 */
export interface Cdk {
  /** What `cdk synth` wrote last: the templates, and the bundles as Lambda would have them. */
  readonly assembly: string
  bootstrap(fences: readonly object[]): Promise<void>
  /** Deploys a stack for each of these fences, new or as deployed already; returns the outputs of all. */
  deploy(fences: readonly object[]): Promise<Outputs>
  /** Deploys changed fences: moto forgets parameters that keep their value, so all are said anew. */
  update(fences: readonly object[]): Promise<Outputs>
  /** Synthesizes anew, and throws where what is deployed differs from what would be. */
  diff(fences: readonly object[]): Promise<void>
  destroy(fences: readonly object[]): Promise<void>
  /** Takes its folder away. */
  remove(): void
}

/** As long as a test may take: a command that hangs must not outlive it. */
const LONGEST_MS = 600_000

export function cdkOn({ environment, account }: MotoAccount): Cdk {
  const folder = mkdtempSync(join(tmpdir(), 'sipfence-cdk-'))
  const settings = join(folder, 'sipfence.json')
  const assembly = join(folder, 'cdk.out')
  const outputs = join(folder, 'outputs.json')

  let synthesized = ''

  /** Over what was synthesized last where that is of these fences. */
  async function cdk(fences: readonly object[], ...args: readonly string[]): Promise<void> {
    const text = JSON.stringify({ version: 1, fences: fences.map((fence) => ({ account, ...fence })) })
    const known = text === synthesized
    if (!known) {
      writeFileSync(settings, text)
      // Without its manifest nothing is left to be used again, should this fail; functions that run go on in its folders.
      rmSync(join(assembly, 'manifest.json'), { force: true })
    }
    synthesized = text // also by a diff that finds a difference
    const app = known ? ['--app', assembly] : ['--context', `settings=${settings}`, '--output', assembly]
    await run([...args, ...app, '--no-notices'], { ...environment, ...homeIn(folder) })
  }

  async function deploy(fences: readonly object[], ...more: readonly string[]): Promise<Outputs> {
    // Moto forgets the outputs of a stack that a change set made, hence the method.
    const quietly = ['--method', 'direct', '--require-approval', 'never', '--outputs-file', outputs]
    await cdk(fences, 'deploy', '--all', ...quietly, ...more)
    return JSON.parse(readFileSync(outputs, 'utf8'))
  }

  return {
    assembly,
    async bootstrap(fences) {
      await cdk(fences, 'bootstrap')
      synthesized = '' // without the bundles
    },
    deploy: (fences) => deploy(fences),
    update: (fences) => deploy(fences, '--no-previous-parameters'),
    // Moto makes no change sets, so templates are compared.
    diff(fences) {
      synthesized = ''
      return cdk(fences, 'diff', '--all', '--fail', '--method', 'template')
    },
    destroy: (fences) => cdk(fences, 'destroy', '--all', '--force'),
    remove: () => rmSync(folder, { recursive: true }),
  }
}

/** The command line remembers accounts by their keys, and asks for its own news, telemetry and validation. */
function homeIn(folder: string): Record<string, string> {
  return {
    HOME: folder,
    CDK_HOME: folder,
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    CDK_DISABLE_VERSION_CHECK: 'true',
    CDK_VALIDATION: 'false',
    NODE_NO_WARNINGS: '1',
    NO_COLOR: '1',
  }
}

async function run(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<void> {
  const child = spawn(process.execPath, [join(ROOT, 'node_modules/aws-cdk/bin/cdk'), ...args], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONGEST_MS, // waits: only ends a command that hangs
  })
  const told: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => told.push(chunk))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`Cannot cdk ${args.join(' ')}: exit code ${code}\n${Buffer.concat(told)}`)
}
