import type { RuleRequest, SecurityGroupRule } from '../../lib/local/security-group-rule.ts'
import { SecurityGroupError } from '../../lib/local/security-group-rule.ts'
import type { ActionHandler } from './aws-api.ts'
import { AwsError } from './aws-error.ts'
import { unknownRule } from './describe-security-groups.ts'
import { objectsIn, requiredText, textIn, textsIn, wholeIn } from './parameters.ts'
import { revokedItem, ruleItem } from './rule-items.ts'
import type { SecurityGroupStore } from './security-group-store.ts'
import { tagsToMake } from './tag-specifications.ts'
import type { WireObject } from './wire-value.ts'

/**
 * AuthorizeSecurityGroupIngress and RevokeSecurityGroupIngress of groups outside the default VPC, which are named by
 * their ids: SecurityGroup decides, this translates.
 */
export function permissionActions(store: SecurityGroupStore): Readonly<Record<string, ActionHandler>> {
  return {
    AuthorizeSecurityGroupIngress(parameters) {
      const requests = requestsIn(parameters)
      const tags = tagsToMake(parameters, 'security-group-rule')
      const group = store.get(requiredText(parameters, 'GroupId'))
      const added = translated(() => group.authorize(requests, tags))
      return { return: true, securityGroupRuleSet: added.map((rule) => ruleItem(inbound(group.id, rule))) }
    },
    RevokeSecurityGroupIngress(parameters) {
      const group = store.get(requiredText(parameters, 'GroupId'))
      const ids = textsIn(parameters, 'SecurityGroupRuleId')
      const named = ids.length === 0 ? requestsIn(parameters) : []
      if (ids.length > 0 && hasPermissions(parameters)) throw both('rule ids', 'permissions')
      for (const id of ids) if (!group.rules.some((rule) => rule.id === id)) unknownRule(id)
      const gone = translated(() => (ids.length > 0 ? group.revokeById(ids) : group.revoke(named)))
      const items = gone.map((rule) => revokedItem(inbound(group.id, rule)))
      return { return: true, revokedSecurityGroupRuleSet: items }
    },
  }
}

function inbound(groupId: string, rule: SecurityGroupRule) {
  return { groupId, egress: false, rule }
}

function hasPermissions(parameters: WireObject): boolean {
  return ['IpPermissions', 'IpProtocol', 'CidrIp'].some((name) => parameters[name] !== undefined)
}

/** The rules of IpPermissions, or the one that the request itself names. Which code answers none is observed. */
function requestsIn(parameters: WireObject): readonly RuleRequest[] {
  const permissions = objectsIn(parameters, 'IpPermissions')
  const single = parameters['IpProtocol'] !== undefined || parameters['CidrIp'] !== undefined
  if (permissions.length > 0 && single) throw both('IpPermissions', 'the parameters of one rule')
  if (permissions.length > 0) return permissions.flatMap(rulesOf)
  if (!single) throw new AwsError('MissingParameter', 'The request must contain the parameter ipPermissions')
  return [{ ...portsOf(parameters), cidr: textIn(parameters, 'CidrIp') }]
}

/** A permission without a source is one rule without, which the group refuses. */
function rulesOf(permission: WireObject): readonly RuleRequest[] {
  const ports = portsOf(permission)
  const rules = [
    ...sourcesIn(permission, 'IpRanges', 'CidrIp', 'cidr'),
    ...sourcesIn(permission, 'Ipv6Ranges', 'CidrIpv6', 'ipv6Cidr'),
    ...sourcesIn(permission, 'PrefixListIds', 'PrefixListId', 'prefixListId'),
    ...sourcesIn(permission, 'Groups', 'GroupId', 'groupId'),
  ].map((source) => ({ ...ports, ...source }))
  return rules.length > 0 ? rules : [ports]
}

function sourcesIn(
  permission: WireObject,
  list: string,
  name: string,
  key: 'cidr' | 'ipv6Cidr' | 'prefixListId' | 'groupId',
): readonly Partial<RuleRequest>[] {
  return objectsIn(permission, list).map((source) => ({
    [key]: requiredText(source, name),
    description: textIn(source, 'Description'),
  }))
}

function portsOf(permission: WireObject): RuleRequest {
  return {
    protocol: requiredText(permission, 'IpProtocol'),
    ports: { from: wholeIn(permission, 'FromPort'), to: wholeIn(permission, 'ToPort') },
  }
}

/** Inferred. */
function both(one: string, other: string): AwsError {
  return new AwsError('InvalidParameterCombination', `Cannot take both ${one} and ${other}`)
}

function translated<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof SecurityGroupError) throw new AwsError(error.code, error.message)
    throw error
  }
}
