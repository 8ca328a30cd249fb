import type { LocalFence } from '../e2e/local-fence.ts'
import { jsonOf } from '../e2e/log-lines.ts'
import type { StackTemplate } from '../e2e/template.ts'
import { assembledFence, farFence, type Knobs, startFarFence, templateWith } from './far-fence.ts'
import { median, ms, printMachine, printTable, seconds } from './figures.ts'
import { type Attacked, attack, heartbeats, watchQueue } from './fleet-attack.ts'
import { quiet, victims } from './flooding.ts'
import { processorMs } from './processor-time.ts'

/**
 * What one fence takes of 200 PBXs: their heartbeats, and attacks on some or all of them at once, each with 50 sources
 * of its own. Sidecars are played: reports as theirs, no more of them than their budget allows. The functions are what
 * is deployed; they share this machine with the imitation of AWS, so that Lambda has more of a processor for each.
 *
 *     npm run bench -- fleet [MAX_CONCURRENCY [BATCH_SIZE]]   other than what is deployed
 */

const HOSTS = Array.from({ length: 200 }, (_, i) => `i-${i.toString(16).padStart(17, '0')}`)
const SOURCES = 50
const HEARTBEAT_SOURCES = 20
/** A minute's heartbeats at their pace, for a quarter of it. */
const QUIET_MS = 15_000
const BURST_MS = 20_000

/** How many PBXs are attacked at once, for how long, and how long at most until every report is handled. */
const ATTACKS = [
  { attacked: 2, attackMs: 8_000, mostMs: 12_000 },
  { attacked: 5, attackMs: 8_000, mostMs: 15_000 },
  { attacked: 20, attackMs: 8_000, mostMs: 20_000 },
  { attacked: 200, attackMs: 8_000, mostMs: 45_000 },
] as const

async function measureQuiet(template: StackTemplate): Promise<string[][]> {
  const fence = await startFarFence(template, { hosts: HOSTS })
  try {
    const all = HOSTS.map((host, i) => ({ host, sources: quiet(i * HEARTBEAT_SOURCES, HEARTBEAT_SOURCES) }))
    await settled(fence)
    const spread = all.slice(0, (HOSTS.length * QUIET_MS) / 60_000)
    return [
      await quietRow(fence, '200 heartbeats a minute', spread, QUIET_MS),
      await quietRow(fence, 'all 200 heartbeats at once', all, 0),
    ]
  } finally {
    await fence.stop()
  }
}

async function quietRow(
  fence: LocalFence,
  name: string,
  hosts: readonly Attacked[],
  withinMs: number,
): Promise<string[]> {
  const began = Date.now()
  const used = processorMs('Analyze')
  let sent = false
  const sending = heartbeats(fence, hosts, withinMs).then(() => {
    sent = true
  })
  const watched = await watchQueue(fence, withinMs + BURST_MS, (left) => sent && left === 0)
  await sending
  const processor = (processorMs('Analyze') - used) / hosts.length
  const took = Date.now() - began
  return [name, String(hosts.length), seconds(took), seconds(watched.oldestMs), ms(processor)]
}

/** Every host has reported, both functions have begun, and nothing waits. */
async function settled(fence: LocalFence): Promise<void> {
  const all = HOSTS.map((host, i) => ({ host, sources: quiet(900_000 + i, 1) }))
  await heartbeats(fence, all, 0)
  await watchQueue(fence, BURST_MS, (left) => left === 0)
  await fence.tick()
  const rounds = fence.functions.Reconcile.invocations
  await watchQueue(fence, BURST_MS, () => rounds.length > 0)
  rounds.length = 0
  fence.functions.Analyze.invocations.length = 0
}

async function measureAttack(
  template: StackTemplate,
  { attacked, attackMs, mostMs }: (typeof ATTACKS)[number],
): Promise<AttackRows> {
  const fence = await startFarFence(template, { hosts: HOSTS })
  try {
    const hosts = HOSTS.slice(0, attacked).map((host, i) => ({
      host,
      sources: victims(i * SOURCES, SOURCES),
    }))
    await settled(fence)
    const began = Date.now()
    const imitation = process.cpuUsage()
    const used = processorMs('Analyze')
    const over = AbortSignal.timeout(attackMs)
    let sent: number | undefined
    const attacking = attack(fence, hosts, over).then((count) => {
      sent = count
    })
    const watched = await watchQueue(fence, mostMs, (left) => sent !== undefined && left === 0)
    await attacking
    const { user, system } = process.cpuUsage(imitation)
    const tookMs = Date.now() - began
    const share = (user + system) / 1000 / tookMs
    const processor = processorMs('Analyze') - used
    return attackRows(fence, { attacked, began, sent: sent!, share, tookMs, processor, ...watched })
  } finally {
    await fence.stop()
  }
}

