import { AwsError } from './aws-error.ts'
import { OWNER_ID } from './describe-network-acls.ts'
import type { FilterTable } from './filters.ts'
import { filtered } from './filters.ts'
import { pageOf } from './pages.ts'
import { textsIn } from './parameters.ts'
import type { WireObject, WireValue } from './wire-value.ts'

/** A network interface of the account. It stays as it is. */
export interface NetworkInterfaceSeed {
  /** Of the form `eni-` and 8 or 17 hexadecimal digits. */
  readonly id: string
  /** Absent where the interface is attached to none. */
  readonly instanceId?: string
  readonly groupIds: readonly string[]
  readonly vpcId?: string
  readonly subnetId?: string
  readonly description?: string
  readonly privateIp?: string
  readonly ipv6?: readonly string[]
  /** Absent where the interface has none. */
  readonly publicIp?: string
  /** Of the Elastic IP that `publicIp` is; absent where it is none. */
  readonly allocationId?: string
  /** Secondary private addresses. */
  readonly moreIps?: readonly { readonly privateIp: string; readonly publicIp?: string }[]
}

/** DescribeNetworkInterfaces. One unknown id refuses the whole call; both codes are documented EC2 error codes. */
export function describeNetworkInterfaces(
  all: readonly NetworkInterfaceSeed[],
  parameters: WireObject,
): WireObject {
  const ids = textsIn(parameters, 'NetworkInterfaceId')
  for (const id of ids) if (!all.some((one) => one.id === id)) unknownInterface(id)
  const chosen = ids.length === 0 ? all : all.filter(({ id }) => ids.includes(id))
  const found = filtered(chosen, parameters, FILTERS)
  const { items, nextToken } = pageOf(found, parameters, 'NetworkInterfaceId')
  return { networkInterfaceSet: items.map(interfaceItem), nextToken }
}

/** Those of the documented filters that ask for what an interface here has. */
const FILTERS: FilterTable<NetworkInterfaceSeed> = {
  'addresses.private-ip-address': (one) => [privateIpOf(one)],
  'association.public-ip': ({ publicIp }) => listed(publicIp),
  'attachment.instance-id': ({ instanceId }) => listed(instanceId),
  description: ({ description }) => [description ?? ''],
  'group-id': ({ groupIds }) => groupIds,
  'network-interface-id': ({ id }) => [id],
  'owner-id': () => [OWNER_ID],
  'private-ip-address': (one) => [privateIpOf(one)],
  status: ({ instanceId }) => [statusOf(instanceId)],
  'subnet-id': (one) => [subnetOf(one)],
  'vpc-id': (one) => [vpcOf(one)],
}

function interfaceItem(one: NetworkInterfaceSeed): WireValue {
  const { id, instanceId, groupIds, description, ipv6 = [], publicIp, allocationId, moreIps = [] } = one
  const privateIp = privateIpOf(one)
  const association = publicIp === undefined ? undefined : { publicIp, allocationId, ipOwnerId: OWNER_ID }
  return {
    networkInterfaceId: id,
    subnetId: subnetOf(one),
    vpcId: vpcOf(one),
    description,
    ownerId: OWNER_ID,
    status: statusOf(instanceId),
    privateIpAddress: privateIp,
    interfaceType: 'interface',
    groupSet: groupIds.map((groupId) => ({ groupId, groupName: groupId })),
    attachment: instanceId && { instanceId, deviceIndex: 0, status: 'attached', instanceOwnerId: OWNER_ID },
    association,
    privateIpAddressesSet: [
      { privateIpAddress: privateIp, primary: true, association },
      ...moreIps.map((more) => ({ privateIpAddress: more.privateIp, primary: false })),
    ],
    ipv6AddressesSet: ipv6.map((ipv6Address) => ({ ipv6Address })),
  }
}

function statusOf(instanceId: string | undefined): string {
  return instanceId === undefined ? 'available' : 'in-use'
}

function subnetOf({ subnetId }: NetworkInterfaceSeed): string {
  return subnetId ?? 'subnet-00000000000000000'
}

function vpcOf({ vpcId }: NetworkInterfaceSeed): string {
  return vpcId ?? 'vpc-0123456789abcdef0'
}

function privateIpOf({ privateIp }: NetworkInterfaceSeed): string {
  return privateIp ?? '10.0.0.10'
}

function listed(text: string | undefined): readonly string[] {
  return text === undefined ? [] : [text]
}

function unknownInterface(id: string): never {
  if (/^eni-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) {
    throw new AwsError('InvalidNetworkInterfaceID.NotFound', `The networkInterface ID '${id}' does not exist`)
  }
  throw new AwsError('InvalidNetworkInterfaceId.Malformed', `Invalid id: "${id.slice(0, 60)}"`)
}
