import { setTimeout as sleep } from 'node:timers/promises'
import type { FenceConfig } from '../../lib/config.ts'
import type { LocalFence } from '../e2e/local-fence.ts'
import { LocalLambda } from '../e2e/local-lambda.ts'
import type { FunctionId } from '../e2e/running-fence.ts'
import type { StackTemplate } from '../e2e/template.ts'
import { startFarFence } from './far-fence.ts'
import { median, ms, printTable, quantile } from './figures.ts'
import { eventOf, quiet, reportAt, victims } from './flooding.ts'
import { fillLedger } from './live-blocks.ts'
import { processorMs } from './processor-time.ts'

const WAKE = { schema: 'sipfence.wake/1', fence: 'f', reason: 'schedule', at: '2026-11-22T10:43:00Z' }
/** Of the first level, but for its jitter. */
const BLOCK_MS = 120_000
const PLACED = 18
/** How many blocks stand, and how many rounds then. */
const STANDING = [
  [0, 30],
  [200, 15],
  [1_000, 8],
  [5_000, 2],
] as const
const LANES = 8
const CYCLES = 1

/** Milliseconds that invocations took, and of processor time what one of them took on average. */
interface Calls {
  readonly name: string
  readonly took: readonly number[]
  readonly processorMs: number
}

/**
 * How long invocations of the deployed functions take while AWS takes its time, one at a time: what a report and a
 * round cost by themselves. A bare handler in the same kind of process shows what the imitation of Lambda adds.
 */
export async function measureCalls(
  template: StackTemplate,
  config: FenceConfig,
  bare: string,
): Promise<void> {
  const host = config.pbxs[0]!.id!
  const reports = await measureReports(template, host, bare)
  const rounds = [...(await standingRounds(template, config)), ...(await placingRounds(template, host))]
  const head = ['invocation', 'times', 'p50', 'p99', 'most', 'processor']
  printTable('A report in analyze, one at a time', head, reports.map(rowOf))
  printTable('A round in reconcile', head, rounds.map(rowOf))
}

function rowOf({ name, took, processorMs: processor }: Calls): string[] {
  const most = Math.max(...took)
  const used = Number.isNaN(processor) ? '' : ms(processor)
  return [name, String(took.length), ms(median(took)), ms(quantile(took, 0.99)), ms(most), used]
}

async function measureReports(template: StackTemplate, host: string, bare: string): Promise<Calls[]> {
  const fence = await startFarFence(template, { hosts: [host], only: [] })
  let seq = 0
  let source = 0
  const report = (sources: ReturnType<typeof victims>) => eventOf(reportAt(host, Date.now(), ++seq, sources))
  const fresh = (count: number) => {
    source += count
    return report(victims(source, count))
  }
  const invoke = (event: object) => invoked(fence, 'Analyze', event)
  try {
    await invoke(report(quiet(0, 20))) // asks for what the process keeps
    const known = victims(4_000, 85)
    const calls = [
      await bareCalls(template, bare),
      await series('no suspicious source', 'Analyze', 200, () => invoke(report(quiet(0, 20)))),
      await series('1 source that is new', 'Analyze', 60, () => invoke(fresh(1))),
      await series('85 sources that are new', 'Analyze', 8, () => invoke(fresh(85))),
    ]
    await invoke(report(known))
    return [...calls, await series('85 sources that are blocked', 'Analyze', 8, () => invoke(report(known)))]
  } finally {
    await fence.stop()
  }
}

async function bareCalls(template: StackTemplate, folder: string): Promise<Calls> {
  const spec = {
    name: 'Bare',
    folder,
    handler: 'index.handler',
    timeoutSeconds: 30,
    memoryMegabytes: 256,
    environment: { AWS_REGION: 'eu-west-1', FENCE: template.fence },
  }
  const lambda = new LocalLambda(spec)
  try {
    await lambda.invoke({})
    for (let i = 0; i < 200; i++) await lambda.invoke(eventOf(reportAt('h', Date.now(), i, quiet(0, 20))))
    const took = lambda.invocations.slice(1).map(({ milliseconds }) => milliseconds)
    return { name: 'bare handler', took, processorMs: Number.NaN }
  } finally {
    await lambda.stop()
  }
}

/** Rounds with nothing to do: without any block, and with many that stand, of which 18 are in the network ACL. */
async function standingRounds(template: StackTemplate, config: FenceConfig): Promise<Calls[]> {
  const calls: Calls[] = []
  for (const [blocks, times] of STANDING) {
    const fence = await startFarFence(template, { hosts: [], only: [] })
    const round = () => invoked(fence, 'Reconcile', wake())
    try {
      await fillLedger(fence.aws, config, blocks)
      await round()
      const name = blocks === 0 ? 'no block' : `${blocks} blocks that stand`
      calls.push(await series(name, 'Reconcile', times, round))
      expectEntries(fence, Math.min(blocks, PLACED))
    } finally {
      await fence.stop()
    }
  }
  return calls
}

/** Rounds that place 18 blocks, and those that take the same 18 away when they are over, in several fences at once. */
async function placingRounds(template: StackTemplate, host: string): Promise<Calls[]> {
  const lanes = await Promise.all(Array.from({ length: LANES }, () => placeAndLift(template, host)))
  const calls = (name: string, which: 'placed' | 'lifted') => {
    return { name, took: lanes.flatMap((lane) => lane[which]), processorMs: Number.NaN }
  }
  return [calls(`${PLACED} blocks to place`, 'placed'), calls(`${PLACED} blocks to take away`, 'lifted')]
}

async function placeAndLift(template: StackTemplate, host: string) {
  const fence = await startFarFence(template, { hosts: [host], only: [] })
  const placed: number[] = []
  const lifted: number[] = []
  try {
    await invoked(fence, 'Reconcile', wake())
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      // So old that the blocks, which last as long from then on, are over soon after they were placed.
      const at = Date.now() - BLOCK_MS + 8_000
      const sources = victims(cycle * PLACED, PLACED)
      await invoked(fence, 'Analyze', eventOf(reportAt(host, at, cycle + 1, sources)))
      placed.push(await invoked(fence, 'Reconcile', wake()))
      await sleep(Math.max(0, at + BLOCK_MS * 1.01 - Date.now()))
      lifted.push(await invoked(fence, 'Reconcile', wake()))
      expectEntries(fence, 0)
    }
    return { placed, lifted }
  } finally {
    await fence.stop()
  }
}

/** A bench of what does not happen would have fine figures. */
function expectEntries({ aws }: LocalFence, count: number): void {
  const [acl] = aws.acls.values()
  const ours = acl!.describe().filter(({ ruleNumber }) => ruleNumber >= 20 && ruleNumber < 80)
  if (ours.length !== count)
    throw new Error(`Cannot go on: the network ACL holds ${ours.length} entries of the fence, not ${count}`)
}

function wake(): object {
  return { Records: [{ messageId: 'wake', receiptHandle: 'wake', body: JSON.stringify(WAKE) }] }
}

async function invoked(fence: LocalFence, id: FunctionId, event: object): Promise<number> {
  const lambda = fence.functions[id]
  const answer = await lambda.invoke(event)
  if (!answer.ok) throw new Error(`Cannot measure ${id}: ${answer.error}`)
  return lambda.invocations.at(-1)!.milliseconds
}

async function series(
  name: string,
  id: FunctionId,
  times: number,
  call: () => Promise<number>,
): Promise<Calls> {
  const before = processorMs(id)
  const took: number[] = []
  for (let i = 0; i < times; i++) took.push(await call())
  return { name, took, processorMs: (processorMs(id) - before) / times }
}
