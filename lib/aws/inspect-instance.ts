import { DescribeInstancesCommand, type EC2Client, type Instance } from '@aws-sdk/client-ec2'
import { type Address, parseAddress } from '../core/prefix.ts'
import type { InstanceFound } from '../core/surroundings.ts'

/** One instance as EC2 describes it. Throws where there is none, where it is gone for good, or where it has no interface. */
export async function inspectInstance(ec2: EC2Client, id: string): Promise<InstanceFound> {
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }))
  for (const { OwnerId, Instances = [] } of Reservations) {
    const instance = Instances.find(({ InstanceId }) => InstanceId === id)
    if (instance !== undefined) return foundOf(id, OwnerId, instance)
  }
  throw new Error(`Cannot look at instance ${id}: EC2 answered without it; check the id and the region`)
}

function foundOf(id: string, account: string | undefined, instance: Instance): InstanceFound {
  const { State, VpcId, NetworkInterfaces = [], Tags = [], IamInstanceProfile } = instance
  if (account === undefined || VpcId === undefined || NetworkInterfaces.length === 0)
    throw new Error(
      `Cannot look at instance ${id}: it is ${State?.Name ?? 'in no known state'} and has no network interface; name one that is there`,
    )
  return {
    id,
    account,
    name: Tags.find(({ Key }) => Key === 'Name')?.Value || null,
    vpc: VpcId,
    subnets: [...new Set(NetworkInterfaces.flatMap(({ SubnetId }) => SubnetId ?? []))].sort(),
    addresses: addressesOf(instance),
    // arn:aws:iam::ACCOUNT:instance-profile/PATH/NAME; the path may be empty.
    profile: IamInstanceProfile?.Arn?.split('/').at(-1) ?? null,
  }
}

/** Public addresses hang on private ones, by NAT; an instance in a Wavelength zone has carrier addresses instead. */
function addressesOf({ NetworkInterfaces = [] }: Instance): Address[] {
  const texts = NetworkInterfaces.flatMap(({ Association, PrivateIpAddresses = [], Ipv6Addresses = [] }) => [
    ...PrivateIpAddresses.map(({ PrivateIpAddress }) => PrivateIpAddress),
    Association?.PublicIp,
    Association?.CarrierIp,
    ...PrivateIpAddresses.flatMap((each) => [each.Association?.PublicIp, each.Association?.CarrierIp]),
    ...Ipv6Addresses.map(({ Ipv6Address }) => Ipv6Address),
  ])
  const addresses = texts.flatMap((text) => {
    const parsed = parseAddress(text ?? '')
    return parsed.ok ? [parsed.value] : []
  })
  return [...new Set(addresses)]
}
