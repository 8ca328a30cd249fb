/** One small change of an expression or a statement that nobody chose. */
export interface Mutant {
  readonly file: string
  /** Where the text stands that is replaced, in characters. */
  readonly start: number
  readonly end: number
  /** From 1. */
  readonly line: number
  readonly text: string
  /** Empty where a statement goes. */
  readonly replacement: string
  readonly isStatement: boolean
}

/** `file:line: text -> replacement`, on one line. */
export function mutantText({ file, line, text, replacement }: Mutant): string {
  return `${file}:${line}: ${flat(text)} -> ${replacement === '' ? '(nothing)' : flat(replacement)}`
}

/** One line of a text, blanks joined, so that it stays the same when a formatter breaks lines. */
export function flat(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
