import { printable } from '../view/format.ts'

const NARROWEST = 60
const WIDEST = 100

/** Columns that texts are fitted to: the terminal's, within reason; 100 where the output is no terminal. */
export function terminalWidth(): number {
  const columns = process.stdout.columns ?? (Number(process.env['COLUMNS']) || WIDEST)
  return Math.min(WIDEST, Math.max(NARROWEST, columns))
}

export function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** One line to people, on standard error. What it quotes may be hostile, so it is escaped and cut. */
export function tellPeople(line: string): void {
  process.stderr.write(`sipfence: ${printable(line, 1_000)}\n`)
}
