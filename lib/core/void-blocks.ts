import type { PortRange } from './entry.ts'
import { meet } from './port-match.ts'
import type { AcceleratorFound, Looked, Surroundings, TargetFound } from './surroundings.ts'

/** Why blocks would do nothing here, or hit somebody else, and what to do about it. */
export interface Obstacle {
  readonly kind: 'accelerator' | 'load-balancer' | 'network-acl' | 'unknown'
  readonly why: string
  readonly next: string
}

/** What on the way to the instance keeps a network ACL from seeing its sources as they are. */
export function obstaclesOnTheWay(
  { targets, accelerators }: Pick<Surroundings, 'targets' | 'accelerators'>,
  ranges: readonly PortRange[],
): Obstacle[] {
  return [
    ...looked('the load balancers', targets, (all) =>
      all.flatMap((target) => targetObstacle(target, ranges) ?? []),
    ),
    ...looked('the accelerators', accelerators, (all) =>
      all.flatMap((accelerator) => acceleratorObstacle(accelerator, ranges) ?? []),
    ),
  ]
}

function looked<T>(what: string, all: Looked<T>, obstacles: (value: T) => Obstacle[]): Obstacle[] {
  if (all.kind === 'found') return obstacles(all.value)
  const why = `${what} could not be read, so that one may hide the sources: ${all.why}`
  return [{ kind: 'unknown', why, next: 'allow the reads (docs/init.md) and look again' }]
}

/**
 * A Network Load Balancer that does not keep the sources sends from its own addresses (documented: "Client IP preservation",
 * Network Load Balancers); an Application Load Balancer always does. They lie in the VPC, which is never blocked: no block would ever come.
 */
function targetObstacle(target: TargetFound, ranges: readonly PortRange[]): Obstacle | undefined {
  const { group, protocol, port, keepsSource } = target
  if (keepsSource === true || !ranges.some(({ from, to }) => port >= from && port <= to)) return undefined
  const where = `target group ${group} (${protocol} ${port})`
  if (keepsSource === null)
    return {
      kind: 'unknown',
      why: `whether ${where} keeps the sources' addresses could not be read`,
      next: 'allow elasticloadbalancing:DescribeTargetGroupAttributes and look again',
    }
  return {
    kind: 'load-balancer',
    why: `${namesOf(target)} hides the sources behind its own addresses in ${where}, and those are never blocked`,
    next: isKeptOnDemand(protocol)
      ? 'set preserve_client_ip.enabled of the target group, or let SIP reach the PBX past the load balancer'
      : 'let SIP reach the PBX past the load balancer',
  }
}

function isKeptOnDemand(protocol: string): boolean {
  return protocol === 'TCP' || protocol === 'TLS'
}

/** The load balancers of a target group, by their names; a group may be in use by none. */
export function namesOf({ balancers }: TargetFound): string {
  if (balancers.length === 0) return 'no load balancer yet'
  return balancers.map(({ name }) => `load balancer ${name}`).join(' and ')
}

/**
 * With client-IP preservation, which instances always have and Elastic IPs never, network ACLs filter only what goes out
 * (documented: AWS Global Accelerator, "Requirements for endpoints with client IP address preservation"); that this is so behind
 * a load balancer, too, is inferred. Without it packets come from the accelerator's own addresses.
 */
function acceleratorObstacle(
  { name, endpoint, enabled, keepsSource, ports }: AcceleratorFound,
  ranges: readonly PortRange[],
): Obstacle | undefined {
  if (!enabled || !ports.some((each) => ranges.some((range) => meet(each, range)))) return undefined
  const way = `accelerator ${name} leads SIP to ${endpoint}`
  const why = keepsSource
    ? `${way} and keeps the sources' addresses: network ACLs do not filter what comes in that way`
    : `${way} and hides the sources: a block would hit the accelerator's own addresses, and so everybody who comes that way`
  const next = keepsSource
    ? 'let SIP reach the PBX past the accelerator, or keep to lockdown: security groups do filter what it brings'
    : 'let SIP reach the PBX past the accelerator'
  return { kind: 'accelerator', why, next }
}
