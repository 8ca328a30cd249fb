import { AwsError } from './aws-error.ts'
import { OWNER_ID } from './describe-network-acls.ts'
import { textsIn } from './parameters.ts'
import type { WireObject } from './wire-value.ts'

/** A VPC of the account. */
export interface VpcSeed {
  /** Of the form `vpc-` and 8 or 17 hexadecimal digits. */
  readonly id: string
  /** The first is the one that it was made with. */
  readonly cidrs: readonly string[]
  readonly ipv6?: readonly string[]
  /** Ranges of either family that were taken from it: AWS shows them for a while. */
  readonly disassociated?: readonly string[]
}

/** DescribeVpcs, of those with the ids. InvalidVpcID.NotFound is a documented EC2 error code. */
export function describeVpcs(all: readonly VpcSeed[], parameters: WireObject): WireObject {
  const ids = textsIn(parameters, 'VpcId')
  for (const id of ids)
    if (!all.some((one) => one.id === id))
      throw new AwsError('InvalidVpcID.NotFound', `The vpc ID '${id}' does not exist`)
  const chosen = all.filter(({ id }) => ids.length === 0 || ids.includes(id))
  return { vpcSet: chosen.map(vpcItem) }
}

function vpcItem({ id, cidrs, ipv6 = [], disassociated = [] }: VpcSeed): WireObject {
  const gone = (isIpv6: boolean) => disassociated.filter((text) => text.includes(':') === isIpv6)
  const states = (own: readonly string[], isIpv6: boolean) => [
    ...own.map((cidr) => ({ cidr, state: 'associated' })),
    ...gone(isIpv6).map((cidr) => ({ cidr, state: 'disassociated' })),
  ]
  return {
    vpcId: id,
    ownerId: OWNER_ID,
    state: 'available',
    cidrBlock: cidrs[0],
    cidrBlockAssociationSet: states(cidrs, false).map(({ cidr, state }, i) => ({
      associationId: `vpc-cidr-assoc-${i}`,
      cidrBlock: cidr,
      cidrBlockState: { state },
    })),
    ipv6CidrBlockAssociationSet: states(ipv6, true).map(({ cidr, state }, i) => ({
      associationId: `vpc-cidr-assoc-6${i}`,
      ipv6CidrBlock: cidr,
      ipv6CidrBlockState: { state },
    })),
  }
}
