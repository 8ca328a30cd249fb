import { z } from 'zod'
import { block, place } from './blocks.ts'
import { about, mode, time } from './fence.ts'
import { setPlace, trustedList } from './tier.ts'

/** `sipfence.why/1`: what `sipfence why IP --json` prints. */

const prefix = z.string()

export const whyDocument = z.strictObject({
  schema: z.literal('sipfence.why/1'),
  ...about,
  mode,
  /** What was asked for, as a prefix. */
  asked: prefix,
  /** What it is counted and blocked by; null where it is wider than one source. */
  source: prefix.nullable(),
  /** Why all of it is never blocked by the settings; null where they say nothing of it, or of a part of it only. */
  protectedBy: z.string().nullable(),
  /** Parts of it that are never blocked, where that is not all of it, and why. */
  protectedParts: z.array(z.strictObject({ prefix, why: z.string() })),
  /** Sources in it that have proven themselves within 24 hours: never blocked. */
  knownGood: z.array(
    z.strictObject({
      source: prefix,
      /** When it last did. */
      provenAt: time,
      /** Until when that counts. */
      until: time,
    }),
  ),
  /** Those that stand over any of it, the heaviest first, then the last one that has ended. */
  blocks: z.array(
    z.strictObject({
      ...block,
      /** Null while it stands. */
      endedAt: time.nullable(),
      /** Where it stands; nothing where it has ended. */
      entries: z.array(place),
      sets: z.array(setPlace),
    }),
  ),
  /** Entries of others that deny all of it, in places where the fence writes. */
  foreign: z.array(z.strictObject({ place: z.string(), entry: z.string() })),
  /** Places of which nothing can be told, and why. */
  unread: z.array(z.strictObject({ place: z.string(), problem: z.string() })),
  /** Whether the lists of trusted peers of its family let in all of it. */
  trusted: z.array(
    z.strictObject({
      ...trustedList,
      /** The entry that does, whoever made it; null where none does. */
      heldBy: prefix.nullable(),
      /** Entries that let in a part of it, where none lets in all. */
      parts: z.array(prefix),
      /** Why none does; null where one does. */
      whyNot: z.string().nullable(),
    }),
  ),
  /** Null where the fence has no door. */
  lockdown: z
    .strictObject({
      /** Whether public rules are taken away now. */
      closed: z.boolean(),
      /** Whether they should be, and why. */
      desired: z.boolean(),
      why: z.string(),
    })
    .nullable(),
})

export type WhyDocument = z.infer<typeof whyDocument>
