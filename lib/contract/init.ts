import { z } from 'zod'
import { entry, time } from './fence.ts'
import { rule } from './tier.ts'

/**
 * `sipfence.init/1`: what `sipfence init --json` prints. Null is what could not be read; `unknown` then says why. Names and
 * descriptions are people's words.
 */

const ports = z.strictObject({ from: z.int(), to: z.int() })

const networkAcl = z.strictObject({
  id: z.string(),
  /** All its subnets, whether the instance is in them or not: a denial is for all of them. */
  subnets: z.array(z.string()),
  /** The fence that writes to it already; null where none does. */
  claimedBy: z.string().nullable(),
  /** Rule numbers that a fence could have; null where there are none. */
  window: z.strictObject({ firstRule: z.int(), lastRule: z.int() }).nullable(),
  /** The first rule that lets SIP in; null where none does. */
  firstAllow: entry.nullable(),
  /** Entries before it that are there already. */
  foreign: z.array(entry),
  /** Entries that AWS would still take; null where the quota is unknown. */
  room: z.strictObject({ ipv4: z.int(), ipv6: z.int() }).nullable(),
})

export type NetworkAclDocument = z.infer<typeof networkAcl>

const target = z.strictObject({
  group: z.string(),
  protocol: z.string(),
  port: z.int(),
  /** Null where that could not be read. */
  keepsSource: z.boolean().nullable(),
  isIpv6: z.boolean(),
  balancers: z.array(
    z.strictObject({
      arn: z.string(),
      name: z.string(),
      type: z.enum(['network', 'application', 'gateway']),
      takesIpv6: z.boolean(),
    }),
  ),
})

const accelerator = z.strictObject({
  name: z.string(),
  arn: z.string(),
  enabled: z.boolean(),
  /** An instance, the allocation of an Elastic IP, the ARN of a load balancer, or a subnet. */
  endpoint: z.string(),
  keepsSource: z.boolean(),
  ports: z.array(ports),
})

export const initDocument = z.strictObject({
  schema: z.literal('sipfence.init/1'),
  version: z.string(),
  region: z.string(),
  /** When it was looked at. */
  at: time,
  instance: z.strictObject({
    id: z.string(),
    account: z.string(),
    name: z.string().nullable(),
    vpc: z.string(),
    subnets: z.array(z.string()),
    addresses: z.array(z.string()),
    /** Null where it has none. */
    profile: z.string().nullable(),
    /** Null where it has none, or where that could not be read. */
    role: z.string().nullable(),
  }),
  vpcCidrs: z.array(z.string()).nullable(),
  /** Rules that AWS allows, per direction and family. */
  quotas: z.strictObject({ networkAcl: z.int().nullable(), securityGroup: z.int().nullable() }),
  networkAcls: z.array(networkAcl).nullable(),
  /** Whom the security groups let in on SIP ports. */
  openings: z.strictObject({ everybody: z.array(rule), some: z.array(rule) }).nullable(),
  /** What a lockdown could close; `refused` says why it could not as the groups are. */
  lockdown: z
    .strictObject({ groups: z.array(z.string()), maxEntries: z.int(), refused: z.array(z.string()) })
    .nullable(),
  /** Interfaces of others in the subnets of the network ACLs. */
  neighbours: z
    .array(
      z.strictObject({
        id: z.string(),
        subnet: z.string(),
        instance: z.string().nullable(),
        description: z.string(),
        groups: z.array(z.string()),
      }),
    )
    .nullable(),
  /** Instances among them that carry a security group which lets SIP in. */
  likelyPbxs: z.array(z.string()),
  targets: z.array(target).nullable(),
  accelerators: z.array(accelerator).nullable(),
  /** SIP ports that are proposed. */
  ports: z.array(z.int()),
  /** Why mode enforce would be void; nothing where it would not. */
  obstacles: z.array(
    z.strictObject({
      kind: z.enum(['accelerator', 'load-balancer', 'network-acl', 'unknown']),
      why: z.string(),
      next: z.string(),
    }),
  ),
  warnings: z.array(z.string()),
  unknown: z.array(z.strictObject({ what: z.string(), why: z.string() })),
})

export type InitDocument = z.infer<typeof initDocument>
