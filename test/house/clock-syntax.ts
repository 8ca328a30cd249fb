import { isNode, type Node } from '../prove/sample/syntax.ts'

/** What reads a clock, and what vi.useFakeTimers calls it. */
const CLOCKS: Readonly<Record<string, string>> = {
  'Date.now': 'Date',
  'performance.now': 'performance',
  'process.hrtime': 'hrtime',
  'process.hrtime.bigint': 'hrtime',
}
const ROUNDED = /^(Math\.\w+|Number|BigInt)$/
const ARITHMETIC = /^[-+*/%]$/

/** The node and everything below it that runs; names of properties are no names of theirs. */
export function below(node: Node, found: Node[] = []): Node[] {
  found.push(node)
  for (const [key, value] of Object.entries(node)) {
    if ((key === 'property' || key === 'key') && node['computed'] !== true) continue
    for (const child of [value].flat()) if (isNode(child) && runs(child)) below(child, found)
  }
  return found
}

function runs({ type }: Node): boolean {
  return type !== 'ImportDeclaration' && (!type.startsWith('TS') || /^TS(As|NonNull|Satisfies)/.test(type))
}

export function nodesIn(node: Node, key: string): Node[] {
  return [node[key]].flat().filter(isNode)
}

/** The text of a name, a property's name or a string; nothing for any other node. */
export function wordOf(node: unknown): string {
  if (!isNode(node)) return ''
  return String(node.type === 'Identifier' ? node['name'] : (node['value'] ?? ''))
}

/** `a.b` for a call of a.b. */
export function calleeOf(node: Node): string {
  return node.type === 'CallExpression' ? pathOf(nodesIn(node, 'callee')[0]!) : ''
}

export function pathOf(node: Node): string {
  if (node.type !== 'MemberExpression') return wordOf(node)
  return `${pathOf(nodesIn(node, 'object')[0]!)}.${wordOf(node['property'])}`
}

/** What vi.useFakeTimers fakes in this file, wherever in it that is said. */
export function fakesOf(nodes: readonly Node[]): (name: string) => boolean {
  const calls = nodes.filter((node) => calleeOf(node) === 'vi.useFakeTimers')
  const chosen = calls.map((call) =>
    nodesIn(call, 'arguments')
      .flatMap((options) => nodesIn(options, 'properties'))
      .filter((property) => wordOf(property['key']) === 'toFake')
      .flatMap((property) => nodesIn(property, 'value'))
      .flatMap((list) => nodesIn(list, 'elements').map(wordOf)),
  )
  return (name) => chosen.some((names) => names.length === 0 || names.includes(name))
}

/** What is known of the values of a file: an instant is read from a clock or reckoned from one, a span lies between two. */
export interface Times {
  isInstant(node: Node): boolean
  isSpan(node: Node): boolean
}

export function timesIn(nodes: readonly Node[], fakes: (name: string) => boolean): Times {
  const instants = new Set<string>()
  const spans = new Set<string>()

  function isInstant(node: Node): boolean {
    if (node.type === 'Identifier') return instants.has(wordOf(node))
    const clock = CLOCKS[calleeOf(node)]
    if (clock !== undefined) return !fakes(clock)
    return partsOf(node).some(isInstant)
  }
  function isSpan(node: Node): boolean {
    if (node.type === 'Identifier') return spans.has(wordOf(node))
    if (node['operator'] === '-' && partsOf(node).length === 2 && partsOf(node).every(isInstant)) return true
    return partsOf(node).some(isSpan)
  }

  for (const [name, value] of nodes.flatMap(givenNames)) {
    if (isInstant(value)) instants.add(name)
    if (isSpan(value)) spans.add(name)
  }
  return { isInstant, isSpan }
}

/** What a number is reckoned from. */
function partsOf(node: Node): Node[] {
  if (node.type === 'BinaryExpression' && ARITHMETIC.test(String(node['operator'])))
    return [...nodesIn(node, 'left'), ...nodesIn(node, 'right')]
  if (node.type.startsWith('TS')) return nodesIn(node, 'expression')
  return ROUNDED.test(calleeOf(node)) ? nodesIn(node, 'arguments') : []
}

/** Names and what they are set to. */
function givenNames(node: Node): [string, Node][] {
  const isDeclared = node.type === 'VariableDeclarator'
  if (!isDeclared && node.type !== 'AssignmentExpression') return []
  const [target] = nodesIn(node, isDeclared ? 'id' : 'left')
  const [value] = nodesIn(node, isDeclared ? 'init' : 'right')
  if (target === undefined || value === undefined) return []
  if (target.type !== 'ArrayPattern') return [[wordOf(target), value]]
  const values = nodesIn(value, 'elements')
  return nodesIn(target, 'elements').flatMap((each, index): [string, Node][] =>
    values[index] === undefined ? [] : [[wordOf(each), values[index]]],
  )
}
