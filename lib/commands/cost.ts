import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { defaultFence, type FenceConfig } from '../config.ts'
import type { CostDocument } from '../contract/cost.ts'
import { billOf, countedOf, type FenceShape, SCENARIOS } from '../core/cost.ts'
import { PRICE_REGION, PRICES, PRICES_AT } from '../core/prices.ts'
import { VERSION } from '../version.ts'
import { costText } from '../view/cost-text.ts'
import { shapeOf } from '../view/fence-shape.ts'
import { printDocument } from './deployed-options.ts'
import { countOption, readSettings } from './options.ts'

interface CostOptions {
  readonly config?: string
  readonly pbxs?: number
  readonly freeTier?: boolean
  readonly json?: boolean
}

export function addCost(program: Command): void {
  program
    .command('cost')
    .description('what a fence costs on AWS: idle, with an attack each day, and at worst')
    .option(
      '--config <file>',
      'settings with the fences (default: sipfence.json, or where there is none a fence of one PBX)',
    )
    .option('--pbxs <n>', 'as if each fence had so many PBXs', countOption('--pbxs'))
    .option('--free-tier', 'take off what every account has for nothing each month')
    .option('--json', 'print one JSON document (sipfence.cost/1)')
    .addHelpText('after', '\nAsks AWS nothing: counted calls by list prices. docs/cost.md has both.')
    .action(async (options: CostOptions) => printDocument(await costOf(options), options.json, costText))
}

async function costOf({ config, pbxs, freeTier = false }: CostOptions): Promise<CostDocument> {
  const file = config ?? (existsSync('sipfence.json') ? 'sipfence.json' : undefined)
  const fences = file === undefined ? [defaultFence('example')] : (await readSettings(file)).fences
  return {
    schema: 'sipfence.cost/1',
    version: VERSION,
    prices: { region: PRICE_REGION, at: PRICES_AT },
    freeTier,
    fences: fences.map((fence) => fenceCost(fence, pbxs, freeTier)),
  }
}

function fenceCost(fence: FenceConfig, pbxs: number | undefined, freeTier: boolean) {
  const shape: FenceShape = { ...shapeOf(fence), ...(pbxs === undefined ? {} : { pbxs }) }
  const scenarios = SCENARIOS.map((scenario) => {
    const { usd, lines } = billOf(countedOf(shape, scenario), freeTier)
    const told = lines.map(({ billed, quantity, usd: part }) => {
      const { what, unit } = PRICES[billed]
      return { what, unit, quantity, usd: part }
    })
    return { scenario, usd, lines: told }
  })
  return { id: fence.id, pbxs: shape.pbxs, networkAcls: shape.networkAcls, scenarios }
}
