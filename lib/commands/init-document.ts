import type { InitDocument, NetworkAclDocument } from '../contract/init.ts'
import type { AclProposal, FenceProposal } from '../core/fence-proposal.ts'
import { ruleText } from '../core/ingress-rule.ts'
import type { GroupRule } from '../core/sip-openings.ts'
import { foundOr, type Surroundings } from '../core/surroundings.ts'
import { VERSION } from '../version.ts'

/** What was found and what is proposed, as one document. */
export function documentOf(surroundings: Surroundings, proposal: FenceProposal, at: number): InitDocument {
  const { region, instance, neighbours, targets, accelerators, networkAcls } = surroundings
  const { openings, lockdown, likelyPbxs, ports, obstacles, warnings } = proposal
  return {
    schema: 'sipfence.init/1',
    version: VERSION,
    region,
    at: new Date(at).toISOString(),
    instance: {
      ...instance,
      subnets: [...instance.subnets],
      addresses: [...instance.addresses],
      role: foundOr(surroundings.role, null),
    },
    vpcCidrs: copied(foundOr(surroundings.vpcCidrs, null)),
    quotas: {
      networkAcl: foundOr(surroundings.aclQuota, null),
      securityGroup: foundOr(surroundings.groupQuota, null),
    },
    networkAcls: networkAcls.kind === 'unknown' ? null : proposal.networkAcls.map(aclOf),
    openings: openings && { everybody: rulesOf(openings.everybody), some: rulesOf(openings.some) },
    lockdown: lockdown && {
      ...lockdown,
      groups: [...lockdown.groups],
      refused: [...lockdown.refused],
    },
    neighbours: copied(foundOr(neighbours, null), (each) => ({ ...each, groups: [...each.groups] })),
    likelyPbxs: [...likelyPbxs],
    targets: copied(foundOr(targets, null), (each) => ({ ...each, balancers: [...each.balancers] })),
    accelerators: copied(foundOr(accelerators, null), (each) => ({ ...each, ports: [...each.ports] })),
    ports: [...ports],
    obstacles: [...obstacles],
    warnings: [...warnings],
    unknown: unknownIn(surroundings),
  }
}

/** What each look is called before people. */
const NAMES = {
  role: 'the IAM role',
  vpcCidrs: 'the VPC’s address ranges',
  networkAcls: 'the network ACLs',
  aclQuota: 'the quota of rules per network ACL',
  groupQuota: 'the quota of rules per security group',
  groups: 'the security groups',
  neighbours: 'what else is in the subnets',
  targets: 'the load balancers',
  accelerators: 'the accelerators',
} as const satisfies Partial<Record<keyof Surroundings, string>>

function unknownIn(surroundings: Surroundings): InitDocument['unknown'] {
  return (Object.keys(NAMES) as (keyof typeof NAMES)[]).flatMap((key) => {
    const looked = surroundings[key]
    return looked.kind === 'unknown' ? [{ what: NAMES[key], why: looked.why }] : []
  })
}

function aclOf({ room, foreign, subnets, ...rest }: AclProposal): NetworkAclDocument {
  return {
    ...rest,
    subnets: [...subnets],
    foreign: [...foreign],
    room: room && { ipv4: room[4], ipv6: room[6] },
  }
}

function rulesOf(rules: readonly GroupRule[]) {
  return rules.map(({ group, rule }) => ({ group, rule: ruleText(rule) }))
}

function copied<T>(all: readonly T[] | null): T[] | null
function copied<T, U>(all: readonly T[] | null, copy: (each: T) => U): U[] | null
function copied(all: readonly unknown[] | null, copy = (each: unknown): unknown => each): unknown[] | null {
  return all === null ? null : all.map(copy)
}
