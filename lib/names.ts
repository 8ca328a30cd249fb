/** What the stack names and others find: whoever deploys and whoever looks must say the same. */

export function stackName(fence: string): string {
  return `SipFence-${fence}`
}

/** The queue that a fence takes its reports from. */
export function reportsQueueName(fence: string): string {
  return `sipfence-${fence}-reports`
}

/** What a stack makes for the tiers that its fence uses: ids of prefix lists, ARNs of IP sets. */
export const PLACES = [
  'DenyListIpv4',
  'DenyListIpv6',
  'TrustedPeersIpv4',
  'TrustedPeersIpv6',
  'IpSetIpv4',
  'IpSetIpv6',
] as const

/** The output of the stack that tells it. */
export type Place = (typeof PLACES)[number]

export type Places = Readonly<Partial<Record<Place, string>>>

/** The environment variable that tells it to the functions. */
export function placeVariable(place: Place): string {
  return `SIPFENCE_${place.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()}`
}
