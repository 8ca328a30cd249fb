import type { AttackDocument, NoticeDocument, TroubleDocument } from '../contract/notice.ts'
import { count, counted, duration } from './format.ts'
import { clockTime, plain } from './notice-words.ts'

/** SNS takes subjects of up to 100 ASCII characters. */
const LONGEST_SUBJECT = 100
const NAMED_SOURCES = 5

const CLASS_WORDS: Record<AttackDocument['class'], string> = {
  reflection:
    'Reflection: requests with forged source addresses, so that the PBX floods the owners of these with its answers.',
  flood: 'Flood: requests that lead to no login, no accepted call and no follow-up.',
  'brute-force': 'Brute force: one failed login after the other.',
}

const CHANGE_WORDS: Record<NoticeDocument['changes'][number], string> = {
  sources: 'the number of sources has at least doubled',
  mode: 'the fence has another mode',
  without: 'some blocks have no entry',
  failing: 'some changes to firewalls fail',
  braked: 'the brake is on',
}

/** A notice before it has its subject. */
export type Unnamed = Omit<AttackDocument, 'subject'> | Omit<TroubleDocument, 'subject'>

/** The one line that says it all. */
export function noticeSubject(notice: Unnamed): string {
  const whose = `[sipfence ${notice.fence}] `
  const words = notice.kind === 'attack' ? attackSubject(notice) : troubleSubject(notice)
  return whose + plain(words, LONGEST_SUBJECT - whose.length)
}

/** What a mail says below its subject. */
export function noticeText(notice: NoticeDocument): string {
  const { subject, next, runbook, incident, state, heldBack, changes } = notice
  const lines = [
    subject,
    '',
    ...(notice.kind === 'attack' ? attackLines(notice) : troubleLines(notice)),
    ...(changes.length === 0
      ? []
      : ['', `Told again because ${changes.map((each) => CHANGE_WORDS[each]).join(', and ')}.`]),
    ...(next.length === 0 ? [] : ['', 'What you may do:', ...next.map((step) => `  * ${step}`)]),
    '',
    `What it means and what to do: ${runbook}`,
    `Incident ${incident}, ${state}.`,
    ...(heldBack
      ? [
          '',
          'There were many such notices within the hour. More are held back: see sipfence status and the log.',
        ]
      : []),
  ]
  return lines.join('\n')
}

function attackSubject({ class: name, state, mode, sources, until, places, since, at }: AttackWords): string {
  if (state === 'closed')
    return `CLOSED ${name}: ${counted(sources.peak, 'source')} at most, since ${clockTime(since, at)}`
  const all = counted(sources.now, 'source')
  if (mode === 'observe') return `OBSERVED (not blocked) ${name}: ${all}`
  if (mode === 'off') return `NOT BLOCKED (fence off) ${name}: ${all}`
  const without = mostWithout(places)
  if (isInPart(places)) {
    const outside = without > 0 ? `, ${count(without)} without entry` : ''
    return `BLOCKING IN PART ${name}: ${all}${outside}`
  }
  return `BLOCKING ${name}: ${all}${until === null ? '' : `, until ${clockTime(until, at)}`}`
}

type AttackWords = Omit<AttackDocument, 'subject'>

function isInPart(places: AttackDocument['places']): boolean {
  return places.some(({ problem, braked, without }) => problem !== null || braked !== null || without > 0)
}

/** Blocks that are missing in the place that misses most. */
function mostWithout(places: AttackDocument['places']): number {
  return Math.max(0, ...places.map(({ without }) => without))
}

function troubleSubject({
  alert,
  host,
  sources,
  state,
  since,
  last,
}: Omit<TroubleDocument, 'subject'>): string {
  const about = [alert, ...(host === null ? [] : [host]), ...sources.slice(0, 1)].join(' ')
  const more = sources.length > 1 ? ` and ${sources.length - 1} more` : ''
  if (state !== 'closed') return `TROUBLE ${about}${more}`
  return `CLOSED ${about}${more}, after ${duration(Date.parse(last) - Date.parse(since))}`
}

