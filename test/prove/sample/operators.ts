import type { Node } from './syntax.ts'

/** A change of one node; the text is that of the whole node. */
export type Operator = (node: Node, source: Source) => readonly string[]

type Source = (node: Node) => string

const COMPARISONS: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '==': ['!='],
  '!=': ['=='],
}
const ARITHMETIC: Readonly<Record<string, string>> = {
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '**': '*',
  '&': '|',
  '|': '&',
  '^': '&',
  '<<': '>>',
  '>>': '<<',
  '>>>': '<<',
}
const LOGICAL: Readonly<Record<string, string>> = { '&&': '||', '||': '&&', '??': '&&' }
const ASSIGNMENTS: Readonly<Record<string, string>> = {
  '+=': '-=',
  '-=': '+=',
  '*=': '/=',
  '||=': '&&=',
  '&&=': '||=',
  '??=': '&&=',
}
/** Methods of which one is taken for the other; without one, the call goes and what it was called on stays. */
const METHODS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    some: 'every',
    every: 'some',
    min: 'max',
    max: 'min',
    floor: 'ceil',
    ceil: 'floor',
    startsWith: 'endsWith',
    endsWith: 'startsWith',
    filter: '',
    slice: '',
    sort: '',
    trim: '',
    toLowerCase: '',
  }),
)

/** What needs no brackets to be an operand. */
const PLAIN = new Set(['Identifier', 'Literal', 'MemberExpression', 'CallExpression', 'TemplateLiteral'])

/** The parser leaves brackets out of the nodes that they are around. */
function operand(node: Node, source: Source): string {
  return PLAIN.has(node.type) ? source(node) : `(${source(node)})`
}

const nodeAt = (node: Node, key: string) => node[key] as Node

function isText(node: Node): boolean {
  return node.type === 'TemplateLiteral' || (node.type === 'Literal' && typeof node['value'] === 'string')
}

const binary: Operator = (node, source) => {
  const { operator } = node as { operator?: string }
  if (node.type !== 'BinaryExpression' || operator === undefined) return []
  const [left, right] = [nodeAt(node, 'left'), nodeAt(node, 'right')]
  if (operator === '+' && (isText(left) || isText(right))) return []
  const others = COMPARISONS[operator] ?? (operator in ARITHMETIC ? [ARITHMETIC[operator]!] : [])
  return others.map((other) => `${operand(left, source)} ${other} ${operand(right, source)}`)
}

const logical: Operator = (node, source) => {
  const other = LOGICAL[String(node['operator'])]
  if (node.type !== 'LogicalExpression' || other === undefined) return []
  return [`${operand(nodeAt(node, 'left'), source)} ${other} ${operand(nodeAt(node, 'right'), source)}`]
}

const assignment: Operator = (node, source) => {
  const other = ASSIGNMENTS[String(node['operator'])]
  if (node.type !== 'AssignmentExpression' || other === undefined) return []
  return [`${source(nodeAt(node, 'left'))} ${other} ${source(nodeAt(node, 'right'))}`]
}

const unary: Operator = (node, source) => {
  if (node.type === 'UnaryExpression' && (node['operator'] === '!' || node['operator'] === '-'))
    return [source(nodeAt(node, 'argument'))]
  if (node.type !== 'UpdateExpression') return []
  const other = node['operator'] === '++' ? '--' : '++'
  const name = source(nodeAt(node, 'argument'))
  return [node['prefix'] === true ? `${other}${name}` : `${name}${other}`]
}

const literal: Operator = (node) =>
  node.type === 'Literal' && typeof node['value'] === 'boolean' ? [String(!node['value'])] : []

const list: Operator = (node) =>
  node.type === 'ArrayExpression' && (node['elements'] as unknown[]).length > 0 ? ['[]'] : []

const call: Operator = (node, source) => {
  const callee = nodeAt(node, 'callee')
  if (node.type !== 'CallExpression' || callee.type !== 'MemberExpression' || callee['computed'] === true)
    return []
  const [object, name] = [nodeAt(callee, 'object'), source(nodeAt(callee, 'property'))]
  const other = METHODS.get(name)
  if (other === undefined) return []
  if (other === '') return [source(object)]
  const args = (node['arguments'] as Node[]).map(source).join(', ')
  return [`${operand(object, source)}.${other}(${args})`]
}

export const OPERATORS: readonly Operator[] = [binary, logical, assignment, unary, literal, list, call]

/** Of a node that decides between two ways, the condition; each of them is answered beforehand. */
export function conditionOf(
  node: Node,
): { readonly condition: Node; readonly answers: string[] } | undefined {
  const condition = nodeAt(node, 'test')
  if (node.type === 'IfStatement' || node.type === 'ConditionalExpression')
    return { condition, answers: ['true', 'false'] }
  if ((node.type === 'WhileStatement' || node.type === 'ForStatement') && condition !== null)
    return { condition, answers: ['false'] }
  return undefined
}
