import type { PortRange, Protocol } from '../core/entry.ts'
import { ANY_PROTOCOL, TCP, UDP } from '../core/entry.ts'
import type { Family, Prefix } from '../core/prefix.ts'
import { familyOf, parseAddress, prefixOf } from '../core/prefix.ts'

/** Whom a rule lets in: a network, the networks of a prefix list, or the members of a security group. */
export type RuleSource =
  | { readonly kind: 'prefix'; readonly prefix: Prefix }
  | { readonly kind: 'prefixList'; readonly id: string }
  | { readonly kind: 'group'; readonly id: string }

/** What a rule lets in. No two rules of a group have the same. */
export interface Permission {
  readonly protocol: Protocol
  /** Null where the protocol has no ports, or where the rule covers every port. */
  readonly ports: PortRange | null
  readonly source: RuleSource
}

/** One inbound rule of a security group. */
export interface SecurityGroupRule extends Permission {
  /** Of the form `sgr-` and 17 hexadecimal digits. */
  readonly id: string
  /** Absent where nobody gave one. */
  readonly description?: string | undefined
  readonly tags: Readonly<Record<string, string>>
}

/** One rule as AuthorizeSecurityGroupIngress and RevokeSecurityGroupIngress name it, not yet checked. */
export interface RuleRequest {
  /** A number, its decimal text, or tcp, udp, icmp or icmpv6. */
  readonly protocol: string | number
  readonly ports?: { readonly from?: number | undefined; readonly to?: number | undefined } | null | undefined
  /** One of the four, and only one. */
  readonly cidr?: string | undefined
  readonly ipv6Cidr?: string | undefined
  readonly prefixListId?: string | undefined
  readonly groupId?: string | undefined
  readonly description?: string | undefined
}

/** What a request asks for, read. */
export interface WantedRule extends Permission {
  readonly description?: string | undefined
}

/** Codes of EC2. Those called documented are in its list "Error codes for the Amazon EC2 API". */
export type SecurityGroupErrorCode =
  /** Documented: the rule is there already. */
  | 'InvalidPermission.Duplicate'
  /** Documented: no such rule. */
  | 'InvalidPermission.NotFound'
  /** Documented: the quota of rules is reached. */
  | 'RulesPerSecurityGroupLimitExceeded'
  /** Documented: no such group, the one of the request or the one that a rule refers to. */
  | 'InvalidGroup.NotFound'
  /** Observed: a rule refers to a prefix list that is not there. */
  | 'InvalidPrefixListID.NotFound'
  /** Observed: no rule of that id. */
  | 'InvalidSecurityGroupRuleId.NotFound'
  /** Observed for protocols, ports, CIDRs, descriptions, and a rule that is twice in one request. */
  | 'InvalidParameterValue'
  /** Inferred: two sources in one. */
  | 'InvalidParameterCombination'
  /** Observed: no source. */
  | 'MissingParameter'
  /** This group's own limit: EC2 takes one ICMP type or code, and a rule has no place for it. */
  | 'UnsupportedOperation'

/** A request that EC2 would refuse with status 400 and this code. It has changed nothing. */
export class SecurityGroupError extends Error {
  readonly code: SecurityGroupErrorCode

  constructor(code: SecurityGroupErrorCode, message: string) {
    super(message)
    this.name = 'SecurityGroupError'
    this.code = code
  }
}

export const ICMP: Protocol = 1
export const ICMPV6: Protocol = 58
const LAST_PORT = 65_535

const PROTOCOL_NAMES: Readonly<Record<string, Protocol>> = { tcp: TCP, udp: UDP, icmp: ICMP, icmpv6: ICMPV6 }

/** Observed: EC2 shows the four protocols that it knows by their names, and the others by number. */
export function protocolName(protocol: Protocol): string {
  return Object.keys(PROTOCOL_NAMES).find((name) => PROTOCOL_NAMES[name] === protocol) ?? String(protocol)
}

/** Throws for what EC2 refuses without looking at the group. */
export function wantedRule(request: RuleRequest): WantedRule {
  const protocol = readProtocol(request.protocol)
  const source = readSource(request)
  const ports = readPorts(protocol, request)
  const { description } = request
  if (description === undefined) return { protocol, ports, source }
  return { protocol, ports, source, description: readDescription(description) }
}

