import type { Prefix } from './prefix.ts'

export interface PortRange {
  /** First and last port of the range, 0 to 65535, both included. */
  readonly from: number
  readonly to: number
}

/** IANA protocol numbers as AWS takes them: 6 TCP, 17 UDP, -1 every protocol. */
export type Protocol = number

export const TCP: Protocol = 6
export const UDP: Protocol = 17
export const ANY_PROTOCOL: Protocol = -1

/** One inbound rule that a network ACL really holds, read back from it. */
export interface Entry {
  /** 1 to 32766; the lowest number that matches a packet decides. */
  readonly ruleNumber: number
  readonly prefix: Prefix
  readonly protocol: Protocol
  /** Null where the protocol has no ports, or where the rule covers every port. */
  readonly ports: PortRange | null
  readonly action: 'allow' | 'deny'
}
