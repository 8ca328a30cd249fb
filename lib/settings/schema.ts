import { z } from 'zod'
import { DEFAULTS } from './defaults.ts'
import { firewalls } from './firewalls.ts'
import { alarms, dashboard, existing, notify, ownKey, sidecar } from './stack.ts'
import { address, allowed, count, ec2Id, port, prefix, region, ruleNumber, seconds } from './values.ts'

/** The one schema of `sipfence.json`. The descriptions are what an editor shows, by way of sipfence.schema.json. */

const {
  limits: LIMITS,
  ladders: LADDERS,
  brake: BRAKE,
  window: WINDOW,
  perHostHour: PER_HOST_HOUR,
} = DEFAULTS

const limits = z
  .strictObject({
    challenges10: count
      .default(LIMITS.challenges10)
      .describe('Unfollowed challenges to one source in 10 s that make a reflection'),
    challenges60: count
      .default(LIMITS.challenges60)
      .describe('Unfollowed challenges to one source in 60 s that make a reflection'),
    followUpShare: z
      .number()
      .min(0)
      .max(0.5)
      .default(LIMITS.followUpShare)
      .describe(
        'Share of challenges, 0 to 0.5, from which on being followed up shows that a source is no victim',
      ),
    replies10: count
      .default(LIMITS.replies10)
      .describe('Final replies to one source in 10 s that make a reflection'),
    amplifiedReplies10: count
      .default(LIMITS.amplifiedReplies10)
      .describe('Final replies in 10 s that make a reflection where bytes out are byteRatio times bytes in'),
    byteRatio: count
      .default(LIMITS.byteRatio)
      .describe('Bytes out to bytes in from which on replies amplify'),
    requestsPerSecond: count
      .default(LIMITS.requestsPerSecond)
      .describe('Requests a second that came to nothing, over 10 s, that make a flood'),
    failures600: count
      .default(LIMITS.failures600)
      .describe('Failed logins in 10 minutes, over failedUsers users, that make a brute force'),
    failedUsers: count
      .default(LIMITS.failedUsers)
      .describe('Users over whom failures600 must be spread to make a brute force'),
    failures10: count
      .default(LIMITS.failures10)
      .describe('Failed logins in 10 s, on however few users, that make a brute force'),
  })
  .prefault({})
  .describe('From which numbers on a source is detected; 10, 60 and 600 in the names are seconds')

const ladders = z
  .strictObject({
    unreachableSeconds: z
      .array(seconds.max(3_600))
      .min(1)
      .default([...LADDERS.unreachableSeconds])
      .describe('Seconds that a block lasts, by level, for sources that may be forged; at most an hour'),
    reachableSeconds: z
      .array(seconds)
      .min(1)
      .default([...LADDERS.reachableSeconds])
      .describe(
        'Seconds that a block lasts, by level, for sources that are proven to be there; at most a week',
      ),
    jitterShare: z
      .number()
      .min(0)
      .max(0.2)
      .default(LADDERS.jitterShare)
      .describe('Up to this share, 0 to 0.2, is added to each block at random'),
  })
  .prefault({})
  .describe('How long blocks last')

const networkAcl = z
  .strictObject({
    id: z
      .string()
      .regex(/^acl-[0-9a-f]+$/, 'should be a network ACL id such as "acl-0a1b2c3d"')
      .describe('A network ACL of the PBXs’ subnets'),
    firstRule: ruleNumber
      .default(WINDOW.firstRule)
      .describe('Lowest rule number that is ours; it must lie below the rule that allows SIP'),
    lastRule: ruleNumber.default(WINDOW.lastRule).describe('Highest rule number that is ours'),
  })
  .refine(({ firstRule, lastRule }) => firstRule <= lastRule, 'firstRule should not be above lastRule')

const pbx = z.strictObject({
  id: z.string().min(1).optional().describe('The EC2 instance, such as "i-0123456789abcdef0"'),
  addresses: z
    .array(address)
    .min(1)
    .describe('The PBX’s own addresses, private and public (Elastic IPs too): never blocked'),
})

const perHostHour = z
  .strictObject({
    blocks: count
      .default(PER_HOST_HOUR.blocks)
      .describe('Blocks that one host’s reports may cause in an hour'),
    proofs: count.default(PER_HOST_HOUR.proofs).describe('Proofs that are taken from one host in an hour'),
  })
  .prefault({})
  .describe('What one host may cause within an hour')

const brake = z
  .strictObject({
    newlyCovered: count.default(BRAKE.newlyCovered).describe('Addresses that one round may newly deny'),
    lifted: count.default(BRAKE.lifted).describe('Denials that one round may lift before their time'),
  })
  .prefault({})
  .describe('A round past this refuses itself and raises an alert')

