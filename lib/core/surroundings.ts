import type { Entry, PortRange } from './entry.ts'
import type { GroupState } from './lockdown.ts'
import type { Address, Prefix } from './prefix.ts'

/** What an instance on EC2 stands in, as far as AWS tells. Names and descriptions are people's words, and may be hostile. */

/** What was looked for: found, though that may be nothing, or unknown, and why. A look that failed is never "nothing". */
export type Looked<T> =
  | { readonly kind: 'found'; readonly value: T }
  | { readonly kind: 'unknown'; readonly why: string }

export interface InstanceFound {
  /** `i-…` */
  readonly id: string
  /** Twelve digits. */
  readonly account: string
  /** Its Name tag; null where it has none. */
  readonly name: string | null
  readonly vpc: string
  /** Those of all its interfaces. */
  readonly subnets: readonly string[]
  /** Of all its interfaces, private and public, Elastic IPs and IPv6 too. */
  readonly addresses: readonly Address[]
  /** Name of its instance profile; null where it has none. */
  readonly profile: string | null
}

export interface AclFound {
  readonly id: string
  /** The subnets that it is the network ACL of, whoever stands in them. */
  readonly subnets: readonly string[]
  /** The fence whose tag it carries; null where there is none. */
  readonly claimedBy: string | null
  /** All inbound entries, the default `*` rules included. */
  readonly entries: readonly Entry[]
}

/** An interface in one of the subnets that is not the instance's own. */
export interface NeighbourFound {
  readonly id: string
  readonly subnet: string
  /** The instance that it is attached to; null where AWS or nobody uses it. */
  readonly instance: string | null
  readonly description: string
  readonly groups: readonly string[]
}

export interface Balancer {
  readonly arn: string
  readonly name: string
  readonly type: 'network' | 'application' | 'gateway'
  /** Whether IPv6 clients may come to it. */
  readonly takesIpv6: boolean
}

/** A target group that has the instance, or one of its addresses, as a target. */
export interface TargetFound {
  readonly group: string
  /** As ELBv2 names it: UDP, TCP_UDP, TCP, TLS, HTTP, … */
  readonly protocol: string
  /** The instance's port. */
  readonly port: number
  /** Whether the instance sees the clients' own IPv4 addresses; null where that cannot be told. */
  readonly keepsSource: boolean | null
  readonly isIpv6: boolean
  readonly balancers: readonly Balancer[]
}

/** An endpoint of an accelerator that leads to the instance. */
export interface AcceleratorFound {
  readonly name: string
  readonly arn: string
  readonly enabled: boolean
  /** The instance, the allocation of its Elastic IP, a load balancer before it, or its subnet. */
  readonly endpoint: string
  /** Whether the instance sees the clients' own addresses. */
  readonly keepsSource: boolean
  /** Ports of the instance that it may lead to. */
  readonly ports: readonly PortRange[]
}

export interface Surroundings {
  readonly region: string
  readonly instance: InstanceFound
  /** Name of the instance's IAM role; null where it has none. */
  readonly role: Looked<string | null>
  readonly vpcCidrs: Looked<readonly Prefix[]>
  /** Those of the instance's subnets, every subnet being covered. */
  readonly networkAcls: Looked<readonly AclFound[]>
  /** Rules that AWS allows in a network ACL, per direction and family, the `*` rule included. */
  readonly aclQuota: Looked<number>
  /** Rules that AWS allows in a security group, per direction and family. */
  readonly groupQuota: Looked<number>
  /** Every security group on the instance's interfaces. */
  readonly groups: Looked<readonly GroupState[]>
  readonly neighbours: Looked<readonly NeighbourFound[]>
  readonly targets: Looked<readonly TargetFound[]>
  readonly accelerators: Looked<readonly AcceleratorFound[]>
}

export function found<T>(value: T): Looked<T> {
  return { kind: 'found', value }
}

/** What was found, or what stands for it where that is unknown. */
export function foundOr<T, U>(looked: Looked<T>, otherwise: U): T | U {
  return looked.kind === 'found' ? looked.value : otherwise
}
