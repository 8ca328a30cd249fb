import { ANY_PROTOCOL, TCP, UDP } from '../../lib/core/entry.ts'
import type { Prefix } from '../../lib/core/prefix.ts'
import { familyOf } from '../../lib/core/prefix.ts'
import type { Permission, SecurityGroupRule } from '../../lib/local/security-group-rule.ts'
import { protocolName } from '../../lib/local/security-group-rule.ts'
import { OWNER_ID } from './describe-network-acls.ts'
import type { DescribedGroup } from './security-group-store.ts'
import { tagSet } from './tag-specifications.ts'
import type { WireObject, WireValue } from './wire-value.ts'

/** A rule of either direction as EC2 shows it. */
export interface ShownRule {
  readonly groupId: string
  readonly egress: boolean
  readonly rule: SecurityGroupRule
}

/** Outbound rules first: which come first is not documented, and who asks for rules gets both. */
export function shownRules({ group, rules }: DescribedGroup): readonly ShownRule[] {
  const { id: groupId } = group
  return [
    ...egressRules(groupId, group.openEgress).map((rule) => ({ groupId, egress: true, rule })),
    ...rules.map((rule) => ({ groupId, egress: false, rule })),
  ]
}

/** The SecurityGroupRule of EC2. */
export function ruleItem({ groupId, egress, rule }: ShownRule): WireObject {
  const { id, source, tags } = rule
  return {
    ...commonItem({ groupId, egress, rule }),
    groupOwnerId: OWNER_ID,
    referencedGroupInfo: source.kind === 'group' ? { groupId: source.id, userId: OWNER_ID } : undefined,
    tagSet: tagSet(tags),
    securityGroupRuleArn: `arn:aws:ec2:eu-west-1:${OWNER_ID}:security-group-rule/${id}`,
  }
}

/** The RevokedSecurityGroupRule of EC2. */
export function revokedItem(shown: ShownRule): WireObject {
  const { source } = shown.rule
  return { ...commonItem(shown), referencedGroupId: source.kind === 'group' ? source.id : undefined }
}

/** The IpPermissions of a group: the sources of one protocol and port range are in one of them. */
export function permissionItems(rules: readonly SecurityGroupRule[]): WireValue {
  const byPorts = new Map<string, SecurityGroupRule[]>()
  for (const rule of rules) {
    const key = `${rule.protocol} ${rule.ports?.from} ${rule.ports?.to}`
    byPorts.set(key, [...(byPorts.get(key) ?? []), rule])
  }
  return [...byPorts.values()].map(permissionItem)
}

function permissionItem(rules: readonly SecurityGroupRule[]): WireValue {
  const { protocol } = rules[0]!
  const prefixes = rules.flatMap(({ source, description }) =>
    source.kind === 'prefix' ? [{ prefix: source.prefix, description }] : [],
  )
  return {
    ipProtocol: protocolName(protocol),
    ...(protocol === ANY_PROTOCOL ? {} : portsItem(rules[0]!)),
    groups: rules.flatMap(({ source, description }) =>
      source.kind === 'group' ? [{ description, userId: OWNER_ID, groupId: source.id }] : [],
    ),
    ipRanges: prefixes.flatMap(({ prefix, description }) =>
      familyOf(prefix) === 4 ? [{ cidrIp: prefix, description }] : [],
    ),
    ipv6Ranges: prefixes.flatMap(({ prefix, description }) =>
      familyOf(prefix) === 6 ? [{ cidrIpv6: prefix, description }] : [],
    ),
    prefixListIds: rules.flatMap(({ source, description }) =>
      source.kind === 'prefixList' ? [{ description, prefixListId: source.id }] : [],
    ),
  }
}

function commonItem({ groupId, egress, rule }: ShownRule): WireObject {
  const { id, protocol, source, description } = rule
  const prefix = source.kind === 'prefix' ? source.prefix : undefined
  return {
    securityGroupRuleId: id,
    groupId,
    isEgress: egress,
    ipProtocol: protocolName(protocol),
    ...portsItem(rule),
    cidrIpv4: prefix !== undefined && familyOf(prefix) === 4 ? prefix : undefined,
    cidrIpv6: prefix !== undefined && familyOf(prefix) === 6 ? prefix : undefined,
    prefixListId: source.kind === 'prefixList' ? source.id : undefined,
    description,
  }
}

/** The examples show -1 and -1 for every protocol; that this is so for all without ports is inferred. */
function portsItem({ protocol, ports }: Permission): { fromPort: number; toPort: number } {
  if (ports !== null) return { fromPort: ports.from, toPort: ports.to }
  const all = protocol === TCP || protocol === UDP
  return { fromPort: all ? 0 : -1, toPort: all ? 65_535 : -1 }
}

function egressRules(groupId: string, families: readonly (4 | 6)[]): readonly SecurityGroupRule[] {
  return families.map((family) => ({
    id: `sgr-${`e${family}${groupId.replace(/^sg-/, '')}`.padEnd(17, '0').slice(0, 17)}`,
    protocol: ANY_PROTOCOL,
    ports: null,
    source: { kind: 'prefix', prefix: (family === 4 ? '0.0.0.0/0' : '::/0') as Prefix },
    tags: {},
  }))
}
