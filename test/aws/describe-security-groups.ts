import type { RuleSource } from '../../lib/local/security-group-rule.ts'
import { AwsError } from './aws-error.ts'
import { OWNER_ID } from './describe-network-acls.ts'
import type { FilterTable } from './filters.ts'
import { filtered } from './filters.ts'
import { pageOf } from './pages.ts'
import { textsIn } from './parameters.ts'
import type { ShownRule } from './rule-items.ts'
import { permissionItems, ruleItem, shownRules } from './rule-items.ts'
import type { DescribedGroup, SecurityGroupStore } from './security-group-store.ts'
import { unknownGroup } from './security-group-store.ts'
import { tagSet } from './tag-specifications.ts'
import type { WireObject, WireValue } from './wire-value.ts'

/** DescribeSecurityGroups of the states of `ageMs` ago. One unknown id refuses the whole call. */
export function describeSecurityGroups(
  store: SecurityGroupStore,
  parameters: WireObject,
  ageMs: number,
): WireObject {
  const all = store.described(ageMs)
  const ids = textsIn(parameters, 'GroupId')
  for (const id of ids) if (!all.some(({ group }) => group.id === id)) unknownGroup(id)
  const chosen = ids.length === 0 ? all : all.filter(({ group }) => ids.includes(group.id))
  const { items, nextToken } = pageOf(filtered(chosen, parameters, GROUP_FILTERS), parameters, 'GroupId')
  return { securityGroupInfo: items.map(groupItem), nextToken }
}

/** DescribeSecurityGroupRules of the states of `ageMs` ago: the rules of both directions, unless filtered. */
export function describeSecurityGroupRules(
  store: SecurityGroupStore,
  parameters: WireObject,
  ageMs: number,
): WireObject {
  const all = store.described(ageMs).flatMap(shownRules)
  const ids = textsIn(parameters, 'SecurityGroupRuleId')
  for (const id of ids) if (!all.some(({ rule }) => rule.id === id)) unknownRule(id)
  const chosen = ids.length === 0 ? all : all.filter(({ rule }) => ids.includes(rule.id))
  const found = filtered(chosen, parameters, RULE_FILTERS)
  const { items, nextToken } = pageOf(found, parameters, 'SecurityGroupRuleId')
  return { securityGroupRuleSet: items.map(ruleItem), nextToken }
}

/** Both codes are observed. */
export function unknownRule(id: string): never {
  const known = /^sgr-[0-9a-f]{17}$/.test(id)
  if (!known) throw new AwsError('InvalidSecurityGroupRuleId.Malformed', `Invalid id: "${id.slice(0, 60)}"`)
  const message = `The security group rule ID '${id}' does not exist`
  throw new AwsError('InvalidSecurityGroupRuleId.NotFound', message)
}

/** The documented filters but for those on ports, protocols and outbound rules, which are refused like unknown ones. */
const GROUP_FILTERS: FilterTable<DescribedGroup> = {
  description: ({ description }) => [description],
  'group-id': ({ group }) => [group.id],
  'group-name': ({ name }) => [name],
  'ip-permission.cidr': ({ rules }) => sourcesOf(rules, 'prefix').filter((text) => text.includes('.')),
  'ip-permission.group-id': ({ rules }) => sourcesOf(rules, 'group'),
  'ip-permission.ipv6-cidr': ({ rules }) => sourcesOf(rules, 'prefix').filter((text) => text.includes(':')),
  'ip-permission.prefix-list-id': ({ rules }) => sourcesOf(rules, 'prefixList'),
  'owner-id': () => [OWNER_ID],
  'tag:': ({ tags }, key) => (Object.hasOwn(tags, key) ? [tags[key]!] : []),
  'tag-key': ({ tags }) => Object.keys(tags),
  'vpc-id': ({ vpcId }) => [vpcId],
}

/** The documented filters. */
const RULE_FILTERS: FilterTable<ShownRule> = {
  'group-id': ({ groupId }) => [groupId],
  'security-group-rule-id': ({ rule }) => [rule.id],
  'tag:': ({ rule: { tags } }, key) => (Object.hasOwn(tags, key) ? [tags[key]!] : []),
}

function groupItem(described: DescribedGroup): WireValue {
  const { group, name, description, vpcId, tags, rules } = described
  const egress = shownRules(described).filter((shown) => shown.egress)
  return {
    ownerId: OWNER_ID,
    groupId: group.id,
    groupName: name,
    groupDescription: description,
    vpcId,
    ipPermissions: permissionItems(rules),
    ipPermissionsEgress: permissionItems(egress.map(({ rule }) => rule)),
    tagSet: tagSet(tags),
    securityGroupArn: `arn:aws:ec2:eu-west-1:${OWNER_ID}:security-group/${group.id}`,
  }
}

function sourcesOf(rules: readonly { readonly source: RuleSource }[], kind: RuleSource['kind']): string[] {
  return rules.flatMap(({ source }) => {
    if (source.kind !== kind) return []
    return [source.kind === 'prefix' ? source.prefix : source.id]
  })
}