function attackLines(notice: AttackDocument, mostNamed = NAMED_SOURCES): string[] {
  const { class: name, state, sources, since, last, at, heaviest } = notice
  const now = state === 'closed' ? 'none has attacked for a while' : `${count(sources.now)} now`
  return [
    CLASS_WORDS[name],
    '',
    `Sources: ${now}, ${count(sources.peak)} at most. First seen ${clockTime(since, at)}, last ${clockTime(last, at)}.`,
    ...heaviest
      .slice(0, mostNamed)
      .flatMap(({ prefix, weight, until, why }) => [
        `  ${prefix}: ${count(weight)} packets/s, ${blockWords(notice)} until ${clockTime(until, at)}`,
        `    ${why}`,
      ]),
    '',
    ...(state === 'closed' ? [closedWords(notice)] : doneLines(notice)),
  ]
}

/** Of one block it is not known here whether it has its entry, unless all have. */
function blockWords({ mode, state, places }: AttackDocument): string {
  if (state === 'closed' || mode === 'off') return 'block'
  if (mode === 'observe') return 'would be blocked'
  return isInPart(places) ? 'block' : 'blocked'
}

function closedWords({ until, sources, at }: AttackDocument): string {
  if (until === null) return 'None of its blocks stands any more.'
  return `${counted(sources.now, 'block')} of it still stand, the last until ${clockTime(until, at)}.`
}

function doneLines({ mode, places }: AttackDocument): string[] {
  if (mode !== 'enforce')
    return [
      `What was done: nothing, the mode is ${mode}. ${mode === 'off' ? 'No traffic is judged.' : 'In enforce there would be:'}`,
      ...(mode === 'off' ? [] : places.map(placeWords)),
    ]
  if (places.length === 0) return ['What was done: nothing, the fence has no firewall.']
  return ['What was done, for all blocks that stand:', ...places.map(placeWords)]
}

function placeWords({ id, entries, without, problem, braked }: AttackDocument['places'][number]): string {
  const parts = [
    `${count(entries)} ${entries === 1 ? 'entry' : 'entries'}`,
    ...(without > 0 ? [`${counted(without, 'block')} without an entry`] : []),
    ...(problem === null ? [] : [`PROBLEM: ${problem}`]),
    ...(braked === null ? [] : [`BRAKE: ${braked}`]),
  ]
  return `  ${id}: ${parts.join('; ')}`
}

function troubleLines({ why, sources, since, last, at, state }: TroubleDocument): string[] {
  const named = sources.slice(0, NAMED_SOURCES)
  const more = sources.length - named.length
  return [
    why,
    ...(sources.length < 2
      ? []
      : [`Sources: ${named.join(', ')}${more > 0 ? ` and ${more} more, or many more` : ''}.`]),
    '',
    `First seen ${clockTime(since, at)}, last ${clockTime(last, at)}.`,
    ...(state === 'closed' ? ['It has not been seen again since.'] : []),
  ]
}

const CHAT_LINES = 15
const CHAT_SOURCES = 2

/**
 * The custom notification that Amazon Q Developer in chat applications shows; it drops all else that is no message of an
 * AWS service. Notices of one incident share a thread, where the channel's preferences allow threads (documented).
 */
export function chatNotification(notice: NoticeDocument): object {
  const { subject, incident, state, severity, fence, kind, next, runbook, changes, at } = notice
  const lines = notice.kind === 'attack' ? attackLines(notice, CHAT_SOURCES) : troubleLines(notice)
  const told = changes.map((each) => CHANGE_WORDS[each])
  return {
    version: '1.0',
    source: 'custom',
    id: `${incident}-${state}-${Date.parse(at)}`,
    content: {
      textType: 'client-markdown',
      title: subject,
      description: [...lines, ...told]
        .filter((line) => line !== '')
        .slice(0, CHAT_LINES)
        .join('\n'),
      nextSteps: [...next, `Runbook: ${runbook}`],
      keywords: [fence, kind, state],
    },
    metadata: {
      threadId: incident,
      summary: subject,
      eventType: 'sipfence.notice/1',
      additionalContext: { state, severity },
    },
  }
}
