import { z } from 'zod'
import { about, blockClass, mode, time } from './fence.ts'
import { setPlace } from './tier.ts'

/** `sipfence.blocks/1`: what `sipfence blocks --json` prints, the heaviest block first. */

/** Where a block stands in a network ACL. */
export const place = z.strictObject({
  networkAcl: z.string(),
  /** Of the entries of ours there that deny it. */
  ruleNumbers: z.array(z.int()),
  /** Why not all of its entries are there, or are about to go; null where the block is in force. */
  whyNot: z.string().nullable(),
})

export const block = {
  id: z.string(),
  prefix: z.string(),
  scope: z.enum(['sip-udp', 'sip', 'all']),
  class: blockClass,
  origin: z.enum(['detector', 'operator']),
  level: z.int(),
  /** Packets a second that it keeps away. */
  weight: z.number(),
  from: time,
  until: time,
  why: z.string(),
}

export const blocksDocument = z.strictObject({
  schema: z.literal('sipfence.blocks/1'),
  ...about,
  mode,
  blocks: z.array(
    z.strictObject({
      ...block,
      entries: z.array(place),
      /** In the prefix lists and IP sets of its family. */
      sets: z.array(setPlace),
    }),
  ),
})

export type BlocksDocument = z.infer<typeof blocksDocument>
