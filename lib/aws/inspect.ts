import { EC2Client } from '@aws-sdk/client-ec2'
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import { GlobalAcceleratorClient } from '@aws-sdk/client-global-accelerator'
import { IAMClient } from '@aws-sdk/client-iam'
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas'
import { type Balancer, found, foundOr, type Looked, type Surroundings } from '../core/surroundings.ts'
import { tellError } from './aws-errors.ts'
import type { ClientSettings } from './deployed-fence.ts'
import { ACCELERATOR_REGION, inspectAccelerators } from './inspect-accelerators.ts'
import { inspectInstance } from './inspect-instance.ts'
import { type InterfacesFound, inspectInterfaces } from './inspect-interfaces.ts'
import { inspectTargets } from './inspect-load-balancers.ts'
import { inspectNetworkAcls } from './inspect-network-acls.ts'
import { inspectQuota } from './inspect-quota.ts'
import { inspectRole } from './inspect-role.ts'
import { inspectVpcCidrs } from './inspect-vpc.ts'
import { RULES_PER_NETWORK_ACL, RULES_PER_SECURITY_GROUP } from './rules-quota.ts'
import { PbxSecurityGroups } from './security-groups.ts'

/** Every IAM action that a look takes; none of them changes anything. docs/init.md names the same. */
export const READ_ACTIONS = [
  'ec2:DescribeInstances',
  'ec2:DescribeManagedPrefixLists',
  'ec2:DescribeNetworkAcls',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSecurityGroupRules',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeVpcs',
  'elasticloadbalancing:DescribeLoadBalancers',
  'elasticloadbalancing:DescribeTargetGroupAttributes',
  'elasticloadbalancing:DescribeTargetGroups',
  'elasticloadbalancing:DescribeTargetHealth',
  'globalaccelerator:ListAccelerators',
  'globalaccelerator:ListCustomRoutingAccelerators',
  'globalaccelerator:ListCustomRoutingEndpointGroups',
  'globalaccelerator:ListCustomRoutingListeners',
  'globalaccelerator:ListEndpointGroups',
  'globalaccelerator:ListListeners',
  'iam:GetInstanceProfile',
  'servicequotas:GetServiceQuota',
] as const

export interface InspectClients {
  readonly ec2: EC2Client
  readonly iam: IAMClient
  readonly quotas: ServiceQuotasClient
  readonly elb: ElasticLoadBalancingV2Client
  readonly accelerators: GlobalAcceleratorClient
}

/** Clients that try a call three times; the slow pace of adaptive retries would only make somebody wait. */
export function inspectClients(settings: ClientSettings & { readonly region: string }): InspectClients {
  const options = { ...settings, maxAttempts: 3 }
  return {
    ec2: new EC2Client(options),
    iam: new IAMClient(options),
    quotas: new ServiceQuotasClient(options),
    elb: new ElasticLoadBalancingV2Client(options),
    accelerators: new GlobalAcceleratorClient({ ...options, region: ACCELERATOR_REGION }),
  }
}

/** "Amazon VPC quotas": the defaults. */
const DEFAULT_QUOTA = { [RULES_PER_NETWORK_ACL]: 20, [RULES_PER_SECURITY_GROUP]: 60 } as const

/**
 * Looks at an instance and at all that decides whether a fence would do its work there. Throws only where the instance itself
 * cannot be read; any other read that fails is an unknown, with the reason.
 */
export async function inspect(id: string, clients: InspectClients, region: string): Promise<Surroundings> {
  const { ec2, iam, quotas, elb } = clients
  const instance = await inspectInstance(ec2, id)
  const { profile, vpc, subnets } = instance
  const networkAcls = await look(inspectNetworkAcls(ec2, subnets))
  // An ACL denies in all of its subnets, whether the instance has an interface there or not.
  const affected = new Set([...subnets, ...foundOr(networkAcls, []).flatMap((acl) => acl.subnets)])
  const interfaces = await look(inspectInterfaces(ec2, [...affected].sort(), id))
  const groupQuota = await look(quotaOf(quotas, RULES_PER_SECURITY_GROUP))
  const targets = await look(inspectTargets(elb, instance))
  return {
    region,
    instance,
    role: profile === null ? found(null) : await look(inspectRole(iam, profile)),
    vpcCidrs: await look(inspectVpcCidrs(ec2, vpc)),
    networkAcls,
    aclQuota: await look(quotaOf(quotas, RULES_PER_NETWORK_ACL)),
    groupQuota,
    groups: await look(groupsOf(ec2, id, foundOr(groupQuota, undefined))),
    neighbours: onlyNeighbours(interfaces),
    targets,
    accelerators: await acceleratorsOf(clients, region, instance, interfaces, targets),
  }
}

async function look<T>(read: Promise<T>): Promise<Looked<T>> {
  try {
    return found(await read)
  } catch (error) {
    const isOurs = error instanceof Error && error.name === 'Error'
    // What the SDK adds in further lines is for whoever debugs it.
    const [why = ''] = (isOurs ? error.message : tellError(error)).split('\n', 1)
    return { kind: 'unknown', why }
  }
}

function quotaOf(quotas: ServiceQuotasClient, code: keyof typeof DEFAULT_QUOTA): Promise<number> {
  return inspectQuota(quotas, code, DEFAULT_QUOTA[code])
}

function groupsOf(ec2: EC2Client, instance: string, quota: number | undefined) {
  const instances = [instance]
  return new PbxSecurityGroups({ instances, ours: [], ec2, rulesQuota: async () => quota }).read()
}

function onlyNeighbours(interfaces: Looked<InterfacesFound>): Surroundings['neighbours'] {
  return interfaces.kind === 'found' ? found(interfaces.value.neighbours) : interfaces
}

/** Global Accelerator is not there in AWS's other partitions (inferred from its endpoints, which are of `aws` alone). */
const OTHER_PARTITION = /^(cn|us-gov|us-iso|eusc|eu-isoe)/

async function acceleratorsOf(
  { accelerators }: InspectClients,
  region: string,
  { id, subnets }: Surroundings['instance'],
  interfaces: Looked<InterfacesFound>,
  targets: Surroundings['targets'],
): Promise<Surroundings['accelerators']> {
  if (OTHER_PARTITION.test(region)) return found([])
  const balancers = targets.kind === 'unknown' ? null : targets.value.flatMap((each) => each.balancers)
  return await look(
    inspectAccelerators(accelerators, {
      instance: id,
      subnets,
      allocations: interfaces.kind === 'unknown' ? null : interfaces.value.allocations,
      balancers: balancers?.map(({ arn }: Balancer) => arn) ?? null,
    }),
  )
}
