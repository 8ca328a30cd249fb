import type { Entry, PortRange, Protocol } from '../core/entry.ts'
import { ANY_PROTOCOL, TCP, UDP } from '../core/entry.ts'
import type { Family, Prefix } from '../core/prefix.ts'
import { familyOf, parseAddress, prefixOf } from '../core/prefix.ts'

/** One entry of a network ACL, in the direction that it applies to. */
export interface AclEntry extends Entry {
  /** True for traffic that leaves the subnet. */
  readonly egress: boolean
}

/** The parameters of CreateNetworkAclEntry and ReplaceNetworkAclEntry as they arrive, not yet checked. */
export interface AclEntryRequest {
  readonly ruleNumber: number
  readonly egress: boolean
  /** A number, or its decimal text. EC2 refuses names: "tcp" is a convenience of the AWS CLI. */
  readonly protocol: string | number
  readonly action: string
  /** IPv4 CIDR. One of the two is required, and only one. */
  readonly cidr?: string | undefined
  readonly ipv6Cidr?: string | undefined
  readonly ports?: { readonly from?: number | undefined; readonly to?: number | undefined } | null | undefined
  /** Required for ICMP, and for ICMPv6 with an IPv6 CIDR; -1 is every type. */
  readonly icmp?: { readonly type?: number | undefined; readonly code?: number | undefined } | undefined
}

/**
 * Every code is in the list "Error codes for the Amazon EC2 API". Three of them are documented there for
 * network ACLs; the others are documented for any EC2 action, and which of them answers which fault of an
 * entry is either observed (EC2 is on record with it in public bug reports) or inferred from its description.
 */
export type NetworkAclErrorCode =
  /** Documented: the rule number is taken in that direction. */
  | 'NetworkAclEntryAlreadyExists'
  /** Documented: the quota of rules is reached. */
  | 'NetworkAclEntryLimitExceeded'
  /** Documented: there is no entry with that number and direction. */
  | 'InvalidNetworkAclEntry.NotFound'
  /** Observed for an unknown protocol and a malformed CIDR; inferred for rule number, action and ports. */
  | 'InvalidParameterValue'
  /** Inferred: both an IPv4 and an IPv6 CIDR. */
  | 'InvalidParameterCombination'
  /** Observed for a missing ICMP type; inferred for a missing CIDR or port range. */
  | 'MissingParameter'
  /** This ACL's own limit: EC2 takes one ICMP type or code, and an `Entry` has no place for it. */
  | 'UnsupportedOperation'

/** A request that EC2 would refuse with status 400 and this code. It has changed nothing. */
export class NetworkAclError extends Error {
  readonly code: NetworkAclErrorCode

  constructor(code: NetworkAclErrorCode, message: string) {
    super(message)
    this.name = 'NetworkAclError'
    this.code = code
  }
}

const ICMP: Protocol = 1
const ICMPV6: Protocol = 58
const LAST_RULE_NUMBER = 32_766
const LAST_PORT = 65_535

/**
 * The `*` rules: 32767 denies the IPv4 that nothing else matched and 32768 the IPv6, in both directions. EC2
 * shows them with every network ACL and takes no request for them.
 */
export const DEFAULT_DENY: readonly AclEntry[] = [
  everything(32_767, true, '0.0.0.0/0', 'deny'),
  everything(32_768, true, '::/0', 'deny'),
  everything(32_767, false, '0.0.0.0/0', 'deny'),
  everything(32_768, false, '::/0', 'deny'),
]

/** The entries of the network ACL that each VPC starts with (Amazon VPC User Guide, "Default network ACL"). */
export const DEFAULT_ALLOW: readonly AclEntry[] = [
  everything(100, true, '0.0.0.0/0', 'allow'),
  everything(101, true, '::/0', 'allow'),
  everything(100, false, '0.0.0.0/0', 'allow'),
  everything(101, false, '::/0', 'allow'),
]

/** Whether the entry is one of the `*` rules, by number and prefix. */
export function isDefaultDeny({ ruleNumber, prefix }: AclEntry): boolean {
  return DEFAULT_DENY.some((rule) => rule.ruleNumber === ruleNumber && rule.prefix === prefix)
}

/**
 * The entry that EC2 would hold for the request: CIDR in canonical form, no ports where the protocol has none
 * or where they are all of them. Throws a NetworkAclError for anything that EC2 refuses without looking at
 * the ACL.
 */
export function entryOf(request: AclEntryRequest): AclEntry {
  requireRuleNumber(request.ruleNumber)
  const protocol = readProtocol(request.protocol)
  const prefix = readPrefix(request)
  requireAllIcmp(request, protocol, familyOf(prefix))
  return Object.freeze({
    ruleNumber: request.ruleNumber,
    egress: request.egress,
    prefix,
    protocol,
    ports: protocol === TCP || protocol === UDP ? readPorts(request) : null,
    action: readAction(request.action),
  })
}

