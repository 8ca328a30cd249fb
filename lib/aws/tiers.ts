import type { EC2Client } from '@aws-sdk/client-ec2'
import type { ServiceQuotasClient } from '@aws-sdk/client-service-quotas'
import type { WAFV2Client } from '@aws-sdk/client-wafv2'
import type { FenceConfig } from '../config.ts'
import type { Family } from '../core/prefix.ts'
import type { Place, Places } from '../names.ts'
import type { DenyingSet } from '../reconcile-set.ts'
import type { Tiers } from '../tiers.ts'
import { IpSet, Pace } from './ip-set.ts'
import { PrefixList } from './prefix-list.ts'
import { RULES_PER_SECURITY_GROUP, rulesQuota } from './rules-quota.ts'
import { PbxSecurityGroups } from './security-groups.ts'

interface TierClients {
  readonly ec2: EC2Client
  readonly waf: WAFV2Client
  readonly quotas: ServiceQuotasClient
}

/** The fence's places beside network ACLs: those that its settings ask for. Throws where the stack has not made one. */
export function openTiers(
  { id: fence, firewalls, pbxs }: FenceConfig,
  places: Places,
  { ec2, waf, quotas }: TierClients,
  clock: () => number,
  wait: (ms: number) => Promise<void>,
): Omit<Tiers, 'firewalls'> {
  const at = (place: Place): string => {
    const found = places[place]
    if (found !== undefined) return found
    throw new Error(
      `Cannot open fence "${fence}": its settings ask for ${place}, and its stack has none; deploy it again`,
    )
  }
  const list = (family: Family, place: Place) => new PrefixList({ id: at(place), family, fence, ec2, wait })
  const { denyList, ipSets, trustedPeers } = firewalls
  const sets: DenyingSet[] = []
  if (denyList !== undefined) sets.push(denying(list(4, 'DenyListIpv4')), denying(list(6, 'DenyListIpv6')))
  if (ipSets !== undefined) {
    const pace = new Pace(clock, wait)
    sets.push(new IpSet({ arn: at('IpSetIpv4'), family: 4, waf, pace }))
    sets.push(new IpSet({ arn: at('IpSetIpv6'), family: 6, waf, pace }))
  }
  if (trustedPeers === undefined) return { sets }
  const groups = new PbxSecurityGroups({
    instances: pbxs.flatMap((pbx) => pbx.id ?? []),
    ours: trustedPeers.securityGroups,
    ec2,
    rulesQuota: rulesQuota(quotas, RULES_PER_SECURITY_GROUP, clock),
  })
  const lists = { 4: list(4, 'TrustedPeersIpv4'), 6: list(6, 'TrustedPeersIpv6') }
  return { sets, trusted: { lists, groups } }
}

/** Every block belongs in a list that another firewall refers to. */
function denying(list: PrefixList): DenyingSet {
  return Object.assign(list, { takes: () => true })
}
