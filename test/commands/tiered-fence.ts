import type { RuleRequest } from '../../lib/local/security-group-rule.ts'
import type { AccountOptions } from '../aws/fence-account.ts'
import { PLACES } from '../aws/tier-account.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { type DeployedFixture, deployFence, HOST, OTHER_HOST, SETTINGS } from './deployed-fence.ts'

/** A fence that uses every tier, in a local account that the command line talks to. */

export const GROUP = 'sg-00000000000000001'
/** On the PBXs too, and not named in the settings. */
export const OTHER_GROUP = 'sg-00000000000000002'
export const DENY4 = PLACES.DenyListIpv4!
export const DENY6 = PLACES.DenyListIpv6!
export const TRUSTED4 = PLACES.TrustedPeersIpv4!
export const TRUSTED6 = PLACES.TrustedPeersIpv6!
export const IP_SET4 = 'sipfence-f-ipv4 (IPv4)'
export const IP_SET6 = 'sipfence-f-ipv6 (IPv6)'

/** The public rule that a lockdown takes away, as people read it. */
export const PUBLIC = 'udp 5060 from 0.0.0.0/0'
const SIP: RuleRequest = { protocol: 'udp', ports: { from: 5060, to: 5060 } }
const MEDIA: RuleRequest = { protocol: 'udp', ports: { from: 10_000, to: 20_000 }, cidr: '0.0.0.0/0' }

const OFFICE_HOURS = { timeZone: 'Europe/Berlin', from: '08:00', to: '18:00' }
const TRUSTED_PEERS = { securityGroups: [GROUP], maxEntries: 10, officeHours: OFFICE_HOURS }

/** The settings of the fence as people write them. */
export const TIER_SETTINGS = {
  ...SETTINGS,
  firewalls: { denyList: { maxEntries: 50 }, ipSets: { action: 'block' }, trustedPeers: TRUSTED_PEERS },
}

export interface TieredOptions {
  readonly settings?: object
  /** What the PBXs' second group lets in; nothing unless given. */
  readonly others?: readonly RuleRequest[]
  /** Entries that each list of trusted peers can hold; 10 unless given. */
  readonly trustedEntries?: number
}

export async function deployTiers({
  settings = TIER_SETTINGS,
  others = [],
  trustedEntries = 10,
}: TieredOptions = {}): Promise<DeployedFixture> {
  const fence = await deployFence(settings, accountWith(trustedEntries))
  groupOf(fence).authorize([{ ...SIP, cidr: '0.0.0.0/0', description: 'phones' }, MEDIA])
  if (others.length > 0) groupOf(fence, OTHER_GROUP).authorize(others)
  return fence
}

function accountWith(trustedEntries: number): AccountOptions {
  const ids = Object.entries(PLACES).map(([place, id]) => ({
    id,
    family: place.endsWith('4') ? (4 as const) : (6 as const),
    maxEntries: place.startsWith('Deny') ? 50 : trustedEntries,
  }))
  return {
    places: PLACES,
    prefixLists: ids.filter(({ id }) => id.startsWith('pl-')),
    ipSets: ids.flatMap(({ id: arn, family }) => {
      const [, name, id] = /ipset\/([^/]+)\/([^/]+)$/.exec(arn) ?? []
      return name === undefined || id === undefined ? [] : [{ name, id, family }]
    }),
    securityGroups: [GROUP, OTHER_GROUP].map((id) => ({ id })),
    networkInterfaces: [HOST, OTHER_HOST].map((instanceId, i) => ({
      id: `eni-0000000000000000${i}`,
      instanceId,
      groupIds: [GROUP, OTHER_GROUP],
    })),
    // The command line goes by the machine's clock and the account by its own, which stands still.
    throttle: { UpdateIPSet: { burst: 100, refillPerSecond: 1 } },
  }
}

export function groupOf({ aws }: DeployedFixture, id = GROUP) {
  return aws.securityGroups.get(id)!
}

/** The sources of the group's rules for SIP over UDP, as EC2 holds them. */
export function letsIn(fence: DeployedFixture, id = GROUP): string[] {
  return groupOf(fence, id).rules.flatMap(({ ports, source }) => {
    if (ports?.from !== 5060) return []
    return [source.kind === 'prefix' ? source.prefix : source.id]
  })
}

/** What a prefix list holds, in order. */
export function listed({ aws }: DeployedFixture, id: string): string[] {
  const { entries } = aws.prefixLists.get(id)!
  return entries.map(({ prefix }) => prefix).sort()
}

/** What an IP set holds, in order. */
export function inIpSet({ aws }: DeployedFixture, family: 4 | 6): string[] {
  const set = [...aws.ipSets.values()].find((each) => each.family === family)
  return [...(set?.addresses ?? [])].sort()
}

/** Somebody else's entry in a prefix list. */
export function listForeign({ aws }: DeployedFixture, id: string, cidr: string): void {
  const list = aws.prefixLists.get(id)!
  list.modify({ currentVersion: list.version, add: [{ cidr }] })
}

/** Sources that have proven themselves an hour ago. */
export async function vouch({ ledger, now }: DeployedFixture, ...sources: readonly string[]): Promise<void> {
  const at = now - 3_600_000
  const proofs = sources.map((source) => ({
    source: onePrefix(source),
    proof: 'nonce' as const,
    knownGoodAt: at,
  }))
  await ledger.keepProofs({
    schema: 'sipfence.proofs/1',
    fence: 'f',
    host: HOST,
    boot: 'b',
    seq: 1,
    at,
    proofs,
  })
}
