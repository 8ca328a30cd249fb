import { z } from 'zod'

/** `sipfence.replay/1`: what `sipfence replay --json` prints. Times are ISO 8601 in packet time. */

const time = z.iso.datetime()
const prefix = z.string()
const address = z.string()
const detectorClass = z.enum(['reflection', 'flood', 'brute-force'])

const entry = z.strictObject({
  ruleNumber: z.int(),
  prefix,
  /** 17 UDP, 6 TCP, -1 every protocol. */
  protocol: z.int(),
  ports: z.strictObject({ from: z.int(), to: z.int() }).nullable(),
  action: z.literal('deny'),
})

const evidence = z.strictObject({
  code: z.string(),
  value: z.number(),
  limit: z.number(),
  unit: z.string(),
  points: z.int(),
})

export const replayDocument = z.strictObject({
  schema: z.literal('sipfence.replay/1'),
  version: z.string(),
  mode: z.enum(['enforce', 'observe']),
  /** Addresses that were taken for the PBX's: given, or inferred from the capture. */
  pbx: z.array(address),
  capture: z.strictObject({
    packets: z.int(),
    sipMessages: z.int(),
    /** On a SIP port, looks like SIP, does not parse. */
    malformed: z.int(),
    /** Everything that is not counted: keepalives, STUN, other protocols, frames that cannot be read. */
    ignored: z.int(),
    from: time.nullable(),
    to: time.nullable(),
  }),
  detections: z.array(
    z.strictObject({
      at: time,
      source: prefix.nullable(),
      class: detectorClass,
      proof: z.enum(['none', 'handshake', 'nonce', 'dialog']),
      knownGood: z.boolean(),
      evidence: z.array(evidence),
      why: z.string(),
    }),
  ),
  blocks: z.array(
    z.strictObject({
      id: z.string(),
      prefix,
      scope: z.enum(['sip-udp', 'sip', 'all']),
      class: z.union([detectorClass, z.literal('operator')]),
      origin: z.enum(['detector', 'operator']),
      level: z.int(),
      weight: z.number(),
      from: time,
      until: time,
      endedAt: time.nullable(),
      why: z.string(),
    }),
  ),
  alerts: z.array(z.strictObject({ at: time, kind: z.string(), source: prefix.nullable(), why: z.string() })),
  refused: z.array(z.strictObject({ at: time, source: prefix, why: z.string() })),
  /** Our entries at the end of the capture, and when there were most. */
  entries: z.strictObject({ at: time.nullable(), networkAcl: z.array(entry), peak: z.array(entry) }),
  /** What came of closing the door during the capture; null where nobody asked for it. */
  lockdown: z
    .strictObject({
      /** Null where it was refused, or the capture ended before. */
      closedAt: time.nullable(),
      /** Why it was not closed. */
      refused: z.array(z.string()),
      /** Allowlisted prefixes and known-good sources stand in so many entries of each family. */
      entries: z.strictObject({ ipv4: z.int(), ipv6: z.int() }),
      /** Further addresses (IPv6: /64s) that these let in. */
      extra: z.strictObject({ ipv4: z.int(), ipv6: z.int() }),
      /** Of the dropped packets, those that only the closed door kept away. */
      packetsDropped: z.int(),
    })
    .nullable(),
  effect: z.strictObject({ packetsDropped: z.int(), bytesDropped: z.int(), repliesPrevented: z.int() }),
})

export type ReplayDocument = z.infer<typeof replayDocument>
