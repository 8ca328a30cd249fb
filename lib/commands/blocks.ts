import type { Command } from 'commander'
import type { BlocksDocument } from '../contract/blocks.ts'
import { blocksText } from '../view/blocks-text.ts'
import { aboutFence, type Deployed, modeInForce } from './deployed.ts'
import { type DeployedOptions, deployedCommand, printDocument, withDeployed } from './deployed-options.ts'
import { factsOf, placesIn } from './placement.ts'
import { rehearse } from './rehearsal.ts'

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
  const { inForce: mode } = await modeInForce(deployed)
  const open = await deployed.ledger.openBlocks()
  const rehearsed = await rehearse(deployed, mode, now)
  const standing = open.filter(({ until }) => now < until).sort((a, b) => b.weight - a.weight)
  const placesOf = placesIn(rehearsed, { mode, now, ports: deployed.fence.ports })
  return {
    schema: 'sipfence.blocks/1',
    ...aboutFence(deployed, now),
    mode,
    blocks: standing.map((block) => ({ ...factsOf(block), ...placesOf(block) })),
  }
}
