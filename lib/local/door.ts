import type { FenceConfig } from '../config.ts'
import { DEFAULTS } from '../config.ts'
import { portRanges } from '../core/wanted.ts'
import type { Journal } from '../journal.ts'
import { type LockdownRound, lockdownRound } from '../lockdown.ts'
import type { TierLedger } from '../tiers.ts'
import { keepTrusted, type TrustedRound, trustedList } from '../trusted-peers.ts'
import { ManagedPrefixList } from './prefix-list.ts'
import { LocalPrefixSet } from './prefix-set.ts'
import { SecurityGroup } from './security-group.ts'
import { SecurityGroupGate } from './security-group-gate.ts'
import { LocalSecurityGroups } from './security-groups.ts'

/** How the door stood when it was looked at last. */
export interface DoorRecord {
  /** When the public was shut out, in milliseconds; null where it was not. */
  readonly closedAt: number | null
  readonly round: LockdownRound
  readonly trusted: Readonly<Record<4 | 6, TrustedRound>>
}

/**
 * The security group of an embedded PBX, which lets the public in on its SIP ports as most do, and the lists of trusted
 * peers that take its place while the door is closed.
 */
export class Door {
  readonly gate: SecurityGroupGate
  readonly group: SecurityGroup
  readonly #config: FenceConfig
  readonly #lists: Readonly<Record<4 | 6, LocalPrefixSet>>
  readonly #groups: LocalSecurityGroups
  #record: DoorRecord | undefined

  /** @param tracks whether replies may go out only where they are answers, so that flows are tracked */
  constructor(config: FenceConfig, tracks = false) {
    const { maxEntries = DEFAULTS.trustedPeers.maxEntries } = config.firewalls.trustedPeers ?? {}
    const four = new ManagedPrefixList({ id: 'pl-00000000000000004', family: 4, maxEntries })
    const six = new ManagedPrefixList({ id: 'pl-00000000000000006', family: 6, maxEntries })
    const rules = portRanges(config.ports).flatMap((ports) =>
      ['udp', 'tcp'].flatMap((protocol) => [
        { protocol, ports, cidr: '0.0.0.0/0' },
        { protocol, ports, ipv6Cidr: '::/0' },
      ]),
    )
    const prefixList = (id: string) => [four, six].find((list) => list.id === id)
    const references = { prefixList, hasGroup: () => false }
    this.group = new SecurityGroup({ rules, references, openEgress: tracks ? [] : [4, 6] })
    this.gate = new SecurityGroupGate([this.group])
    this.#config = config
    this.#lists = { 4: new LocalPrefixSet(four), 6: new LocalPrefixSet(six) }
    this.#groups = new LocalSecurityGroups([this.group])
  }

  get record(): DoorRecord | undefined {
    return this.#record
  }

  /** Keeps the lists current and brings the door to what is desired. */
  async round(
    { ledger, journal }: { readonly ledger: TierLedger; readonly journal: Journal },
    closed: boolean,
    now: number,
  ): Promise<void> {
    const { id: fence, allow, healthCheckers, vpcCidrs, ports, firewalls } = this.#config
    const { ipv4, ipv6 } = firewalls.trustedPeers?.widest ?? DEFAULTS.trustedPeers.widest
    const peers = { allow: [...allow, ...healthCheckers, ...vpcCidrs], widest: { 4: ipv4, 6: ipv6 } }
    const options = { ...peers, closed, approved: false, apply: true }
    const trusted = await keepTrusted({ ledger, lists: this.#lists, journal }, options, now)
    const listOf = (family: 4 | 6) => trustedList(this.#lists[family].id, trusted[family])
    const lists = { 4: listOf(4), 6: listOf(6) }
    const desired = { closed, why: closed ? 'asked for' : 'not asked for' }
    const round = await lockdownRound(
      { ledger, groups: this.#groups, journal },
      desired,
      { fence, ranges: portRanges(ports), apply: true, trusted: lists },
      now,
    )
    const closedAt = this.#record?.closedAt ?? (round.swaps.length > 0 ? now : null)
    this.#record = { closedAt, round, trusted }
  }
}
