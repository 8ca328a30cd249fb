import { ANY_PROTOCOL, type PortRange, type Protocol, TCP, UDP } from './entry.ts'

/** What rules of network ACLs and of security groups have in common. */
export interface PortRule {
  readonly protocol: Protocol
  /** Null where the rule covers every port. */
  readonly ports: PortRange | null
}

/** Whether the rule decides about a UDP or TCP packet to one of the ports. */
export function touchesPorts({ protocol, ports }: PortRule, ranges: readonly PortRange[]): boolean {
  if (protocol === ANY_PROTOCOL) return true
  if (protocol !== UDP && protocol !== TCP) return false
  return ports === null || ranges.some((range) => meet(ports, range))
}

export function meet(one: PortRange, other: PortRange): boolean {
  return one.from <= other.to && other.from <= one.to
}
