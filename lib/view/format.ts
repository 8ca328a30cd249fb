import type { Entry } from '../core/entry.ts'

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

/** Clock time of an instant in UTC: `14:03:07`. */
export function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 19)
}

/** `2 min`, `1 h 30 min`, `45 s`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/**
 * Text from the wire or from a file name, safe for a terminal: control characters, C1 included, direction marks
 * and line separators become \u escapes, and what is too long is cut.
 */
export function printable(text: string, most = 80): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text
  return cut.replace(UNPRINTABLE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

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

/** Columns that line up: each cell is padded to the widest of its column, the last one is left as it is. */
export function table(rows: readonly (readonly string[])[], indent = '  '): string[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows.map(
    (row) =>
      indent + row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join('  '),
  )
}
