/**
 * Draws mutants of the core and the loops, and sees that tests catch them: changes that nobody chose, so that nobody has
 * overlooked the same thing in the code and in its test.
 *
 *     npm run prove -- mutants                  200 of them, drawn from seed 11
 *     npm run prove -- mutants 50 1234          50, from another seed: what survives is told, and fails nothing
 *
 * At the pinned seed every mutant is caught or stands in survivors.ts with its reason; else this exits 1.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { drawn } from './sample/drawn.ts'
import { flat, type Mutant, mutantText } from './sample/mutant.ts'
import { mutantsOf } from './sample/mutants-of.ts'
import { MutatedRun, type Outcome } from './sample/mutated-run.ts'
import { SURVIVORS } from './survivors.ts'
import { copiedTree, ROOT } from './tree.ts'

const PINNED_SEED = 11
const COUNT = 200

const LOOPS = [
  'analyze',
  'analyze-alerts',
  'capture',
  'desired',
  'figures',
  'lockdown',
  'news',
  'reconcile',
  'reconcile-set',
  'round',
  'tiers',
  'trusted-peers',
]

/** Tests that take seconds, not minutes, and between them come by all of the core and the loops. */
const TESTS = [
  ...testsBelow('test/core'),
  ...testsBelow('test/loops'),
  'test/local/fence.test.ts',
  'test/local/firewall.contract.test.ts',
  'test/local/ledger.contract.test.ts',
  'test/local/lockdown.contract.test.ts',
  'test/local/prefix-set.contract.test.ts',
  'test/capture.test.ts',
  'test/view/cost-tables.test.ts',
  'test/laws/law-4-blocks.test.ts',
  'test/laws/law-5-plan.test.ts',
  'test/laws/law-5-sets.test.ts',
]

function testsBelow(folder: string): string[] {
  return filesBelow(folder).filter((file) => file.endsWith('.test.ts'))
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => `${folder}/${name}`)
}

function reasonFor({ file, text, replacement }: Mutant): string | undefined {
  return SURVIVORS.find(
    (each) => each.file === file && each.text === flat(text) && each.replacement === flat(replacement),
  )?.why
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

const count = Number(process.argv[2] ?? COUNT)
const seed = Number(process.argv[3] ?? PINNED_SEED)
const files = [...filesBelow('lib/core'), ...LOOPS.map((name) => `lib/${name}.ts`)]
const all = files.flatMap((file) => mutantsOf(file, readFileSync(join(ROOT, file), 'utf8')))
const keyOf = ({ file, text, replacement }: Mutant) => `${file} ${flat(text)} ${flat(replacement)}`
const sample = drawn(all, count, seed, keyOf)
say(`${sample.length} of ${all.length} mutants, drawn from seed ${seed}`)

// The sample has one verdict, whatever else is drawn.
process.env['SIPFENCE_SEED'] = '0'
process.env['SIPFENCE_RUNS'] = '0.01'
const tree = copiedTree()
process.chdir(tree.root)
const run = await MutatedRun.open(tree.root, sample, TESTS)
const coverage = await run.coverage(sample.length)
const tallies: Record<Outcome['kind'], number> = { caught: 0, hangs: 0, survived: 0 }
const unexplained: string[] = []
for (const [id, mutant] of sample.entries()) {
  const started = performance.now()
  const { kind, by } = await run.outcome(id, coverage.get(id)!)
  tallies[kind]++
  const why = reasonFor(mutant)
  if (kind === 'survived' && why === undefined) unexplained.push(mutantText(mutant))
  say(
    `${kind}: ${mutantText(mutant)}${by === '' ? '' : ` (${by})`}${kind === 'survived' && why !== undefined ? `: ${why}` : ''}, ${((performance.now() - started) / 1000).toFixed(1)} s`,
  )
}
await run.close()
tree.remove()
const { caught, hangs, survived } = tallies
const score = ((100 * (caught + hangs)) / sample.length).toFixed(1)
say(
  `${caught + hangs} of ${sample.length} are caught (${score} %), ${survived} survive, ${unexplained.length} of them without a reason`,
)
for (const each of unexplained) say(`  ${each}`)
process.exitCode = unexplained.length > 0 && seed === PINNED_SEED && count === COUNT ? 1 : 0
