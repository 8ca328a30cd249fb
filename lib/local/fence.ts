import { type AnalyzePorts, analyze, learnProofs } from '../analyze.ts'
import { capture, type PacketSource, type ReportSink } from '../capture.ts'
import { DEFAULTS, type FenceConfig } from '../config.ts'
import { BoundedMap } from '../core/bounded-map.ts'
import type { Entry } from '../core/entry.ts'
import type { Packet } from '../core/packet.ts'
import { isWithin } from '../core/plan-input.ts'
import type { Address } from '../core/prefix.ts'
import { protectionOf } from '../core/protection.ts'
import type { CaptureTotals } from '../core/traffic.ts'
import { portRanges } from '../core/wanted.ts'
import { readDesired } from '../desired.ts'
import { type JournalEntry, NEWS_MS, newsKey } from '../journal.ts'
import { reconcile } from '../reconcile.ts'
import { Chance } from './chance.ts'
import { Door, type DoorRecord } from './door.ts'
import { Edge, type Effect } from './edge.ts'
import { LocalFirewall } from './firewall.ts'
import { MemoryLedger } from './ledger.ts'
import { NetworkAcl } from './network-acl.ts'

export interface EmbeddedOptions {
  readonly config: FenceConfig
  readonly pbx: readonly Address[]
  readonly mode: 'observe' | 'enforce'
  /** From a decision to its entry taking effect, in milliseconds; rounds up to the next whole second. */
  readonly enforcementDelayMs: number
  /** The same seed gives the same blocks from the same capture. */
  readonly seed: number
  /** When the door is closed, in milliseconds after the first packet; never unless told. */
  readonly lockdownAfterMs?: number | undefined
  /** Whether the PBX's security group tracks flows, so that a closed door does not cut those that stand. */
  readonly tracksFlows?: boolean
  /** Called for every packet, dropped or not, and for everything that happens, in the order of packet time. */
  readonly onPacket?: (packet: Packet, dropped: boolean) => void
  readonly onEvent?: (event: JournalEntry) => void
}

export interface EmbeddedResult {
  readonly totals: CaptureTotals
  readonly effect: Effect
  readonly from: number
  readonly to: number
  /** Our entries at the end, and when there were most. */
  readonly entries: readonly Entry[]
  readonly peak: readonly Entry[]
  /** Undefined where no lockdown was asked for. */
  readonly door: DoorRecord | undefined
}

const ROUND_MS = 60_000

/**
 * The whole fence in one process: the same three loops, a ledger in memory and a network ACL with AWS's
 * semantics, run in packet time. Reports reach the analyze loop at once; a reconcile round follows each wake-up
 * after the enforcement delay, and each minute, as it would on AWS.
 */
export class EmbeddedFence {
  readonly #options: EmbeddedOptions
  readonly #ledger: MemoryLedger
  readonly #firewall: LocalFirewall
  readonly #edge: Edge
  readonly #door: Door | undefined
  readonly #chance: Chance
  readonly #noted = new BoundedMap<string, number>(10_000)
  #roundDue = Number.POSITIVE_INFINITY
  #minuteDue = 0
  /** When the first block ends. On AWS its entry goes with the next minute's round; here at once. */
  #endDue = Number.POSITIVE_INFINITY
  #peak: readonly Entry[] = []
  #closed = false
  #from = 0
  #to = 0

  constructor(options: EmbeddedOptions) {
    const { config, pbx, seed, lockdownAfterMs, tracksFlows } = options
    this.#door = lockdownAfterMs === undefined ? undefined : new Door(config, tracksFlows)
    const acl = NetworkAcl.defaultAllow({ id: config.networkAcls[0]?.id ?? 'acl-00000000' })
    this.#options = options
    this.#ledger = new MemoryLedger(protectionOf(config, pbx))
    this.#firewall = new LocalFirewall(acl, config.networkAcls[0] ?? DEFAULTS.window)
    this.#edge = new Edge(acl, { pbx: new Set(pbx), ports: new Set(config.ports) }, this.#door?.gate)
    this.#chance = new Chance(seed)
  }

