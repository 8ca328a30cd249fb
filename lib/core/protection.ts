import {
  type Address,
  bitsOf,
  covers,
  overlaps,
  type Prefix,
  type PrefixBits,
  sourcePrefix,
} from './prefix.ts'

/** A prefix that is never blocked, and why: the words go into refusals and alerts. */
export interface Protected {
  readonly prefix: Prefix
  readonly why: string
}

/**
 * Addresses that no PBX can do without, whatever is configured. RFC 6890 lists the special ones; the link-local
 * range holds the VPC's resolver, time service and instance metadata (169.254.169.253, .123, .254), fd00:ec2::/32
 * the same over IPv6.
 */
const ALWAYS_PROTECTED: readonly Protected[] = [
  { prefix: '0.0.0.0/8' as Prefix, why: 'this network' },
  { prefix: '127.0.0.0/8' as Prefix, why: 'loopback' },
  { prefix: '169.254.0.0/16' as Prefix, why: 'link-local: resolver, time service and instance metadata' },
  { prefix: '224.0.0.0/4' as Prefix, why: 'multicast' },
  { prefix: '255.255.255.255/32' as Prefix, why: 'broadcast' },
  { prefix: '::/127' as Prefix, why: 'unspecified and loopback' },
  { prefix: 'fe80::/10' as Prefix, why: 'link-local' },
  { prefix: 'fd00:ec2::/32' as Prefix, why: 'resolver, time service and instance metadata' },
  { prefix: 'ff00::/8' as Prefix, why: 'multicast' },
]

/** Answers "may this prefix be blocked?"; a prefix that shares one address with a protected one may not. */
export class Protection {
  readonly #list: readonly (Protected & { readonly bits: PrefixBits })[]

  constructor(prefixes: readonly Protected[]) {
    this.#list = [...ALWAYS_PROTECTED, ...prefixes].map((each) => ({ ...each, bits: bitsOf(each.prefix) }))
  }

  /** Whether nobody in the prefix may be blocked: all of it lies in one that is protected. */
  covers(prefix: Prefix): boolean {
    const bits = bitsOf(prefix)
    return this.#list.some((each) => covers(each.bits, bits))
  }

  /** Why the prefix must not be blocked, or undefined where it may be. */
  protects(prefix: Prefix): string | undefined {
    const bits = bitsOf(prefix)
    const hit = this.#list.find((each) => overlaps(each.bits, bits))
    if (hit === undefined) return undefined
    return hit.prefix === prefix ? hit.why : `${hit.why} (${hit.prefix})`
  }
}

/** What a fence's settings say of addresses that are never blocked. */
export interface ProtectionSettings {
  readonly pbxs: readonly { readonly addresses: readonly Address[] }[]
  readonly allow: readonly Prefix[]
  readonly vpcCidrs: readonly Prefix[]
  readonly healthCheckers: readonly Prefix[]
}

/** The allowlist, the PBXs themselves, their VPC and who watches their health; `own` are further addresses of a PBX. */
export function protectionOf(settings: ProtectionSettings, own: readonly Address[] = []): Protection {
  const pbxs = [...own, ...settings.pbxs.flatMap(({ addresses }) => addresses)]
  return new Protection([
    ...pbxs.map((address) => ({ prefix: sourcePrefix(address), why: "the PBX's own address" })),
    ...settings.allow.map((prefix) => ({ prefix, why: 'on the allowlist' })),
    ...settings.vpcCidrs.map((prefix) => ({ prefix, why: 'in the VPC' })),
    ...settings.healthCheckers.map((prefix) => ({ prefix, why: 'a health checker' })),
  ])
}
