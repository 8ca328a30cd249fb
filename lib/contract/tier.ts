import { z } from 'zod'

/** What the documents about a deployed fence say of prefix lists, IP sets and the lockdown. */

const prefix = z.string()

/** A prefix list or an IP set that denies: prefixes of one family. */
export const set = {
  id: z.string(),
  kind: z.enum(['prefix-list', 'ip-set']),
  family: z.union([z.literal(4), z.literal(6)]),
}

/** A prefix list of trusted peers. */
export const trustedList = { id: set.id, family: set.family }

/** What a list holds, whoever put it there. */
export const holding = {
  /** Prefixes of ours. */
  own: z.int(),
  held: z.int(),
  capacity: z.int(),
  /** Prefixes that are not ours: left alone, and counted against capacity. */
  foreign: z.array(prefix),
}

export const setChange = z.strictObject({ kind: z.enum(['add', 'remove']), prefix, why: z.string() })

/** A rule of a security group, such as `udp 5060 from 0.0.0.0/0`. */
export const rule = z.strictObject({ group: z.string(), rule: z.string() })

export const lockdownStep = z.strictObject({
  kind: z.enum(['authorize', 'revoke']),
  group: z.string(),
  rule: z.string(),
  why: z.string(),
})

/** Where a block stands in a list. */
export const setPlace = z.strictObject({
  set: z.string(),
  /** The prefix of ours there that holds it; null where none does. */
  heldBy: prefix.nullable(),
  /** Why none does, or why that is about to go; null where the block is in force. */
  whyNot: z.string().nullable(),
})
