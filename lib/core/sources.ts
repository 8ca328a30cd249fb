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
  /** Whether most known-good sources that spoke see no reply: the sensor misses one direction. */
  halfBlind = false
  /** Packet time in whole seconds; it never goes back. */
  second = 0
  /** Distinct sources that sent something in the last whole 10 s, with a standard error of 1.6 %. */
  distinct = 0
  readonly #distinct = new HyperLogLog(SOURCES_REGISTERS)
  readonly #key: number
  #agedAt = 0
  #news = new Map<Prefix, ProofNews>()

  constructor(key: number) {
    this.#key = key
    this.suspects = new Suspects(SUSPECTS, key)
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
      this.distinct = Math.round(this.#distinct.estimate())
      this.#distinct.clear()
    }
    this.knownGood.expire(second)
    const calm = (this.all.window10(second).packetsIn ?? 0) <= CALM_PACKETS
    if (calm) this.halfBlind = this.knownGood.isUnanswered(second) ?? this.halfBlind
    const news = [...this.#news.values()]
    this.#news.clear()
    return news
  }

  *records(): IterableIterator<SourceRecord> {
    yield* this.knownGood.records()
    yield* this.suspects.records()
  }

  #announce(record: SourceRecord): void {
    const knownGoodAt = record.knownGoodAt === null ? null : record.knownGoodAt * 1000
    this.#news.set(record.prefix, { source: record.prefix, proof: record.proof(this.second), knownGoodAt })
  }
}
