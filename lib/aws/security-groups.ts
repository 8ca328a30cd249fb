import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeManagedPrefixListsCommand,
  type EC2Client,
  type IpPermission,
  paginateDescribeNetworkInterfaces,
  paginateDescribeSecurityGroupRules,
  paginateDescribeSecurityGroups,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2'
import { ANY_PROTOCOL, type Protocol, TCP, UDP } from '../core/entry.ts'
import type { IngressRule, RuleSource } from '../core/ingress-rule.ts'
import type { GroupState, LockdownStep } from '../core/lockdown.ts'
import { type Family, familyOf, parsePrefix } from '../core/prefix.ts'
import type { SecurityGroups, StepOutcome } from '../lockdown.ts'
import { failureOf, tellError } from './aws-errors.ts'

export interface SecurityGroupsOptions {
  /** Ids of the PBXs' instances; every group on each of their interfaces counts. */
  readonly instances: readonly string[]
  /** Groups that may be written to. */
  readonly ours: readonly string[]
  readonly ec2: EC2Client
  /** Inbound rules that AWS allows in a group, of each family; undefined where that cannot be told now. */
  readonly rulesQuota: () => Promise<number | undefined>
}

const HEAVIEST_OF_AWS = 55
/** The default quota of rules per security group, direction and family. */
const LEAST_QUOTA = 60
const NUMBERS: Readonly<Record<string, Protocol>> = {
  tcp: TCP,
  udp: UDP,
  icmp: 1,
  icmpv6: 58,
  '-1': ANY_PROTOCOL,
}
const NAMES = new Map(Object.entries(NUMBERS).map(([name, number]) => [number, name]))

/** EC2's security groups on the interfaces of the PBXs: all rules are allows, and those of all groups count together. */
export class PbxSecurityGroups implements SecurityGroups {
  readonly #options: SecurityGroupsOptions

  constructor(options: SecurityGroupsOptions) {
    this.#options = options
  }

  async read(): Promise<readonly GroupState[]> {
    const { ec2, ours, rulesQuota } = this.#options
    const ids = await this.#groupsInUse()
    const opensOut = await this.#openingOut(ids)
    const rules = await this.#rulesOf(ids)
    const weights = await listWeights(ec2, rules)
    const quota = (await rulesQuota()) ?? LEAST_QUOTA
    return ids.map((id) => {
      const inbound = rules.filter(({ GroupId }) => GroupId === id)
      return {
        id,
        rules: inbound.map(ruleOf),
        weight: { 4: weightOf(inbound, 4, weights), 6: weightOf(inbound, 6, weights) },
        rulesQuota: quota,
        opensOut: opensOut.get(id)!,
        isOurs: ours.includes(id),
      }
    })
  }

  async apply({ kind, group, rule }: LockdownStep): Promise<StepOutcome> {
    try {
      return kind === 'revoke' ? await this.#revoke(group, rule) : await this.#authorize(group, rule)
    } catch (error) {
      return outcomeOf(error, kind)
    }
  }

