import type { PortRange } from '../../lib/core/entry.ts'
import { TCP, UDP } from '../../lib/core/entry.ts'
import { familyOf } from '../../lib/core/prefix.ts'
import type { AclEntry } from '../../lib/local/acl-entry.ts'
import type { AclState, AclStore } from './acl-store.ts'
import { unknownAcl } from './acl-store.ts'
import type { FilterTable } from './filters.ts'
import { filtered } from './filters.ts'
import { pageOf } from './pages.ts'
import { textsIn } from './parameters.ts'
import type { WireObject, WireValue } from './wire-value.ts'

/** The account of every resource here; AWS's documentation uses the number for examples. */
export const OWNER_ID = '123456789012'

const EVERY_PORT: PortRange = { from: 0, to: 65_535 }
const ICMP = 1
const ICMPV6 = 58

/**
 * DescribeNetworkAcls of the states of `ageMs` ago: all ACLs, or those with the ids, then those that match the
 * filters, then one page of them. One unknown id refuses the whole call (inferred).
 */
export function describeNetworkAcls(store: AclStore, parameters: WireObject, ageMs: number): WireObject {
  const states = store.states(ageMs)
  const ids = textsIn(parameters, 'NetworkAclId')
  for (const id of ids) if (!states.some((state) => state.id === id)) throw unknownAcl(id)
  const chosen = ids.length === 0 ? states : states.filter(({ id }) => ids.includes(id))
  const { items, nextToken } = pageOf(filtered(chosen, parameters, FILTERS), parameters, 'NetworkAclId')
  return { networkAclSet: items.map(aclItem), nextToken }
}

/** The documented filters but for those on entries, which this server refuses like unknown ones. */
const FILTERS: FilterTable<AclState> = {
  'association.association-id': ({ subnetIds }) => subnetIds.map(associationId),
  'association.network-acl-id': ({ subnetIds, id }) => (subnetIds.length > 0 ? [id] : []),
  'association.subnet-id': ({ subnetIds }) => subnetIds,
  default: ({ isDefault }) => [String(isDefault)],
  'network-acl-id': ({ id }) => [id],
  'owner-id': () => [OWNER_ID],
  'tag:': ({ tags }, key) => (tags.has(key) ? [tags.get(key)!] : []),
  'tag-key': ({ tags }) => [...tags.keys()],
  'vpc-id': ({ vpcId }) => [vpcId],
}

/** The elements and their order are those of the example in the DescribeNetworkAcls reference. */
function aclItem({ id, vpcId, isDefault, subnetIds, entries, tags }: AclState): WireValue {
  return {
    networkAclId: id,
    vpcId,
    default: isDefault,
    entrySet: entries.map(entryItem),
    associationSet: subnetIds.map((subnetId) => ({
      networkAclAssociationId: associationId(subnetId),
      networkAclId: id,
      subnetId,
    })),
    tagSet: [...tags].map(([key, value]) => ({ key, value })),
    ownerId: OWNER_ID,
  }
}

/**
 * One entry. TCP and UDP always show a port range, 0 to 65535 for every port; ICMP, and ICMPv6 with an IPv6 CIDR,
 * always show type and code, -1 for every one (inferred from what CreateNetworkAclEntry requires for them).
 */
function entryItem({ ruleNumber, protocol, action, egress, prefix, ports }: AclEntry): WireValue {
  const six = familyOf(prefix) === 6
  const icmp = protocol === ICMP || (protocol === ICMPV6 && six)
  return {
    ruleNumber,
    protocol,
    ruleAction: action,
    egress,
    [six ? 'ipv6CidrBlock' : 'cidrBlock']: prefix,
    icmpTypeCode: icmp ? { code: -1, type: -1 } : undefined,
    portRange: protocol === TCP || protocol === UDP ? { ...(ports ?? EVERY_PORT) } : undefined,
  }
}

function associationId(subnetId: string): string {
  return subnetId.replace(/^subnet-/, 'aclassoc-')
}
