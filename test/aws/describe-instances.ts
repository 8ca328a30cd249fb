import { AwsError } from './aws-error.ts'
import { OWNER_ID } from './describe-network-acls.ts'
import type { NetworkInterfaceSeed } from './describe-network-interfaces.ts'
import { textsIn } from './parameters.ts'
import { type Tags, tagSet } from './tag-specifications.ts'
import type { WireObject, WireValue } from './wire-value.ts'

/** An instance of the account. Its interfaces are those of the account that are attached to it. */
export interface InstanceSeed {
  /** Of the form `i-` and 8 or 17 hexadecimal digits. */
  readonly id: string
  readonly tags?: Tags
  /** With its path, if it has one; absent where the instance has no profile. */
  readonly profile?: string
  /** Running unless given. */
  readonly state?: string
}

/**
 * DescribeInstances, of those with the ids, each in a reservation of its own. InvalidInstanceID.NotFound and .Malformed are
 * documented EC2 error codes; that a terminated instance shows neither VPC nor interfaces is observed.
 */
export function describeInstances(
  all: readonly InstanceSeed[],
  interfaces: readonly NetworkInterfaceSeed[],
  parameters: WireObject,
): WireObject {
  const ids = textsIn(parameters, 'InstanceId')
  for (const id of ids) if (!all.some((one) => one.id === id)) unknownInstance(id)
  const chosen = all.filter(({ id }) => ids.length === 0 || ids.includes(id))
  return {
    reservationSet: chosen.map((one) => ({
      reservationId: `r-${one.id.slice(2)}`,
      ownerId: OWNER_ID,
      instancesSet: [
        instanceItem(
          one,
          interfaces.filter(({ instanceId }) => instanceId === one.id),
        ),
      ],
    })),
  }
}

function instanceItem(one: InstanceSeed, interfaces: readonly NetworkInterfaceSeed[]): WireValue {
  const { id, tags = {}, profile, state = 'running' } = one
  const [first] = state === 'terminated' ? [] : interfaces
  return {
    instanceId: id,
    instanceState: { code: state === 'running' ? 16 : 48, name: state },
    subnetId: first?.subnetId,
    vpcId: first && (first.vpcId ?? 'vpc-0123456789abcdef0'),
    privateIpAddress: first?.privateIp,
    ipAddress: first?.publicIp,
    networkInterfaceSet: first === undefined ? [] : interfaces.map(interfaceItem),
    iamInstanceProfile: profile && {
      arn: `arn:aws:iam::${OWNER_ID}:instance-profile/${profile}`,
      id: 'AIPALOCAL',
    },
    tagSet: tagSet(tags),
  }
}

function interfaceItem(one: NetworkInterfaceSeed): WireValue {
  const { id, subnetId, vpcId, privateIp, publicIp, ipv6 = [], groupIds, moreIps = [] } = one
  const association = publicIp === undefined ? undefined : { publicIp, ipOwnerId: OWNER_ID }
  return {
    networkInterfaceId: id,
    subnetId,
    vpcId,
    privateIpAddress: privateIp,
    association,
    groupSet: groupIds.map((groupId) => ({ groupId, groupName: groupId })),
    ipv6AddressesSet: ipv6.map((ipv6Address) => ({ ipv6Address })),
    privateIpAddressesSet: [
      { privateIpAddress: privateIp, primary: true, association },
      ...moreIps.map((each) => ({
        privateIpAddress: each.privateIp,
        primary: false,
        association: each.publicIp && { publicIp: each.publicIp, ipOwnerId: OWNER_ID },
      })),
    ],
  }
}

function unknownInstance(id: string): never {
  if (/^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id))
    throw new AwsError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`)
  throw new AwsError('InvalidInstanceID.Malformed', `Invalid id: "${id.slice(0, 60)}"`)
}
