import { ANY_PROTOCOL, type PortRange, type Protocol, TCP, UDP } from './entry.ts'
import type { Prefix } from './prefix.ts'

/** From whom a rule of a security group lets packets in. */
export type RuleSource =
  | { readonly kind: 'prefix'; readonly prefix: Prefix }
  | { readonly kind: 'prefix-list'; readonly id: string }
  | { readonly kind: 'group'; readonly id: string }

/** An inbound rule of a security group: a security group only allows. */
export interface IngressRule {
  readonly protocol: Protocol
  /** Null where the protocol has no ports, or where the rule covers every port. */
  readonly ports: PortRange | null
  readonly source: RuleSource
  /** Empty where it has none. */
  readonly description: string
  readonly tags: Readonly<Record<string, string>>
}

/** EC2 takes rules for the same where these are; descriptions and tags are not part of it. */
export function sameRule(one: IngressRule, other: IngressRule): boolean {
  return ruleKey(one) === ruleKey(other)
}

/** `udp 5060 from 0.0.0.0/0`. */
export function ruleText({ protocol, ports, source }: IngressRule): string {
  const name =
    protocol === UDP
      ? 'udp'
      : protocol === TCP
        ? 'tcp'
        : protocol === ANY_PROTOCOL
          ? 'all'
          : `protocol ${protocol}`
  const range =
    ports === null ? '' : ports.from === ports.to ? ` ${ports.from}` : ` ${ports.from}-${ports.to}`
  return `${name}${range} from ${source.kind === 'prefix' ? source.prefix : source.id}`
}

/** One text for rules that EC2 takes for the same. */
export function ruleKey({ protocol, ports, source }: IngressRule): string {
  const range = ports === null ? '*' : `${ports.from}-${ports.to}`
  return `${protocol} ${range} ${source.kind === 'prefix' ? source.prefix : source.id}`
}
