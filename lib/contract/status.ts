import { z } from 'zod'
import { about, blockClass, entry, mode, time } from './fence.ts'
import { tierDoor } from './lockdown.ts'
import { holding, rule, set } from './tier.ts'

/** `sipfence.status/1`: what `sipfence status --json` prints. */

const networkAcl = z.strictObject({
  id: z.string(),
  /** Rule numbers that are ours, both included. */
  firstRule: z.int(),
  lastRule: z.int(),
  /** Why the ACL cannot be used; null where it can, and then `holds` is there. */
  problem: z.string().nullable(),
  holds: z
    .strictObject({
      /** Entries of ours. */
      own: z.int(),
      /** Entries that are left for us, of each family. */
      free: z.strictObject({ ipv4: z.int(), ipv6: z.int() }),
      /** Entries in our window that are not ours: left alone, and counted against capacity. */
      foreign: z.array(entry),
      /** An allow that is matched before our denials. */
      shadowedBy: entry.nullable(),
      /** Inbound rules that AWS allows for each family. */
      rulesQuota: z.int(),
    })
    .nullable(),
})

const denyingSet = z.strictObject({
  ...set,
  /** Why it cannot be used; null where it can, and then `holds` is there. */
  problem: z.string().nullable(),
  holds: z.strictObject(holding).nullable(),
})

const placed = z.strictObject({
  id: z.string(),
  /** Entries that are desired there, whatever the mode. */
  entries: z.int(),
  refused: z.int(),
  braked: z.string().nullable(),
  problem: z.string().nullable(),
})

const round = z.strictObject({
  at: time,
  mode,
  networkAcls: z.array(placed),
  sets: z.array(placed),
  trusted: z.array(placed),
  /** Null where the fence had no door. */
  lockdown: z
    .strictObject({
      closed: z.boolean(),
      why: z.string(),
      /** Public rules that were taken away then. */
      rules: z.array(rule),
      refused: z.array(z.string()),
      problem: z.string().nullable(),
    })
    .nullable(),
})

const host = z.strictObject({
  host: z.string(),
  /** Of its newest report, by when it came in; null where it has never reported. */
  reported: z
    .strictObject({
      at: time,
      /** It does not see what the PBX sends. */
      halfBlind: z.boolean(),
      /** Share of packets that it lost, 0 to 1. */
      lossFraction: z.number(),
    })
    .nullable(),
})

const incident = z.strictObject({
  /** A ULID, the same that its notices have. */
  id: z.string(),
  kind: z.enum(['attack', 'trouble']),
  since: time,
  /** When it was last seen to go on. */
  last: time,
  /** What a notice of it would say now. */
  subject: z.string(),
  /** When people were last told of it; null where they were not. */
  told: time.nullable(),
})

export const statusDocument = z.strictObject({
  schema: z.literal('sipfence.status/1'),
  ...about,
  mode: z.strictObject({
    inForce: mode,
    /** What the settings file says. */
    settings: mode,
    /** Who set it by hand, which outweighs the settings; null where nobody did. */
    set: z.strictObject({ at: time, by: z.string() }).nullable(),
  }),
  /** Blocks that stand. */
  blocks: z.strictObject({
    total: z.int(),
    byClass: z.record(blockClass, z.int()),
    /** How many of them find no room in a place that should hold them; only such places. */
    noRoom: z.array(z.strictObject({ place: z.string(), blocks: z.int() })),
    /** How many of them find room in none. */
    nowhere: z.int(),
  }),
  /** Attacks and troubles that are not over, as the last round left them. */
  incidents: z.array(incident),
  /** Until when plans pass that the brake would stop, and who said so; null where the brake is on. */
  approval: z.strictObject({ until: time, by: z.string() }).nullable(),
  networkAcls: z.array(networkAcl),
  /** Prefix lists and IP sets that deny. */
  sets: z.array(denyingSet),
  trusted: tierDoor.trusted,
  /** Null where the fence has no door. */
  lockdown: tierDoor.lockdown.nullable(),
  /** Null where there was none yet. */
  lastRound: round.nullable(),
  /** The hosts that should report. */
  hosts: z.array(host),
  /** Messages in each queue, those that are being worked on included. */
  queues: z.strictObject({ reports: z.int(), reportsDead: z.int(), wakeUps: z.int() }),
  /** ARN of the topic that alerts go to. */
  topic: z.string(),
})

export type StatusDocument = z.infer<typeof statusDocument>
