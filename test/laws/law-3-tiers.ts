import { type AnalyzePorts, analyze, learnProofs } from '../../lib/analyze.ts'
import { capture } from '../../lib/capture.ts'
import type { FenceConfig } from '../../lib/config.ts'
import type { Block } from '../../lib/core/block.ts'
import { UDP } from '../../lib/core/entry.ts'
import type { Packet } from '../../lib/core/packet.ts'
import { isWithin } from '../../lib/core/plan-input.ts'
import {
  type Address,
  bitsOf,
  covers,
  type Family,
  type Prefix,
  sourcePrefix,
} from '../../lib/core/prefix.ts'
import { protectionOf } from '../../lib/core/protection.ts'
import type { Alert, JournalEntry } from '../../lib/journal.ts'
import { Chance } from '../../lib/local/chance.ts'
import { LocalFirewall } from '../../lib/local/firewall.ts'
import { MemoryLedger } from '../../lib/local/ledger.ts'
import { NetworkAcl } from '../../lib/local/network-acl.ts'
import { ManagedPrefixList } from '../../lib/local/prefix-list.ts'
import { LocalPrefixSet } from '../../lib/local/prefix-set.ts'
import { SecurityGroup } from '../../lib/local/security-group.ts'
import { SecurityGroupGate } from '../../lib/local/security-group-gate.ts'
import { LocalSecurityGroups } from '../../lib/local/security-groups.ts'
import { roundOptions } from '../../lib/settings/round-options.ts'
import { reconcileTiers, type TierPorts } from '../../lib/tiers.ts'

const WINDOW = { firstRule: 20, lastRule: 79 }
const ROUND_MS = 60_000
const FAMILIES = [4, 6] as const

/** A fence with every tier, in memory; blocks are placed, and nothing that they deny is kept from the sensor. */
export class TieredFence {
  readonly blocks: Block[] = []
  readonly alerts: Alert[] = []
  readonly #config: FenceConfig
  readonly #pbx: Address
  readonly #ledger: MemoryLedger
  readonly #acl = NetworkAcl.defaultAllow({ rulesQuota: 40 })
  readonly #denyLists = setsOf('deny', 50)
  readonly #ipSets = setsOf('waf', 50)
  readonly #trusted = setsOf('trusted', 20)
  readonly #group: SecurityGroup
  readonly #ports: TierPorts
  readonly #chance = new Chance(3)
  #roundAt = 0
  #boots = 0

  constructor(config: FenceConfig, pbx: Address) {
    this.#config = config
    this.#pbx = pbx
    this.#ledger = new MemoryLedger(protectionOf(config, [pbx]))
    const ports = { from: 5_060, to: 5_060 }
    const lists = [this.#trusted[4].list, this.#trusted[6].list]
    this.#group = new SecurityGroup({
      rules: [
        { protocol: 'udp', ports, cidr: '0.0.0.0/0' },
        { protocol: 'udp', ports, ipv6Cidr: '::/0' },
      ],
      references: { prefixList: (id) => lists.find((list) => list.id === id), hasGroup: () => false },
    })
    // As on AWS: an IP set denies connections, and who has not been proven makes none.
    const takes = ({ scope }: Block) => scope !== 'sip-udp'
    this.#ports = {
      ledger: this.#ledger,
      journal: { write: async (entry) => this.#note(entry) },
      firewalls: [new LocalFirewall(this.#acl, WINDOW)],
      sets: [
        ...FAMILIES.map((family) => this.#denyLists[family].set),
        ...FAMILIES.map((family) => Object.assign(this.#ipSets[family].set, { takes })),
      ],
      trusted: {
        lists: { 4: this.#trusted[4].set, 6: this.#trusted[6].set },
        groups: new LocalSecurityGroups([this.#group]),
      },
    }
  }

  /**
   * Plays the packets to a sensor that has just been started.
   * @param afterRound is called with the instant of each round, once everything is placed
   */
  async run(packets: readonly Packet[], closed: boolean, afterRound: (at: number) => void): Promise<void> {
    const { id, limits, ports } = this.#config
    const analyzing: AnalyzePorts = {
      ledger: this.#ledger,
      journal: this.#ports.journal,
      wake: async () => {
        this.#roundAt = 0
      },
      random: () => this.#chance.random(),
      newId: (at) => this.#chance.newId(at),
    }
    async function* source() {
      yield { packets, ignored: 0 }
    }
    await capture(
      source(),
      {
        report: (report) => analyze(report, analyzing, this.#config, { sentAt: report.at, again: false }),
        proofs: (report) => learnProofs(report, analyzing),
        endSecond: async (at) => {
          if (at < this.#roundAt) return
          this.#roundAt = at + ROUND_MS
          await this.#round(closed, at)
          afterRound(at)
        },
      },
      {
        reporter: { fence: id, host: 'local', boot: String(++this.#boots) },
        limits,
        key: 3,
        pbx: new Set([this.#pbx]),
        ports: new Set(ports),
      },
    )
  }

  /** The entries of ours, in any tier, that deny the address; and the closed door, where it keeps the address out. */
  deniedBy(address: Address, at: number): string[] {
    const inner = bitsOf(sourcePrefix(address))
    const holds = (prefix: Prefix) => covers(bitsOf(prefix), inner) || covers(inner, bitsOf(prefix))
    const entries = this.#acl
      .describe()
      .filter((entry) => !entry.egress && isWithin(WINDOW, entry.ruleNumber) && holds(entry.prefix))
      .map(({ prefix }) => `acl ${prefix}`)
    const listed = [this.#denyLists, this.#ipSets].flatMap((sets) =>
      FAMILIES.flatMap((family) => {
        const { list } = sets[family]
        return list.entries.filter(({ prefix }) => holds(prefix)).map(({ prefix }) => `${list.id} ${prefix}`)
      }),
    )
    const packet = { address, protocol: UDP, remotePort: 40_000, port: 5_060 }
    const letsIn = new SecurityGroupGate([this.#group]).admits(packet, at)
    return [...entries, ...listed, ...(letsIn ? [] : ['the closed door'])]
  }

  async #round(closed: boolean, at: number): Promise<void> {
    const door = { closed, why: closed ? 'asked for' : 'not asked for' }
    const settings = { ...roundOptions(this.#config), mode: 'enforce', approved: false, door } as const
    await reconcileTiers(this.#ports, settings, at)
  }

  #note(event: JournalEntry): void {
    if (event.kind === 'block') this.blocks.push(event.block)
    if (event.kind === 'alert') this.alerts.push(event.alert)
  }
}

interface Placed {
  readonly list: ManagedPrefixList
  readonly set: LocalPrefixSet
}

function setsOf(name: string, maxEntries: number): Readonly<Record<Family, Placed>> {
  const one = (family: Family): Placed => {
    const list = new ManagedPrefixList({ id: `pl-${name}${family}`, family, maxEntries })
    return { list, set: new LocalPrefixSet(list) }
  }
  return { 4: one(4), 6: one(6) }
}
