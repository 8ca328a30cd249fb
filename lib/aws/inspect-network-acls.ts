import { type EC2Client, type NetworkAclEntry, paginateDescribeNetworkAcls } from '@aws-sdk/client-ec2'
import { type Entry, TCP, UDP } from '../core/entry.ts'
import { parsePrefix } from '../core/prefix.ts'
import type { AclFound } from '../core/surroundings.ts'

/** What a fence tags the network ACLs with that it writes to. */
const CLAIM_TAG = 'sipfence:fence'

/**
 * The network ACLs of the subnets: a subnet has one, and one may have many subnets. Throws where a subnet shows none, or
 * where an entry cannot be understood: nothing is inferred from half an answer.
 */
export async function inspectNetworkAcls(
  ec2: EC2Client,
  subnets: readonly string[],
): Promise<readonly AclFound[]> {
  const Filters = [{ Name: 'association.subnet-id', Values: [...subnets] }]
  const all: AclFound[] = []
  for await (const { NetworkAcls = [] } of paginateDescribeNetworkAcls({ client: ec2 }, { Filters })) {
    for (const { NetworkAclId: id = '', Associations = [], Entries, Tags = [] } of NetworkAcls) {
      if (Entries === undefined) throw new Error(`Cannot read network ACL ${id}: it came without its entries`)
      all.push({
        id,
        subnets: Associations.flatMap(({ SubnetId }) => SubnetId ?? []).sort(),
        claimedBy: Tags.find(({ Key }) => Key === CLAIM_TAG)?.Value ?? null,
        entries: Entries.filter(({ Egress }) => Egress === false).map((entry) => entryOf(id, entry)),
      })
    }
  }
  const bare = subnets.filter((subnet) => !all.some((acl) => acl.subnets.includes(subnet)))
  if (bare.length === 0) return all.sort((a, b) => (a.id < b.id ? -1 : 1))
  throw new Error(`Cannot read the network ACLs: EC2 shows none of ${bare.join(', ')}`)
}

function entryOf(id: string, entry: NetworkAclEntry): Entry {
  const { RuleNumber, Protocol, RuleAction, CidrBlock, Ipv6CidrBlock, PortRange } = entry
  const parsed = parsePrefix(CidrBlock ?? Ipv6CidrBlock ?? '')
  const protocol = Number(Protocol)
  if (RuleNumber === undefined || !parsed.ok || !Number.isInteger(protocol))
    throw new Error(`Cannot read network ACL ${id}: entry ${RuleNumber} is not one that is known`)
  const { From: from = 0, To: to = 65_535 } = PortRange ?? {}
  const isEveryPort = (protocol !== TCP && protocol !== UDP) || (from === 0 && to === 65_535)
  return {
    ruleNumber: RuleNumber,
    prefix: parsed.value,
    protocol,
    ports: isEveryPort ? null : { from, to },
    action: RuleAction === 'allow' ? 'allow' : 'deny',
  }
}
