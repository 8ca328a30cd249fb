import { parseAst } from 'vitest/node'

/** A node of ESTree, as the parser in Vite gives it. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

export function parsed(text: string): Node {
  return parseAst(text, { lang: 'ts' }) as unknown as Node
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}

/** Wrappers of an expression that have a type beside it. */
const TYPED = new Set(['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression'])

/** What stands directly below a node and runs: nothing of types, imports and names of exports. */
export function childrenOf(node: Node): Node[] {
  if (TYPED.has(node.type)) return [node['expression'] as Node]
  if (node.type.startsWith('TS') || node.type.startsWith('Import')) return []
  return Object.values(node).flatMap((value) => {
    const values = Array.isArray(value) ? value : [value]
    return values.filter(isNode).filter(({ type }) => !type.startsWith('TS') || TYPED.has(type))
  })
}
