import { cpus, loadavg } from 'node:os'

/** The value below which the share of the values lies, by the nearest rank; NaN where there is none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Milliseconds for people, whole where a fraction of one says nothing. */
export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

/** A table for a terminal: the first column to the left, the others to the right. */
export function printTable(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)))
  console.log(`\n${title}`)
  for (const row of [head, ...rows]) {
    const cells = row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
    console.log(`  ${cells.join('   ')}`)
  }
}

/** What the figures are of, and what else was running: others take their share of the processors. */
export function printMachine(): void {
  const [first] = cpus()
  const load = loadavg().map((each) => each.toFixed(1))
  console.log(
    `Node ${process.version}, ${cpus().length} processors (${first?.model}); load ${load.join(' ')}`,
  )
}
