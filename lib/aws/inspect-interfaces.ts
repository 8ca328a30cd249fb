import { type EC2Client, type NetworkInterface, paginateDescribeNetworkInterfaces } from '@aws-sdk/client-ec2'
import type { NeighbourFound } from '../core/surroundings.ts'

export interface InterfacesFound {
  /** Interfaces of others: instances, load balancers, NAT gateways, whatever AWS put there. */
  readonly neighbours: readonly NeighbourFound[]
  /** Allocations of the instance's own Elastic IPs: an accelerator knows an address by nothing else. */
  readonly allocations: readonly string[]
}

/** EC2 takes 200 values in a filter. */
const VALUES = 200

/** Everything that has an interface in the subnets, sorted by whose it is. */
export async function inspectInterfaces(
  ec2: EC2Client,
  subnets: readonly string[],
  instance: string,
): Promise<InterfacesFound> {
  const all: NetworkInterface[] = []
  for (let from = 0; from < subnets.length; from += VALUES) {
    const Filters = [{ Name: 'subnet-id', Values: subnets.slice(from, from + VALUES) }]
    const pages = paginateDescribeNetworkInterfaces({ client: ec2, pageSize: 1_000 }, { Filters })
    for await (const { NetworkInterfaces = [] } of pages) all.push(...NetworkInterfaces)
  }
  const own = all.filter(({ Attachment }) => Attachment?.InstanceId === instance)
  if (own.length === 0)
    throw new Error(`Cannot read the interfaces in ${subnets.join(', ')}: those of ${instance} are missing`)
  return {
    neighbours: all
      .filter((each) => !own.includes(each))
      .map(neighbourOf)
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    allocations: own.flatMap(allocationsOf),
  }
}

function neighbourOf(each: NetworkInterface): NeighbourFound {
  const { NetworkInterfaceId: id = '', SubnetId: subnet = '', Attachment, Description = '' } = each
  const groups = (each.Groups ?? []).flatMap(({ GroupId }) => GroupId ?? [])
  return { id, subnet, instance: Attachment?.InstanceId ?? null, description: Description, groups }
}

function allocationsOf({ Association, PrivateIpAddresses = [] }: NetworkInterface): string[] {
  const all = [Association, ...PrivateIpAddresses.map((each) => each.Association)]
  return [...new Set(all.flatMap((association) => association?.AllocationId ?? []))]
}
