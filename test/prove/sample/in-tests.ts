import fc from 'fast-check'
import { afterEach, beforeEach, inject } from 'vitest'

/** Runs beside the tests: says which mutant is on, and notes by which of them each test comes. */

declare module 'vitest' {
  interface ProvidedContext {
    /** The mutant that is switched on; -1 where none is. */
    readonly mutant: number
  }
  interface TaskMeta {
    /** Mutants that the test comes by. */
    comesBy?: number[]
    /** Those that were come by before it, while modules were loaded and tests collected. */
    loaded?: number[]
  }
}

declare global {
  var isMutant: (id: number) => boolean
  /** What was come by while no test ran, since the process began. */
  var loadedMutants: Set<number> | undefined
}

/** A loop that asks so often does not end. */
const MOST_ASKED = 30_000_000

// That a property fails is enough; the smallest case is of no use.
fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true })

const on = inject('mutant')
globalThis.loadedMutants ??= new Set()
const loaded = globalThis.loadedMutants
let seen = loaded
let asked = 0

globalThis.isMutant = (id) => {
  seen.add(id)
  if (id !== on) return false
  if (++asked > MOST_ASKED) throw new Error('Cannot go on: the mutant makes a loop that does not end')
  return true
}

beforeEach(() => {
  seen = new Set()
})

afterEach(({ task }) => {
  task.meta.comesBy = [...seen]
  task.meta.loaded = [...loaded]
  seen = loaded
})
