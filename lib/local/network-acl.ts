import type { PortRange, Protocol } from '../core/entry.ts'
import { ANY_PROTOCOL } from '../core/entry.ts'
import type { Address, Prefix } from '../core/prefix.ts'
import { bitsOf, familyOf } from '../core/prefix.ts'
import type { AclEntry, AclEntryRequest } from './acl-entry.ts'
import {
  DEFAULT_ALLOW,
  DEFAULT_DENY,
  entryOf,
  isDefaultDeny,
  NetworkAclError,
  requestOf,
  requireRuleNumber,
} from './acl-entry.ts'

/** What a network ACL compares of one packet. */
export interface AclPacket {
  /** True where the packet leaves the subnet. */
  readonly egress: boolean
  /** The remote end: the source of an inbound packet, the destination of an outbound one. */
  readonly address: Address
  /** IANA protocol number of the IP header. */
  readonly protocol: Protocol
  /** The destination port in either direction; any number where the protocol has none. */
  readonly port: number
}

/** The outcome for one packet, and the entry that decided it. */
export interface Verdict {
  readonly action: 'allow' | 'deny'
  readonly ruleNumber: number
}

export interface NetworkAclOptions {
  readonly id?: string
  /**
   * Rules per direction and IP family, the default `*` rule of the family included: 20 unless raised, and AWS
   * raises it to 40 at most (Amazon VPC quotas).
   */
  readonly rulesQuota?: number
  /** What the ACL holds at first; the default `*` rules that `describe` adds may be among them. */
  readonly entries?: readonly AclEntry[]
}

/**
 * A network ACL with the semantics of AWS's: stateless, numbered entries for each direction, the lowest number
 * that matches decides, and a `*` rule that cannot be removed denies the rest. With no entries it denies
 * everything, as a custom ACL does when it is made (Amazon VPC User Guide, "Network ACL basics").
 *
 * A request that EC2 would refuse throws a NetworkAclError and changes nothing. Each change sorts and compiles
 * all entries, at most twice the quota in each direction.
 */
export class NetworkAcl {
  readonly id: string
  readonly rulesQuota: number
  readonly #held = new Map<string, AclEntry>()
  #described: readonly AclEntry[] = []
  #rules: readonly (readonly Rule[])[] = []

  constructor(options: NetworkAclOptions = {}) {
    this.id = options.id ?? 'acl-00000000000000000'
    this.rulesQuota = options.rulesQuota ?? 20
    for (const entry of options.entries ?? []) if (!isDefaultDeny(entry)) this.#add(entryOf(requestOf(entry)))
    this.#refresh()
  }

  /** The ACL that AWS makes with each VPC: rule 100 allows all IPv4 in and out, rule 101 all IPv6. */
  static defaultAllow(options: Omit<NetworkAclOptions, 'entries'> = {}): NetworkAcl {
    return new NetworkAcl({ ...options, entries: DEFAULT_ALLOW })
  }

  /**
   * Both directions with their `*` rules, 32767 for IPv4 and 32768 for IPv6: outbound first, then by rule
   * number, which is the order in the DescribeNetworkAcls examples. The list is frozen; a change makes another.
   */
  describe(): readonly AclEntry[] {
    return this.#described
  }

  /** CreateNetworkAclEntry. IPv4 and IPv6 entries of a direction share its rule numbers. */
  create(request: AclEntryRequest): void {
    this.#add(entryOf(request))
    this.#refresh()
  }

  /** ReplaceNetworkAclEntry: the entry with this number and direction becomes the one of the request. */
  replace(request: AclEntryRequest): void {
    const entry = entryOf(request)
    const previous = this.#find(entry.ruleNumber, entry.egress)
    // Inferred: an entry that moves to the other family needs room there, as a new one does.
    if (familyOf(previous.prefix) !== familyOf(entry.prefix)) this.#requireRoom(entry)
    this.#held.set(keyOf(entry.ruleNumber, entry.egress), entry)
    this.#refresh()
  }

  /** DeleteNetworkAclEntry. */
  remove(ruleNumber: number, egress: boolean): void {
    requireRuleNumber(ruleNumber)
    this.#find(ruleNumber, egress)
    this.#held.delete(keyOf(ruleNumber, egress))
    this.#refresh()
  }

  /**
   * The entry that decides the packet: one pass over the address text, then one masked compare for each entry
   * of that direction and family. Nothing is kept of what it sees, so a flood of forged sources costs no
   * memory. The verdict is frozen and shared.
   */
  evaluate(packet: AclPacket): Verdict {
    return firstMatch(this.#rules[listOf(packet.egress, packet.address)] as readonly Rule[], packet)
  }

  #add(entry: AclEntry): void {
    const key = keyOf(entry.ruleNumber, entry.egress)
    // Inferred: a taken number is reported before a reached quota.
    if (this.#held.has(key)) {
      throw new NetworkAclError('NetworkAclEntryAlreadyExists', `Cannot create ${key}: ${this.id} has one`)
    }
    this.#requireRoom(entry)
    this.#held.set(key, entry)
  }

