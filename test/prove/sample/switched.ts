import { flat, type Mutant } from './mutant.ts'
import { childrenOf, type Node, parsed } from './syntax.ts'

/** A mutant with the number by which it is switched on. */
export interface Switch {
  readonly id: number
  readonly mutant: Mutant
}

/**
 * The text with all of its mutants in it, each behind a question: the one that is switched on replaces the text, and
 * every one that is asked for tells that a test comes by it.
 */
export function switched(text: string, switches: readonly Switch[]): string {
  const starts = statementStarts(parsed(text))
  const sorted = [...switches].sort(
    (a, b) => a.mutant.start - b.mutant.start || b.mutant.end - a.mutant.end || a.id - b.id,
  )
  return rewritten(0, text.length, sorted, true)

  /** @param leads a statement may begin here */
  function rewritten(from: number, to: number, within: readonly Switch[], leads: boolean): string {
    let at = from
    let result = ''
    for (let i = 0; i < within.length; ) {
      const { id, mutant } = within[i]!
      const inner = within.slice(i + 1).filter((each) => each.mutant.end <= mutant.end)
      const original = rewritten(mutant.start, mutant.end, inner, mutant.isStatement)
      const begins = starts.has(mutant.start) && (leads || mutant.start > from)
      result += text.slice(at, mutant.start) + question(id, mutant, original, begins)
      at = mutant.end
      i += 1 + inner.length
    }
    return result + text.slice(at, to)
  }

  function question(
    id: number,
    { replacement, isStatement }: Mutant,
    original: string,
    begins: boolean,
  ): string {
    const asked = `globalThis.isMutant(${id})`
    if (isStatement) return `{ if (!${asked}) { ${original} } }`
    // A line that begins with a bracket goes on with the one before, where no semicolon ends that.
    return `${begins ? ';' : ''}(${asked} ? (${flat(replacement)}) : (${original}))`
  }
}

/** Where statements begin that stand in a list, so that a semicolon before them does no harm. */
function statementStarts(root: Node): ReadonlySet<number> {
  const starts = new Set<number>()
  const visit = (node: Node): void => {
    if (Array.isArray(node['body']))
      for (const each of node['body'] as Node[])
        if (each.type === 'ExpressionStatement') starts.add(each.start)
    for (const child of childrenOf(node)) visit(child)
  }
  visit(root)
  return starts
}
