import { type IncidentBook, type News, NO_INCIDENTS } from '../core/incident.ts'
import type { LockdownWish } from '../core/lockdown-wish.ts'
import type { Mode } from '../reconcile.ts'
import type { Lease } from '../round.ts'
import type { HostSeen, RoundRecord } from '../round-record.ts'
import { type LedgerTable, versionOf } from './ledger-table.ts'

const DAY_SECONDS = 86_400
/** Twice as long as any lease: clocks of people and functions differ. */
const LONGEST_LEASE_MS = 120_000

/** Who set the mode by hand, and when; it outweighs the settings file until somebody sets it again. */
export interface ModeSet {
  readonly mode: Mode
  readonly at: number
  readonly by: string
}

/** Who lets plans pass that the brake would stop, since when and until when. */
export interface Approval {
  readonly until: number
  readonly at: number
  readonly by: string
}

/** The incidents, and the mark of this state of them. */
export interface KeptIncidents {
  readonly book: IncidentBook
  readonly version: number
}

/** What a fence keeps in its ledger beside sources and blocks: one row for each kind of thing. */
export class FenceState {
  readonly #table: LedgerTable

  constructor(table: LedgerTable) {
    this.#table = table
  }

  async mode(): Promise<ModeSet | undefined> {
    return (await this.#table.get(state('mode'))) as ModeSet | undefined
  }

  async setMode(set: ModeSet): Promise<void> {
    await this.#table.put(state('mode'), { ...set })
  }

  async approvedUntil(): Promise<number> {
    return (await this.approval())?.until ?? 0
  }

  /** The last one, whether it is over or not. */
  async approval(): Promise<Approval | undefined> {
    return (await this.#table.get(state('approval'))) as Approval | undefined
  }

  /** Lets plans pass that the brake would stop, for a while. */
  async approve(approval: Approval): Promise<void> {
    await this.#table.put(state('approval'), { ...approval })
  }

  async lockdown(): Promise<LockdownWish | undefined> {
    return (await this.#table.get(state('lockdown'))) as LockdownWish | undefined
  }

  /** What somebody wants of the door; rounds go by it until somebody says otherwise. */
  async setLockdown(wish: LockdownWish): Promise<void> {
    await this.#table.put(state('lockdown'), { ...wish })
  }

  async claimedFirewalls(): Promise<readonly string[]> {
    const rows = await this.#table.all('claims')
    return rows.filter(({ claims }) => (claims as readonly unknown[]).length > 0).map(({ sk }) => String(sk))
  }

  /** A number that nobody was given before: each wake-up of the reconcile loop has its own. */
  async nextGeneration(): Promise<number> {
    return await this.#table.add(state('generation'), 'generation', 1)
  }

  /**
   * Takes the lease, or keeps it for longer; false while somebody else holds it. A lease that lies further ahead than one
   * can, because its owner's clock was wrong, counts as over.
   */
  async takeLease({ owner, until }: Lease, now: number): Promise<boolean> {
    return await this.#table.put(
      state('lease'),
      { owner, until },
      {
        expression: 'attribute_not_exists(pk) OR #until < :now OR #until > :latest OR #owner = :owner',
        names: { '#until': 'until', '#owner': 'owner' },
        values: { ':now': now, ':latest': now + LONGEST_LEASE_MS, ':owner': owner },
      },
    )
  }

  async lease(): Promise<Lease | undefined> {
    return (await this.#table.get(state('lease'))) as Lease | undefined
  }

  async endLease(owner: string): Promise<void> {
    await this.#table.remove(state('lease'), {
      expression: '#owner = :owner',
      names: { '#owner': 'owner' },
      values: { ':owner': owner },
    })
  }

  /** The newest that a host has said of itself; what comes late changes nothing. */
  async sawHost({ host, ...seen }: HostSeen): Promise<void> {
    await this.#table.put(
      { kind: 'host', name: host },
      { host, ...seen },
      {
        expression: 'attribute_not_exists(pk) OR #at <= :at',
        names: { '#at': 'at' },
        values: { ':at': seen.at },
      },
    )
  }

  async hosts(): Promise<readonly HostSeen[]> {
    return (await this.#table.all('host')) as unknown as readonly HostSeen[]
  }

  async keepRound(round: RoundRecord): Promise<void> {
    await this.#table.put(state('round'), { ...round })
  }

  /** Records from before there were tiers know nothing of them. */
  async round(): Promise<RoundRecord | undefined> {
    const row = await this.#table.get(state('round'))
    const tiers = { sets: [], trusted: [], lockdown: null, attacking: 0 }
    return row === undefined ? undefined : ({ ...tiers, ...row } as unknown as RoundRecord)
  }

  /** Whether this was not yet told within the given time; then it is noted as told now. */
  async isNews(what: string, now: number, forMs: number): Promise<boolean> {
    const expires = Math.floor(now / 1000) + DAY_SECONDS
    return await this.#table.put(
      { kind: 'told', name: what },
      { at: now, expires },
      {
        expression: 'attribute_not_exists(pk) OR #at <= :before',
        names: { '#at': 'at' },
        values: { ':before': now - forMs },
      },
    )
  }

  /** Notes that a block has begun or was extended, or that an alert was raised; noting the same again changes nothing. */
  async noteNews(news: News): Promise<void> {
    const subject = news.kind === 'attack' ? news.class : `${news.name} ${news.host ?? ''}`
    const source = news.kind === 'attack' ? '' : (news.source ?? '')
    const name = `${minuteOf(news.at)}#${news.kind} ${subject}#${source}`
    const expires = Math.floor(news.at / 1000) + DAY_SECONDS
    await this.#table.put({ kind: 'news', name }, { news, expires })
  }

  /** What was noted since the beginning of the minute in which the instant lies. */
  async newsSince(at: number): Promise<readonly News[]> {
    const rows = await this.#table.all('news', [minuteOf(at), '~'])
    return rows.map((row) => row['news'] as News)
  }

  async incidents(): Promise<KeptIncidents> {
    const row = await this.#table.get(state('incidents'))
    const book = (row?.['book'] as IncidentBook | undefined) ?? NO_INCIDENTS
    return { book, version: versionOf(row) }
  }

  /** Keeps the book where it still is at the version, and returns the next one; else it throws. */
  async keepIncidents(book: IncidentBook, version: number): Promise<number> {
    await this.#table.change(state('incidents'), (row) => {
      if (versionOf(row) === version) return { book }
      throw new Error(
        'Cannot keep the incidents: another round has changed them meanwhile; the next one goes on from there',
      )
    })
    return version + 1
  }
}

/** `2026-11-22T10:43`: names of later minutes sort after it. */
function minuteOf(at: number): string {
  return new Date(at).toISOString().slice(0, 16)
}

function state(name: string) {
  return { kind: 'state', name }
}
