import type { Entry } from '../core/entry.ts'
import { escaped } from '../core/escape.ts'

/** How times, counts and hostile text are shown to people. */

/** `12,345`, whatever the locale of the machine. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** `1 packet`, `2 packets`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${Math.round(value) === 1 ? '' : 's'}`
}

export function bytes(value: number): string {
  if (value < 1_000) return `${value} B`
  if (value < 1_000_000) return `${(value / 1_000).toFixed(1)} kB`
  return `${(value / 1_000_000).toFixed(1)} MB`
}

/** The day of an instant in UTC: `2026-11-22`. */
export function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

/** Clock time of an instant in UTC: `14:03:07`. */
export function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 19)
}

/** `45 s`, `2 min 11 s`, `1 h 30 min`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  if (hours > 0) return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`
}

/** Breaks a text at blanks into lines of at most `width`; what has no blank is left long. */
export function wrapped(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines
}

/** Text from the wire or from a file name, safe for a terminal: escaped, and cut where it is too long. */
export function printable(text: string, most = 80): string {
  return escaped(text.length > most ? `${text.slice(0, most)}…` : text)
}

const PROTOCOLS = new Map([
  [6, 'tcp'],
  [17, 'udp'],
])

/** `deny udp 5060 192.0.2.200/32`: an entry as people read it. */
export function entryText({
  action,
  protocol,
  ports,
  prefix,
}: Omit<Entry, 'ruleNumber' | 'prefix'> & { prefix: string }): string {
  const range =
    ports === null ? 'all ports' : ports.from === ports.to ? `${ports.from}` : `${ports.from}-${ports.to}`
  return `${action} ${PROTOCOLS.get(protocol) ?? 'all'} ${range} ${prefix}`
}

/**
 * Columns that line up: each cell is padded to the widest of its column. The last one is broken at blanks where the
 * line would pass `width`, and goes on under itself.
 */
export function table(rows: readonly (readonly string[])[], width: number, indent = '  '): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.slice(0, -1).entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  }
  return rows.flatMap((row) => {
    const head =
      indent +
      row
        .slice(0, -1)
        .map((cell, i) => `${cell.padEnd(widths[i]!)}  `)
        .join('')
    const room = Math.max(30, width - head.length)
    return wrapped(row.at(-1) ?? '', room).map((line, i) => (i === 0 ? head : ' '.repeat(head.length)) + line)
  })
}
