import { z } from 'zod'
import { about, entry, mode } from './fence.ts'

/** `sipfence.preview/1`: what `sipfence preview --json` prints. */

const change = z.strictObject({
  kind: z.enum(['add', 'replace', 'remove']),
  entry,
  /** What stands at the number before; null unless it is a replacement. */
  replaced: entry.nullable(),
  why: z.string(),
})

const networkAcl = z.strictObject({
  id: z.string(),
  /** Why the ACL cannot be used; null where it can, and then `plan` is there. */
  problem: z.string().nullable(),
  plan: z
    .strictObject({
      /** In the order in which they would be made. */
      changes: z.array(change),
      /** Entries of ours that would stay as they are. */
      kept: z.int(),
      /** Blocks that get no entry. */
      refused: z.array(
        z.strictObject({
          prefix: z.string(),
          reason: z.enum(['protected', 'covered', 'no-free-entry']),
          why: z.string(),
        }),
      ),
      foreign: z.array(entry),
      shadowedBy: entry.nullable(),
      /** Why none of the changes would be made; null where the brake is off. */
      braked: z.string().nullable(),
    })
    .nullable(),
})

export const previewDocument = z.strictObject({
  schema: z.literal('sipfence.preview/1'),
  ...about,
  mode: z.strictObject({
    inForce: mode,
    /** The mode that the round is shown in. */
    shown: mode,
  }),
  networkAcls: z.array(networkAcl),
})

export type PreviewDocument = z.infer<typeof previewDocument>