/** The request that asks for this rule. */
export function ruleRequestOf({ protocol, ports, source, description }: WantedRule): RuleRequest {
  const icmp = protocol === ICMP || protocol === ICMPV6
  const all = icmp ? { from: -1, to: -1 } : { from: 0, to: LAST_PORT }
  return { protocol, ports: ports ?? all, ...sourceRequest(source), description }
}

/** The same for two permissions that EC2 takes for one; descriptions and tags do not count. */
export function permissionKey({ protocol, ports, source }: Permission): string {
  const range = ports === null ? 'every port' : `ports ${ports.from} to ${ports.to}`
  return `protocol ${protocol}, ${range}, from ${source.kind === 'prefix' ? source.prefix : source.id}`
}

function sourceRequest(source: RuleSource): Partial<RuleRequest> {
  if (source.kind === 'prefixList') return { prefixListId: source.id }
  if (source.kind === 'group') return { groupId: source.id }
  return familyOf(source.prefix) === 4 ? { cidr: source.prefix } : { ipv6Cidr: source.prefix }
}

function readProtocol(value: string | number): Protocol {
  const text = String(value).toLowerCase()
  if (Object.hasOwn(PROTOCOL_NAMES, text)) return PROTOCOL_NAMES[text]!
  if (/^(-1|0|[1-9]\d{0,2})$/.test(text) && Number(text) <= 255) return Number(text)
  throw invalid('protocol', value, `${ANY_PROTOCOL}, tcp, udp, icmp, icmpv6 or an IANA protocol number`)
}

function readSource({ cidr, ipv6Cidr, prefixListId, groupId }: RuleRequest): RuleSource {
  const sources: RuleSource[] = []
  if (cidr !== undefined) sources.push({ kind: 'prefix', prefix: readCidr(cidr, 4) })
  if (ipv6Cidr !== undefined) sources.push({ kind: 'prefix', prefix: readCidr(ipv6Cidr, 6) })
  if (prefixListId !== undefined) sources.push({ kind: 'prefixList', id: prefixListId })
  if (groupId !== undefined) sources.push({ kind: 'group', id: groupId })
  const [source, second] = sources
  if (second !== undefined) {
    throw new SecurityGroupError('InvalidParameterCombination', 'Cannot take two sources in one rule')
  }
  if (source !== undefined) return source
  throw new SecurityGroupError('MissingParameter', 'Cannot take a rule without a CIDR, prefix list or group')
}

/** Documented (IpRange and Ipv6Range): EC2 clears host bits. */
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

/**
 * Documented (IpPermission): a range is required for TCP, UDP and ICMP, for ICMP as type and code; ICMPv6 without one
 * is every type; every other protocol has no ports whatever the request says.
 */
function readPorts(protocol: Protocol, { ports }: RuleRequest): PortRange | null {
  if (protocol === ICMP || protocol === ICMPV6) return readIcmp(protocol, ports ?? {})
  if (protocol !== TCP && protocol !== UDP) return null
  const { from, to } = ports ?? {}
  const shown = `${from ?? 'no port'} to ${to ?? 'no port'}`
  if (from === undefined || to === undefined) throw invalid('ports', shown, 'both ports of TCP or UDP')
  const valid = Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= LAST_PORT
  if (!valid) throw invalid('ports', shown, `ports from 0 to ${LAST_PORT}, the lower first`)
  return from === 0 && to === LAST_PORT ? null : Object.freeze({ from, to })
}

function readIcmp(protocol: Protocol, { from, to }: NonNullable<RuleRequest['ports']>): null {
  if (protocol === ICMP && (from === undefined || to === undefined)) {
    throw invalid('ports', 'none', 'type and code of ICMP, -1 and -1 for all of them')
  }
  if ((from ?? -1) === -1 && (to ?? -1) === -1) return null
  const one = `Cannot hold ICMP type ${from}, code ${to}; expected -1 and -1, which are all of them`
  throw new SecurityGroupError('UnsupportedOperation', one)
}

/** Documented (IpRange): up to 255 of these characters. Observed: "&" is among them. */
function readDescription(text: string): string {
  if (/^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{0,255}$/.test(text)) return text
  throw invalid('description', text, 'up to 255 of a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{}!$*')
}

function invalid(subject: string, value: string | number, expected: string): SecurityGroupError {
  const shown = JSON.stringify(String(value).slice(0, 60))
  return new SecurityGroupError(
    'InvalidParameterValue',
    `Cannot take ${subject} ${shown}; expected ${expected}`,
  )
}
