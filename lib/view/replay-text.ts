import type { ReplayDocument } from '../contract/replay.ts'
import type { Prefix } from '../core/prefix.ts'
import type { EmbeddedResult } from '../local/fence.ts'
import type { ReplayRecord } from '../local/replay.ts'
import { type Column, chart } from './chart.ts'
import { entries as entryCount } from './fence-words.ts'
import {
  bytes,
  clock,
  count,
  counted,
  day,
  duration,
  entryText,
  printable,
  table,
  wrapped,
} from './format.ts'

interface Shown {
  readonly document: ReplayDocument
  readonly record: ReplayRecord
  readonly result: EmbeddedResult
  readonly inferred: boolean
}

const CHART_MARGIN = 12
const HEIGHT = 8
const MOST_ROWS = 20
/** A capture with more malformed messages than this for each good one was cut by its snap length, most likely. */
const CUT_SHARE = 1

/** What `sipfence replay` prints for people, in lines of at most `width` where words allow it. */
export function replayText(name: string, shown: Shown, width: number): string[] {
  const { document, record, result, inferred } = shown
  const { pbx, mode } = document
  const whose =
    pbx.length === 0
      ? ''
      : `PBX ${pbx.join(', ')}${inferred ? ' (inferred; --pbx names it)' : ''}; mode ${mode}`
  const head = [
    ...wrapped(captureLine(name, shown), width),
    ...(whose === '' ? [] : [whose]),
    ...doubts(shown, width),
  ]
  if (document.capture.sipMessages === 0) return head
  return [
    ...head,
    ...section('Detections', detectionRows(document), width),
    ...section(mode === 'observe' ? 'Blocks (decided, not enforced)' : 'Blocks', blockRows(document), width),
    ...section('Refused', refusedRows(document), width),
    ...learningHint(document, width),
    ...section('Alerts', alertRows(document), width),
    ...section('Entries in the network ACL when there were most', entryRows(document), width),
    ...lockdownText(document, width),
    ...picture(record, result, width),
    ...effect(document, result, width),
  ]
}

function captureLine(name: string, { document: { capture }, result }: Shown): string {
  const span =
    capture.from === null
      ? ''
      : ` in ${duration(result.to - result.from)} from ${day(result.from)} ${clock(result.from)} UTC`
  const kinds = `${counted(capture.sipMessages, 'SIP message')}, ${count(capture.malformed)} malformed, ${count(capture.ignored)} ignored`
  return `${printable(name)}: ${counted(capture.packets, 'packet')}${span}; ${kinds}`
}

/** What makes the rest worth less than it looks: no SIP found, cut packets, one direction only. */
function doubts({ document: { capture, pbx }, record, result }: Shown, width: number): string[] {
  const found: string[] = []
  if (capture.sipMessages === 0 && pbx.length > 0) {
    found.push(
      `No SIP message goes to or from ${pbx.join(', ')} on these ports; --pbx or --ports may be wrong.`,
    )
  } else if (capture.sipMessages === 0) found.push('No SIP on these ports (--ports), so nothing to judge.')
  if (capture.malformed > CUT_SHARE * capture.sipMessages) {
    found.push('Most messages cannot be read: were packets cut? Record whole ones, with tcpdump -s 0.')
  }
  if (capture.sipMessages > 0 && record.repliesOut === 0 && result.effect.repliesPrevented === 0) {
    found.push(
      'Nothing that the PBX sent is in the capture, so reflection and failed logins cannot be seen. Record both directions.',
    )
  }
  return found.flatMap((text) => wrapped(text, width))
}

/** The picture: packets a second towards the PBX, solid where they reached it, shaded where they were denied. */
export function picture(record: ReplayRecord, { from, to }: EmbeddedResult, width: number): string[] {
  const first = Math.floor(from / 1000)
  const seconds = Math.floor(to / 1000) - first + 1
  if (from === 0 || seconds < 2) return []
  const each = Math.max(1, Math.ceil(seconds / (width - CHART_MARGIN)))
  const columns: Column[] = []
  for (let at = first; at < first + seconds; at += each) columns.push(average(record, at, each))
  const bars = chart(columns, HEIGHT)
  const gap = Math.max(1, columns.length - 16)
  const averaged = each === 1 ? '' : `   each column is the average of ${duration(each * 1000)}`
  return [
    '',
    `SIP packets/s towards the PBX   █ reached it   ░ denied upstream${averaged}`,
    ...bars.map((line) => `  ${line}`),
    `  ${' '.repeat(bars[0]!.indexOf('┤') + 1)}${clock(from)}${' '.repeat(gap)}${clock(to)}`,
  ]
}

