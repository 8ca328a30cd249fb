import { z } from 'zod'
import { type Address, type Prefix, parsePrefix, sourcePrefix } from '../core/prefix.ts'
import { COUNTERS } from '../core/source-record.ts'
import type { SourceReport } from '../core/source-report.ts'

/** `sipfence.report/1` as it comes in from another machine; within one process reports need no check. */

const LONGEST_ID = 64
const most = 2 ** 40

export const source = z
  .string()
  .max(43)
  .transform((value, context): Prefix => {
    const parsed = parsePrefix(value)
    const whole = parsed.ok && sourcePrefix(parsed.value.slice(0, parsed.value.indexOf('/')) as Address)
    if (parsed.ok && whole === parsed.value) return parsed.value
    context.addIssue({ code: 'custom', message: 'should be one source: an IPv4 /32 or an IPv6 /64' })
    return z.NEVER
  })

export const proof = z.enum(['none', 'handshake', 'nonce', 'dialog'])
export const id = z.string().min(1).max(LONGEST_ID)
export const instant = z
  .int()
  .min(0)
  .max(most * 8)

const count = z.int().min(0).max(most)
const counts = z.partialRecord(z.enum(COUNTERS), count)

const observation = z.strictObject({
  prefix: source,
  transports: z.array(z.enum(['udp', 'tcp'])).max(2),
  w10: counts,
  w600: counts,
  settled: z.strictObject({
    challenges: count,
    followed: count,
    challenges60: count,
    followed60: count,
    finals: count,
    acknowledged: count,
    packetsIn: count,
    bytesIn: count,
    bytesOut: count,
    requests: count,
    excused: count,
  }),
  users: z.string().regex(/^[0-9a-f]{64}$/, 'should be 64 hexadecimal digits'),
  proof,
  knownGoodAt: instant.nullable(),
  ttl: z.int().min(0).max(255),
})

export const sourceReport = z.strictObject({
  schema: z.literal('sipfence.report/1'),
  fence: id,
  host: id,
  boot: id,
  seq: z.int().min(1),
  at: instant,
  clockSkewMs: z.int(),
  lossFraction: z.number().min(0).max(1),
  countError: count,
  halfBlind: z.boolean(),
  totals: z.strictObject({ w10: counts, sources: count, knownGood: count }),
  baseline: z.strictObject({ sources: count }),
  sources: z.array(observation).max(1_000),
  leftOut: count,
}) satisfies z.ZodType<SourceReport, unknown>
