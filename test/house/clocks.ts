import { type Node, parsed } from '../prove/sample/syntax.ts'
import { below, calleeOf, fakesOf, nodesIn, pathOf, type Times, timesIn, wordOf } from './clock-syntax.ts'

/**
 * No verdict of a test hangs on how fast the machine is. Refused are bare timers, what compares a clock or expects the
 * difference of two readings, and a test's own time limit. `// waits: REASON` on the line lets one stand; what a file
 * fakes by vi.useFakeTimers is no clock.
 */

/** Folders of test/ whose clocks are none of a test. */
const EXEMPT: readonly { readonly files: string; readonly because: string }[] = [
  { files: 'test/bench/', because: 'a bench measures time, and no gate asks what came of it' },
  { files: 'test/lab/', because: 'it records real traffic, whose pauses are part of what is recorded' },
]

/** Strings of these hold sources that are planted or refused, and nothing runs them. */
const PLANTED = ['test/house/', 'test/prove/faults/', 'test/prove/gate.ts']

const MARK = /\/\/ waits: \S+/

const TIMERS = ['setTimeout', 'setInterval']
const TIMER_MODULE = /^(node:)?timers(\/promises)?$/
const TIMER_PATHS = /^(AbortSignal\.timeout|Atomics\.wait|\w+\.set(Timeout|Interval))$/
/** In a program that a test hands to another process, JavaScript or a shell's. */
const TIMER_TEXT = /\bset(?:Timeout|Interval)\(|\bAtomics\.wait\(|(?<=[\s;&|(`'"])sleep(?=\s+["$\d.]|['"]$)/g

const COMPARING = /^(toBe(Less|Greater)Than(OrEqual)?|toBeCloseTo)$/
const COMPARISON = /^[<>]=?$/

const LIMITED = /^(test|it|describe|beforeAll|beforeEach|afterAll|afterEach|vi\.waitFor|vi\.waitUntil)\b/
const LIMIT = /^(timeout|testTimeout|hookTimeout|teardownTimeout)$/

const WAITS = 'waits by a timer: await what it waits for, or give it a clock'
const JUDGES = 'makes time a verdict: count the work, or give it a clock'
const LIMITS = 'has a time limit of its own: those of vitest.config.ts do for every machine'

/** Every line that a slow machine may fail by, and every mark of a line that does not wait. */
export function brokenClocks(file: string, text: string): string[] {
  if (!file.startsWith('test/') || EXEMPT.some(({ files }) => file.startsWith(files))) return []
  const isPlanted = PLANTED.some((start) => file.startsWith(start))
  const found = new Map<number, string>()
  for (const [at, why] of places(text, isPlanted)) found.set(text.slice(0, at).split('\n').length, why)
  return text.split('\n').flatMap((line, index) => {
    const why = found.get(index + 1)
    const isMarked = MARK.test(line)
    const where = `${file}:${index + 1}`
    if (why !== undefined && !isMarked) return [`${where} ${why}; or say "// waits: REASON" on that line`]
    return why === undefined && isMarked && !isPlanted ? [`${where} has a mark and does not wait`] : []
  })
}

/** Where the text does what is refused, and what that is. */
function places(text: string, isPlanted: boolean): [number, string][] {
  const program = parsed(text)
  const nodes = below(program)
  const fakes = fakesOf(nodes)
  const timers = new Set([...TIMERS.filter((name) => !fakes(name)), ...importedTimers(program)])
  const times = timesIn(nodes, fakes)
  return nodes.flatMap((node): [number, string][] => {
    const waits = isTimer(node, timers) ? [node.start] : isPlanted ? [] : timersInText(node, text)
    if (waits.length > 0) return waits.map((at) => [at, WAITS])
    if (judges(node, times)) return [[node.start, JUDGES]]
    return limitsOf(node).map(({ start }) => [start, LIMITS])
  })
}

function importedTimers(program: Node): string[] {
  return nodesIn(program, 'body')
    .filter(({ type, source }) => type === 'ImportDeclaration' && TIMER_MODULE.test(wordOf(source)))
    .flatMap((declaration) => nodesIn(declaration, 'specifiers'))
    .filter(({ imported }) => wordOf(imported) !== 'setImmediate')
    .map(({ local }) => wordOf(local))
}

function isTimer(node: Node, timers: ReadonlySet<string>): boolean {
  if (node.type === 'Identifier') return timers.has(wordOf(node))
  if (node.type === 'ImportExpression') return TIMER_MODULE.test(wordOf(node['source']))
  return node.type === 'MemberExpression' && TIMER_PATHS.test(pathOf(node))
}

function timersInText({ type, value, start, end }: Node, text: string): number[] {
  if (type !== 'TemplateElement' && typeof value !== 'string') return []
  return [...text.slice(start, end).matchAll(TIMER_TEXT)].map(({ index }) => start + index)
}

/** Whether it compares a clock, or is an expectation that does, or one of a difference of two readings. */
function judges(node: Node, { isInstant, isSpan }: Times): boolean {
  if (COMPARISON.test(String(node['operator'])))
    return [...nodesIn(node, 'left'), ...nodesIn(node, 'right')].some(isInstant)
  if (calleeOf(node) === 'expect.closeTo') return nodesIn(node, 'arguments').some(isInstant)
  const matcher = node.type === 'CallExpression' ? nodesIn(node, 'callee')[0]! : node
  if (matcher.type !== 'MemberExpression' || rootOf(matcher) !== 'expect') return false
  const inside = below(node)
  return inside.some(isSpan) || (COMPARING.test(wordOf(matcher['property'])) && inside.some(isInstant))
}

/** `a` for `a.b(c).d(e)`. */
function rootOf(node: Node): string {
  const [before] = [...nodesIn(node, 'object'), ...nodesIn(node, 'callee'), ...nodesIn(node, 'tag')]
  return before === undefined ? wordOf(node) : rootOf(before)
}

/** A `timeout` among options, and what stands behind the body of a test or a hook. */
function limitsOf(node: Node): Node[] {
  if (node.type === 'ObjectExpression')
    return nodesIn(node, 'properties').filter(({ key }) => LIMIT.test(wordOf(key)))
  if (node.type !== 'CallExpression' || !(LIMITED.test(rootOf(node)) || LIMITED.test(calleeOf(node))))
    return []
  const given = nodesIn(node, 'arguments')
  const body = given.findIndex(({ type }) => /^(Arrow)?Function/.test(type))
  return given.filter((each, index) => (body !== -1 && index > body) || (index > 0 && isNumber(each)))
}

function isNumber({ type, value }: Node): boolean {
  return type === 'Literal' && typeof value === 'number'
}
