import { type Command, Option } from 'commander'
import type { PreviewDocument } from '../contract/preview.ts'
import type { Refusal } from '../core/choice.ts'
import type { Change } from '../core/plan.ts'
import type { Mode, Round } from '../reconcile.ts'
import { previewText } from '../view/preview-text.ts'
import { aboutFence, type Deployed, modeInForce } from './deployed.ts'
import { type DeployedOptions, deployedCommand, printDocument, withDeployed } from './deployed-options.ts'
import { type DoorRehearsal, doorIn, type ListRehearsal, rehearseDoor, stepsOf } from './door.ts'
import { ownEntries } from './holding.ts'
import { ownPrefixes } from './placement.ts'
import { rehearse, type SetRehearsal } from './rehearsal.ts'

interface PreviewOptions extends DeployedOptions {
  readonly json?: boolean
  readonly mode?: Mode
}

export function addPreview(program: Command): void {
  const mode = new Option('--mode <mode>', 'as if the fence were in this mode (default: the one in force)')
  deployedCommand(program, 'preview', 'what a round would change right now; it changes nothing')
    .addOption(mode.choices(['observe', 'enforce', 'off']))
    .option('--json', 'print one JSON document (sipfence.preview/1)')
    .action((options: PreviewOptions) =>
      withDeployed(options, async (deployed) =>
        printDocument(await previewOf(deployed, options.mode), options.json, previewText),
      ),
    )
}

async function previewOf(deployed: Deployed, asked: Mode | undefined): Promise<PreviewDocument> {
  const now = deployed.clock()
  const { inForce } = await modeInForce(deployed)
  const shown = asked ?? inForce
  const { networkAcls, sets } = await rehearse(deployed, shown, now)
  return {
    schema: 'sipfence.preview/1',
    ...aboutFence(deployed, now),
    mode: { inForce, shown },
    networkAcls: networkAcls.map(({ id, round, problem }) => ({
      id,
      problem,
      plan: round === null ? null : planOf(round, shown),
    })),
    sets: sets.map((set) => setOf(set, shown)),
    ...(await doorOf(deployed, shown, now)),
  }
}

function planOf(round: Round, mode: Mode) {
  const { plan, braked } = round
  const changes =
    mode === 'enforce' ? plan.changes.filter(({ kind }) => kind !== 'keep') : givenUp(round, mode)
  return {
    changes: changes.flatMap(documented),
    kept: mode === 'enforce' ? plan.changes.length - changes.length : 0,
    refused: plan.refused.map(refusalOf),
    foreign: [...plan.foreign],
    shadowedBy: plan.shadowedBy ?? null,
    braked: braked ?? null,
  }
}

function refusalOf({ block, reason, why }: Refusal) {
  return { prefix: block.prefix, reason, why }
}

/** The plan of a round says what the blocks want; outside enforce, what the fence holds goes instead. */
function givenUp({ plan }: Round, mode: Mode): Change[] {
  return ownEntries(plan)
    .sort((a, b) => a.ruleNumber - b.ruleNumber)
    .map((entry) => ({ kind: 'remove', entry, why: givenUpBecause(mode) }))
}

function givenUpBecause(mode: Mode): string {
  return `the mode is ${mode}: the fence holds nothing`
}

type ChangeDocument = NonNullable<PreviewDocument['networkAcls'][number]['plan']>['changes'][number]

function documented(change: Change): ChangeDocument[] {
  const { kind, entry, why } = change
  if (kind === 'keep') return []
  return [{ kind, entry, replaced: kind === 'replace' ? change.replaced : null, why }]
}

function setOf(
  { id, kind, family, round, problem }: SetRehearsal,
  mode: Mode,
): PreviewDocument['sets'][number] {
  if (round === null) return { id, kind, family, problem, plan: null }
  const { plan, capacity, braked } = round
  const enforced = mode === 'enforce'
  const goes = ownPrefixes(round).map((prefix) => ({
    kind: 'remove' as const,
    prefix,
    why: givenUpBecause(mode),
  }))
  return {
    id,
    kind,
    family,
    problem,
    plan: {
      changes: enforced ? [...plan.changes] : goes,
      kept: enforced ? plan.kept.length : 0,
      capacity,
      foreign: [...plan.foreign],
      refused: plan.refused.map(refusalOf),
      braked: braked ?? null,
    },
  }
}

async function doorOf(
  deployed: Deployed,
  mode: Mode,
  now: number,
): Promise<Pick<PreviewDocument, 'trusted' | 'lockdown'>> {
  if (deployed.trusted === undefined) return { trusted: [], lockdown: null }
  const door = await doorIn(deployed, mode, now)
  const rehearsal = await rehearseDoor(deployed, deployed.trusted, door, now)
  return { trusted: rehearsal.lists.map((list) => listOf(list, mode)), lockdown: lockdownOf(rehearsal) }
}

function listOf(list: ListRehearsal, mode: Mode): PreviewDocument['trusted'][number] {
  const { id, family, round, problem } = list
  if (round === null) return { id, family, problem, plan: null }
  const { changes, kept, foreign, left, withheld, extra } = round.plan
  const stays = mode === 'off' // its entries stay as they are, for others may refer to them
  const going = changes.filter(({ kind }) => kind === 'remove').length
  return {
    id,
    family,
    problem,
    plan: {
      changes: stays ? [] : [...changes],
      kept: stays ? kept.length + going : kept.length,
      capacity: round.capacity,
      foreign: [...foreign],
      left: [...left],
      withheld: [...withheld],
      extra,
    },
  }
}

function lockdownOf({ door, round, problem }: DoorRehearsal): NonNullable<PreviewDocument['lockdown']> {
  const { closed, why } = door
  if (round === null) return { closed, why, steps: [], refused: [], tracked: false, problem }
  const { refused, tracked } = round
  return { closed, why, steps: stepsOf(round), refused: [...refused], tracked, problem }
}
