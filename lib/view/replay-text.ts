import type { ReplayDocument } from '../contract/replay.ts'
import type { Prefix } from '../core/prefix.ts'
import type { EmbeddedResult } from '../local/fence.ts'
import type { ReplayRecord } from '../local/replay.ts'
import { type Column, chart } from './chart.ts'
import { bytes, clock, count, counted, duration, entryText, printable, table } from './format.ts'

interface Shown {
  readonly document: ReplayDocument
  readonly record: ReplayRecord
  readonly result: EmbeddedResult
  readonly inferred: boolean
}

const WIDTH = 64
const HEIGHT = 8
const MOST_ROWS = 20

/** What `sipfence replay` prints for people, in lines. */
export function replayText(file: string, { document, record, result, inferred }: Shown): string[] {
  const { capture, pbx, mode } = document
  const span = duration(result.to - result.from)
  return [
    `${printable(file)}: ${counted(capture.packets, 'packet')} in ${span}, ${counted(capture.sipMessages, 'SIP message')}, ${count(capture.malformed)} malformed, ${count(capture.ignored)} ignored`,
    pbx.length === 0
      ? 'No SIP on these ports (--ports), so nothing to judge.'
      : `PBX ${pbx.join(', ')}${inferred ? ' (inferred; --pbx names it)' : ''}; mode ${mode}`,
    ...section('Detections', detectionRows(document)),
    ...section('Blocks', blockRows(document)),
    ...section('Refused, never blocked', refusedRows(document)),
    ...section('Entries in the network ACL when there were most', entryRows(document.entries.peak)),
    ...picture(record, result),
    ...effect(document, result),
  ]
}

/** The picture: packets a second towards the PBX, solid where they reached it, shaded where they were denied. */
export function picture(record: ReplayRecord, { from, to }: EmbeddedResult): string[] {
  const first = Math.floor(from / 1000)
  const seconds = Math.floor(to / 1000) - first + 1
  if (from === 0 || seconds < 2) return []
  const each = Math.max(1, Math.ceil(seconds / WIDTH))
  const columns: Column[] = []
  for (let at = first; at < first + seconds; at += each) columns.push(average(record, at, each))
  const axis = `${clock(from)}${clock(to).padStart(columns.length - 8)}`
  return [
    '',
    'SIP packets/s towards the PBX   █ reached it   ░ denied upstream',
    ...chart(columns, HEIGHT).map((line) => `  ${line}`),
    `  ${' '.repeat(chart(columns, HEIGHT)[0]!.indexOf('┤') + 1)}${columns.length >= 16 ? axis : clock(from)}`,
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

function section(title: string, rows: string[][]): string[] {
  if (rows.length === 0) return ['', `${title}: none`]
  const more = rows.length > MOST_ROWS ? [`  and ${rows.length - MOST_ROWS} more (--json has all)`] : []
  return ['', `${title}:`, ...table(rows.slice(0, MOST_ROWS)), ...more]
}

function detectionRows({ detections }: ReplayDocument): string[][] {
  return detections.map(({ at, source, class: name, why }) => [
    clock(Date.parse(at)),
    name,
    source ?? '',
    why,
  ])
}

function blockRows({ blocks }: ReplayDocument): string[][] {
  return blocks.map(({ prefix, scope, class: name, level, from, until }) => {
    const length = duration(Date.parse(until) - Date.parse(from))
    const times = `${clock(Date.parse(from))} to ${clock(Date.parse(until))} (${length})`
    return [times, prefix, scope, `${name}, level ${level}`]
  })
}

function refusedRows({ refused }: ReplayDocument): string[][] {
  return refused.map(({ at, source, why }) => [clock(Date.parse(at)), source, why])
}

function entryRows(entries: ReplayDocument['entries']['peak']): string[][] {
  return entries.map((entry) => [`rule ${entry.ruleNumber}`, entryText(entry)])
}

function effect(
  { mode, effect: { packetsDropped, bytesDropped, repliesPrevented } }: ReplayDocument,
  { effect: whole }: EmbeddedResult,
): string[] {
  if (mode === 'observe') return ['', 'Observed only: nothing was dropped.']
  const dropped = `${counted(packetsDropped, 'packet')} (${bytes(bytesDropped)}) denied before reaching the PBX`
  const spared = `${count(repliesPrevented)} replies (${bytes(whole.repliesPreventedBytes)}) never sent to anybody`
  return ['', `Effect: ${dropped}; ${spared}.`]
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
