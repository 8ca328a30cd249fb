import { type Block, isAttacking } from './block.ts'
import type { Prefix } from './prefix.ts'
import type { DetectionClass } from './suspicion.ts'

/** What people would call one event: an attack of one class on the fence, or one trouble. Times are milliseconds. */

/** One of the heaviest sources of an attack. */
interface IncidentSource {
  readonly prefix: Prefix
  /** Packets a second that its block keeps away. */
  readonly weight: number
  readonly until: number
  readonly why: string
}

/** What matters of an incident: a change of it is worth a notice. */
export interface Standing {
  /** Of an attack: sources that are blocked now. Of a trouble: sources that it is about, as far as they are kept. */
  readonly sources: number
  readonly mode: 'observe' | 'enforce' | 'off'
  /** Blocks for which the fullest place has no entry. */
  readonly without: number
  /** Some place could not be written. */
  readonly failing: boolean
  readonly braked: boolean
}

export interface Incident {
  /** A ULID. */
  readonly id: string
  readonly kind: 'attack' | 'trouble'
  /** The class of the attack, or the kind of the alert. */
  readonly name: string
  /** The host, or the firewall, that a trouble is about, where it is about one. */
  readonly host: string | null
  readonly since: number
  /** When it was last seen to go on. */
  readonly lastAt: number
  /** When a block of the attack last began or was extended. */
  readonly happenedAt: number
  /** The most sources at one time. */
  readonly peak: number
  /** When the last of its blocks ends, as far as it is known; null where nothing is blocked. */
  readonly until: number | null
  /** Of an attack the heaviest ones; they stay when their blocks have ended. */
  readonly heaviest: readonly IncidentSource[]
  /** Of a trouble the sources that it is about. */
  readonly about: readonly Prefix[]
  /** What the last alert said. */
  readonly why: string
  readonly standing: Standing
  /** What people were told last, and when; null where they know nothing of it yet. */
  readonly told: { readonly at: number; readonly standing: Standing } | null
  /** Nobody was told because too much was to be told: it may end unsaid. */
  readonly held: boolean
}

/** What is kept between rounds: the incidents that are not over, and when people were told what within the hour. */
export interface IncidentBook {
  readonly incidents: readonly Incident[]
  readonly sent: Readonly<Record<Incident['kind'], readonly number[]>>
}

export const NO_INCIDENTS: IncidentBook = { incidents: [], sent: { attack: [], trouble: [] } }

/** A block has begun or was extended, or an alert was raised, at an instant of our clock. */
export type News =
  | { readonly kind: 'attack'; readonly at: number; readonly class: DetectionClass }
  | ({ readonly kind: 'trouble' } & AlertNews)

interface AlertNews {
  readonly at: number
  readonly name: string
  readonly host: string | null
  readonly source: Prefix | null
  readonly why: string
}

/** What a round has found. */
export interface Seen {
  /** Blocks that stand. */
  readonly blocks: readonly Block[]
  readonly news: readonly News[]
  /** How the attacks are met, but for the number of sources. */
  readonly met: Omit<Standing, 'sources'>
}

/** An attack is over after this long in which no source was attacking, a trouble when nobody has told of it for so long. */
export const QUIET_MS = { attack: 900_000, trouble: 1_200_000 } as const
/** More wait for room: what is kept stays far below what one row may hold. */
export const MOST_INCIDENTS = 100
const MOST_HEAVIEST = 5
const MOST_ABOUT = 20
const LONGEST_WHY = 300
const HOUR_MS = 3_600_000
const CLASSES: readonly DetectionClass[] = ['reflection', 'flood', 'brute-force']

/**
 * The book after a round. An incident opens with the first block or alert of its key, and goes on with each further one;
 * seeing the same again changes nothing. It leaves the book by a notice that it is over, or unsaid where it was held back.
 *
 * @param newId a ULID for an incident that begins at the instant
 */
