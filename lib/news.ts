import type { News } from './core/incident.ts'
import type { Alert, Journal, JournalEntry } from './journal.ts'

/** Where what happens is noted for the rounds, which tell people of it. */
export interface NewsState {
  noteNews(news: News): Promise<void>
}

/** Of one attack or trouble in one minute: a flood in the names of ten thousand phones is no ten thousand notes. */
const MOST_A_MINUTE = 5
const MINUTE_MS = 60_000

/**
 * Notes alerts, and blocks that begin or are extended, before it hands them on: an entry that could not be noted fails, and
 * is noted when its report is tried again. In a minute the same is noted once, whichever report says it.
 */
export class NewsJournal implements Journal {
  readonly #journal: Journal
  readonly #state: NewsState
  readonly #clock: () => number
  #minute = 0
  /** What was noted in this minute, by what it is about. */
  readonly #noted = new Map<string, Set<string>>()

  /** @param clock ours, not a report's: milliseconds since 1970 */
  constructor(journal: Journal, state: NewsState, clock: () => number) {
    this.#journal = journal
    this.#state = state
    this.#clock = clock
  }

  async write(entry: JournalEntry): Promise<void> {
    const news = newsOf(entry, this.#clock())
    if (news !== undefined) await this.#note(news)
    await this.#journal.write(entry)
  }

  count(what: Parameters<NonNullable<Journal['count']>>[0]): void {
    this.#journal.count?.(what)
  }

  /** Noted anew each minute, or its incident would be over. */
  async lasts(alert: Alert): Promise<void> {
    const news = newsOf({ kind: 'alert', alert }, this.#clock())
    if (news !== undefined) await this.#note(news)
    await this.#journal.lasts?.(alert)
  }

  async #note(news: News): Promise<void> {
    const minute = Math.floor(news.at / MINUTE_MS)
    if (minute !== this.#minute) this.#noted.clear()
    this.#minute = minute
    const about = news.kind === 'attack' ? news.class : `${news.name} ${news.host ?? ''}`
    const what = news.kind === 'attack' ? '' : (news.source ?? '')
    const noted = this.#noted.get(about) ?? new Set()
    if (noted.has(what) || noted.size >= MOST_A_MINUTE) return
    this.#noted.set(about, noted.add(what))
    try {
      await this.#state.noteNews(news)
    } catch (error) {
      noted.delete(what)
      throw error
    }
  }
}

/** What of an entry makes or keeps an incident; undefined where nothing does. A person's own block is none. */
export function newsOf(entry: JournalEntry, at: number): News | undefined {
  if (entry.kind === 'alert') {
    const { kind: name, source, host = null, why } = entry.alert
    return { kind: 'trouble', at, name, host, source, why }
  }
  if (entry.kind !== 'block' || entry.change === 'ended') return undefined
  const { class: name } = entry.block
  return name === 'operator' ? undefined : { kind: 'attack', at, class: name }
}
