import type { CostDocument } from '../contract/cost.ts'
import { billOf, countedOf, SCENARIOS, type Scenario } from '../core/cost.ts'
import { PRICE_REGION, PRICES_AT } from '../core/prices.ts'
import { type PlannedFence, shapeOf } from './fence-shape.ts'
import { count, counted, table, wrapped } from './format.ts'

type FenceCost = CostDocument['fences'][number]

export const SCENARIO_WORDS: Readonly<Record<Scenario, string>> = {
  'idle-month': 'a month in which nothing happens',
  'attacked-month': 'a month with an attack of an hour each day',
  'worst-hour': 'an hour of the worst flood',
}

/** What a fence costs, in short: one line for each scenario, and one that says by which prices. */
export function costLines(fence: PlannedFence): readonly string[] {
  const shape = shapeOf(fence)
  const rows = SCENARIOS.map((scenario) => [
    dollars(billOf(countedOf(shape, scenario)).usd),
    SCENARIO_WORDS[scenario],
  ])
  return [...table(aligned(rows, 1), 100), `  ${pricesText(PRICE_REGION, PRICES_AT, false)}`]
}

export function costText({ prices, freeTier, fences }: CostDocument, width: number): readonly string[] {
  return [
    ...fences.flatMap((fence) => [...fenceLines(fence, width), '']),
    ...wrapped(pricesText(prices.region, prices.at, freeTier), width),
    ...wrapped('docs/cost.md tells what is counted and what is assumed.', width),
  ]
}

function fenceLines({ id, pbxs, networkAcls, scenarios }: FenceCost, width: number): string[] {
  return [
    `Fence ${id}: ${counted(pbxs, 'PBX')}, ${counted(networkAcls, 'network ACL')}`,
    ...scenarios.flatMap(({ scenario, usd, lines }) => {
      const rows = lines.map((line) => [dollars(line.usd), quantityText(line.quantity), line.unit, line.what])
      return ['', `${dollars(usd)}  ${SCENARIO_WORDS[scenario]}`, ...table(aligned(rows, 2), width)]
    }),
  ]
}

/** The numbers in the first columns end below each other. */
function aligned(rows: readonly (readonly string[])[], numbers: number): string[][] {
  const widths = Array.from({ length: numbers }, (_, i) => Math.max(0, ...rows.map((row) => row[i]!.length)))
  return rows.map((row) => row.map((cell, i) => cell.padStart(widths[i] ?? 0)))
}

/** `$4.21`; `<$0.01` for what is less than half a cent and not nothing. */
export function dollars(usd: number): string {
  const cents = Math.round(usd * 100)
  if (usd > 0 && cents === 0) return '<$0.01'
  return `$${(cents / 100).toLocaleString('en-US', { minimumFractionDigits: 2 })}`
}

/** Whole from 10 on, and two digits that count below. */
export function quantityText(quantity: number): string {
  return quantity >= 10 || Number.isInteger(quantity)
    ? count(quantity)
    : String(Number(quantity.toPrecision(2)))
}

function pricesText(region: string, at: string, freeTier: boolean): string {
  const free = freeTier ? 'what every account has for nothing taken off' : 'no free tier'
  return `By AWS's list prices of ${region}, put together on ${at}, ${free}, no taxes; other regions differ.`
}
