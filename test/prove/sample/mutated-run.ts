import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { createVitest, type TestModule, type Vitest } from 'vitest/node'
import type { Mutant } from './mutant.ts'
import { type Switch, switched } from './switched.ts'

/** A test by the file and its full name. */
export interface ChosenTest {
  readonly file: string
  readonly name: string
  readonly milliseconds: number
}

export interface Outcome {
  readonly kind: 'caught' | 'hangs' | 'survived'
  readonly by: string
}

/** Which tests come by each mutant: all of them, where it is in what runs while modules are loaded. */
export type Coverage = ReadonlyMap<number, readonly ChosenTest[]>

const QUICK_MS = 200
/** Nothing among the chosen tests takes so long. */
const HANGS_AFTER_MS = 20_000

/** The chosen tests over sources that hold all mutants, to be run again and again with one of them switched on. */
export class MutatedRun {
  readonly #vitest: Vitest
  readonly #root: string
  readonly #files: readonly string[]

  private constructor(root: string, vitest: Vitest, files: readonly string[]) {
    this.#root = root
    this.#vitest = vitest
    this.#files = files
  }

  static async open(root: string, mutants: readonly Mutant[], files: readonly string[]): Promise<MutatedRun> {
    const switches = mutants.map((mutant, id): Switch => ({ id, mutant }))
    const vitest = await createVitest(
      'test',
      {
        root,
        config: false,
        watch: false,
        include: [...files],
        setupFiles: ['test/prove/sample/in-tests.ts'],
        isolate: false,
        maxWorkers: 1,
        testTimeout: 60_000, // waits: a mutant that hangs is told from one that is caught by nothing else
        bail: 1,
        reporters: [{}],
      },
      { plugins: [switching(root, switches)], logLevel: 'silent' },
    )
    return new MutatedRun(root, vitest, files)
  }

  /** Runs everything once with no mutant. Throws where a test fails. */
  async coverage(count: number): Promise<Coverage> {
    const modules = await this.#run(-1, this.#files)
    const tests = new Map<number, ChosenTest[]>(Array.from({ length: count }, (_, id) => [id, []]))
    const all: ChosenTest[] = []
    const early = new Set<number>()
    for (const module of modules) {
      const file = relative(this.#root, module.moduleId)
      for (const test of module.children.allTests()) {
        const { fullName: name } = test
        if (test.result().state === 'failed')
          throw new Error(`Cannot begin: "${name}" of ${file} fails without a mutant`)
        const { comesBy = [], loaded = [] } = test.meta()
        const chosen = { file, name, milliseconds: test.diagnostic()?.duration ?? 0 }
        all.push(chosen)
        for (const id of loaded) early.add(id)
        for (const id of comesBy) tests.get(id)?.push(chosen)
      }
    }
    for (const id of early) tests.set(id, all)
    return tests
  }

  /** Asks the quick tests first: most mutants get no further. */
  async outcome(id: number, tests: readonly ChosenTest[]): Promise<Outcome> {
    if (tests.length === 0) return { kind: 'survived', by: 'no test comes by it' }
    const quick = tests.filter(({ milliseconds }) => milliseconds <= QUICK_MS)
    const slow = tests.filter(({ milliseconds }) => milliseconds > QUICK_MS)
    const first = quick.length === 0 ? undefined : await this.#outcomeOf(id, quick)
    if (first !== undefined && (first.kind !== 'survived' || slow.length === 0)) return first
    return await this.#outcomeOf(id, slow)
  }

  async #outcomeOf(id: number, tests: readonly ChosenTest[]): Promise<Outcome> {
    const files = [...new Set(tests.map(({ file }) => file))]
    const hang = setTimeout(killWorkers, HANGS_AFTER_MS + 4 * expected(tests)) // waits: only a mutant that hangs
    let hung = false
    function killWorkers() {
      hung = true
      for (const pid of childrenOfThis()) process.kill(pid, 'SIGKILL')
    }
    try {
      this.#vitest.setGlobalTestNamePattern(namesOf(tests))
      const modules = await this.#run(id, files)
      for (const module of modules) {
        const failed = [...module.children.allTests('failed')][0]
        const by = failed?.fullName ?? module.errors()[0]?.message
        if (by !== undefined)
          return { kind: 'caught', by: `${relative(this.#root, module.moduleId)} > ${by}` }
      }
    } catch (error) {
      if (!hung) return { kind: 'caught', by: String(error) }
    } finally {
      clearTimeout(hang)
    }
    return hung ? { kind: 'hangs', by: 'it does not end' } : { kind: 'survived', by: '' }
  }

  async close(): Promise<void> {
    await this.#vitest.close()
  }

  async #run(mutant: number, files: readonly string[]): Promise<readonly TestModule[]> {
    this.#vitest.provide('mutant', mutant)
    const specifications = await this.#vitest.globTestSpecifications([...files])
    const { testModules } = await this.#vitest.runTestSpecifications(specifications)
    // What earlier runs have found of other files is in it, too.
    return testModules.filter(({ moduleId }) => files.includes(relative(this.#root, moduleId)))
  }
}

function switching(root: string, switches: readonly Switch[]) {
  return {
    name: 'switch-mutants',
    enforce: 'pre' as const,
    transform(_: string, id: string) {
      const file = relative(root, id.split('?')[0]!)
      const here = switches.filter(({ mutant }) => mutant.file === file)
      return here.length === 0 ? undefined : switched(readFileSync(id, 'utf8'), here)
    },
  }
}

function expected(tests: readonly ChosenTest[]): number {
  return tests.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
}

function namesOf(tests: readonly ChosenTest[]): RegExp {
  const names = new Set(tests.map(({ name }) => name.replaceAll(' > ', ' ')))
  return new RegExp(`^(${[...names].map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|')})$`)
}

/** Linux tells them. */
function childrenOfThis(): number[] {
  return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number)
}
