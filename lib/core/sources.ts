import { HyperLogLog } from './hyper-log-log.ts'
import { keyedHash } from './keyed-hash.ts'
import { KnownGood } from './known-good.ts'
import type { Prefix } from './prefix.ts'
import { type Counter, type Proof, SourceRecord } from './source-record.ts'
import { Suspects } from './suspects.ts'

const SUSPECTS = 4_096
const SOURCES_REGISTERS = 4_096
const AGE_SECONDS = 10
/** A known-good source that proves itself again is news only once in this time. */
const NEWS_SECONDS = 3_600
/** Half-blindness is not judged while more packets came in 10 s: a busy PBX leaves requests unanswered too. */
const CALM_PACKETS = 5_000
/** So many packets of one direction in 10 s, and none of the other, are no chance. */
const ONE_WAY_PACKETS = 20

/** News that outlives this process: who is known-good, who is reachable. */
export interface ProofNews {
  readonly source: Prefix
  readonly proof: Proof
  /** Milliseconds; null where the source is reachable and no more. */
  readonly knownGoodAt: number | null
}

/**
 * Every source that is counted, in one of two tables: known-good ones, which only proof writes, and suspects.
 * Memory is bounded whatever is sent: 4,096 suspects and 8,192 known-good sources of about 4 KiB each.
 */
export class Sources {
  /** Counters over all sources, which no table limits. */
  readonly all = new SourceRecord('0.0.0.0/0' as Prefix)
  readonly suspects: Suspects
  readonly knownGood = new KnownGood()
  /** Whether the sensor seems to miss one direction. People are told; floods, which rest on replies, are not judged. */
  halfBlind = false
  /** Packet time in whole seconds; it never goes back. */
  second = 0
  #lastDistinct = 0
  readonly #distinct = new HyperLogLog(SOURCES_REGISTERS)
  readonly #key: number
  #agedAt = 0
  #news = new Map<Prefix, ProofNews>()

  constructor(key: number) {
    this.#key = key
    this.suspects = new Suspects(SUSPECTS, key)
  }

  /** Distinct sources in the last 10 s or the running ones, whichever had more; standard error 1.6 %. */
  get distinct(): number {
    return Math.max(this.#lastDistinct, this.#estimate())
  }

  /** The source's record, for one packet more from or to it; undefined while the tables are full. */
  touch(source: Prefix, inbound: boolean): SourceRecord | undefined {
    if (inbound) this.#distinct.add(keyedHash(this.#key, source))
    return this.knownGood.find(source) ?? this.suspects.touch(source)
  }

  find(source: Prefix): SourceRecord | undefined {
    return this.knownGood.find(source) ?? this.suspects.find(source)
  }

  count(source: Prefix, counter: Counter): void {
    this.all.add(counter, this.second)
    this.find(source)?.add(counter, this.second)
  }

  prove(source: Prefix, proof: Proof): void {
    const record = this.find(source)
    if (record?.prove(proof, this.second) === true) this.#announce(record)
  }

  makeKnownGood(source: Prefix): void {
    const record = this.find(source) ?? new SourceRecord(source)
    const isNews = record.knownGoodAt === null || this.second - record.announcedAt >= NEWS_SECONDS
    this.suspects.remove(source)
    this.knownGood.keep(record, this.second)
    if (!isNews) return
    record.announcedAt = this.second
    this.#announce(record)
  }

  /** Ages what must age at a whole second. Returns the proofs since the last call. */
  endSecond(second: number): ProofNews[] {
    this.second = Math.max(this.second, second)
    if (second - this.#agedAt >= AGE_SECONDS) {
      this.#agedAt = second
      this.suspects.age()
      this.#lastDistinct = this.#estimate()
      this.#distinct.clear()
    }
    this.knownGood.expire(second)
    this.halfBlind = this.#isHalfBlind(second)
    const news = [...this.#news.values()]
    this.#news.clear()
    return news
  }

  *records(): IterableIterator<SourceRecord> {
    yield* this.knownGood.records()
    yield* this.suspects.records()
  }

  /** One direction is missing altogether; or, in calm, most known-good sources wait for a reply. */
  #isHalfBlind(second: number): boolean {
    const { packetsIn = 0, packetsOut = 0 } = this.all.window10(second)
    if (Math.min(packetsIn, packetsOut) === 0) return Math.max(packetsIn, packetsOut) >= ONE_WAY_PACKETS
    return packetsIn <= CALM_PACKETS && this.knownGood.isUnanswered(second) === true
  }

  #estimate(): number {
    return Math.round(this.#distinct.estimate())
  }

  #announce(record: SourceRecord): void {
    const knownGoodAt = record.knownGoodAt === null ? null : record.knownGoodAt * 1000
    this.#news.set(record.prefix, { source: record.prefix, proof: record.proof(this.second), knownGoodAt })
  }
}