function average(record: ReplayRecord, from: number, seconds: number): Column {
  let admitted = 0
  let dropped = 0
  for (let second = from; second < from + seconds; second++) {
    const counts = record.seconds.get(second)
    admitted += counts?.admitted ?? 0
    dropped += counts?.dropped ?? 0
  }
  return { admitted: admitted / seconds, dropped: dropped / seconds }
}

function section(title: string, rows: string[][], width: number): string[] {
  if (rows.length === 0) return ['', `${title}: none`]
  const more = rows.length > MOST_ROWS ? [`  and ${rows.length - MOST_ROWS} more (--json has all)`] : []
  return ['', `${title}:`, ...table(rows.slice(0, MOST_ROWS), width), ...more]
}

/** Clock time, with the day where the capture has several. */
function when(at: string, { capture: { from, to } }: ReplayDocument): string {
  const several = from?.slice(0, 10) !== to?.slice(0, 10)
  return several ? `${at.slice(0, 10)} ${at.slice(11, 19)}` : at.slice(11, 19)
}

function detectionRows(document: ReplayDocument): string[][] {
  return document.detections.map(({ at, source, class: name, why }) => [
    when(at, document),
    name,
    source ?? '',
    why,
  ])
}

function blockRows(document: ReplayDocument): string[][] {
  return document.blocks.map(({ prefix, scope, class: name, level, from, until }) => {
    const length = duration(Date.parse(until) - Date.parse(from))
    return [
      `${when(from, document)} to ${when(until, document)}`,
      prefix,
      scope,
      `${name}, level ${level}, ${length}`,
    ]
  })
}

function refusedRows(document: ReplayDocument): string[][] {
  return document.refused.map(({ at, source, why }) => [when(at, document), source, why])
}

function alertRows(document: ReplayDocument): string[][] {
  return document.alerts.map(({ at, source, kind }) => [when(at, document), source ?? '', kind])
}

function learningHint({ refused }: ReplayDocument, width: number): string[] {
  if (!refused.some(({ why }) => why.includes('while learning'))) return []
  const hint =
    'A fence that knows nobody blocks only reflection for its first 70 minutes; --learned shows what it would do after that.'
  return wrapped(hint, width - 2).map((line) => `  ${line}`)
}

function entryRows({ entries, blocks, mode }: ReplayDocument): string[][] {
  if (entries.peak.length === 0 && blocks.length > 0 && mode === 'enforce') {
    return [['none yet: the capture ends before a block took effect']]
  }
  return entries.peak.map((entry) => [`rule ${entry.ruleNumber}`, entryText(entry)])
}

function lockdownText({ lockdown, mode }: ReplayDocument, width: number): string[] {
  if (lockdown === null || mode === 'observe') return []
  const { closedAt, refused, entries, extra, packetsDropped } = lockdown
  if (refused.length > 0)
    return ['', 'Lockdown refused:', ...refused.flatMap((why) => wrapped(`  ${why}`, width))]
  if (closedAt === null) return ['', 'Lockdown: the capture ends before the door was to be closed.']
  const trusted = `${entryCount(entries.ipv4 + entries.ipv6)} of trusted peers, with ${count(extra.ipv4)} further IPv4 addresses in them`
  const text = `Lockdown at ${closedAt.slice(11, 19)}: only ${trusted}, were let in from then on. That kept away ${counted(packetsDropped, 'packet')} that the network ACL would have let in.`
  return ['', ...wrapped(text, width)]
}

function effect(
  { mode, effect: done }: ReplayDocument,
  { effect: whole }: EmbeddedResult,
  width: number,
): string[] {
  if (mode === 'observe') return ['', 'Observed only: nothing was dropped.']
  const dropped = `${counted(done.packetsDropped, 'packet')} (${bytes(done.bytesDropped)}) denied before reaching the PBX`
  const spared = `${count(done.repliesPrevented)} replies (${bytes(whole.repliesPreventedBytes)}) never sent to anybody`
  return ['', ...wrapped(`Effect: ${dropped}; ${spared}.`, width)]
}

/** How much of what a blocked source sent was kept away, for one block of the replay. */
export function stopped(
  record: ReplayRecord,
  prefix: Prefix,
): { share: number; dropped: number; sent: number } {
  const tally = record.tally(prefix)
  const sent = tally?.packetsIn ?? 0
  const dropped = tally?.dropped ?? 0
  return { sent, dropped, share: sent === 0 ? 0 : dropped / sent }
}
