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
