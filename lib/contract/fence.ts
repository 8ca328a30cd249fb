import { z } from 'zod'

/** What the documents about a deployed fence share. Times are ISO 8601 in UTC, prefixes are canonical CIDRs. */

export const time = z.iso.datetime()

export const mode = z.enum(['observe', 'enforce', 'off'])

export const blockClass = z.enum(['reflection', 'flood', 'brute-force', 'operator'])

export const entry = z.strictObject({
  ruleNumber: z.int(),
  prefix: z.string(),
  /** 17 UDP, 6 TCP, -1 every protocol. */
  protocol: z.int(),
  /** Null where the entry covers every port. */
  ports: z.strictObject({ from: z.int(), to: z.int() }).nullable(),
  action: z.enum(['allow', 'deny']),
})

export type EntryDocument = z.infer<typeof entry>

/** The fields that each document begins with, `schema` apart. */
export const about = {
  version: z.string(),
  fence: z.string(),
  region: z.string(),
  /** When it was looked at. */
  at: time,
}
