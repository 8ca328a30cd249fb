import type { AttackDocument, NoticeDocument, TroubleDocument } from './contract/notice.ts'
import type { Incident } from './core/incident.ts'
import type { Notice } from './core/incident-notices.ts'
import type { RoundRecord } from './round-record.ts'
import { VERSION } from './version.ts'
import { noticeSubject } from './view/notice-text.ts'
import { plain } from './view/notice-words.ts'

/** What every notice of a fence says of it. */
export interface AboutFence {
  readonly fence: string
  readonly region: string
  /** Where its people find the runbook: an address, or a path. */
  readonly runbook: string
}

/** The articles of the runbook, which have the names of alarms; what has none is told in a table of docs/notices.md. */
export const ARTICLES: Readonly<Record<string, string>> = {
  brake: 'brake-pulled',
  'foreign-entry': 'foreign-entry',
  'half-blind': 'sensor-silent',
  lockdown: 'lockdown-on',
  'lockdown-refused': 'lockdown-on',
  'no-free-entry': 'no-free-entry',
  'protected-source-flood': 'protected-source-flood',
  shadowed: 'still-arriving',
  'silent-sensor': 'sensor-silent',
  'still-arriving': 'still-arriving',
}
const ATTACK_ARTICLE = 'attack-under-way'
const OTHER_TROUBLES = 'docs/notices.md#troubles'

type Places = Pick<RoundRecord, 'firewalls' | 'sets'>

const LONGEST_WHY = 240
const LONGEST_ID = 120
const LONGEST_PROBLEM = 160
const MOST_PLACES = 6

/** What leaves the PBX unprotected or unwatched, or forges the addresses of those who must not be blocked. */
const CRITICAL: ReadonlySet<string> = new Set([
  'brake',
  'shadowed',
  'silent-sensor',
  'still-arriving',
  'lockdown-refused',
  'protected-source-flood',
])

/** The notice as programs get it and texts are made of; whatever somebody else chose in it is escaped and bounded. */
export function documentOf(
  notice: Notice,
  { firewalls, sets }: Places,
  { fence, region, runbook }: AboutFence,
  now: number,
): NoticeDocument {
  const { incident, state, changes, last } = notice
  const common: Omit<Pick<NoticeDocument, Common>, 'subject'> = {
    schema: 'sipfence.notice/1',
    version: VERSION,
    fence,
    region,
    at: iso(now),
    incident: incident.id,
    state,
    since: iso(incident.since),
    last: iso(incident.lastAt),
    changes: [...changes],
    heldBack: last,
    runbook: articleOf(incident, runbook),
  }
  const places = [...firewalls, ...sets].slice(0, MOST_PLACES).map(placeOf)
  const unnamed =
    incident.kind === 'attack'
      ? { ...common, ...attackOf(incident, state, places) }
      : { ...common, ...troubleOf(incident, state) }
  return { ...unnamed, subject: noticeSubject(unnamed) }
}

/** The subject of a notice that would open the incident now: how it stands, in one line. */
export function subjectOf(incident: Incident, places: Places, about: AboutFence, now: number): string {
  return documentOf({ state: 'opened', incident, changes: [], last: false }, places, about, now).subject
}

/** Blocks that have no entry in the place; a network ACL says how many, and refuses for other reasons, too. */
export function withoutEntry({ free, refused }: Places['firewalls'][number]): number {
  return free === undefined ? refused : Math.max(0, -free)
}

/** What documents of both kinds say in the same way. */
type Common =
  | 'schema'
  | 'version'
  | 'fence'
  | 'region'
  | 'at'
  | 'incident'
  | 'state'
  | 'since'
  | 'last'
  | 'changes'
  | 'heldBack'
  | 'runbook'
  | 'subject'

function attackOf(
  { name, standing, peak, until, heaviest }: Incident,
  state: Notice['state'],
  places: AttackDocument['places'],
): Omit<AttackDocument, Common> {
  const { mode, sources, without, failing, braked } = standing
  const handled = mode === 'enforce' && without === 0 && !failing && !braked
  const [first] = heaviest
  return {
    kind: 'attack',
    class: name as AttackDocument['class'],
    mode,
    severity: state === 'closed' ? 'info' : handled ? 'warning' : 'critical',
    sources: { now: sources, peak },
    until: until === null ? null : iso(until),
    heaviest: heaviest.map((each) => ({
      prefix: each.prefix,
      weight: each.weight,
      until: iso(each.until),
      why: plain(each.why, LONGEST_WHY),
    })),
    places,
    next: state === 'closed' ? [] : attackSteps(mode, first === undefined ? null : addressIn(first.prefix)),
  }
}

function articleOf({ kind, name }: Incident, runbook: string): string {
  const article = kind === 'attack' ? ATTACK_ARTICLE : ARTICLES[name]
  return article === undefined ? OTHER_TROUBLES : `${runbook}#${article}`
}

function attackSteps(mode: AttackDocument['mode'], source: string | null): string[] {
  const why = source === null ? [] : [`npx sipfence why ${source} tells what is known of it`]
  if (mode === 'observe')
    return [
      ...why,
      'npx sipfence preview --mode enforce shows what would be written; npx sipfence mode enforce writes it',
    ]
  if (mode === 'off')
    return [...why, 'npx sipfence mode enforce blocks, npx sipfence mode observe only looks']
  return [
    ...why,
    'npx sipfence blocks lists all that is blocked',
    'to let a source in for good, put it into "allow" in sipfence.json and deploy: its block is lifted',
    'npx sipfence mode observe gives up every entry and goes on watching; npx sipfence off stops the fence',
  ]
}

function troubleOf(
  { name, host, about, why }: Incident,
  state: Notice['state'],
): Omit<TroubleDocument, Common> {
  const [first] = about
  return {
    kind: 'trouble',
    alert: name,
    host: host === null ? null : plain(host, LONGEST_ID),
    severity: state === 'closed' ? 'info' : CRITICAL.has(name) ? 'critical' : 'warning',
    sources: [...about],
    why: plain(why, LONGEST_WHY),
    next: state === 'closed' ? [] : troubleSteps(name, first === undefined ? null : addressIn(first)),
  }
}

function troubleSteps(name: string, source: string | null): string[] {
  const why = source === null ? [] : [`npx sipfence why ${source} tells what is known of it`]
  const own: Readonly<Record<string, string>> = {
    brake: 'npx sipfence preview shows the plan; npx sipfence approve lets it pass',
    lockdown: 'npx sipfence lockdown off opens the door',
    'lockdown-refused': 'npx sipfence lockdown tells why, and who would be kept out',
    'no-free-entry': 'npx sipfence blocks tells which blocks have no entry',
  }
  return [
    ...why,
    ...(own[name] === undefined ? [] : [own[name]]),
    'npx sipfence status shows the whole fence',
  ]
}

function placeOf(place: Places['firewalls'][number]): AttackDocument['places'][number] {
  const { id, entries, problem, braked } = place
  return {
    id: plain(id, LONGEST_ID),
    entries,
    without: withoutEntry(place),
    problem: problem === null ? null : plain(problem, LONGEST_PROBLEM),
    braked: braked === null ? null : plain(braked, LONGEST_PROBLEM),
  }
}

/** An address that `sipfence why` takes: of a wider prefix its first. */
function addressIn(prefix: string): string {
  return prefix.split('/')[0]!
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
