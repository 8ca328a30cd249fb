import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Chance } from '../../lib/local/chance.ts'
import type { RecordedCall } from '../aws/front.ts'
import type { LocalFence } from '../e2e/local-fence.ts'
import { jsonOf } from '../e2e/log-lines.ts'
import type { StackTemplate } from '../e2e/template.ts'
import { ACL, assembledFence, farFence, startFarFence, templateWith } from './far-fence.ts'
import { ms, printMachine, printTable, quantile, seconds } from './figures.ts'
import { flood, startSidecar } from './live-flood.ts'

/**
 * From the first packet of a flood to the answer with which EC2 takes the entry that denies it: a real sidecar, the
 * deployed functions, and an imitation of AWS that takes as long as `aws-latency.ts` assumes. A flood begins at any
 * moment of a second. A challenge counts once it is 2 s old and nobody has followed it up, and 100 of them are needed,
 * so at 300 a second no block can be sooner than 2.4 s, and reports go out at whole seconds.
 */

const HOST = 'i-0123456789abcdef0'
const LANES = 2
/** Of a lane, after a first one that finds the functions cold. All victims of a lane fit into the network ACL. */
const RUNS = 15
const PATIENCE_MS = 20_000
const WANTED = { p50: 5_000, p95: 10_000 }

/** Milliseconds of the parts of one run, in their order. */
interface Parts {
  /** Until the second whose report makes the block ends. */
  readonly detection: number
  /** Until SQS has taken the report. */
  readonly sending: number
  /** Until SQS has taken the wake-up of the round. */
  readonly analyze: number
  /** Until EC2 has taken the entry. */
  readonly reconcile: number
  readonly whole: number
}

interface Lane {
  readonly fence: LocalFence
  readonly folder: string
  readonly settings: string
  readonly chance: Chance
}

async function runLane(template: StackTemplate, folder: string, seed: number): Promise<Parts[]> {
  const settings = join(template.codeOf('Analyze'), 'settings.json')
  const own = join(folder, String(seed))
  mkdirSync(own)
  const fence = await startFarFence(template, { hosts: [HOST] })
  const lane = { fence, folder: own, settings, chance: new Chance(seed) }
  const parts: Parts[] = []
  try {
    for (let run = 0; run <= RUNS; run++) parts.push(await runOnce(lane, `198.18.${seed}.${run + 1}`))
    return parts
  } finally {
    await fence.stop()
  }
}

async function runOnce({ fence, folder, settings, chance }: Lane, victim: string): Promise<Parts> {
  const { endpoint, region } = fence.aws
  const spool = join(folder, victim)
  const sidecar = await startSidecar({ settings, spool, host: HOST, endpoint, region })
  const ended = new AbortController()
  try {
    await sleep(chance.random() * 1000)
    const began = flood(sidecar.packets, victim, ended.signal)
    await denied(fence, victim)
    return partsOf(fence, victim, began)
  } finally {
    ended.abort()
    await sidecar.end()
  }
}

/** Waits until EC2 has answered for the entry of the victim. */
async function denied(fence: LocalFence, victim: string): Promise<void> {
  const acl = fence.aws.acls.get(ACL)!
  for (const began = Date.now(); Date.now() - began < PATIENCE_MS; await sleep(20)) {
    if (!acl.describe().some(({ prefix }) => prefix === `${victim}/32`)) continue
    while (created(fence, victim)?.answeredAt === undefined) await sleep(20)
    return
  }
  throw new Error(`Cannot measure: ${victim} is not denied after ${seconds(PATIENCE_MS)}`)
}

function created({ aws }: LocalFence, victim: string): RecordedCall | undefined {
  const creates = aws.calls().filter(({ action }) => action === 'CreateNetworkAclEntry')
  return creates.find(({ parameters }) => parameters['CidrBlock'] === `${victim}/32`)
}

function partsOf(fence: LocalFence, victim: string, began: number): Parts {
  const reported = blockedFrom(fence, victim)
  const sends = fence.aws.calls().filter(({ action }) => action === 'SendMessage')
  const report = sends.find(({ parameters }) => isReport(parameters['MessageBody'], reported))!.answeredAt!
  const isWake = ({ parameters, at }: RecordedCall) =>
    at >= report && String(parameters['QueueUrl']).endsWith('.fifo')
  const woken = sends.find(isWake)!.answeredAt!
  const taken = created(fence, victim)!.answeredAt!
  return {
    detection: reported - began,
    sending: report - reported,
    analyze: woken - report,
    reconcile: taken - woken,
    whole: taken - began,
  }
}

/** The instant of the report that made the block, by the function's log. */
function blockedFrom(fence: LocalFence, victim: string): number {
  const blocks = jsonOf(fence.functions.Analyze.lines).flatMap(({ message, entry }) =>
    message === 'block' ? [(entry as { block: { prefix: string; from: number } }).block] : [],
  )
  return blocks.find(({ prefix }) => prefix === `${victim}/32`)!.from
}

function isReport(body: unknown, at: number): boolean {
  const { schema, at: reported } = JSON.parse(String(body))
  return schema === 'sipfence.report/1' && reported === at
}

function time(milliseconds: number): string {
  return milliseconds < 1000 ? ms(milliseconds) : seconds(milliseconds)
}

function print(lanes: readonly (readonly Parts[])[]): void {
  const warm = lanes.flatMap((parts) => parts.slice(1))
  const names = ['detection', 'sending', 'analyze', 'reconcile', 'whole'] as const
  const rows = names.map((name) => {
    const values = warm.map((parts) => parts[name])
    const cold = lanes.map((parts) => time(parts[0]![name])).join(', ')
    const most = Math.max(...values)
    return [name, ...[quantile(values, 0.5), quantile(values, 0.95), most].map(time), cold]
  })
  const title = `From a flood's first packet to its block: ${warm.length} floods of 300 requests a second`
  printTable(title, ['part', 'p50', 'p95', 'most', 'first ones, functions cold'], rows)
  const whole = warm.map((parts) => parts.whole)
  for (const [name, share] of [
    ['p50', 0.5],
    ['p95', 0.95],
  ] as const) {
    const reached = quantile(whole, share)
    const verdict = reached <= WANTED[name] ? 'met' : 'NOT MET'
    console.log(`  ${name} at most ${seconds(WANTED[name])}: ${verdict} (${seconds(reached)})`)
  }
}

printMachine()
const folder = mkdtempSync(join(tmpdir(), 'sipfence-bench-'))
try {
  const config = farFence([HOST], { pbxs: [{ id: HOST, addresses: ['10.0.0.10'] }] })
  const template = templateWith(assembledFence(config), config.id)
  const lanes = Array.from({ length: LANES }, (_, lane) => runLane(template, folder, lane + 1))
  print(await Promise.all(lanes))
} finally {
  rmSync(folder, { recursive: true })
}
