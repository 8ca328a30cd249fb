/**
 * Everything that takes too long for `npm test`.
 *
 *     npm run prove                     all steps in turn
 *     npm run prove -- faults           one of them
 *     npm run prove -- faults spool     with arguments of its own
 *
 * Properties are searched from a seed of the clock and with ten times the cases, so that each run looks elsewhere;
 * SIPFENCE_SEED and SIPFENCE_RUNS say otherwise. Exits 1 when a step has failed.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { ROOT } from './tree.ts'

interface Step {
  readonly name: string
  readonly says: string
  /** A program of node_modules/.bin, and what it is given before the arguments of the command line. */
  readonly run: readonly string[]
  /** What it is given where the command line says nothing. */
  readonly unlessTold?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const SEED = process.env['SIPFENCE_SEED'] ?? String(Date.now() & 0x7fff_ffff)
const RUNS = process.env['SIPFENCE_RUNS'] ?? '10'
/** Ten times the cases take ten times as long. */
const PATIENT = ['--testTimeout=3600000']

const STEPS: readonly Step[] = [
  {
    name: 'parsers',
    says: 'a million mutated messages, frames and captures',
    run: ['tsx', 'test/bench/mutations.ts'],
    unlessTold: ['1000000', SEED],
  },
  {
    name: 'properties',
    says: `the properties from seed ${SEED}, with ${RUNS} times the cases`,
    run: ['vitest', 'run', ...PATIENT],
    unlessTold: ['test/core', 'test/laws', '--exclude', 'test/laws/law-6*'],
    env: { SIPFENCE_RUNS: RUNS },
  },
  {
    name: 'law-6',
    says: 'every call of a round fails in turn',
    run: ['vitest', 'run', ...PATIENT, 'test/laws/law-6'],
    env: { SIPFENCE_EVERY_FAULT: '1' },
  },
  {
    name: 'gate',
    says: 'the gate refuses what it should',
    run: ['tsx', 'test/prove/gate.ts'],
  },
  {
    name: 'hostile',
    says: 'a host accuses 10,000 sources',
    run: ['vitest', 'run', 'test/e2e/hostile'],
    env: { SIPFENCE_EVERY_REPORT: '1' },
  },
  {
    name: 'shipped',
    says: 'what ships passes its tests on the Node that ships',
    run: ['tsx', 'test/shipped/run.ts'],
  },
  { name: 'faults', says: 'every planted fault is caught', run: ['tsx', 'test/prove/planted-faults.ts'] },
  {
    name: 'mutants',
    says: 'of 200 mutants each is caught or explained',
    run: ['tsx', 'test/prove/sampled-mutants.ts'],
  },
]

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Processor seconds of all processes that this one has started and that are gone; Linux tells. */
function processorSeconds(): number {
  const text = readFileSync('/proc/self/stat', 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) / 100
}

function ended({ run, unlessTold = [], env = {} }: Step, told: readonly string[]): Promise<boolean> {
  const [program, ...before] = run
  const args = [...before, ...(told.length > 0 ? told : unlessTold)]
  const child = spawn(`node_modules/.bin/${program}`, args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, SIPFENCE_SEED: SEED, ...env },
  })
  return new Promise((resolve) => {
    child.once('error', () => resolve(false))
    child.once('close', (code) => resolve(code === 0))
  })
}

const [name, ...told] = process.argv.slice(2)
const chosen = STEPS.filter((step) => name === undefined || step.name === name)
if (chosen.length === 0) {
  const names = STEPS.map((step) => step.name).join(', ')
  process.stderr.write(`Cannot prove "${name}": expected one of ${names}\n`)
  process.exit(2)
}

const results: string[] = []
let failed = 0
for (const step of chosen) {
  say(`\n${step.name}: ${step.says}`)
  const [began, used] = [performance.now(), processorSeconds()]
  const isGood = await ended(step, told)
  if (!isGood) failed++
  const [seconds, processor] = [(performance.now() - began) / 1000, processorSeconds() - used]
  const cost = `${Math.round(seconds)} s, of the processors ${Math.round(processor)} s`
  results.push(`${isGood ? 'proven' : 'FAILED'}  ${step.name.padEnd(12)}${cost}`)
}
say(`\n${results.join('\n')}`)
if (failed > 0)
  say(`${failed} of ${chosen.length} steps failed; properties were searched from SIPFENCE_SEED=${SEED}`)
process.exitCode = failed > 0 ? 1 : 0
