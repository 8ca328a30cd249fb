import type { AnalyzeLedger, FirstReport } from '../analyze.ts'
import { atOnce } from '../core/at-once.ts'
import type { Block } from '../core/block.ts'
import { BoundedMap } from '../core/bounded-map.ts'
import { NO_HISTORY, type SourceHistory } from '../core/detection.ts'
import { KNOWN_GOOD_SECONDS } from '../core/known-good.ts'
import type { Swap } from '../core/lockdown.ts'
import { type Offences, withEnd } from '../core/offences.ts'
import { type Claim, deniedSince } from '../core/plan-input.ts'
import { bitsOf, covers, isOneSource, type Prefix } from '../core/prefix.ts'
import type { Protection } from '../core/protection.ts'
import type { SetClaim } from '../core/set-plan.ts'
import type { ProofReport } from '../core/source-report.ts'
import type { TierLedger } from '../tiers.ts'
import { ifVersion, inTurn, type LedgerTable, type Row, type Stamp, versionOf } from './ledger-table.ts'
import { nameRange, sortableName } from './source-name.ts'

export interface DynamoLedgerOptions {
  readonly table: LedgerTable
  /** Everything that is never blocked, from the fence's settings. */
  readonly protection: Protection
  /** How many blocks and proofs one host may cause within an hour of our clock. */
  readonly perHostHour: { readonly blocks: number; readonly proofs: number }
  /** Milliseconds since 1970. */
  readonly clock: () => number
}

const SWAPS = { kind: 'state', name: 'swaps' }
const HOUR_MS = 3_600_000
const HISTORY_SECONDS = 3_600
/** The longest block is seven days, and its level is remembered for four times as long; then some. */
const ENDED_SECONDS = 60 * 86_400
const PROOFS_AT_ONCE = 16
const MOST_CAPPED = 1_000
/** A source that still arrives is looked for among all claims; each second of a flood need not read them anew. */
const CLAIMS_MS = 10_000

/**
 * The ledger of a fence in DynamoDB; docs/ledger.md has its rows and conditions. Expiry goes by our clock: the table's
 * time to live only collects garbage, as it may lag by days.
 */
export class DynamoLedger implements AnalyzeLedger, TierLedger {
  readonly #options: DynamoLedgerOptions
  readonly #table: LedgerTable
  #first: FirstReport | undefined
  /** Hosts that have caused their share, and in which hour, so that a flood of accusations costs little. */
  readonly #capped = new BoundedMap<string, string>(MOST_CAPPED)
  #allClaims: { readonly at: number; readonly claims: readonly Claim[] } | undefined

  constructor(options: DynamoLedgerOptions) {
    this.#options = options
    this.#table = options.table
  }

  async protection(): Promise<Protection> {
    return this.#options.protection
  }

