import { isDeepStrictEqual } from 'node:util'
import type { NoticeDocument } from './contract/notice.ts'
import type { Block } from './core/block.ts'
import { type IncidentBook, type News, QUIET_MS, seen } from './core/incident.ts'
import { dueNotices, heldBack, type Notice, withTold } from './core/incident-notices.ts'
import { type AboutFence, documentOf, withoutEntry } from './incident-document.ts'
import type { Journal, JournalEntry } from './journal.ts'
import { newsOf } from './news.ts'
import type { RoundRecord } from './round-record.ts'
import { chatNotification, noticeText } from './view/notice-text.ts'

interface IncidentState {
  incidents(): Promise<{ readonly book: IncidentBook; readonly version: number }>
  /** Keeps the book where nobody has changed it since the version, and returns the next version; else it throws. */
  keepIncidents(book: IncidentBook, version: number): Promise<number>
  /** What happened from the minute of the instant on, as far as it was noted. */
  newsSince(at: number): Promise<readonly News[]>
}

/** One message, in a form for each way in which it may be delivered. */
export interface IncidentMessage {
  readonly subject: string
  readonly forms: Readonly<{ default: string; email: string; sms: string; https: string }>
  readonly attributes: Readonly<Record<string, string>>
}

export interface IncidentPorts {
  readonly ledger: { openBlocks(): Promise<readonly Block[]> }
  readonly state: IncidentState
  /** Tells people; throws where it is not sure that they are told. */
  send(message: IncidentMessage): Promise<void>
  /** A ULID for an incident that begins at the instant. */
  newId(at: number): string
}

/** How long a note may take to be seen, and clocks may differ. */
const LATE_MS = 120_000

/** A journal that keeps what it is told of incidents, so that the round's own alerts need no ledger to be known. */
export class HeardNews implements Journal {
  readonly #journal: Journal
  readonly #at: number
  readonly news: News[] = []

  constructor(journal: Journal, at: number) {
    this.#journal = journal
    this.#at = at
  }

  async write(entry: JournalEntry): Promise<void> {
    const news = newsOf(entry, this.#at)
    if (news !== undefined) this.news.push(news)
    await this.#journal.write(entry)
  }
}

/**
 * Tells people of incidents, after each round of the fence and with one round at a time. What stands is kept before anything is
 * sent, so that an incident has the same id however often it is tried; what was sent is kept after each notice, so that a
 * crash repeats one. A notice that cannot be sent ends the round's telling, and is due again at the next round.
 */
export class Incidents {
  readonly #ports: IncidentPorts
  readonly #about: AboutFence
  /** Up to when this process has read what was noted. */
  #readAt = 0

  constructor(ports: IncidentPorts, about: AboutFence) {
    this.#ports = ports
    this.#about = about
  }

  /** @param heard what the round itself has found */
  async tell(round: RoundRecord, heard: readonly News[], now: number): Promise<void> {
    const { ledger, state, send, newId } = this.#ports
    const kept = await state.incidents()
    const noted = await state.newsSince(Math.max(this.#readAt - LATE_MS, now - QUIET_MS.trouble))
    const blocks = (await ledger.openBlocks()).filter(({ until }) => now < until)
    const found = seen(kept.book, { blocks, news: [...noted, ...heard], met: metBy(round) }, now, newId)
    const { notices, held } = dueNotices(found, now)
    let book = heldBack(found, held)
    let { version } = kept
    if (!isDeepStrictEqual(book, kept.book)) version = await state.keepIncidents(book, version)
    this.#readAt = now
    for (const notice of notices) {
      await send(messageOf(notice, round, this.#about, now))
      book = withTold(book, notice, now)
      version = await state.keepIncidents(book, version)
    }
  }
}

/** How a round has met attacks: of all places the one that misses most. */
function metBy({ mode, firewalls, sets }: RoundRecord): Parameters<typeof seen>[1]['met'] {
  const places = [...firewalls, ...sets]
  return {
    mode,
    without: Math.max(0, ...places.map(withoutEntry)),
    failing: places.some(({ problem }) => problem !== null),
    braked: places.some(({ braked }) => braked !== null),
  }
}

/** Programs get the document; whoever reads mail, text messages or a chat gets words. */
export function messageOf(
  notice: Notice,
  round: Pick<RoundRecord, 'firewalls' | 'sets'>,
  about: AboutFence,
  now: number,
): IncidentMessage {
  const document = documentOf(notice, round, about, now)
  const { subject } = document
  const forms = {
    default: JSON.stringify(document),
    email: noticeText(document),
    sms: subject,
    https: JSON.stringify(chatNotification(document)),
  }
  return { subject, forms, attributes: attributesOf(document) }
}

/** What a subscription may choose by. */
function attributesOf(document: NoticeDocument): Record<string, string> {
  const { fence, incident, state, kind, severity, schema } = document
  const what = document.kind === 'attack' ? { class: document.class } : { alert: document.alert }
  return { 'sipfence.fence': fence, incident, state, kind, severity, schema, ...what }
}
