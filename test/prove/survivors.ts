/** A mutant that no test catches, and why none should. */
export interface Survivor {
  readonly file: string
  /** The text that is replaced, on one line, and what replaces it; empty where a statement goes. */
  readonly text: string
  readonly replacement: string
  readonly why: string
}

/** Found by text, not by line. One that the sample no longer draws does no harm. */
export const SURVIVORS: readonly Survivor[] = []