  async #authorize(group: string, rule: IngressRule): Promise<StepOutcome> {
    const Tags = Object.entries(rule.tags).map(([Key, Value]) => ({ Key, Value }))
    const tagged = { TagSpecifications: [{ ResourceType: 'security-group-rule' as const, Tags }] }
    await this.#options.ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: group,
        IpPermissions: [permissionOf(rule)],
        ...(Tags.length === 0 ? {} : tagged),
      }),
    )
    return { kind: 'done' }
  }

  /** Without the description, which need not match. In a default VPC what is not there is no error, but is told of. */
  async #revoke(group: string, rule: IngressRule): Promise<StepOutcome> {
    const IpPermissions = [permissionOf({ ...rule, description: '' })]
    const command = new RevokeSecurityGroupIngressCommand({ GroupId: group, IpPermissions })
    const { UnknownIpPermissions: unknown = [] } = await this.#options.ec2.send(command)
    return { kind: unknown.length > 0 ? 'already' : 'done' }
  }

  /** Throws where an instance has no interface: nothing is inferred from an empty answer. */
  async #groupsInUse(): Promise<string[]> {
    const { ec2, instances } = this.#options
    const ids = new Set<string>()
    const found = new Set<string>()
    const Filters = [{ Name: 'attachment.instance-id', Values: [...instances] }]
    for await (const { NetworkInterfaces = [] } of paginateDescribeNetworkInterfaces(
      { client: ec2, pageSize: 1_000 },
      { Filters },
    )) {
      for (const { Attachment, Groups = [] } of NetworkInterfaces) {
        found.add(Attachment?.InstanceId ?? '')
        for (const { GroupId } of Groups) if (GroupId !== undefined) ids.add(GroupId)
      }
    }
    const missing = instances.filter((id) => !found.has(id))
    if (missing.length === 0) return [...ids].sort()
    throw new Error(`Cannot read the security groups of ${missing.join(', ')}: EC2 shows no interface of it`)
  }

  /** Which of them let everything out to everywhere, over which family. */
  async #openingOut(ids: readonly string[]): Promise<ReadonlyMap<string, Record<Family, boolean>>> {
    const found = new Map<string, Record<Family, boolean>>()
    const pages = paginateDescribeSecurityGroups({ client: this.#options.ec2 }, { GroupIds: [...ids] })
    for await (const { SecurityGroups = [] } of pages) {
      for (const { GroupId = '', IpPermissionsEgress = [] } of SecurityGroups) {
        const all = IpPermissionsEgress.filter(({ IpProtocol }) => IpProtocol === '-1')
        found.set(GroupId, {
          4: all.some(({ IpRanges = [] }) => IpRanges.some(({ CidrIp }) => CidrIp === '0.0.0.0/0')),
          6: all.some(({ Ipv6Ranges = [] }) => Ipv6Ranges.some(({ CidrIpv6 }) => CidrIpv6 === '::/0')),
        })
      }
    }
    const missing = ids.filter((id) => !found.has(id))
    if (missing.length === 0) return found
    throw new Error(`Cannot read security groups ${missing.join(', ')}: EC2 answered without them`)
  }

  /** Inbound rules of all the groups. */
  async #rulesOf(ids: readonly string[]): Promise<SecurityGroupRule[]> {
    const rules: SecurityGroupRule[] = []
    const Filters = [{ Name: 'group-id', Values: [...ids] }]
    const pages = paginateDescribeSecurityGroupRules({ client: this.#options.ec2 }, { Filters })
    for await (const { SecurityGroupRules } of pages) {
      if (SecurityGroupRules === undefined)
        throw new Error('Cannot read security group rules: EC2 answered without them')
      rules.push(...SecurityGroupRules)
    }
    return rules.filter(({ IsEgress }) => IsEgress === false)
  }
}

/** Duplicates and what is not there: reads lag, an answer got lost, or somebody was faster. It is as it should be. */
function outcomeOf(error: unknown, kind: LockdownStep['kind']): StepOutcome {
  const failure = failureOf(error)
  if (failure === 'no-group') return { kind: 'gone' }
  if (failure === (kind === 'authorize' ? 'already-exists' : 'not-found')) return { kind: 'already' }
  return { kind: 'failed', reason: tellError(error) }
}

/**
 * What each list that is referred to counts: the entries that it may hold. AWS's own lists do not say; the heaviest counts
 * 55 ("Available AWS-managed prefix lists", Amazon VPC User Guide).
 */
async function listWeights(ec2: EC2Client, rules: readonly SecurityGroupRule[]) {
  const ids = [...new Set(rules.flatMap(({ PrefixListId }) => PrefixListId ?? []))]
  if (ids.length === 0) return new Map<string, { family: Family; weight: number }>()
  const { PrefixLists = [] } = await ec2.send(new DescribeManagedPrefixListsCommand({ PrefixListIds: ids }))
  return new Map(
    PrefixLists.map(({ PrefixListId = '', AddressFamily, MaxEntries = HEAVIEST_OF_AWS }) => {
      const family: Family = AddressFamily === 'IPv6' ? 6 : 4
      return [PrefixListId, { family, weight: MaxEntries }]
    }),
  )
}

function weightOf(
  rules: readonly SecurityGroupRule[],
  family: Family,
  lists: ReadonlyMap<string, { readonly family: Family; readonly weight: number }>,
): number {
  return rules.reduce((sum, { PrefixListId, CidrIpv4, CidrIpv6 }) => {
    const list = PrefixListId === undefined ? undefined : lists.get(PrefixListId)
    if (list !== undefined) return sum + (list.family === family ? list.weight : 0)
    if (CidrIpv4 !== undefined || CidrIpv6 !== undefined)
      return sum + ((CidrIpv4 === undefined ? 6 : 4) === family ? 1 : 0)
    return sum + 1
  }, 0)
}

function ruleOf(rule: SecurityGroupRule): IngressRule {
  const { GroupId, IpProtocol = '', FromPort = -1, ToPort = -1, Description = '', Tags = [] } = rule
  const protocol = NUMBERS[IpProtocol] ?? Number(IpProtocol)
  if (!Number.isInteger(protocol))
    throw new Error(`Cannot read security group ${GroupId}: a rule has protocol "${IpProtocol}"`)
  const hasPorts =
    (protocol === TCP || protocol === UDP) && FromPort >= 0 && !(FromPort === 0 && ToPort === 65_535)
  // What AWS itself has put on a rule cannot be put on another by us.
  const own = Tags.filter(({ Key = '' }) => !Key.startsWith('aws:'))
  return {
    protocol,
    ports: hasPorts ? { from: FromPort, to: ToPort } : null,
    source: sourceOf(rule),
    description: Description,
    tags: Object.fromEntries(own.map(({ Key = '', Value = '' }) => [Key, Value])),
  }
}

function sourceOf({
  GroupId,
  CidrIpv4,
  CidrIpv6,
  PrefixListId,
  ReferencedGroupInfo,
}: SecurityGroupRule): RuleSource {
  if (PrefixListId !== undefined) return { kind: 'prefix-list', id: PrefixListId }
  const group = ReferencedGroupInfo?.GroupId
  if (group !== undefined) return { kind: 'group', id: group }
  const parsed = parsePrefix(CidrIpv4 ?? CidrIpv6 ?? '')
  if (parsed.ok) return { kind: 'prefix', prefix: parsed.value }
  throw new Error(
    `Cannot read security group ${GroupId}: a rule is for neither a CIDR, a group nor a prefix list`,
  )
}

function permissionOf({ protocol, ports, source, description }: IngressRule): IpPermission {
  const hasPorts = protocol === TCP || protocol === UDP
  const { from, to } = ports ?? (hasPorts ? { from: 0, to: 65_535 } : { from: -1, to: -1 })
  const range = { FromPort: from, ToPort: to }
  const IpProtocol = NAMES.get(protocol) ?? String(protocol)
  const described = description === '' ? {} : { Description: description }
  if (source.kind === 'prefix-list')
    return { IpProtocol, ...range, PrefixListIds: [{ PrefixListId: source.id, ...described }] }
  if (source.kind === 'group')
    return { IpProtocol, ...range, UserIdGroupPairs: [{ GroupId: source.id, ...described }] }
  if (familyOf(source.prefix) === 4)
    return { IpProtocol, ...range, IpRanges: [{ CidrIp: source.prefix, ...described }] }
  return { IpProtocol, ...range, Ipv6Ranges: [{ CidrIpv6: source.prefix, ...described }] }
}
