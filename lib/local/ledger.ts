import type { AnalyzeLedger } from '../analyze.ts'
import type { Block } from '../core/block.ts'
import { BoundedMap } from '../core/bounded-map.ts'
import type { SourceHistory } from '../core/detection.ts'
import { KNOWN_GOOD_SECONDS } from '../core/known-good.ts'
import type { Claim } from '../core/plan-input.ts'
import { bitsOf, covers, isOneSource, type Prefix } from '../core/prefix.ts'
import type { Protection } from '../core/protection.ts'
import type { ProofReport } from '../core/source-report.ts'
import type { ReconcileLedger } from '../reconcile.ts'

const HISTORIES = 65_536
const KNOWN_GOOD = 65_536
const BLOCKS = 5_000

/** The ledger of a fence in one process: gone when the process ends. Each table is bounded. */
export class MemoryLedger implements AnalyzeLedger, ReconcileLedger {
  readonly #protection: Protection
  readonly #histories = new BoundedMap<string, SourceHistory>(HISTORIES)
  readonly #knownGood = new BoundedMap<Prefix, number>(KNOWN_GOOD)
  /** The newest block of each prefix. */
  readonly #blocks = new BoundedMap<Prefix, Block>(BLOCKS)
  readonly #claims = new Map<string, readonly Claim[]>()
  #first: { at: number; knewAnybody: boolean } | undefined

  constructor(protection: Protection) {
    this.#protection = protection
  }

  async protection(): Promise<Protection> {
    return this.#protection
  }

  async history(source: Prefix, host: string): Promise<SourceHistory | undefined> {
    return this.#histories.get(`${source} ${host}`)
  }

  async keepHistory(source: Prefix, host: string, history: SourceHistory): Promise<void> {
    this.#histories.set(`${source} ${host}`, history)
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

  async keepProofs({ proofs }: ProofReport): Promise<void> {
    for (const { source, knownGoodAt } of proofs) {
      if (knownGoodAt === null) continue
      this.#knownGood.set(source, Math.max(knownGoodAt, this.#knownGood.get(source) ?? 0))
    }
  }

  async lastBlock(prefix: Prefix): Promise<Block | undefined> {
    return this.#blocks.get(prefix)
  }

  async openBlocks(): Promise<readonly Block[]> {
    return [...this.#blocks.entries()].map(([, block]) => block).filter(({ endedAt }) => endedAt === null)
  }

  async keepBlock(block: Block): Promise<void> {
    this.#blocks.set(block.prefix, block)
  }

  async firstReport(at: number): Promise<{ readonly at: number; readonly knewAnybody: boolean }> {
    this.#first ??= { at, knewAnybody: this.#knownGood.size > 0 }
    return this.#first
  }

  async claims(firewall: string): Promise<readonly Claim[]> {
    return this.#claims.get(firewall) ?? []
  }

  async keepClaims(firewall: string, claims: readonly Claim[]): Promise<void> {
    this.#claims.set(firewall, claims)
  }
}