/** What may be said about one fence. */
export const fenceSchema = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,30}$/, 'should be 1 to 31 of a-z, 0-9 and "-", a letter first')
      .describe(
        'Names the fence in its stack, queues and alerts: 1 to 31 of a-z, 0-9 and "-", a letter first',
      ),
    account: z
      .string()
      .regex(/^\d{12}$/, 'should be an AWS account id of 12 digits')
      .optional()
      .describe('AWS account of 12 digits; without it, the account of whoever deploys'),
    region: region.optional().describe('AWS region, such as "eu-west-1"'),
    vpc: ec2Id('vpc', 'VPC').optional().describe('The VPC of the PBXs'),
    vpcCidrs: z.array(prefix).default([]).describe('The VPC’s address ranges: never blocked'),
    stack: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, 'should be the name of a CloudFormation stack')
      .optional()
      .describe('Name of the stack that the fence is a part of; without it, SipFence- and the id'),
    instanceRole: z
      .string()
      .regex(/^[\w+=,.@-]{1,64}$/, 'should be the name of an IAM role, not its ARN')
      .optional()
      .describe(
        'Name of the PBX instances’ IAM role; without it, the stack makes one with an instance profile',
      ),
    mode: z
      .enum(['observe', 'enforce'])
      .default(DEFAULTS.mode)
      .describe('"observe" decides and tells; "enforce" changes firewalls too'),
    pbxs: z.array(pbx).default([]).describe('The PBXs that the fence protects'),
    allow: z
      .array(allowed)
      .default([])
      .describe(
        'Addresses and prefixes that are never blocked: carriers, offices, monitoring; none wider than a /8, or for IPv6 than a /16',
      ),
    healthCheckers: z.array(prefix).default([]).describe('Who watches the PBXs: never blocked'),
    ports: z
      .array(port)
      .min(1)
      .max(20)
      .default([...DEFAULTS.ports])
      .describe('UDP and TCP ports on which the PBXs speak SIP'),
    networkAcls: z
      .array(networkAcl)
      .default([])
      .describe(
        'Network ACLs of the PBXs’ subnets, each with the rule numbers that are ours; each in one fence, once',
      ),
    firewalls,
    limits,
    learningSeconds: z
      .number()
      .min(0)
      .max(86_400)
      .default(DEFAULTS.learningSeconds)
      .describe('Seconds for which a fence that knows nobody blocks reflection only'),
    ladders,
    perHostHour,
    reserve: z
      .int()
      .min(0)
      .max(38)
      .default(DEFAULTS.reserve)
      .describe('Entries of each IP family that are left free for people'),
    brake,
    notify,
    alarms,
    dashboard,
    ownKey,
    existing,
    sidecar: sidecar.optional(),
  })
  .describe('One VPC’s PBXs and what protects them')

/** The whole file. */
export const settingsSchema = z
  .strictObject({
    $schema: z.string().optional().describe('Where editors find this schema'),
    version: z.literal(1, { error: 'should be 1' }).describe('Version of this format'),
    fences: z.array(fenceSchema).min(1).describe('Each fence becomes one stack'),
  })
  .superRefine(({ fences }, context) => {
    for (const { path, message } of [...usedTwice(fences), ...sharedAcls(fences), ...sharedGroups(fences)])
      context.addIssue({ code: 'custom', path: [...path], message })
  })
  .describe('Settings of sipfence')

type Fence = z.output<typeof fenceSchema>

interface Clash {
  readonly path: readonly (string | number)[]
  readonly message: string
}

function usedTwice(fences: readonly Fence[]): Clash[] {
  return fences.flatMap(({ id }, index) =>
    fences.findIndex((other) => other.id === id) === index
      ? []
      : [{ path: ['fences', index, 'id'], message: 'is used twice' }],
  )
}

/** Something that belongs to one fence, where it is named. */
interface Named {
  readonly id: string
  /** Index of the fence. */
  readonly owner: number
  readonly path: Clash['path']
}

/** The tag `sipfence:fence` of a network ACL has room for one fence, whatever rule numbers each would write. */
function sharedAcls(fences: readonly Fence[]): Clash[] {
  const acls = fences.flatMap(({ networkAcls }, owner) =>
    networkAcls.map(({ id }, j): Named => ({ id, owner, path: ['fences', owner, 'networkAcls', j, 'id'] })),
  )
  return namedTwice(acls, 'network ACL', fences)
}

/** What one fence's lockdown takes out of a security group, another's would not know of, and could not put back. */
function sharedGroups(fences: readonly Fence[]): Clash[] {
  const groups = fences.flatMap(({ firewalls: { trustedPeers } }, owner) =>
    (trustedPeers?.securityGroups ?? []).map((id, j): Named => {
      const path = ['fences', owner, 'firewalls', 'trustedPeers', 'securityGroups', j]
      return { id, owner, path }
    }),
  )
  return namedTwice(groups, 'security group', fences)
}

function namedTwice(things: readonly Named[], what: string, fences: readonly Fence[]): Clash[] {
  return things.flatMap(({ id, owner, path }, index) => {
    const first = things.findIndex((other) => other.id === id)
    if (first === index) return []
    const before = things[first]!.owner
    const message =
      before === owner
        ? `should be named once; "${id}" is named before`
        : `should be a ${what} of no other fence; "${id}" belongs to fence "${fences[before]!.id}"`
    return [{ path, message }]
  })
}
