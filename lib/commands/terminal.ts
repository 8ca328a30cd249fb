import { escaped, jsonText } from '../core/escape.ts'
import { printable } from '../view/format.ts'

const NARROWEST = 60
const WIDEST = 100
const LONGEST_LINE = 1_000

/** Columns that texts are fitted to: the terminal's, within reason; 100 where the output is no terminal. */
export function terminalWidth(): number {
  const columns = process.stdout.columns ?? (Number(process.env['COLUMNS']) || WIDEST)
  return Math.min(WIDEST, Math.max(NARROWEST, columns))
}

/** Everything that a command prints goes through here, so that nothing acts on a terminal whatever it quotes. */
export function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.map(escaped).join('\n')}\n`)
}

/** A document for programs: the same values, with escapes for what a terminal would act on. */
export function printJson(document: unknown, indent = 0): void {
  process.stdout.write(`${jsonText(document, indent)}\n`)
}

/** One line to people, on standard error. What it quotes may be hostile, so it is escaped and cut. */
export function tellPeople(line: string): void {
  process.stderr.write(`sipfence: ${printable(line, LONGEST_LINE)}\n`)
}

/** Several lines to people, each by itself, so that a long message stays readable and a hostile one harmless. */
export function tellLines(text: string, most = LONGEST_LINE): void {
  for (const line of text.trimEnd().split('\n')) process.stderr.write(`${printable(line, most)}\n`)
}
