import { z } from 'zod'
import { about, mode, time } from './fence.ts'

/**
 * `sipfence.notice/1`: what programs get of a notice by the fence's topic. Every text in it is printable ASCII without
 * what mail and chat would take for markup: what the wire chose is escaped.
 */

const source = z.strictObject({
  prefix: z.string(),
  /** Packets a second that its block keeps away. */
  weight: z.number(),
  until: time,
  why: z.string().max(240),
})

/** A network ACL, prefix list or IP set, as the round has left it; all blocks count, of whatever class. */
const place = z.strictObject({
  id: z.string(),
  /** Blocks or entries that are desired there, whatever the mode. */
  entries: z.int(),
  /** Blocks that have no entry there. */
  without: z.int(),
  /** What could not be done there; null where all was. */
  problem: z.string().nullable(),
  /** Why some of it waits for a person; null where nothing does. */
  braked: z.string().nullable(),
})

const common = {
  schema: z.literal('sipfence.notice/1'),
  ...about,
  /** A ULID; it stays from opened to closed. A notice may come twice: the same incident, state and sources. */
  incident: z.string(),
  state: z.enum(['opened', 'changed', 'closed']),
  severity: z.enum(['info', 'warning', 'critical']),
  /** What a mail's subject says, and the first line of everything else. */
  subject: z.string().max(100),
  since: time,
  /** When it was last seen to go on. */
  last: time,
  /** Why people are told again; empty but for state changed. */
  changes: z.array(z.enum(['sources', 'mode', 'without', 'failing', 'braked'])),
  /** Too many notices within the hour: further ones are held back. */
  heldBack: z.boolean(),
  /** Where it is told what to do: the runbook of the settings, and the name of the article. */
  runbook: z.string(),
  /** What people may want to do now. */
  next: z.array(z.string()).max(5),
}

const attack = z.strictObject({
  ...common,
  kind: z.literal('attack'),
  class: z.enum(['reflection', 'flood', 'brute-force']),
  mode,
  /** Sources that are blocked now, and the most at one time; in observe those that would be. */
  sources: z.strictObject({ now: z.int(), peak: z.int() }),
  /** When the last of these blocks ends, unless it is extended; null where none stands. */
  until: time.nullable(),
  /** The heaviest ones. */
  heaviest: z.array(source).max(5),
  places: z.array(place).max(6),
})

const trouble = z.strictObject({
  ...common,
  kind: z.literal('trouble'),
  /** The kind of the alert. */
  alert: z.string(),
  /** The host or the firewall that it is about; null where it is about none. */
  host: z.string().nullable(),
  /** The first sources that it is about. */
  sources: z.array(z.string()).max(20),
  why: z.string().max(240),
})

export const noticeDocument = z.discriminatedUnion('kind', [attack, trouble])

export type NoticeDocument = z.infer<typeof noticeDocument>
export type AttackDocument = z.infer<typeof attack>
export type TroubleDocument = z.infer<typeof trouble>
