import { DescribeVpcsCommand, type EC2Client } from '@aws-sdk/client-ec2'
import { type Prefix, parsePrefix } from '../core/prefix.ts'

/** A range that is being taken from the VPC, or was never given, is nobody's there. */
const IN_USE = new Set(['associated', 'associating'])

/** Every address range of a VPC, IPv4 and IPv6, those that were added later too. Throws where none is told. */
export async function inspectVpcCidrs(ec2: EC2Client, id: string): Promise<readonly Prefix[]> {
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [id] }))
  const vpc = Vpcs.find(({ VpcId }) => VpcId === id)
  const four = (vpc?.CidrBlockAssociationSet ?? []).map(({ CidrBlock, CidrBlockState }) => ({
    cidr: CidrBlock,
    state: CidrBlockState?.State,
  }))
  const six = (vpc?.Ipv6CidrBlockAssociationSet ?? []).map(({ Ipv6CidrBlock, Ipv6CidrBlockState }) => ({
    cidr: Ipv6CidrBlock,
    state: Ipv6CidrBlockState?.State,
  }))
  const texts = [...four, ...six].flatMap(({ cidr, state }) => (IN_USE.has(state ?? '') ? [cidr] : []))
  const prefixes = [...new Set([vpc?.CidrBlock, ...texts])].flatMap((text) => {
    const parsed = parsePrefix(text ?? '')
    return parsed.ok ? [parsed.value] : []
  })
  if (prefixes.length > 0) return prefixes
  throw new Error(`Cannot read VPC ${id}: EC2 answered without its address ranges`)
}
