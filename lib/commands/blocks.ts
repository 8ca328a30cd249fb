import type { Command } from 'commander'
import type { BlocksDocument } from '../contract/blocks.ts'
import type { Block } from '../core/block.ts'
import { denialKey, denialsOf, portRanges } from '../core/wanted.ts'
import type { Mode, Round } from '../reconcile.ts'
import { blocksText } from '../view/blocks-text.ts'
import { aboutFence, type Deployed, isoTime, modeInForce } from './deployed.ts'
import { type DeployedOptions, deployedCommand, printDocument, withDeployed } from './deployed-options.ts'
import { ownEntries } from './holding.ts'
import { type Rehearsal, rehearse } from './rehearsal.ts'

interface BlocksOptions extends DeployedOptions {
  readonly json?: boolean
}

export function addBlocks(program: Command): void {
  deployedCommand(program, 'blocks', 'the blocks that stand: why, until when, and by which entries')
    .option('--json', 'print one JSON document (sipfence.blocks/1)')
    .action((options: BlocksOptions) =>
      withDeployed(options, async (deployed) =>
        printDocument(await blocksOf(deployed), options.json, blocksText),
      ),
    )
}

async function blocksOf(deployed: Deployed): Promise<BlocksDocument> {
  const now = deployed.clock()
  const { inForce } = await modeInForce(deployed)
  const open = await deployed.ledger.openBlocks()
  const rehearsals = await rehearse(deployed, inForce, now)
  const standing = open.filter(({ until }) => now < until).sort((a, b) => b.weight - a.weight)
  return {
    schema: 'sipfence.blocks/1',
    ...aboutFence(deployed, now),
    mode: inForce,
    blocks: standing.map((block) => ({
      ...factsOf(block),
      entries: rehearsals.map((each) => placeOf(block, each, inForce, deployed.fence.ports)),
    })),
  }
}

function factsOf({ id, prefix, scope, class: name, origin, level, weight, from, until, why }: Block) {
  return {
    id,
    prefix,
    scope,
    class: name,
    origin,
    level,
    weight,
    from: isoTime(from),
    until: isoTime(until),
    why,
  }
}

type Place = BlocksDocument['blocks'][number]['entries'][number]

function placeOf(
  block: Block,
  { id, round, problem }: Rehearsal,
  mode: Mode,
  ports: readonly number[],
): Place {
  if (round === null) return { networkAcl: id, ruleNumbers: [], whyNot: problem }
  const wanted = new Set(denialsOf(block.prefix, block.scope, portRanges(ports)).map(denialKey))
  const held = ownEntries(round.plan).filter((entry) => wanted.has(denialKey(entry)))
  const ruleNumbers = held.map(({ ruleNumber }) => ruleNumber)
  return { networkAcl: id, ruleNumbers, whyNot: whyNotHeld(block, round, mode, held.length === wanted.size) }
}

function whyNotHeld(block: Block, { plan, braked }: Round, mode: Mode, whole: boolean): string | null {
  const refusal = plan.refused.find((each) => each.block.id === block.id)
  if (refusal !== undefined) return refusal.why
  if (mode !== 'enforce') return `the mode is ${mode}`
  if (whole) return null
  return braked ?? 'not yet: the next round puts it in force'
}
