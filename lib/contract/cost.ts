import { z } from 'zod'

/** `sipfence.cost/1`: what `sipfence cost --json` prints. */

const line = z.strictObject({
  what: z.string(),
  unit: z.string(),
  quantity: z.number(),
  usd: z.number(),
})

const scenario = z.strictObject({
  /** A month in which nothing happens, one with an attack of an hour each day, the hour of the worst flood. */
  scenario: z.enum(['idle-month', 'attacked-month', 'worst-hour']),
  usd: z.number(),
  /** What costs anything, in the order of the price list. */
  lines: z.array(line),
})

const fence = z.strictObject({
  id: z.string(),
  pbxs: z.int(),
  networkAcls: z.int(),
  scenarios: z.array(scenario),
})

export const costDocument = z.strictObject({
  schema: z.literal('sipfence.cost/1'),
  version: z.string(),
  /** List prices in US dollars: of which region, and when the table was put together. */
  prices: z.strictObject({ region: z.string(), at: z.iso.date() }),
  /** Whether what every account has for nothing each month is taken off. */
  freeTier: z.boolean(),
  fences: z.array(fence),
})

export type CostDocument = z.infer<typeof costDocument>
