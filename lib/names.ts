/** What the stack names and others find: whoever deploys and whoever looks must say the same. */

/** @param stack what the settings say, where they do */
export function stackName(fence: string, stack?: string): string {
  return stack ?? `SipFence-${fence}`
}

/** What an output of the stack is known by, whatever CDK makes of its name. */
export function outputDescription(fence: string, name: string): string {
  return `sipfence ${fence}: ${name}`
}

/** The queue that a fence takes its reports from. */
export function reportsQueueName(fence: string): string {
  return `sipfence-${fence}-reports`
}

/** Where CloudWatch keeps the fence's figures, each with the dimension `fence`. */
export const METRIC_NAMESPACE = 'sipfence'

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
