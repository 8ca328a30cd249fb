import type { Entry, PortRange } from './entry.ts'
import { ruleText } from './ingress-rule.ts'
import type { RuleWindow } from './plan-input.ts'
import { bitsOf, covers, type Prefix } from './prefix.ts'
import {
  type LockdownProposal,
  type Openings,
  portsIn,
  proposeLockdown,
  sipOpenings,
} from './sip-openings.ts'
import {
  type AclFound,
  foundOr,
  type NeighbourFound,
  type Surroundings,
  type TargetFound,
} from './surroundings.ts'
import { namesOf, type Obstacle, obstaclesOnTheWay } from './void-blocks.ts'
import { portRanges } from './wanted.ts'
import { entriesBefore, firstAllow, proposeWindow, roomFor } from './window-proposal.ts'

export interface AclProposal {
  readonly id: string
  readonly subnets: readonly string[]
  readonly claimedBy: string | null
  /** Null where every number below the first allow is taken, or there is none below it. */
  readonly window: RuleWindow | null
  /** The allow that the window must lie below; null where nothing lets SIP in. */
  readonly firstAllow: Entry | null
  /** Somebody's entries before that allow: the window goes round them. */
  readonly foreign: readonly Entry[]
  /** Entries that AWS would still take, of each family; null where the quota is unknown. */
  readonly room: Readonly<Record<4 | 6, number>> | null
}

/** What settings would fit an instance, and what stands in their way. */
export interface FenceProposal {
  readonly ports: readonly number[]
  /** Null where the security groups could not be read. */
  readonly openings: Openings | null
  readonly lockdown: LockdownProposal | null
  readonly networkAcls: readonly AclProposal[]
  /** Other instances that carry a security group which lets SIP in here. */
  readonly likelyPbxs: readonly string[]
  /** Why mode enforce would be void; nothing where it would not. */
  readonly obstacles: readonly Obstacle[]
  /** What people should know before they rely on it. */
  readonly warnings: readonly string[]
}

export interface ProposalOptions {
  /** SIP ports that people have named; undefined where it is left to the security groups. */
  readonly ports?: readonly number[] | undefined
  readonly usualPorts: readonly number[]
  readonly usualWindow: RuleWindow
  /** Prefixes that the list of trusted peers holds where there is room. */
  readonly usualEntries: number
}

/** Pure and deterministic: the same surroundings give the same proposal. */
export function proposeFence(surroundings: Surroundings, options: ProposalOptions): FenceProposal {
  const groups = foundOr(surroundings.groups, null)
  const told = portsIn(groups ?? [])
  const ports = options.ports ?? (told.length > 0 ? told : options.usualPorts)
  const ranges = portRanges(ports)
  const openings = groups === null ? null : sipOpenings(groups, ranges)
  const acls = foundOr(surroundings.networkAcls, [])
  const networkAcls = acls.map((acl) => proposeAcl(acl, ranges, surroundings, options))
  const doubts = { ports, isGuess: options.ports === undefined && told.length === 0, openings }
  return {
    ports,
    openings,
    lockdown: groups === null ? null : proposeLockdown(groups, ranges, options.usualEntries),
    networkAcls,
    likelyPbxs: likelyPbxs(foundOr(surroundings.neighbours, []), openings),
    obstacles: [...aclObstacles(surroundings, networkAcls), ...obstaclesOnTheWay(surroundings, ranges)],
    warnings: warningsOf(surroundings, networkAcls, doubts),
  }
}

function proposeAcl(
  { id, subnets, claimedBy, entries }: AclFound,
  ranges: readonly PortRange[],
  { aclQuota, vpcCidrs }: Surroundings,
  { usualWindow }: ProposalOptions,
): AclProposal {
  const ours = foundOr(vpcCidrs, []).map(bitsOf)
  const isOurs = (prefix: Prefix) => ours.some((range) => covers(range, bitsOf(prefix)))
  return {
    id,
    subnets,
    claimedBy,
    window: proposeWindow(entries, ranges, usualWindow, isOurs),
    firstAllow: firstAllow(entries, ranges, isOurs) ?? null,
    foreign: entriesBefore(entries, ranges, isOurs),
    room: aclQuota.kind === 'unknown' ? null : roomFor(entries, aclQuota.value),
  }
}

function aclObstacles({ networkAcls, aclQuota }: Surroundings, acls: readonly AclProposal[]): Obstacle[] {
  if (networkAcls.kind === 'unknown') {
    const why = `the network ACLs could not be read: ${networkAcls.why}`
    return [{ kind: 'unknown', why, next: 'allow ec2:DescribeNetworkAcls and look again' }]
  }
  const quota =
    aclQuota.kind === 'found'
      ? []
      : [
          {
            kind: 'unknown' as const,
            why: `how many rules a network ACL may have could not be read: ${aclQuota.why}`,
            next: 'allow servicequotas:GetServiceQuota and look again',
          },
        ]
  return [...acls.flatMap(aclObstacle), ...quota]
}

