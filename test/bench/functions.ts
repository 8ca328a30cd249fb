import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assembledFence, farFence, templateWith } from './far-fence.ts'
import { printMachine } from './figures.ts'
import { measureCalls } from './function-calls.ts'
import { writeBareHandler } from './function-starts.ts'

/**
 * How long a report and a round take in the two functions as they are deployed, as processes of this machine, while
 * AWS takes as long as `aws-latency.ts` assumes. Lambda has other processors, and a seventh of one for 256 MB.
 */

const SETTINGS = { perHostHour: { blocks: 100_000 }, ladders: { jitterShare: 0 } }

const scratch = mkdtempSync(join(tmpdir(), 'sipfence-bench-'))
try {
  printMachine()
  const fence = farFence(['i-0123456789abcdef0'], SETTINGS)
  const template = templateWith(assembledFence(fence), fence.id)
  await measureCalls(template, fence, writeBareHandler(scratch))
} finally {
  rmSync(scratch, { recursive: true })
}
