import type { AwsApi } from './aws-api.ts'
import { AwsError } from './aws-error.ts'
import { invalidParameter, objectIn, requiredText, textIn, textsIn, wholeIn } from './parameters.ts'
import { inNamespace } from './query-namespace.ts'
import type { WireObject } from './wire-value.ts'

export interface LoadBalancerSeed {
  readonly name: string
  /** network unless given. */
  readonly type?: 'network' | 'application' | 'gateway'
  /** ipv4 unless given. */
  readonly ipAddressType?: 'ipv4' | 'dualstack'
}

export interface TargetGroupSeed {
  readonly name: string
  readonly protocol: string
  readonly port: number
  /** instance unless given. */
  readonly targetType?: 'instance' | 'ip' | 'lambda' | 'alb'
  readonly ipAddressType?: 'ipv4' | 'ipv6'
  readonly vpcId?: string
  /** Names of load balancers of the account. */
  readonly balancers?: readonly string[]
  /** Ids or addresses, each with a port of its own where that differs from the group's. */
  readonly targets?: readonly { readonly id: string; readonly port?: number }[]
  /** As DescribeTargetGroupAttributes tells it; absent where it says nothing of it. */
  readonly preservesClientIp?: boolean
}

const ELB_QUERY = inNamespace('http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/')
const ARN = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012'
/** Items of a page where PageSize says nothing; 1 to 400 is documented for it, the default is inferred. */
const PAGE = 400

export function balancerArn(name: string, type: LoadBalancerSeed['type'] = 'network'): string {
  const kind = { network: 'net', application: 'app', gateway: 'gwy' }[type]
  return `${ARN}:loadbalancer/${kind}/${name}/0123456789abcdef`
}

/**
 * The reads of Elastic Load Balancing V2 that tell what stands before an instance. TargetGroupNotFound and LoadBalancerNotFound
 * are in the service's model, and 20 ARNs in a call are documented for DescribeLoadBalancers.
 *
 * @param pageSize items of a page where the caller does not say
 */
export function elbv2Api(
  balancers: readonly LoadBalancerSeed[],
  groups: readonly TargetGroupSeed[],
  pageSize = PAGE,
): AwsApi {
  const groupOf = (parameters: WireObject): TargetGroupSeed => {
    const arn = requiredText(parameters, 'TargetGroupArn')
    const group = groups.find(({ name }) => groupArn(name) === arn)
    if (group !== undefined) return group
    throw new AwsError('TargetGroupNotFound', `Target groups '${arn}' not found`)
  }
  return {
    name: 'elasticloadbalancing',
    protocol: ELB_QUERY,
    actions: {
      DescribeTargetGroups: (parameters) => {
        const { items, marker } = pageOf(groups, parameters, pageSize)
        return { TargetGroups: items.map((group) => groupItem(group, balancers)), NextMarker: marker }
      },
      DescribeTargetHealth: (parameters) => ({
        TargetHealthDescriptions: healthOf(groupOf(parameters)),
      }),
      DescribeTargetGroupAttributes: (parameters) => ({ Attributes: attributesOf(groupOf(parameters)) }),
      DescribeLoadBalancers: (parameters) => {
        const arns = textsIn(objectIn(parameters, 'LoadBalancerArns'), 'member')
        if (arns.length > 20) throw invalidParameter('LoadBalancerArns', `${arns.length} members`)
        return { LoadBalancers: arns.map((arn) => balancerItem(arn, balancers)) }
      },
    },
    throttled: { code: 'Throttling', status: 400 },
    internal: { code: 'InternalFailure', status: 500 },
  }
}

function groupArn(name: string): string {
  return `${ARN}:targetgroup/${name}/0123456789abcdef`
}

function groupItem(group: TargetGroupSeed, balancers: readonly LoadBalancerSeed[]): WireObject {
  const { name, protocol, port, targetType = 'instance', ipAddressType = 'ipv4' } = group
  const { vpcId = 'vpc-0123456789abcdef0' } = group
  const own = balancers.filter((each) => group.balancers?.includes(each.name))
  return {
    TargetGroupArn: groupArn(name),
    TargetGroupName: name,
    Protocol: protocol,
    Port: port,
    VpcId: vpcId,
    TargetType: targetType,
    IpAddressType: ipAddressType,
    LoadBalancerArns: own.map((each) => balancerArn(each.name, each.type)),
  }
}

function healthOf({ port, targets = [] }: TargetGroupSeed) {
  return targets.map((target) => ({
    Target: { Id: target.id, Port: target.port ?? port },
    HealthCheckPort: String(port),
    TargetHealth: { State: 'healthy' },
  }))
}

function attributesOf({ preservesClientIp }: TargetGroupSeed) {
  const all = { 'deregistration_delay.timeout_seconds': '300', 'stickiness.enabled': 'false' }
  const own =
    preservesClientIp === undefined ? {} : { 'preserve_client_ip.enabled': String(preservesClientIp) }
  return Object.entries({ ...all, ...own }).map(([Key, Value]) => ({ Key, Value }))
}

function balancerItem(arn: string, balancers: readonly LoadBalancerSeed[]): WireObject {
  const one = balancers.find((each) => balancerArn(each.name, each.type) === arn)
  if (one === undefined) throw new AwsError('LoadBalancerNotFound', `Load balancers '[${arn}]' not found`)
  return {
    LoadBalancerArn: arn,
    LoadBalancerName: one.name,
    Type: one.type ?? 'network',
    Scheme: 'internet-facing',
    IpAddressType: one.ipAddressType ?? 'ipv4',
    State: { Code: 'active' },
  }
}

function pageOf<T>(all: readonly T[], parameters: WireObject, pageSize: number) {
  const from = Number(textIn(parameters, 'Marker') ?? 0)
  const to = from + (wholeIn(parameters, 'PageSize') ?? pageSize)
  return { items: all.slice(from, to), marker: to < all.length ? String(to) : undefined }
}
