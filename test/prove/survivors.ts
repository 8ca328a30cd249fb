/** A mutant that no test catches, and why none should. */
export interface Survivor {
  readonly file: string
  /** The text that is replaced, on one line, and what replaces it; empty where a statement goes. */
  readonly text: string
  readonly replacement: string
  readonly why: string
}

/** Found by text, not by line. One that the sample no longer draws does no harm. */
export const SURVIVORS: readonly Survivor[] = [
  {
    file: 'lib/core/cost.ts',
    text: 'mostReports(bytesOf(sources)) * hours',
    replacement: 'mostReports(bytesOf(sources)) / hours',
    why: 'the attack that is assumed lasts one hour, so both are the same',
  },
  {
    file: 'lib/core/nonces.ts',
    text: 'owner === undefined',
    replacement: 'false',
    why: 'differs only where answers with 65,000 other nonces have pushed this one out and not its challenge, whose follow-up then counts or does not',
  },
  {
    file: 'lib/core/prefix-tree.ts',
    text: 'rest > 0xffff_ffffn',
    replacement: 'rest >= 0xffff_ffffn',
    why: 'of exactly 32 ones it takes them all at once instead of one by one: 32 either way',
  },
  {
    file: 'lib/core/ring.ts',
    text: 'this.#rows.fill(0)',
    replacement: '',
    why: 'the first step after it is newer than none, so every row is emptied then',
  },
  {
    file: 'lib/core/sip-fields.ts',
    text: 'count < MOST_LINES',
    replacement: 'count <= MOST_LINES',
    why: 'a bound of work: one line more of a header that long means nothing',
  },
  {
    file: 'lib/core/sip-header.ts',
    text: '!quoted',
    replacement: 'quoted',
    why: 'a bracket that stays open lets a comma pass, and at a comma the parameters end anyway',
  },
  {
    file: 'lib/core/suspicion.ts',
    text: 'suspicions.filter(({ points }) => points > 0)',
    replacement: 'suspicions',
    why: 'whoever asks looks at those of forty points and more',
  },
  {
    file: 'lib/capture.ts',
    text: 'Math.abs(packet.at - earlier.at) < LEAP_MS',
    replacement: 'Math.abs(packet.at - earlier.at) <= LEAP_MS',
    why: 'two packets that leap exactly an hour apart may confirm each other or not',
  },
  {
    file: 'lib/analyze-alerts.ts',
    text: 'at - from < STOPPED_MS',
    replacement: 'at - from <= STOPPED_MS',
    why: 'it is told of each second while it lasts, so a second later',
  },
]
