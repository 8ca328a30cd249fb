import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assembledFence, farFence } from './far-fence.ts'
import { printMachine } from './figures.ts'
import { measureStarts } from './function-starts.ts'

/** What the bundles of the two functions weigh and how they start, as processes of this machine. */

const scratch = mkdtempSync(join(tmpdir(), 'sipfence-bench-'))
try {
  printMachine()
  const fence = farFence(['i-0123456789abcdef0'])
  measureStarts(assembledFence(fence), fence.id, scratch)
} finally {
  rmSync(scratch, { recursive: true })
}
