import { z } from 'zod'
import { about, entry, mode } from './fence.ts'
import { lockdownStep, set, setChange, trustedList } from './tier.ts'

/** `sipfence.preview/1`: what `sipfence preview --json` prints. */

const change = z.strictObject({
  kind: z.enum(['add', 'replace', 'remove']),
  entry,
  /** What stands at the number before; null unless it is a replacement. */
  replaced: entry.nullable(),
  why: z.string(),
})

const refused = z.strictObject({
  prefix: z.string(),
  reason: z.enum(['protected', 'covered', 'no-free-entry']),
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
      refused: z.array(refused),
      foreign: z.array(entry),
      shadowedBy: entry.nullable(),
      /** Why none of the changes would be made; null where the brake is off. */
      braked: z.string().nullable(),
    })
    .nullable(),
})

/** What would become of a list; prefixes that are not the fence's are left alone. */
const listPlan = {
  changes: z.array(setChange),
  /** Prefixes of ours that would stay as they are. */
  kept: z.int(),
  capacity: z.int(),
  foreign: z.array(z.string()),
}

const denyingSet = z.strictObject({
  ...set,
  /** Why it cannot be used; null where it can, and then `plan` is there. */
  problem: z.string().nullable(),
  plan: z
    .strictObject({
      ...listPlan,
      refused: z.array(refused),
      /** Why not all of the changes would be made; null where the brake is off. */
      braked: z.string().nullable(),
    })
    .nullable(),
})

const trusted = z.strictObject({
  ...trustedList,
  problem: z.string().nullable(),
  plan: z
    .strictObject({
      ...listPlan,
      /** Trusted sources that it has no room for. */
      left: z.array(z.string()),
      /** Prefixes with nobody left in them that stay, because they are many at once: a person should look. */
      withheld: z.array(z.string()),
      /** Addresses (IPv6: /64s) that it lets in beside those asked for. */
      extra: z.number(),
    })
    .nullable(),
})

const lockdown = z.strictObject({
  /** Whether the door would be closed, and why. */
  closed: z.boolean(),
  why: z.string(),
  /** In the order in which they would be made. */
  steps: z.array(lockdownStep),
  /** Why it would not be closed although it should be. */
  refused: z.array(z.string()),
  /** Whether flows that stand would live on until they time out. */
  tracked: z.boolean(),
  /** Why it cannot be told; null where it can. */
  problem: z.string().nullable(),
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
  sets: z.array(denyingSet),
  trusted: z.array(trusted),
  /** Null where the fence has no door. */
  lockdown: lockdown.nullable(),
})

export type PreviewDocument = z.infer<typeof previewDocument>