  async changeHistory(
    source: Prefix,
    host: string,
    change: (before: SourceHistory) => SourceHistory,
  ): Promise<void> {
    const expires = this.#inSeconds(HISTORY_SECONDS)
    await this.#table.change({ kind: `history#${source}`, name: host }, (row) => ({
      history: change((row?.['history'] as SourceHistory | undefined) ?? NO_HISTORY),
      expires,
    }))
  }

  /**
   * A source's offences stand among the open rows while its block stands, else among the ended ones. The open row
   * counts where both are there, which is so for a moment while a block ends, or after a crash in that moment.
   */
  async changeOffences(source: Prefix, change: (before: Offences | undefined) => Offences | undefined) {
    const seen: (Offences | undefined)[] = []
    let after: Offences | undefined
    const read = () => this.#offences(source)
    await inTurn(`the block of ${source}`, read, async (row, stamp) => {
      const found = row?.['offences'] as Offences | undefined
      seen.push(found)
      after = change(found)
      return after === undefined || after === found || (await this.#keepOffences(row, after, stamp))
    })
    return { before: seen[0], after }
  }

  async #offences(source: Prefix): Promise<Row | undefined> {
    const open = await this.#table.get({ kind: 'open', name: source })
    return open ?? (await this.#table.get({ kind: 'ended', name: source }))
  }

  /** False where somebody else was faster; then the caller reads again. */
  async #keepOffences(row: Row | undefined, offences: Offences, stamp: Stamp): Promise<boolean> {
    const { prefix, block } = offences
    const next = { offences, ...stamp }
    const open = { kind: 'open', name: prefix }
    const wasOpen = String(row?.['pk']).endsWith('#open')
    const asRead = ifVersion(versionOf(row))
    if (block?.endedAt === null) return await this.#table.put(open, next, wasOpen ? asRead : ifVersion(0))
    const ended = { ...next, expires: this.#inSeconds(ENDED_SECONDS) }
    const key = { kind: 'ended', name: prefix }
    if (!(await this.#table.put(key, ended, wasOpen ? undefined : asRead))) return false
    return !wasOpen || (await this.#table.remove(open, asRead))
  }

  async openBlock(prefix: Prefix): Promise<Block | undefined> {
    return blockOf(await this.#table.get({ kind: 'open', name: prefix }))
  }

  async openBlocks(): Promise<readonly Block[]> {
    return (await this.#table.all('open')).flatMap((row) => blockOf(row) ?? [])
  }

  /** The last block of the source, where it has ended. */
  async endedBlock(source: Prefix): Promise<Block | undefined> {
    const row = await this.#table.get({ kind: 'ended', name: source })
    return (row?.['offences'] as Offences | undefined)?.block ?? undefined
  }

  async endBlock({ prefix }: Block, at: number, lifted: boolean): Promise<Block | undefined> {
    const { after } = await this.changeOffences(prefix, (found) => found && withEnd(found, at, lifted))
    return after?.block ?? undefined
  }

  async knownGoodAt(source: Prefix, now: number): Promise<number | null> {
    const at = (await this.#table.get({ kind: 'good', name: sortableName(source) }))?.['at']
    return isGood(at, now) ? at : null
  }

  async knownGoodWithin(prefix: Prefix, now: number): Promise<readonly Prefix[]> {
    if (isOneSource(prefix)) return (await this.knownGoodAt(prefix, now)) === null ? [] : [prefix]
    return (await this.provenWithin(prefix, now)).map(({ source }) => source)
  }

  /** Known-good sources that lie within the prefix, and when each last proved itself. */
  async provenWithin(
    prefix: Prefix,
    now: number,
  ): Promise<readonly { readonly source: Prefix; readonly at: number }[]> {
    const outer = bitsOf(prefix)
    return (await this.#table.all('good', nameRange(prefix)))
      .filter((row) => isGood(row['at'], now))
      .map((row) => ({ source: row['source'] as Prefix, at: Number(row['at']) }))
      .filter(({ source }) => covers(outer, bitsOf(source)))
  }

  async keepProofs({ host, proofs }: ProofReport): Promise<number> {
    const good = proofs.filter(({ knownGoodAt }) => knownGoodAt !== null)
    if (good.length === 0) return 0
    const spent = Number((await this.#table.get(this.#spentBy(host)))?.['proofs'] ?? 0)
    const taken = good.slice(0, Math.max(0, this.#options.perHostHour.proofs - spent))
    const kept = await atOnce(PROOFS_AT_ONCE, taken, (each) =>
      this.#vouch(each.source, each.knownGoodAt!, host),
    )
    const fresh = kept.filter((isNews) => isNews).length
    // What was known already costs nothing, so that a message that is handled again is not paid for twice.
    if (fresh > 0) await this.#spend(host, 'proofs', fresh)
    return good.length - taken.length
  }

  async mayAccuse(host: string): Promise<boolean> {
    if (this.isCapped(host)) return false
    if ((await this.#spend(host, 'blocks', 1)) <= this.#options.perHostHour.blocks) return true
    this.#capped.set(host, this.#hour())
    return false
  }

  isCapped(host: string): boolean {
    return this.#capped.get(host) === this.#hour()
  }

  /**
   * The later instant wins, so that proofs may come in any order. Nobody is good from the future. False where it was
   * known already.
   */
  async #vouch(source: Prefix, at: number, host: string): Promise<boolean> {
    const row = {
      source,
      at: Math.min(at, this.#options.clock()),
      host,
      expires: this.#inSeconds(2 * KNOWN_GOOD_SECONDS),
    }
    return await this.#table.put({ kind: 'good', name: sortableName(source) }, row, {
      expression: 'attribute_not_exists(pk) OR #at < :at',
      names: { '#at': 'at' },
      values: { ':at': row.at },
    })
  }

  /** Counts in a row of the host and the hour, and returns the sum. */
  async #spend(host: string, what: 'blocks' | 'proofs', amount: number): Promise<number> {
    const expires = this.#inSeconds((2 * HOUR_MS) / 1000)
    return await this.#table.add(this.#spentBy(host), what, amount, expires)
  }

  #spentBy(host: string) {
    return { kind: 'spent', name: `${host}#${this.#hour()}` }
  }

  async firstReport(at: number): Promise<FirstReport> {
    if (this.#first === undefined || at < this.#first.at) this.#first = await this.#noteFirst(at)
    return this.#first
  }

  async #noteFirst(at: number): Promise<FirstReport> {
    const key = { kind: 'state', name: 'first-report' }
    const row = await this.#table.get(key)
    const knewAnybody = row === undefined ? await this.#table.holdsAny('good') : row['knewAnybody'] === true
    let first: FirstReport = { at, knewAnybody }
    await this.#table.change(key, (found) => {
      if (found !== undefined) first = { at: Number(found['at']), knewAnybody: found['knewAnybody'] === true }
      if (found !== undefined && first.at <= at) return found
      first = { at, knewAnybody: first.knewAnybody }
      return { ...first }
    })
    return first
  }

  async claims(firewall: string): Promise<readonly Claim[]> {
    const row = await this.#table.get({ kind: 'claims', name: firewall })
    return (row?.['claims'] as readonly Claim[] | undefined) ?? []
  }

  async keepClaims(firewall: string, claims: readonly Claim[]): Promise<void> {
    await this.#table.put({ kind: 'claims', name: firewall }, { claims })
  }

  async deniedSince(source: Prefix): Promise<number | null> {
    const now = this.#options.clock()
    if (this.#allClaims === undefined || now - this.#allClaims.at > CLAIMS_MS) {
      const rows = await this.#table.all('claims')
      this.#allClaims = { at: now, claims: rows.flatMap((row) => row['claims'] as readonly Claim[]) }
    }
    return deniedSince(this.#allClaims.claims, source)
  }

  async setClaims(set: string): Promise<readonly SetClaim[]> {
    const row = await this.#table.get({ kind: 'listed', name: set })
    return (row?.['claims'] as readonly SetClaim[] | undefined) ?? []
  }

  async keepSetClaims(set: string, claims: readonly SetClaim[]): Promise<void> {
    await this.#table.put({ kind: 'listed', name: set }, { claims })
  }

  async knownGood(now: number): Promise<readonly Prefix[]> {
    const rows = await this.#table.all('good')
    return rows.filter((row) => isGood(row['at'], now)).map((row) => row['source'] as Prefix)
  }

  async swaps(): Promise<readonly Swap[]> {
    const row = await this.#table.get(SWAPS)
    return (row?.['swaps'] as readonly Swap[] | undefined) ?? []
  }

  async keepSwaps(swaps: readonly Swap[]): Promise<void> {
    await this.#table.put(SWAPS, { swaps })
  }

  /** Of our clock: a host cannot choose in which hour it is counted. */
  #hour(): string {
    return new Date(this.#options.clock()).toISOString().slice(0, 13)
  }

  #inSeconds(seconds: number): number {
    return Math.floor(this.#options.clock() / 1000) + seconds
  }
}

function blockOf(row: Row | undefined): Block | undefined {
  const block = (row?.['offences'] as Offences | undefined)?.block
  return block?.endedAt === null ? block : undefined
}

function isGood(at: unknown, now: number): at is number {
  return typeof at === 'number' && at > now - KNOWN_GOOD_SECONDS * 1000
}
