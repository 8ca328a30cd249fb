import { type Incident, type IncidentBook, isOver, type Standing } from './incident.ts'

/** What people are to be told of an incident now. */
export interface Notice {
  readonly state: 'opened' | 'changed' | 'closed'
  readonly incident: Incident
  /** What has changed since they were told last; empty but for state changed. */
  readonly changes: readonly Change[]
  /** It is the last of its kind for a while: more is held back. */
  readonly last: boolean
}

/** The number of sources has doubled, the fence has another mode, or what was in order is not any more. */
type Change = 'sources' | 'mode' | 'without' | 'failing' | 'braked'

/** An incident that goes on is told of at most this often. */
export const CHANGED_MS = 600_000
/** Notices of attacks, and of troubles, in any hour; each has its own, lest the one silence the other. */
export const MOST_AN_HOUR = 30
/** Of each kind; a round has other things to do, and the next one begins within a minute. */
export const MOST_A_ROUND = 10
const HOUR_MS = 3_600_000
const KINDS = ['trouble', 'attack'] as const
const GROWTH = 2
const RANK = { opened: 0, closed: 1, changed: 2 } as const

/** What is due of a book. */
export interface Due {
  /** In the order in which they are to be sent. */
  readonly notices: readonly Notice[]
  /** Incidents of which nobody is told yet, because too much was told within the hour. */
  readonly held: ReadonlySet<string>
}

/**
 * The notices that are due, what is new first. They follow from what stands and what people were told: what was not sent is
 * due again, and what was sent is not. Nobody is told twice of the same, unless the book could not be kept after it was sent.
 */
export function dueNotices({ incidents, sent }: IncidentBook, now: number): Due {
  const held = new Set<string>()
  const notices = KINDS.flatMap((kind) => {
    const due = incidents.flatMap((each) => (each.kind === kind ? (noticeOf(each, now) ?? []) : []))
    due.sort((a, b) => RANK[a.state] - RANK[b.state] || a.incident.since - b.incident.since)
    const room = Math.max(0, MOST_AN_HOUR - lately(sent[kind], now).length)
    for (const { incident } of due.slice(room)) if (incident.told === null) held.add(incident.id)
    return due.slice(0, Math.min(room, MOST_A_ROUND)).map((each, i) => ({ ...each, last: i === room - 1 }))
  })
  return { notices, held }
}

/** The book with what is held back marked: people learn of it late, or not at all where it is over by then. */
export function heldBack(book: IncidentBook, held: ReadonlySet<string>): IncidentBook {
  const isNew = ({ id, held: before }: Incident) => held.has(id) && !before
  if (!book.incidents.some(isNew)) return book
  return { ...book, incidents: book.incidents.map((each) => (isNew(each) ? { ...each, held: true } : each)) }
}

/** The book after the notice was sent. */
export function withTold(book: IncidentBook, { incident, state }: Notice, now: number): IncidentBook {
  const { kind, id, standing } = incident
  const sent = { ...book.sent, [kind]: [...lately(book.sent[kind], now), now] }
  const told = (each: Incident): Incident => ({ ...each, told: { at: now, standing }, held: false })
  const incidents =
    state === 'closed'
      ? book.incidents.filter((each) => each.id !== id)
      : book.incidents.map((each) => (each.id === id ? told(each) : each))
  return { incidents, sent }
}

/** What of an incident does not leave it as it was told, without a limit on how often. */
function changesOf({ kind, standing, told }: Incident): readonly Change[] {
  if (told === null) return []
  const before = told.standing
  const hasGrown = standing.sources > before.sources && standing.sources >= GROWTH * before.sources
  const grown: readonly Change[] = hasGrown ? ['sources'] : []
  if (kind === 'trouble') return grown
  const mode: readonly Change[] = standing.mode === before.mode ? [] : ['mode']
  return [...grown, ...mode, ...worse(standing, before)]
}

function worse(now: Standing, before: Standing): Change[] {
  const found: Change[] = []
  if (now.without > 0 && before.without === 0) found.push('without')
  if (now.failing && !before.failing) found.push('failing')
  if (now.braked && !before.braked) found.push('braked')
  return found
}

function noticeOf(incident: Incident, now: number): Omit<Notice, 'last'> | undefined {
  const { told } = incident
  if (told === null) return { state: 'opened', incident, changes: [] }
  if (isOver(incident, now)) return { state: 'closed', incident, changes: [] }
  const changes = now - told.at < CHANGED_MS ? [] : changesOf(incident)
  return changes.length === 0 ? undefined : { state: 'changed', incident, changes }
}

/** A clock that was set back leaves instants ahead; they count, for as long as an hour of it. */
function lately(sent: readonly number[], now: number): readonly number[] {
  return sent.filter((at) => Math.abs(now - at) < HOUR_MS)
}