interface Attack {
  readonly attacked: number
  readonly began: number
  readonly sent: number
  readonly left: number
  readonly oldestMs: number
  readonly tookMs: number
  /** Milliseconds of processor that the analyze function used. */
  readonly processor: number
  /** Of one processor that the imitation of AWS used. */
  readonly share: number
}

/** What came in and was handled, and what came of it. */
interface AttackRows {
  readonly intake: readonly string[]
  readonly effect: readonly string[]
  /** Why invocations failed, each reason once. */
  readonly errors: ReadonlySet<string>
}

function attackRows(fence: LocalFence, run: Attack): AttackRows {
  const { attacked, began, sent, left, oldestMs, share, tookMs, processor } = run
  const decided = decisions(fence).map((at) => at - began)
  const placed = placements(fence).map((at) => at - began)
  const { Analyze, Reconcile } = fence.functions
  const errors = [Analyze, Reconcile].map(({ invocations }) =>
    invocations.flatMap(({ answer }) => (answer.ok ? [] : [answer.error])),
  )
  const failed = errors.map(({ length }) => length)
  const rounds = Reconcile.invocations.map(({ milliseconds }) => milliseconds)
  const dead = fence.aws.queue('sipfence-f-reports-dead').visible().length
  const handled = handlings(fence, began)
  return {
    intake: [
      String(attacked),
      String(sent),
      `${left}${left === 0 ? '' : ' (behind)'}`,
      seconds(oldestMs),
      String(Math.round((handled / tookMs) * 1000)),
      `${failed[0]}, ${dead}`,
      `${percent(processor / tookMs)}, ${percent(share)}`,
    ],
    effect: [
      String(attacked),
      `${decided.length} of ${attacked * SOURCES}`,
      decided.length === 0 ? '' : `${seconds(median(decided))}, ${seconds(Math.max(...decided))}`,
      placed.length === 0 ? '' : `${placed.length}: ${seconds(placed[0]!)} to ${seconds(placed.at(-1)!)}`,
      rounds.length === 0
        ? ''
        : `${rounds.length}, ${seconds(median(rounds))}, ${seconds(Math.max(...rounds))}`,
      String(failed[1]),
    ],
    errors: new Set(errors.flat()),
  }
}

/** How many observations of a source were judged: each judgement is kept in the history of its source and host. */
function handlings({ aws }: LocalFence, began: number): number {
  const puts = aws.calls().filter(({ action, at }) => action === 'PutItem' && at >= began)
  return puts.filter(({ parameters }) => JSON.stringify(parameters).includes('#history#')).length
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** When each source was first decided to be blocked, by the function's log. */
function decisions(fence: LocalFence): number[] {
  const first = new Map<string, number>()
  for (const { message, entry, timestamp } of jsonOf(fence.functions.Analyze.lines)) {
    if (message !== 'block') continue
    const { prefix } = (entry as { block: { prefix: string } }).block
    if (!first.has(prefix)) first.set(prefix, Date.parse(String(timestamp)))
  }
  return [...first.values()]
}

/** When EC2 took each entry. */
function placements({ aws }: LocalFence): number[] {
  const creates = aws.calls().filter(({ action }) => action === 'CreateNetworkAclEntry')
  return creates.flatMap(({ answeredAt }) => answeredAt ?? [])
}

function knobsOf([maxConcurrency, batchSize]: readonly string[]): Knobs {
  return {
    ...(maxConcurrency === undefined ? {} : { maxConcurrency: Number(maxConcurrency) }),
    ...(batchSize === undefined ? {} : { batchSize: Number(batchSize) }),
  }
}

printMachine()
const config = farFence(HOSTS)
const knobs = knobsOf(process.argv.slice(2))
const template = templateWith(assembledFence(config), config.id, knobs)
const quietRows = await measureQuiet(template)
const attacks: AttackRows[] = []
for (const each of ATTACKS) attacks.push(await measureAttack(template, each))
const attackSeconds = seconds(ATTACKS[0].attackMs)
const { maxConcurrency = 'as deployed', batchSize = 'as deployed' } = knobs
console.log(`\nOne fence, 200 PBXs; functions at once: ${maxConcurrency}, reports in a batch: ${batchSize}`)
printTable(
  `Quiet: heartbeats of ${HEARTBEAT_SOURCES} sources`,
  ['', 'reports', 'handled within', 'oldest waited', 'processor a report'],
  quietRows,
)
printTable(
  `Attacked for ${attackSeconds}, by ${SOURCES} sources of its own each: what comes in`,
  ['PBXs', 'reports', 'left', 'oldest waited', 'sources/s', 'failed, dead', 'processor: analyze, AWS'],
  attacks.map(({ intake }) => intake),
)
printTable(
  'What comes of it',
  ['PBXs', 'decided', 'median, last', 'entries placed', 'rounds, median, longest', 'failed'],
  attacks.map(({ effect }) => effect),
)
for (const { errors } of attacks) for (const error of errors) console.log(`  failed: ${error}`)
