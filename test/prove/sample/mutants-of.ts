import type { Mutant } from './mutant.ts'
import { conditionOf, OPERATORS } from './operators.ts'
import { childrenOf, type Node, parsed } from './syntax.ts'

/** Every mutant of a file, in the order of its text. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const mutants: Mutant[] = []
  const source = ({ start, end }: Node) => text.slice(start, end)
  const add = (node: Node, replacement: string, isStatement = false) => {
    const { start, end } = node
    const line = text.slice(0, start).split('\n').length
    mutants.push({ file, start, end, line, text: source(node), replacement, isStatement })
  }

  /** @param inChain the node is a link of an optional chain, which ends where it is taken apart */
  function visit(node: Node, inChain: boolean): void {
    const decided = conditionOf(node)
    for (const answer of decided?.answers ?? []) add(decided!.condition, answer)
    if (!inChain)
      for (const operator of OPERATORS) for (const other of operator(node, source)) add(node, other)
    if (node.type === 'ExpressionStatement' && typeof node['directive'] !== 'string') add(node, '', true)
    for (const child of childrenOf(node)) visit(child, isLink(node, child, inChain))
  }

  visit(parsed(text), false)
  return mutants.sort(
    (a, b) => a.start - b.start || b.end - a.end || (a.replacement < b.replacement ? -1 : 1),
  )
}

/** Of a chain `a?.b.c()`, its object or callee down to the first name is one with it; arguments are not. */
function isLink(parent: Node, child: Node, inChain: boolean): boolean {
  if (parent.type === 'ChainExpression') return true
  return inChain && (parent['object'] === child || parent['callee'] === child)
}
