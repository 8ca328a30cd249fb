import { type Command, Option } from 'commander'
import type { PreviewDocument } from '../contract/preview.ts'
import type { Change } from '../core/plan.ts'
import type { Mode, Round } from '../reconcile.ts'
import { previewText } from '../view/preview-text.ts'
import { aboutFence, type Deployed, modeInForce } from './deployed.ts'
import { type DeployedOptions, deployedCommand, printDocument, withDeployed } from './deployed-options.ts'
import { ownEntries } from './holding.ts'
import { rehearse } from './rehearsal.ts'

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
  const rehearsals = await rehearse(deployed, shown, now)
  return {
    schema: 'sipfence.preview/1',
    ...aboutFence(deployed, now),
    mode: { inForce, shown },
    networkAcls: rehearsals.map(({ id, round, problem }) => ({
      id,
      problem,
      plan: round === null ? null : planOf(round, shown),
    })),
  }
}

function planOf(round: Round, mode: Mode) {
  const { plan, braked } = round
  const changes =
    mode === 'enforce' ? plan.changes.filter(({ kind }) => kind !== 'keep') : givenUp(round, mode)
  return {
    changes: changes.flatMap(documented),
    kept: mode === 'enforce' ? plan.changes.length - changes.length : 0,
    refused: plan.refused.map(({ block, reason, why }) => ({ prefix: block.prefix, reason, why })),
    foreign: [...plan.foreign],
    shadowedBy: plan.shadowedBy ?? null,
    braked: braked ?? null,
  }
}

/** The plan of a round says what the blocks want; outside enforce, what the fence holds goes instead. */
function givenUp({ plan }: Round, mode: Mode): Change[] {
  const why = `the mode is ${mode}: the fence holds nothing`
  return ownEntries(plan)
    .sort((a, b) => a.ruleNumber - b.ruleNumber)
    .map((entry) => ({ kind: 'remove', entry, why }))
}

type ChangeDocument = NonNullable<PreviewDocument['networkAcls'][number]['plan']>['changes'][number]

function documented(change: Change): ChangeDocument[] {
  const { kind, entry, why } = change
  if (kind === 'keep') return []
  return [{ kind, entry, replaced: kind === 'replace' ? change.replaced : null, why }]
}
