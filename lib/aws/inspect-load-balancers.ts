import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
  paginateDescribeTargetGroups,
  type TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Balancer, InstanceFound, TargetFound } from '../core/surroundings.ts'

/** DescribeLoadBalancers takes 20 ARNs. */
const ARNS = 20

/**
 * Target groups that lead to the instance, by its id or by one of its addresses. There is no way to ask for the groups of a
 * target, so that each is asked for its targets. Throws where one of them cannot be: it may be the one that matters.
 */
export async function inspectTargets(
  elb: ElasticLoadBalancingV2Client,
  instance: InstanceFound,
): Promise<readonly TargetFound[]> {
  const targets: TargetFound[] = []
  for await (const { TargetGroups = [] } of paginateDescribeTargetGroups({ client: elb }, {})) {
    for (const group of TargetGroups.filter((each) => mayHold(each, instance))) {
      const ports = await portsOf(elb, group, instance)
      for (const port of ports) targets.push(await targetOf(elb, group, port))
    }
  }
  return targets
}

/** Addresses may be those of another VPC, by peering; instances are of the group's own. */
function mayHold({ TargetType, VpcId }: TargetGroup, { vpc }: InstanceFound): boolean {
  return TargetType === 'ip' || (TargetType === 'instance' && VpcId === vpc)
}

async function portsOf(
  elb: ElasticLoadBalancingV2Client,
  { TargetGroupArn, Port = 0 }: TargetGroup,
  { id, addresses }: InstanceFound,
): Promise<readonly number[]> {
  const { TargetHealthDescriptions = [] } = await elb.send(
    new DescribeTargetHealthCommand({ TargetGroupArn }),
  )
  const names: readonly string[] = [id, ...addresses]
  const own = TargetHealthDescriptions.filter(({ Target }) => names.includes(Target?.Id ?? ''))
  return [...new Set(own.map(({ Target }) => Target?.Port ?? Port))]
}

async function targetOf(
  elb: ElasticLoadBalancingV2Client,
  group: TargetGroup,
  port: number,
): Promise<TargetFound> {
  const { TargetGroupName = '', Protocol = '', IpAddressType, LoadBalancerArns = [] } = group
  return {
    group: TargetGroupName,
    protocol: Protocol,
    port,
    keepsSource: await keepsSource(elb, group),
    isIpv6: IpAddressType === 'ipv6',
    balancers: await balancersOf(elb, LoadBalancerArns),
  }
}

/**
 * UDP and QUIC always keep the clients' addresses, HTTP never does. With TCP and TLS an attribute says so; its default is
 * that instances see them and addresses do not (ModifyTargetGroupAttributes, preserve_client_ip.enabled).
 */
async function keepsSource(
  elb: ElasticLoadBalancingV2Client,
  { TargetGroupArn, Protocol, TargetType }: TargetGroup,
): Promise<boolean | null> {
  if (Protocol === undefined) return null
  if (Protocol.startsWith('HTTP')) return false
  if (Protocol !== 'TCP' && Protocol !== 'TLS') return true
  try {
    const command = new DescribeTargetGroupAttributesCommand({ TargetGroupArn })
    const { Attributes = [] } = await elb.send(command)
    const attribute = Attributes.find(({ Key }) => Key === 'preserve_client_ip.enabled')
    return attribute === undefined ? TargetType === 'instance' : attribute.Value === 'true'
  } catch {
    return null
  }
}

async function balancersOf(
  elb: ElasticLoadBalancingV2Client,
  arns: readonly string[],
): Promise<readonly Balancer[]> {
  const balancers: Balancer[] = []
  for (let from = 0; from < arns.length; from += ARNS) {
    const command = new DescribeLoadBalancersCommand({ LoadBalancerArns: arns.slice(from, from + ARNS) })
    const { LoadBalancers = [] } = await elb.send(command)
    for (const {
      LoadBalancerArn: arn = '',
      LoadBalancerName: name = '',
      Type,
      IpAddressType,
    } of LoadBalancers)
      balancers.push({ arn, name, type: Type ?? 'network', takesIpv6: IpAddressType !== 'ipv4' })
  }
  const missing = arns.filter((arn) => !balancers.some((each) => each.arn === arn))
  if (missing.length === 0) return balancers
  throw new Error(`Cannot read load balancer ${missing.join(', ')}: ELB answered without it`)
}
