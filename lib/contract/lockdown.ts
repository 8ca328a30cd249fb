import { z } from 'zod'
import { about, mode, time } from './fence.ts'
import { holding, lockdownStep, rule, trustedList } from './tier.ts'

/** `sipfence.lockdown/1`: what `sipfence lockdown --json` prints. */

/** A list of trusted peers, and what a round would make of it. */
const trusted = z.strictObject({
  ...trustedList,
  /** Why the list cannot be used; null where it can, and then `holds` is there. */
  problem: z.string().nullable(),
  holds: z
    .strictObject({
      ...holding,
      /** Prefixes that it holds after the next round. */
      wanted: z.int(),
      /** Known-good sources that belong in it. */
      knownGood: z.int(),
      /** Prefixes of the settings that belong in it beside them. */
      settings: z.int(),
      /** All of these. */
      sources: z.int(),
      /** Those of them that it has no room for. */
      left: z.array(z.string()),
    })
    .nullable(),
})

export type TrustedDocument = z.infer<typeof trusted>

/** How the door should stand and how it does. */
const door = z.strictObject({
  /** Whether it should be closed now, and why. */
  closed: z.boolean(),
  why: z.string(),
  /** Public rules that are taken away now. */
  rules: z.array(rule),
  /** What a round would do now. */
  steps: z.array(lockdownStep),
  /** Why it is not closed although it should be. */
  refused: z.array(z.string()),
  /** Why it cannot be told; null where it can. */
  problem: z.string().nullable(),
  /** What kept the last round from closing it; nothing where it did not have to, or did. */
  lastRefused: z.array(z.string()),
})

export type DoorDocument = z.infer<typeof door>

export const tierDoor = { trusted: z.array(trusted), lockdown: door }

export const lockdownDocument = z.strictObject({
  schema: z.literal('sipfence.lockdown/1'),
  ...about,
  mode,
  /** What people want: what holds while nobody closes it by hand, and until when somebody has. */
  wish: z.strictObject({
    standing: z.enum(['off', 'auto']),
    closedUntil: time.nullable(),
    /** Whether it may be closed by hand although nobody is known-good. */
    allowlistOnly: z.boolean(),
    /** Who said so; null where nobody has said anything. */
    set: z.strictObject({ at: time, by: z.string() }).nullable(),
  }),
  /** Outside which `auto` closes the door; null where the settings have none. */
  officeHours: z.string().nullable(),
  ...tierDoor,
  /** Hosts that have never reported, or not for minutes: whoever they alone know is not among the trusted. */
  silentHosts: z.array(z.strictObject({ host: z.string(), reported: time.nullable() })),
  /** When the last round was; null where there was none yet. */
  lastRound: time.nullable(),
  /** What closing would do, were it asked for now in mode enforce. */
  closing: z.strictObject({
    /** Public rules that would be taken away beside those that are. */
    rules: z.array(rule),
    refused: z.array(z.string()),
    /** Whether flows that stand would live on until they time out. */
    tracked: z.boolean(),
    /** Why it cannot be told; null where it can. */
    problem: z.string().nullable(),
  }),
})

export type LockdownDocument = z.infer<typeof lockdownDocument>