function aclObstacle({ id, claimedBy, window, firstAllow: allow, room }: AclProposal): Obstacle[] {
  const reasons: Omit<Obstacle, 'kind'>[] = []
  if (claimedBy !== null)
    reasons.push({
      why: `network ACL ${id} belongs to fence "${claimedBy}" already (tag sipfence:fence)`,
      next: 'add this PBX to that fence, or run sipfence release there first',
    })
  if (window === null)
    reasons.push({
      why: `network ACL ${id} has no free rule number before rule ${allow?.ruleNumber}, which lets SIP in: denials behind it are dead`,
      next: 'move that rule to a higher number: make it anew there, then delete it here',
    })
  if (room !== null && room[4] === 0)
    reasons.push({
      why: `network ACL ${id} has as many IPv4 rules as AWS allows: no denial would fit`,
      next: 'remove rules, or ask AWS for up to 40 rules per network ACL (quota L-2AEEBF1A)',
    })
  return reasons.map((reason) => ({ kind: 'network-acl', ...reason }))
}

/** Who carries a group that lets SIP in is likely a PBX, too; who is not does not need that group. */
function likelyPbxs(neighbours: readonly NeighbourFound[], openings: Openings | null): string[] {
  const groups = new Set(
    [...(openings?.everybody ?? []), ...(openings?.some ?? [])].map(({ group }) => group),
  )
  const alike = neighbours.filter((each) => each.groups.some((group) => groups.has(group)))
  return [...new Set(alike.flatMap(({ instance }) => instance ?? []))].sort()
}

interface Doubts {
  readonly ports: readonly number[]
  /** Whether the ports are the usual ones because nothing told of others. */
  readonly isGuess: boolean
  readonly openings: Openings | null
}

function warningsOf(
  { instance, role, targets }: Surroundings,
  acls: readonly AclProposal[],
  { isGuess, openings, ports }: Doubts,
): string[] {
  return [
    ...(isGuess ? [`${guessText(openings)} which ports SIP is on: name them with --ports`] : []),
    ...openingWarnings(openings),
    ...(portRanges(ports).length > 1 ? [portsWarning(portRanges(ports).length)] : []),
    ...acls.flatMap(({ id, firstAllow: allow, room }) => [
      ...(allow === null ? [`no rule of network ACL ${id} lets SIP in: nobody reaches the PBX`] : []),
      ...(room !== null && room[4] > 0 && room[6] === 0
        ? [`network ACL ${id} has as many IPv6 rules as AWS allows: IPv6 sources would not be denied`]
        : []),
    ]),
    ...foundOr(targets, []).flatMap(targetWarnings),
    ...(role.kind === 'found' && role.value === null
      ? [`${instance.id} has no IAM role: the stack makes an instance profile to give to it`]
      : []),
  ]
}

function portsWarning(ranges: number): string {
  return `these ports are ${ranges} ranges: each block takes ${ranges} entries of a network ACL, ${2 * ranges} where TCP is denied too; name fewer with --ports if the PBX speaks SIP on fewer`
}

function guessText(openings: Openings | null): string {
  return openings === null
    ? 'the security groups could not be read to tell'
    : 'no rule of a security group tells'
}

function openingWarnings(openings: Openings | null): string[] {
  if (openings === null || openings.everybody.length > 0) return []
  if (openings.some.length === 0) return ['no security group lets SIP in: nobody reaches the PBX']
  const rules = openings.some.map(({ group, rule }) => `${group}: ${ruleText(rule)}`).join(', ')
  return [`SIP is not open to the public (${rules}): forged sources outside of these do not reach the PBX`]
}

/** Where the families of client and target differ, the load balancer translates, and its own address is the source. */
function targetWarnings(target: TargetFound): string[] {
  const translates = target.balancers.some(({ type, takesIpv6 }) => type === 'network' && takesIpv6)
  if (translates && !target.isIpv6)
    return [`${namesOf(target)} translates IPv6 for target group ${target.group}: IPv6 sources stay hidden`]
  if (target.balancers.some(({ type }) => type === 'application'))
    return [
      `${namesOf(target)} takes HTTP for target group ${target.group}: for what comes that way there is firewalls.ipSets`,
    ]
  if (target.balancers.some(({ type }) => type === 'gateway'))
    return [`${namesOf(target)} brings packets wrapped in GENEVE, which the sidecar does not look into`]
  return []
}
