import type { Readable } from 'node:stream'

const KEPT_LINES = 20
const LONGEST_LINE = 1000

/** Packets since the capture began. On Linux `received` counts those that were then dropped as well. */
export interface CaptureStatistics {
  readonly received: number
  readonly dropped: number
}

/** What tcpdump says on stderr, kept in bounded memory. */
export class TcpdumpWords {
  #rest = ''
  readonly #lines: string[] = []
  #statistics: CaptureStatistics | undefined
  #isListening = false

  constructor(stderr: Readable) {
    stderr.setEncoding('utf8')
    stderr.on('data', (text: string) => this.#add(text))
    stderr.on('error', () => {})
  }

  /** Whether tcpdump has begun to capture. Before that its signal handlers may not be there. */
  get isListening(): boolean {
    return this.#isListening
  }

  /** As last told; undefined before the first telling. */
  get statistics(): CaptureStatistics | undefined {
    return this.#statistics
  }

  /** Its own words for an error message: everything but the announcement and the statistics. */
  get complaint(): string {
    return [...this.#lines, this.#rest.trim()].filter((line) => line !== '').join('; ')
  }

  #add(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = (lines.pop() ?? '').slice(0, LONGEST_LINE)
    for (const line of lines) this.#line(line.trim().slice(0, LONGEST_LINE))
  }

  #line(line: string): void {
    const statistics = statisticsIn(line)
    if (statistics !== undefined) this.#statistics = statistics
    else if (/\blistening on /.test(line)) this.#isListening = true
    else if (!/^\d+ packets? (captured|received by filter|dropped by)/.test(line)) {
      this.#lines.push(line)
      if (this.#lines.length > KEPT_LINES) this.#lines.shift()
    }
  }
}

/**
 * The counts in the one line that tcpdump 4.x prints on SIGUSR1:
 * `tcpdump: 3 packets captured, 6 packets received by filter, 0 packets dropped by kernel`.
 */
export function statisticsIn(line: string): CaptureStatistics | undefined {
  const [, received, dropped] =
    /\bcaptured, (\d+) packets? received by filter, (\d+) packets? dropped by kernel/.exec(line) ?? []
  if (received === undefined || dropped === undefined) return undefined
  return { received: Number(received), dropped: Number(dropped) }
}
