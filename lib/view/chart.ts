/** One column of a chart: what came through, and what was denied on top of it. */
export interface Column {
  readonly admitted: number
  readonly dropped: number
}

const BLOCKS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
const DENIED = '░'

/**
 * A stacked bar chart for a terminal: solid for what reached the PBX, shaded for what was denied before it.
 * @param rows height in lines
 */
export function chart(columns: readonly Column[], rows: number): string[] {
  const top = Math.max(1, ...columns.map(({ admitted, dropped }) => admitted + dropped))
  const label = String(Math.ceil(top)).length
  const lines: string[] = []
  for (let row = rows - 1; row >= 0; row--) {
    const mark = row === rows - 1 ? String(Math.ceil(top)) : row === 0 ? '0' : ''
    const bars = columns.map((column) => cell(column, row, top / rows)).join('')
    lines.push(`${mark.padStart(label)} ┤${bars}`.trimEnd())
  }
  return lines
}

function cell({ admitted, dropped }: Column, row: number, step: number): string {
  const filled = admitted / step - row
  if (filled >= 1) return BLOCKS[8]!
  const eighths = Math.max(0, Math.round(filled * 8))
  const shaded = (admitted + dropped) / step - row
  if (shaded >= 0.5 && dropped > 0 && eighths < 4) return DENIED
  return BLOCKS[eighths]!
}
