import { createInterface } from 'node:readline'
import { escaped } from '../core/escape.ts'

/** Puts one question to people and gives the line they answer; null where nobody will, at the end of the input. */
export type Ask = (question: string) => Promise<string | null>

/** What reads an answer; it throws an Error with what is wrong with it. */
export type Reader<T> = (answer: string) => T

export interface Questions {
  readonly ask: Ask
  close(): void
}

/** Questions on a terminal. Lines that come early wait for theirs; Ctrl-C and Ctrl-D end the input. */
export function openQuestions(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Questions {
  const terminal = createInterface({ input, output })
  const lines = terminal[Symbol.asyncIterator]()
  return {
    async ask(question) {
      terminal.setPrompt(escaped(question))
      terminal.prompt()
      const line = await lines.next()
      return line.done ? null : line.value
    },
    close: () => terminal.close(),
  }
}

/** Asks until the answer can be read; nothing is the proposal. Throws where the input ends. */
export async function answerTo<T>(
  ask: Ask,
  question: string,
  proposal: string,
  read: Reader<T>,
  tell: (line: string) => void,
): Promise<T> {
  for (;;) {
    const answer = await ask(`${question} [${proposal === '' ? 'none' : proposal}]: `)
    if (answer === null)
      throw new Error('Cannot go on: the input ended before the last answer; nothing was written')
    try {
      return read(answer.trim() === '' ? proposal : answer.trim())
    } catch (error) {
      tell((error as Error).message)
    }
  }
}
