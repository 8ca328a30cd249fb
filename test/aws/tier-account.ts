import type { FenceConfig } from '../../lib/config.ts'

import type { Places } from '../../lib/names.ts'
import { type GroupSeed, TYPICAL } from '../contract/lockdown.ts'
import { type AccountOptions, FENCE, type FenceAccount, openFenceAccount } from './fence-account.ts'

/** A fence that uses every tier: its PBX has the two groups of `TYPICAL` on its interfaces. */

const INSTANCE = 'i-0123456789abcdef0'
const LISTS = {
  DenyListIpv4: 'pl-000000000000000d4',
  DenyListIpv6: 'pl-000000000000000d6',
  TrustedPeersIpv4: 'pl-000000000000000e4',
  TrustedPeersIpv6: 'pl-000000000000000e6',
} as const
const ARN = 'arn:aws:wafv2:eu-west-1:123456789012:regional/ipset'
const IP_SETS = {
  IpSetIpv4: '00000000-0000-0000-0000-000000000004',
  IpSetIpv6: '00000000-0000-0000-0000-000000000006',
}

export const PLACES: Places = {
  ...LISTS,
  IpSetIpv4: `${ARN}/sipfence-f-ipv4/${IP_SETS.IpSetIpv4}`,
  IpSetIpv6: `${ARN}/sipfence-f-ipv6/${IP_SETS.IpSetIpv6}`,
}

export const TIER_FENCE: FenceConfig = {
  ...FENCE,
  pbxs: [{ id: INSTANCE, addresses: [] }],
  firewalls: {
    denyList: { maxEntries: 50 },
    ipSets: { action: 'block' },
    trustedPeers: {
      securityGroups: TYPICAL.map(({ id }) => id),
      maxEntries: 10,
      widest: { ipv4: 16, ipv6: 32 },
    },
  },
}

/** Opens it; the clock moves only where a test moves it, or a port waits. */
export async function openTierAccount(
  { groups = TYPICAL, ...options }: AccountOptions & { readonly groups?: readonly GroupSeed[] } = {},
  now?: number,
): Promise<FenceAccount> {
  const account = await openFenceAccount(
    {
      fence: TIER_FENCE,
      places: PLACES,
      prefixLists: Object.entries(LISTS).map(([place, id]) => ({
        id,
        family: place.endsWith('4') ? (4 as const) : (6 as const),
        maxEntries: place.startsWith('Deny') ? 50 : 10,
      })),
      ipSets: ([4, 6] as const).map((family) => ({
        name: `sipfence-f-ipv${family}`,
        id: IP_SETS[`IpSetIpv${family}`],
        family,
      })),
      securityGroups: groups.map(({ id }) => ({ id })),
      networkInterfaces: groups.map(({ id }, i) => ({
        id: `eni-0000000000000000${i}`,
        instanceId: INSTANCE,
        groupIds: [id],
      })),
      ...options,
    },
    now,
  )
  for (const { id, rules } of groups)
    for (const { tags, ...rule } of rules) account.aws.securityGroups.get(id)!.authorize([rule], tags)
  return account
}

/** What a list of the account holds, in order. */
export function listed({ aws }: FenceAccount, place: keyof typeof LISTS): string[] {
  const list = aws.prefixLists.get(LISTS[place])!
  return list
    .entriesOf(list.describe().version)
    .map(({ prefix }) => prefix)
    .sort()
}

export function inIpSet({ aws }: FenceAccount, family: 4 | 6): string[] {
  return [...[...aws.ipSets.values()].find((set) => set.family === family)!.addresses].sort()
}