  async run(source: PacketSource): Promise<EmbeddedResult> {
    const { config, pbx, seed } = this.#options
    const sink: ReportSink = {
      report: (report) => analyze(report, this.#ports, config, { sentAt: report.at, again: false }),
      proofs: (report) => learnProofs(report, this.#ports),
      endSecond: (at) => this.#endSecond(at),
    }
    const totals = await capture(source, sink, {
      admits: (packet) => this.#admits(packet),
      reporter: { fence: config.id, host: 'local', boot: String(seed) },
      limits: config.limits,
      key: seed,
      pbx: new Set(pbx),
      ports: new Set(config.ports),
    })
    const { effect, totals: kept } = this.#edge
    totals.packets += kept.packets
    totals.sipMessages += kept.sipMessages
    totals.malformed += kept.malformed
    totals.ignored += kept.ignored
    const entries = await this.#held()
    const door = this.#door?.record
    return { totals, effect, from: this.#from, to: this.#to, entries, peak: this.#peak, door }
  }

  get #ports(): AnalyzePorts {
    return {
      ledger: this.#ledger,
      journal: { write: async (entry) => this.#note(entry) },
      wake: async (at) => {
        this.#roundDue = Math.min(this.#roundDue, at + this.#options.enforcementDelayMs)
      },
      random: () => this.#chance.random(),
      newId: (at) => this.#chance.newId(at),
    }
  }

  async #endSecond(at: number): Promise<void> {
    const closing = !this.#closed && this.#isClosed(at)
    if (at < this.#roundDue && at < this.#minuteDue && at < this.#endDue && !closing) return
    if (at >= this.#minuteDue) this.#minuteDue = at + ROUND_MS
    this.#roundDue = Number.POSITIVE_INFINITY
    const { config, mode } = this.#options
    const ports = { ledger: this.#ledger, firewall: this.#firewall, journal: this.#ports.journal }
    const ranges = portRanges(config.ports)
    const { reserve, brake } = config
    const desired = await readDesired(this.#ledger, at)
    await reconcile(ports, desired, { mode, apply: true, ranges, reserve, brake }, at)
    this.#closed ||= closing
    await this.#door?.round({ ledger: this.#ledger, journal: ports.journal }, this.#closed, at)
    this.#endDue = Math.min(...(await this.#ledger.openBlocks()).map(({ until }) => until))
    const held = await this.#held()
    if (held.length > this.#peak.length) this.#peak = held
  }

  #isClosed(at: number): boolean {
    const { mode, lockdownAfterMs } = this.#options
    return mode === 'enforce' && lockdownAfterMs !== undefined && at - this.#from >= lockdownAfterMs
  }

  async #held(): Promise<readonly Entry[]> {
    const { entries } = await this.#firewall.read()
    return entries.filter(({ ruleNumber }) => isWithin(this.#firewall.window, ruleNumber))
  }

  #admits(packet: Packet): boolean {
    const admitted = this.#edge.admits(packet)
    if (this.#from === 0) this.#from = packet.at
    this.#to = Math.max(this.#to, packet.at)
    this.#options.onPacket?.(packet, !admitted)
    return admitted
  }

  #note(entry: JournalEntry): void {
    if (entry.kind === 'block' && entry.change !== 'ended')
      this.#endDue = Math.min(this.#endDue, entry.block.until)
    if (!this.#isOldNews(entry)) this.#options.onEvent?.(entry)
  }

  #isOldNews(entry: JournalEntry): boolean {
    const key = newsKey(entry)
    if (key === undefined) return false
    const at = entry.kind === 'alert' ? entry.alert.at : this.#to
    if (at - (this.#noted.get(key) ?? Number.NEGATIVE_INFINITY) < NEWS_MS) return true
    this.#noted.set(key, at)
    return false
  }
}