/** The request that asks for this entry. */
export function requestOf({ prefix, ports, ...entry }: AclEntry): AclEntryRequest {
  const cidr = familyOf(prefix) === 4 ? { cidr: prefix } : { ipv6Cidr: prefix }
  return { ...entry, ...cidr, ports: ports ?? { from: 0, to: LAST_PORT }, icmp: { type: -1, code: -1 } }
}

/** CreateNetworkAclEntry documents 1 to 32766 and reserves the rest; the code for a reserved one is inferred. */
export function requireRuleNumber(ruleNumber: number): void {
  if (Number.isInteger(ruleNumber) && ruleNumber >= 1 && ruleNumber <= LAST_RULE_NUMBER) return
  throw invalid('rule number', ruleNumber, `a whole number from 1 to ${LAST_RULE_NUMBER}`)
}

/** Observed: EC2 answers a protocol name with InvalidParameterValue. */
function readProtocol(value: string | number): Protocol {
  const text = String(value)
  if (/^(-1|0|[1-9]\d{0,2})$/.test(text) && Number(text) <= 255) return Number(text)
  throw invalid('protocol', value, `${ANY_PROTOCOL} or an IANA protocol number`)
}

/** Each CIDR that is sent is read first: an empty one beside a good one is observed to count as malformed. */
function readPrefix({ cidr, ipv6Cidr }: AclEntryRequest): Prefix {
  const four = cidr === undefined ? undefined : readCidr(cidr, 4)
  const six = ipv6Cidr === undefined ? undefined : readCidr(ipv6Cidr, 6)
  if (four !== undefined && six !== undefined) {
    const both = `${four} and ${six}`
    throw new NetworkAclError('InvalidParameterCombination', `Cannot take both ${both}; expected one CIDR`)
  }
  return four ?? six ?? missing('an IPv4 or IPv6 CIDR')
}

/**
 * CreateNetworkAclEntry documents that host bits are cleared (100.68.0.18/18 becomes 100.68.0.0/18); that it
 * does the same for IPv6 is inferred. Observed: a malformed CIDR is an InvalidParameterValue.
 */
function readCidr(text: string, family: Family): Prefix {
  const match = /^([^/]{1,45})\/(0|[1-9]\d{0,2})$/.exec(text)
  const address = parseAddress(match?.[1] ?? '')
  const length = Number(match?.[2])
  const written = text.includes(':') ? 6 : 4
  // An IPv4-mapped address is written as IPv6 and read as IPv4: neither parameter takes it.
  if (written === family && address.ok && familyOf(address.value) === family) {
    if (length <= (family === 4 ? 32 : 128)) return prefixOf(address.value, length)
  }
  throw invalid('CIDR', text, `an IPv${family} address, "/" and a prefix length`)
}

/** PortRange is documented as required for protocols 6 and 17; the codes are inferred. */
function readPorts({ ports }: AclEntryRequest): PortRange | null {
  const from = ports?.from ?? missing('the first port of TCP or UDP')
  const to = ports?.to ?? missing('the last port of TCP or UDP')
  const valid = Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= LAST_PORT
  if (!valid) throw invalid('port range', `${from}-${to}`, `ports from 0 to ${LAST_PORT}, the lower first`)
  return from === 0 && to === LAST_PORT ? null : Object.freeze({ from, to })
}

/** Observed for ICMPv6: a missing type is a MissingParameter. ICMPv6 in an IPv4 CIDR needs none (documented). */
function requireAllIcmp({ icmp }: AclEntryRequest, protocol: Protocol, family: Family): void {
  if (protocol !== ICMP && !(protocol === ICMPV6 && family === 6)) return
  const type = icmp?.type ?? missing('the ICMP type')
  const code = icmp?.code ?? missing('the ICMP code')
  if (type === -1 && code === -1) return
  const wanted = `Cannot hold ICMP type ${type}, code ${code}; expected -1 and -1, which are all of them`
  throw new NetworkAclError('UnsupportedOperation', wanted)
}

/** CreateNetworkAclEntry documents the two values; the code for another is inferred. */
function readAction(action: string): 'allow' | 'deny' {
  if (action === 'allow' || action === 'deny') return action
  throw invalid('action', action, '"allow" or "deny"')
}

function everything(ruleNumber: number, egress: boolean, text: string, action: 'allow' | 'deny'): AclEntry {
  return Object.freeze({
    ruleNumber,
    egress,
    prefix: text as Prefix,
    protocol: ANY_PROTOCOL,
    ports: null,
    action,
  })
}

function invalid(subject: string, value: string | number, expected: string): NetworkAclError {
  const shown = JSON.stringify(String(value).slice(0, 60))
  return new NetworkAclError('InvalidParameterValue', `Cannot take ${subject} ${shown}; expected ${expected}`)
}

function missing(subject: string): never {
  throw new NetworkAclError('MissingParameter', `Cannot take the entry without ${subject}`)
}
