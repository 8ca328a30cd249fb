import { BoundedMap } from './bounded-map.ts'
import type { Prefix } from './prefix.ts'
import type { SourceRecord } from './source-record.ts'

export const KNOWN_GOOD_SECONDS = 24 * 3600
const CAPACITY = 8_192
const USERS = 8_192
const ADDRESSES_A_USER = 16
const SOURCES_TO_JUDGE = 3
const HEARD_SECONDS = 60
const REPLY_SECONDS = 2

/**
 * Sources that are known-good on this host, with their counters. Only proof writes here: no number of forged
 * packets makes an entry or pushes one out. One account makes at most 16 addresses good within 24 h, so that
 * somebody who owns an account cannot fill the table with addresses of his choice.
 */
export class KnownGood {
  readonly #records = new BoundedMap<Prefix, SourceRecord>(CAPACITY)
  readonly #addresses = new BoundedMap<number, Map<Prefix, number>>(USERS)

  get size(): number {
    return this.#records.size
  }

  find(prefix: Prefix): SourceRecord | undefined {
    return this.#records.get(prefix)
  }

  /**
   * Whether the user may vouch for this address now: he does already, or has done for fewer than 16 in 24 h. Asking
   * keeps his row, so that nobody gets a fresh one by waiting for others to push his out.
   */
  vouches(user: number, prefix: Prefix, second: number): boolean {
    const addresses = this.#addresses.get(user) ?? new Map<Prefix, number>()
    for (const [address, at] of addresses) {
      if (at <= second - KNOWN_GOOD_SECONDS) addresses.delete(address)
    }
    const may = addresses.has(prefix) || addresses.size < ADDRESSES_A_USER
    if (may) addresses.set(prefix, second)
    this.#addresses.set(user, addresses)
    return may
  }

  /** Keeps the record for 24 h from `second`. */
  keep(record: SourceRecord, second: number): void {
    record.knownGoodAt = second
    this.#records.set(record.prefix, record)
  }

  /** Takes out those whose last proof is 24 h old. Oldest proof first, so it looks at few. */
  expire(second: number): void {
    for (const [prefix, record] of this.#records.entries()) {
      if ((record.knownGoodAt ?? 0) > second - KNOWN_GOOD_SECONDS) break
      this.#records.delete(prefix)
      record.knownGoodAt = null
    }
  }

  /**
   * Whether more than half of the known-good sources heard within a minute have waited over 2 s for a reply to
   * any of their requests; undefined where fewer than three were heard, too few to tell.
   */
  isUnanswered(second: number): boolean | undefined {
    let heard = 0
    let unanswered = 0
    for (const [, { lastSecond, unansweredSince }] of this.#records.entries()) {
      if (lastSecond < second - HEARD_SECONDS) continue
      heard++
      if (unansweredSince !== null && second - unansweredSince > REPLY_SECONDS) unanswered++
    }
    return heard < SOURCES_TO_JUDGE ? undefined : unanswered > heard / 2
  }

  *records(): IterableIterator<SourceRecord> {
    for (const [, record] of this.#records.entries()) yield record
  }
}
