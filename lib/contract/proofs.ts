import { z } from 'zod'
import type { ProofReport } from '../core/source-report.ts'
import { id, instant, proof, source } from './report.ts'

/** `sipfence.proofs/1` as it comes in from a host. */
export const proofReport = z.strictObject({
  schema: z.literal('sipfence.proofs/1'),
  fence: id,
  host: id,
  boot: id,
  seq: z.int().min(1),
  at: instant,
  proofs: z.array(z.strictObject({ source, proof, knownGoodAt: instant.nullable() })).max(1_000),
}) satisfies z.ZodType<ProofReport, unknown>
