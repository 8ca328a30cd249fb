/**
 * Plants each of the faults in a copy of the project, and sees that the tests that are named with it fail.
 *
 *     npm run prove -- faults           all of them
 *     npm run prove -- faults spool     those whose names hold the word, or one of several
 *
 * Exits 1 when one of them is not caught, or can no longer be planted.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FAULTS } from './faults/all.ts'
import { type PlantedFault, planted } from './planted-fault.ts'
import { copiedTree } from './tree.ts'
import { type Verdict, vitestRun } from './vitest-run.ts'

/** A process waits for files and for its start as well, so that two lanes use two processors. */
const LANES = 2

const words = process.argv.slice(2)
const chosen = FAULTS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
const escaped: string[] = []

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Runs everything once without a fault: what fails already catches nothing. */
async function passUnplanted(root: string): Promise<boolean> {
  const alone = new Map<string, PlantedFault>()
  const whole = new Set<string>()
  for (const fault of chosen) {
    if (fault.only === undefined) for (const file of fault.tests) whole.add(file)
    else alone.set(`${fault.tests} ${fault.only}`, fault)
  }
  const runs = [...(whole.size === 0 ? [] : [{ tests: [...whole] }]), ...alone.values()]
  let good = true
  for (const { tests, ...rest } of runs) {
    const only = 'only' in rest ? rest.only : undefined
    const { passed, caughtBy, trouble } = await vitestRun(root, { tests, only })
    if (passed > 0 && caughtBy === undefined && trouble === undefined) continue
    good = false
    const what = caughtBy ?? trouble ?? 'no test has such a name'
    say(`Without a fault, ${tests.join(', ')}${only === undefined ? '' : ` -t "${only}"`}: ${what}`)
  }
  return good
}

async function caught(root: string, fault: PlantedFault): Promise<Verdict> {
  const path = join(root, fault.file)
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, planted(text, fault))
  try {
    const { tests, only } = fault
    const first = await vitestRun(root, { tests, only, bail: true })
    // The first failure may be no assertion where a later one is.
    return first.caughtBy === undefined && first.trouble !== undefined
      ? await vitestRun(root, { tests, only })
      : first
  } finally {
    writeFileSync(path, text)
  }
}

async function lane(root: string, waiting: PlantedFault[]): Promise<void> {
  for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
    const started = performance.now()
    const { name } = fault
    const { caughtBy, trouble } = await caught(root, fault).catch((error: unknown) => ({
      caughtBy: undefined,
      trouble: String(error),
    }))
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    if (caughtBy === undefined) escaped.push(name)
    say(`${name}: ${caughtBy ?? `NOT CAUGHT${trouble === undefined ? '' : ` (${trouble})`}`}, ${seconds} s`)
  }
}

const trees = Array.from({ length: LANES }, copiedTree)
try {
  if (chosen.length === 0) throw new Error(`Cannot plant "${words.join(' ')}": no fault has it in its name`)
  if (!(await passUnplanted(trees[0]!.root))) process.exitCode = 1
  const waiting = [...chosen]
  await Promise.all(trees.map(({ root }) => lane(root, waiting)))
  say(`${chosen.length - escaped.length} of ${chosen.length} planted faults are caught`)
  if (escaped.length > 0) process.exitCode = 1
} finally {
  for (const { remove } of trees) remove()
}
