import type { AnalyzeLedger, FirstReport } from '../analyze.ts'
import type { Block } from '../core/block.ts'
import { BoundedMap } from '../core/bounded-map.ts'
import { NO_HISTORY, type SourceHistory } from '../core/detection.ts'
import { KNOWN_GOOD_SECONDS } from '../core/known-good.ts'
import type { Swap } from '../core/lockdown.ts'
import { noOffences, type Offences, withEnd } from '../core/offences.ts'
import { type Claim, deniedSince } from '../core/plan-input.ts'
import { bitsOf, covers, isOneSource, type Prefix } from '../core/prefix.ts'
import type { Protection } from '../core/protection.ts'
import type { SetClaim } from '../core/set-plan.ts'
import type { ProofReport } from '../core/source-report.ts'
import type { TierLedger } from '../tiers.ts'

const HISTORIES = 65_536
const KNOWN_GOOD = 65_536
const OFFENCES = 5_000

/** The ledger of a fence in one process: gone when the process ends. Each table is bounded; no host is capped. */
export class MemoryLedger implements AnalyzeLedger, TierLedger {
  readonly #protection: Protection
  readonly #histories = new BoundedMap<string, SourceHistory>(HISTORIES)
  readonly #knownGood = new BoundedMap<Prefix, number>(KNOWN_GOOD)
  readonly #offences = new BoundedMap<Prefix, Offences>(OFFENCES)
  readonly #claims = new Map<string, readonly Claim[]>()
  readonly #setClaims = new Map<string, readonly SetClaim[]>()
  #swaps: readonly Swap[] = []
  #first: FirstReport | undefined

  constructor(protection: Protection) {
    this.#protection = protection
  }

  async protection(): Promise<Protection> {
    return this.#protection
  }

  async changeHistory(
    source: Prefix,
    host: string,
    change: (before: SourceHistory) => SourceHistory,
  ): Promise<void> {
    const key = `${source} ${host}`
    this.#histories.set(key, change(this.#histories.get(key) ?? NO_HISTORY))
  }

  async changeOffences(source: Prefix, change: (before: Offences | undefined) => Offences | undefined) {
    const before = this.#offences.get(source)
    const after = change(before)
    if (after !== undefined && after !== before) this.#offences.set(source, after)
    return { before, after }
  }

  async knownGoodAt(source: Prefix, now: number): Promise<number | null> {
    const at = this.#knownGood.get(source)
    return at === undefined || at <= now - KNOWN_GOOD_SECONDS * 1000 ? null : at
  }

  async knownGoodWithin(prefix: Prefix, now: number): Promise<readonly Prefix[]> {
    if (isOneSource(prefix)) return (await this.knownGoodAt(prefix, now)) === null ? [] : [prefix]
    const outer = bitsOf(prefix)
    const found: Prefix[] = []
    for (const [source, at] of this.#knownGood.entries()) {
      if (at > now - KNOWN_GOOD_SECONDS * 1000 && covers(outer, bitsOf(source))) found.push(source)
    }
    return found
  }

  async keepProofs({ proofs }: ProofReport): Promise<number> {
    for (const { source, knownGoodAt } of proofs) {
      if (knownGoodAt === null) continue
      this.#knownGood.set(source, Math.max(knownGoodAt, this.#knownGood.get(source) ?? 0))
    }
    return 0
  }

  async mayAccuse(): Promise<boolean> {
    return true
  }

  isCapped(): boolean {
    return false
  }

  async openBlock(prefix: Prefix): Promise<Block | undefined> {
    const block = this.#offences.get(prefix)?.block
    return block?.endedAt === null ? block : undefined
  }

  async openBlocks(): Promise<readonly Block[]> {
    return [...this.#offences.entries()].flatMap(([, { block }]) => (block?.endedAt === null ? [block] : []))
  }

  /** Puts a block there as it is: an operator's, or one that a test arranges. */
  async keepBlock(block: Block): Promise<void> {
    const found = this.#offences.get(block.prefix) ?? noOffences(block.prefix, 0)
    this.#offences.set(block.prefix, { ...found, block })
  }

  async endBlock({ prefix }: Block, at: number, lifted: boolean): Promise<Block | undefined> {
    const { after } = await this.changeOffences(prefix, (found) => found && withEnd(found, at, lifted))
    return after?.block ?? undefined
  }

  async firstReport(at: number): Promise<FirstReport> {
    const { at: earliest, knewAnybody } = this.#first ?? { at, knewAnybody: this.#knownGood.size > 0 }
    this.#first = { at: Math.min(at, earliest), knewAnybody }
    return this.#first
  }

  async claims(firewall: string): Promise<readonly Claim[]> {
    return this.#claims.get(firewall) ?? []
  }

  async keepClaims(firewall: string, claims: readonly Claim[]): Promise<void> {
    this.#claims.set(firewall, claims)
  }

  async deniedSince(source: Prefix): Promise<number | null> {
    return deniedSince([...this.#claims.values()].flat(), source)
  }

  async setClaims(set: string): Promise<readonly SetClaim[]> {
    return this.#setClaims.get(set) ?? []
  }

  async keepSetClaims(set: string, claims: readonly SetClaim[]): Promise<void> {
    this.#setClaims.set(set, claims)
  }

  async knownGood(now: number): Promise<readonly Prefix[]> {
    const since = now - KNOWN_GOOD_SECONDS * 1000
    return [...this.#knownGood.entries()].flatMap(([source, at]) => (at > since ? [source] : []))
  }

  async swaps(): Promise<readonly Swap[]> {
    return this.#swaps
  }

  async keepSwaps(swaps: readonly Swap[]): Promise<void> {
    this.#swaps = swaps
  }
}