  #find(ruleNumber: number, egress: boolean): AclEntry {
    const key = keyOf(ruleNumber, egress)
    const entry = this.#held.get(key)
    if (entry) return entry
    throw new NetworkAclError('InvalidNetworkAclEntry.NotFound', `Cannot find ${key} in ${this.id}`)
  }

  #requireRoom({ ruleNumber, egress, prefix }: AclEntry): void {
    const list = listOf(egress, prefix)
    const count = listed(this.#held.values(), list).length + 1
    if (count < this.rulesQuota) return
    const full = `it has ${count} IPv${familyOf(prefix)} rules in that direction, the default one included`
    throw new NetworkAclError(
      'NetworkAclEntryLimitExceeded',
      `Cannot add ${keyOf(ruleNumber, egress)} to ${this.id}: ${full}; the quota is ${this.rulesQuota}`,
    )
  }

  #refresh(): void {
    const all = [...this.#held.values(), ...DEFAULT_DENY]
    all.sort((a, b) => Number(b.egress) - Number(a.egress) || a.ruleNumber - b.ruleNumber)
    this.#described = Object.freeze(all)
    this.#rules = [0, 1, 2, 3].map((list) => listed(all, list).map(ruleOf))
  }
}

function keyOf(ruleNumber: number, egress: boolean): string {
  return `${egress ? 'outbound' : 'inbound'} rule ${ruleNumber}`
}

/** One entry with its prefix as 32-bit words: one for IPv4, four for IPv6, most significant first. */
interface Rule {
  readonly network: Int32Array
  readonly mask: Int32Array
  readonly protocol: Protocol
  readonly ports: PortRange | null
  readonly verdict: Verdict
}

/** Which list an entry is in and a packet is compared with: there is one for each direction and family. */
function listOf(egress: boolean, text: Address | Prefix): number {
  return (egress ? 2 : 0) + (text.includes(':') ? 1 : 0)
}

function listed(entries: Iterable<AclEntry>, list: number): readonly AclEntry[] {
  return [...entries].filter(({ egress, prefix }) => listOf(egress, prefix) === list)
}

function ruleOf({ prefix, protocol, ports, action, ruleNumber }: AclEntry): Rule {
  const { family, bits, length } = bitsOf(prefix)
  const count = family === 4 ? 1 : 4
  const network = new Int32Array(count)
  const mask = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    network[i] = Number(BigInt.asIntN(32, bits >> BigInt(32 * (count - 1 - i))))
    const ones = Math.min(32, Math.max(0, length - 32 * i))
    // ECMAScript shifts by 32 as by 0.
    mask[i] = ones === 0 ? 0 : -1 << (32 - ones)
  }
  return { network, mask, protocol, ports, verdict: Object.freeze({ action, ruleNumber }) }
}

const DOT = 46
const COLON = 58
const address32 = new Int32Array(4)
const address16 = new Uint16Array(8)

/** The last of the sorted rules is the `*` rule, which matches everything. */
function firstMatch(rules: readonly Rule[], { address, protocol, port }: AclPacket): Verdict {
  if (address.includes(':')) readIpv6(address)
  else address32[0] = readIpv4(address)
  for (const rule of rules) {
    if (rule.protocol !== protocol && rule.protocol !== ANY_PROTOCOL) continue
    if (rule.ports !== null && (port < rule.ports.from || port > rule.ports.to)) continue
    if (holdsAddress(rule)) return rule.verdict
  }
  throw new Error(`Cannot match "${address}": expected a list of rules that ends in the default one`)
}

function holdsAddress({ network, mask }: Rule): boolean {
  for (let i = 0; i < mask.length; i++) {
    if (((address32[i] as number) & (mask[i] as number)) !== network[i]) return false
  }
  return true
}

/** Reads canonical text, which an `Address` is; other text gives some number and never an exception. */
function readIpv4(text: string): number {
  let word = 0
  let part = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code !== DOT) part = part * 10 + code - 48
    else {
      word = (word << 8) | part
      part = 0
    }
  }
  return (word << 8) | part
}

/** Reads RFC 5952 text into `address32`. The groups after `::` are the last ones, whatever their number. */
function readIpv6(text: string): void {
  address16.fill(0)
  let at = 0
  let gap = -1
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const digit = code <= 57 ? code - 48 : code - 87
    if (code !== COLON) address16[at] = ((address16[at] as number) << 4) | digit
    else if (text.charCodeAt(i + 1) !== COLON) at++
    else {
      gap = ++at
      i++
    }
  }
  const target = 7 - at + gap
  if (gap >= 0) address16.copyWithin(target, gap, at + 1).fill(0, gap, target)
  for (let i = 0; i < 8; i += 2) {
    address32[i >> 1] = ((address16[i] as number) << 16) | (address16[i + 1] as number)
  }
}
