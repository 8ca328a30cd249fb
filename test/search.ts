import fc from 'fast-check'
import { expect } from 'vitest'
import { DRAWN_SEED, TIMES } from './drawn-seed.ts'

/**
 * Where a case is looked for in which a property does not hold: at the seeds that stand beside the property, and at one
 * more that each commit draws anew. So a commit has one verdict, and the next one searches elsewhere. A seed that ever
 * failed is added to those that stand.
 */
export interface Search {
  /** 1 unless given. */
  readonly seed?: number | readonly number[]
  /** How many cases each seed gets; 100 unless given. */
  readonly numRuns?: number
  /** How many the drawn seed gets, where as many as the others would take too long. */
  readonly drawnRuns?: number
  /** Does not look for a smaller case: for properties whose cases take seconds. */
  readonly endOnFailure?: boolean
}

/** Checks the property at every seed. Fails with the smallest case that breaks it, and how to repeat it. */
export function search<Case>(property: fc.IAsyncProperty<Case>, how?: Search): Promise<void>
export function search<Case>(property: fc.IProperty<Case>, how?: Search): void
export function search<Case>(
  property: fc.IProperty<Case> | fc.IAsyncProperty<Case>,
  {
    seed = 1,
    numRuns = 100,
    drawnRuns = numRuns,
    endOnFailure = fc.readConfigureGlobal().endOnFailure ?? false,
  }: Search = {},
): void | Promise<void> {
  const pinned = [seed].flat().map((each) => ({ seed: each, numRuns, endOnFailure }))
  const drawn = { seed: DRAWN_SEED, numRuns: Math.ceil(drawnRuns * TIMES), endOnFailure }
  const searches = [...pinned, drawn]
  if (property.isAsync()) return inTurn(property as fc.IAsyncProperty<Case>, searches)
  for (const each of searches) {
    try {
      fc.assert(property as fc.IProperty<Case>, each)
    } catch (error) {
      throw repeatable(error, each.seed)
    }
  }
}

async function inTurn<Case>(
  property: fc.IAsyncProperty<Case>,
  searches: readonly fc.Parameters<Case>[],
): Promise<void> {
  for (const each of searches) {
    await fc.assert(property, each).catch((error: unknown) => {
      throw repeatable(error, each.seed!)
    })
  }
}

/** The failure, with the command that repeats it. */
function repeatable(error: unknown, seed: number): unknown {
  if (!(error instanceof Error)) return error
  const { testPath = '', currentTestName = '' } = expect.getState()
  const file = testPath.slice(testPath.lastIndexOf('/test/') + 1)
  const times = TIMES === 1 ? '' : `SIPFENCE_RUNS=${TIMES} `
  const name = JSON.stringify(currentTestName.split(' > ').at(-1))
  error.message += `\nTo repeat it: SIPFENCE_SEED=${seed} ${times}npx vitest run ${file} -t ${name}`
  return error
}