export function seen(
  book: IncidentBook,
  { blocks, news, met }: Seen,
  now: number,
  newId: (at: number) => string,
): IncidentBook {
  const found = new Map(book.incidents.map((each) => [keyOf(each), each]))
  for (const name of CLASSES) {
    const key = `attack ${name}`
    const next = attackOf(name, found.get(key), { blocks, news, met }, now, newId)
    if (next !== undefined) found.set(key, next)
  }
  for (const each of news) {
    if (each.kind !== 'trouble') continue
    const key = `trouble ${each.name} ${each.host ?? ''}`
    const before = found.get(key)
    if (before === undefined && now - each.at >= QUIET_MS.trouble) continue
    found.set(key, troubleOf(each, before ?? opened('trouble', each.name, each, newId), met))
  }
  const left = [...found.values()].filter((each) => !(each.held && each.told === null && isOver(each, now)))
  // Attacks come first into the map or stand in it already: a host of troubles keeps none of them out.
  const attacks = left.filter(({ kind }) => kind === 'attack')
  const troubles = left.filter(({ kind }) => kind === 'trouble')
  return { ...book, incidents: [...attacks, ...troubles].slice(0, MOST_INCIDENTS) }
}

export function isOver({ kind, lastAt }: Incident, now: number): boolean {
  return now - lastAt >= QUIET_MS[kind]
}

function keyOf({ kind, name, host }: Incident): string {
  return kind === 'attack' ? `attack ${name}` : `trouble ${name} ${host ?? ''}`
}

function attackOf(
  name: DetectionClass,
  before: Incident | undefined,
  { blocks, news, met }: Seen,
  now: number,
  newId: (at: number) => string,
): Incident | undefined {
  const own = blocks.filter((block) => block.class === name && block.origin === 'detector')
  const told = news.flatMap((each) => (each.kind === 'attack' && each.class === name ? [each.at] : []))
  const happenedAt = Math.max(before?.happenedAt ?? 0, ...told)
  const isActive =
    own.some((block) => isAttacking(block, now)) || (own.length > 0 && now - happenedAt < HOUR_MS)
  if (before === undefined && !isActive) return undefined
  const start = before ?? opened('attack', name, { at: beginOf(own, now), host: null }, newId)
  const members = own.filter(({ from }) => from >= start.since)
  const standing = { ...met, sources: members.length }
  return {
    ...start,
    happenedAt,
    lastAt: isActive ? Math.max(start.lastAt, now) : start.lastAt,
    peak: Math.max(start.peak, members.length),
    until: members.length === 0 ? null : Math.max(...members.map(({ until }) => until)),
    heaviest: members.length === 0 ? start.heaviest : heaviestOf(members),
    standing,
  }
}

/** When the attack began: with the first of the blocks that say so, else with the first there is. */
function beginOf(own: readonly Block[], now: number): number {
  const fresh = own.filter((block) => isAttacking(block, now))
  return Math.min(...(fresh.length > 0 ? fresh : own).map(({ from }) => from))
}

function heaviestOf(blocks: readonly Block[]): IncidentSource[] {
  const sorted = [...blocks].sort((a, b) => b.weight - a.weight || (a.prefix < b.prefix ? -1 : 1))
  return sorted.slice(0, MOST_HEAVIEST).map(({ prefix, weight, until, why }) => ({
    prefix,
    weight,
    until,
    why: why.slice(0, LONGEST_WHY),
  }))
}

function troubleOf({ at, source, why }: AlertNews, before: Incident, met: Seen['met']): Incident {
  const isKnown = source === null || before.about.includes(source)
  const about = isKnown ? before.about : [...before.about, source].slice(0, MOST_ABOUT)
  const isNewer = at >= before.lastAt
  return {
    ...before,
    since: Math.min(before.since, at),
    lastAt: Math.max(before.lastAt, at),
    about,
    peak: about.length,
    why: isNewer ? why.slice(0, LONGEST_WHY) : before.why,
    standing: { ...met, sources: about.length },
  }
}

function opened(
  kind: Incident['kind'],
  name: string,
  { at, host }: { readonly at: number; readonly host: string | null },
  newId: (at: number) => string,
): Incident {
  const standing = { sources: 0, mode: 'observe', without: 0, failing: false, braked: false } as const
  return {
    id: newId(at),
    kind,
    name,
    host,
    since: at,
    lastAt: at,
    happenedAt: 0,
    peak: 0,
    until: null,
    heaviest: [],
    about: [],
    why: '',
    standing,
    told: null,
    held: false,
  }
}
