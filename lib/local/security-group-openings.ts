import type { Protocol } from '../core/entry.ts'
import { ANY_PROTOCOL, TCP, UDP } from '../core/entry.ts'
import type { Address, Family, Prefix } from '../core/prefix.ts'
import type { ManagedPrefixList } from './prefix-list.ts'
import type { PrefixListEntry } from './prefix-list-change.ts'
import type { SecurityGroup } from './security-group.ts'
import type { SecurityGroupRule } from './security-group-rule.ts'
import { addressWords, SourceSet } from './security-group-sources.ts'

/** What security groups compare of one packet that comes in, or of the one that a packet going out answers. */
export interface InboundPacket {
  /** The remote end. */
  readonly address: Address
  /** IANA protocol number of the IP header. */
  readonly protocol: Protocol
  readonly remotePort: number
  /** The port of the instance; any number, like the remote one, where the protocol has none. */
  readonly port: number
}

/** Whether rules let a packet in, and whether its flow is tracked then. */
export type Admission = 'none' | 'tracked' | 'untracked'

/** All rules of one protocol and port range, for one family. */
interface Opening {
  readonly protocol: Protocol
  readonly from: number
  readonly to: number
  /** True where one of the rules is for the whole family, 0.0.0.0/0 or ::/0. */
  readonly forAll: boolean
  readonly sources: SourceSet
}

const EVERYONE: Readonly<Record<Family, Prefix>> = { 4: '0.0.0.0/0' as Prefix, 6: '::/0' as Prefix }

/**
 * The rules of all groups of one network interface as one: what any of them allows is allowed. Follows the groups
 * and the prefix lists that their rules refer to; compiles when one of them is not the one of the last packet.
 *
 * Members of a security group that a rule refers to have addresses inside the VPC, which are not known here: such a
 * rule lets nobody in.
 */
export class Openings {
  readonly #groups: readonly SecurityGroup[]
  #compiledFrom: readonly unknown[] = []
  #openings: Readonly<Record<Family, readonly Opening[]>> = { 4: [], 6: [] }

  constructor(groups: readonly SecurityGroup[]) {
    this.#groups = groups
  }

  /** Whether replies, and whatever else the instance sends, may go everywhere. */
  letsOut(family: Family): boolean {
    return this.#groups.some(({ openEgress }) => openEgress.includes(family))
  }

  /**
   * Documented ("Amazon EC2 security group connection tracking"): a flow of TCP or UDP is not tracked where a rule
   * lets in the whole family and another lets every reply out; ICMP always is. That this is so where narrower rules
   * let the packet in too is inferred.
   */
  admission(packet: InboundPacket): Admission {
    this.#refresh()
    const { address, protocol, port } = packet
    const family = address.includes(':') ? 6 : 4
    const mayBeUntracked = (protocol === TCP || protocol === UDP) && this.letsOut(family)
    const words = addressWords(address)
    let admission: Admission = 'none'
    for (const opening of this.#openings[family]) {
      if (opening.protocol !== protocol && opening.protocol !== ANY_PROTOCOL) continue
      if (port < opening.from || port > opening.to) continue
      if (opening.forAll && mayBeUntracked) return 'untracked'
      if (admission === 'none' && opening.sources.has(words)) admission = 'tracked'
    }
    return admission
  }

  #refresh(): void {
    if (this.#isCurrent()) return
    this.#compiledFrom = this.#groups.flatMap(({ rules, lists }) => [rules, ...lists.map(entriesOf)])
    this.#openings = { 4: openingsOf(this.#groups, 4), 6: openingsOf(this.#groups, 6) }
  }

  /** Rules and entries are lists that stay the same while nothing changes. Asked for each packet. */
  #isCurrent(): boolean {
    const from = this.#compiledFrom
    let at = 0
    for (const { rules, lists } of this.#groups) {
      if (from[at++] !== rules) return false
      for (const list of lists) if (from[at++] !== list.entries) return false
    }
    return at === from.length
  }
}

function entriesOf({ entries }: ManagedPrefixList): readonly PrefixListEntry[] {
  return entries
}

function openingsOf(groups: readonly SecurityGroup[], family: Family): readonly Opening[] {
  const byPorts = new Map<string, SourcedRule[]>()
  for (const { rules, lists } of groups) {
    for (const rule of rules) {
      const key = `${rule.protocol} ${rule.ports?.from} ${rule.ports?.to}`
      const prefixes = prefixesOf(rule, lists)
      byPorts.set(key, [...(byPorts.get(key) ?? []), { rule, prefixes }])
    }
  }
  return [...byPorts.values()].map((sourced) => openingOf(sourced, family))
}

/** Rules of the same protocol and ports, as one. */
function openingOf(sourced: readonly SourcedRule[], family: Family): Opening {
  const { protocol, ports } = sourced[0]!.rule
  return {
    protocol,
    from: ports?.from ?? Number.NEGATIVE_INFINITY,
    to: ports?.to ?? Number.POSITIVE_INFINITY,
    // That 0.0.0.0/0 in a prefix list does not make a flow untracked is inferred.
    forAll: sourced.some(
      ({ rule: { source } }) => source.kind === 'prefix' && source.prefix === EVERYONE[family],
    ),
    sources: new SourceSet(
      sourced.flatMap(({ prefixes }) => prefixes),
      family,
    ),
  }
}

interface SourcedRule {
  readonly rule: SecurityGroupRule
  readonly prefixes: readonly Prefix[]
}

function prefixesOf({ source }: SecurityGroupRule, lists: readonly ManagedPrefixList[]): readonly Prefix[] {
  if (source.kind === 'prefix') return [source.prefix]
  if (source.kind === 'group') return []
  return lists.find(({ id }) => id === source.id)?.entries.map(({ prefix }) => prefix) ?? []
}
