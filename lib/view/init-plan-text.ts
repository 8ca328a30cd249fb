import { reportsQueueName, stackName } from '../names.ts'
import { printable, table } from './format.ts'

/** What the settings that are about to be written will lead to. */
export interface InitPlan {
  readonly fence: string
  readonly instance: string
  /** Null where the stack makes one. */
  readonly role: string | null
  readonly networkAcls: readonly {
    readonly id: string
    readonly firstRule: number
    readonly lastRule: number
  }[]
  readonly lockdownGroups: readonly string[]
  readonly mode: 'observe' | 'enforce'
  /** What it costs, as lines that are ready. */
  readonly costs: readonly string[]
  /** What nobody has said. */
  readonly open: readonly string[]
}

/** What will be made, what it will touch, what that costs, and what was left open. */
export function initPlanText(plan: InitPlan, width: number): string[] {
  const { costs, open } = plan
  return [
    ...table([...titled('Makes', madeBy(plan)), ...titled('Touches', touchedBy(plan))], width, ''),
    ...(costs.length === 0 ? [] : ['', 'Costs', ...costs]),
    ...(open.length === 0 ? [] : ['', ...table(titled('Left open', open), width, '')]),
  ].map((line) => printable(line, Number.POSITIVE_INFINITY))
}

/** By the names that people find them by. */
function madeBy({ fence, role, instance, lockdownGroups }: InitPlan): string[] {
  const reports = reportsQueueName(fence)
  return [
    `stack ${stackName(fence)}: two functions, a table for the ledger, a schedule, topics that notices and alarms go to`,
    `queues ${reports}, ${reports}-dead and sipfence-${fence}-reconcile.fifo`,
    `twelve CloudWatch alarms, sipfence-${fence}-attack-under-way and others`,
    ...(role === null
      ? [`a role and an instance profile to give to ${instance} (output PbxInstanceProfile)`]
      : [`a policy that lets role ${role} send reports, and nothing else`]),
    ...(lockdownGroups.length === 0
      ? []
      : [`prefix lists sipfence-${fence}-trusted-ipv4 and sipfence-${fence}-trusted-ipv6`]),
  ]
}

function touchedBy({ networkAcls, role, lockdownGroups, mode, fence }: InitPlan): string[] {
  const when = mode === 'enforce' ? '' : ', once it is in mode enforce'
  return [
    ...networkAcls.map(
      ({ id, firstRule, lastRule }) =>
        `${id}: inbound rules ${firstRule} to ${lastRule} and the tag sipfence:fence=${fence}${when}`,
    ),
    ...(role === null ? [] : [`role ${role}: that policy is attached to it`]),
    ...lockdownGroups.map((group) => `${group}: its public rules for SIP, while a lockdown lasts`),
  ]
}

function titled(title: string, lines: readonly string[]): string[][] {
  return lines.map((words, i) => [i === 0 ? title : '', words])
}
