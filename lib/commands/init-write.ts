import { DEFAULTS, type FenceConfig, type FenceSettings, readFence } from '../config.ts'
import type { FenceProposal } from '../core/fence-proposal.ts'
import type { Surroundings } from '../core/surroundings.ts'
import { stackName } from '../names.ts'
import { printable } from '../view/format.ts'
import { type InitPlan, initPlanText } from '../view/init-plan-text.ts'
import { type Asked, type Settled, settle } from './init-answers.ts'
import type { SettingsFile } from './init-file.ts'
import { fenceIdFrom, settingsFrom } from './init-settings.ts'
import { openQuestions } from './questions.ts'
import { print, tellPeople, terminalWidth } from './terminal.ts'

/** Lines that tell what a fence costs a month. */
export type CostLines = (fence: FenceConfig) => readonly string[]

export interface WriteOptions {
  readonly yes?: boolean
  readonly enforce?: boolean
  readonly id?: string
  readonly ports?: readonly number[]
  readonly allow?: readonly string[]
  readonly email?: readonly string[]
  readonly lockdown?: readonly string[]
  readonly role?: string
}

export interface Writing {
  readonly file: SettingsFile
  readonly surroundings: Surroundings
  /** Makes the proposal for ports that people have named. */
  readonly propose: (ports: readonly number[] | undefined) => FenceProposal
  readonly costs: CostLines
}

/** Asks people, or takes the proposals where nobody is to be asked; shows what that leads to, and writes the file. */
export async function writeSettings(writing: Writing, options: WriteOptions): Promise<void> {
  const isAsking = options.yes !== true && process.stdin.isTTY === true && process.stdout.isTTY === true
  const questions = isAsking ? openQuestions(process.stdin, process.stdout) : null
  try {
    await settleAndWrite(writing, options, questions && { ask: questions.ask, tell: tellPeople })
  } finally {
    questions?.close()
  }
}

/** @param asked null where nobody is to be asked */
async function settleAndWrite(
  { file, surroundings, propose, costs }: Writing,
  options: WriteOptions,
  asked: Asked | null,
): Promise<void> {
  print([''])
  const { id, ports, allow, email: emails, lockdown: lockdownGroups, role } = options
  const given = { id, ports, allow, emails, lockdownGroups, role }
  const settled = await settle(freeId(surroundings, file), given, propose, asked)
  refuseForeignGroups(surroundings, settled.answers.lockdownGroups)
  const mode = options.enforce === true ? 'enforce' : 'observe'
  if (mode === 'enforce') refuseVoid(surroundings, settled.proposal)
  const written = settingsFrom(surroundings, settled.proposal, { ...settled.answers, mode })
  if (written.kind === 'lack') throw new Error(lackText(surroundings, written.lacks))
  refuseShared(file, written.settings)
  const text = file.textWith(written.settings)
  const fence = readFence(file.path, written.settings)
  const plan = planOf(fence, surroundings, settled, costs)
  print(initPlanText(plan, terminalWidth()))
  if (asked !== null && !(await agrees(asked, file.path))) return print(['', 'Nothing was written.'])
  await file.write(text)
  print(['', ...nextSteps(file.path, written.settings)])
}

/** The instance's name, with a number where a fence of the file has it already. */
function freeId({ instance }: Surroundings, { fences }: SettingsFile): string {
  const id = fenceIdFrom(instance.name)
  const isFree = (other: string) => !fences.some((fence) => fence.id === other)
  let free = id
  for (let number = 2; !isFree(free); number++) free = `${id.slice(0, 27)}-${number}`
  return free
}

/** A lockdown writes to no group that lets nobody in to the instance. */
function refuseForeignGroups({ instance, groups }: Surroundings, named: readonly string[]): void {
  if (groups.kind === 'unknown') return
  const own = groups.value.map(({ id }) => id)
  const wrong = named.find((group) => !own.includes(group))
  if (wrong === undefined) return
  throw new Error(
    `Cannot let a lockdown close ${wrong}: it is on no interface of ${instance.id}; those that are: ${own.join(', ')}`,
  )
}

/** Every reason, each with its way out. */
function refuseVoid({ instance }: Surroundings, { obstacles }: FenceProposal): void {
  if (obstacles.length === 0) return
  const reasons = obstacles.flatMap(({ why, next }) => [`  ${why};`, `    ${next}`])
  const out =
    'Leave --enforce out: in observe the fence decides and tells, and sipfence mode enforce comes when that is mended.'
  throw new Error(
    [
      `Cannot write mode enforce for ${instance.id}: its blocks would be void, or that cannot be told:`,
      ...reasons,
      out,
    ].join('\n'),
  )
}

/** Two fences on one network ACL would undo each other; what is meant is one fence with one more PBX. */
function refuseShared({ path, fences }: SettingsFile, { networkAcls = [], pbxs }: FenceSettings): void {
  for (const { id: fence, networkAcls: others = [] } of fences) {
    const shared = networkAcls.find(({ id }) => others.some((other) => other.id === id))
    if (shared === undefined) continue
    throw new Error(
      `Cannot add a fence to "${path}": network ACL ${shared.id} belongs to fence "${fence}" of it already; add the PBX to that fence’s pbxs: ${JSON.stringify(pbxs)}`,
    )
  }
}

function lackText({ instance }: Surroundings, lacks: readonly string[]): string {
  return [
    `Cannot write settings for ${instance.id}: without these there is nothing to deploy:`,
    ...lacks.map((lack) => `  ${lack}`),
    'Use credentials that may read them (docs/init.md names the actions), AWS_PROFILE names them.',
  ].join('\n')
}

function planOf(
  fence: FenceConfig,
  { instance }: Surroundings,
  { open }: Settled,
  costs: CostLines,
): InitPlan {
  return {
    fence: fence.id,
    instance: instance.id,
    role: fence.instanceRole ?? null,
    networkAcls: fence.networkAcls,
    lockdownGroups: fence.firewalls.trustedPeers?.securityGroups ?? [],
    mode: fence.mode,
    costs: costs(fence),
    open,
  }
}

async function agrees({ ask }: Asked, path: string): Promise<boolean> {
  const answer = await ask(`Write this to ${printable(path, 200)}? [yes]: `)
  return answer !== null && /^(|y|yes)$/i.test(answer.trim())
}

function nextSteps(path: string, { id, mode }: FenceSettings): string[] {
  const settings = path === 'sipfence.json' || path === './sipfence.json' ? '' : ` -c settings=${path}`
  return [
    `Written to ${printable(path, 200)}, in mode ${mode ?? DEFAULTS.mode}. Read it; then`,
    `  npx cdk deploy ${stackName(id)}${printable(settings, 200)}   # on a new account npx cdk bootstrap first`,
    'Then the sidecar goes onto the PBX: docs/sidecar.md.',
  ]
}
