import type { AwsError } from './aws-error.ts'
import { compareValues, type Item, type Value, validationError } from './dynamodb-item.ts'

/** What the placeholders of an expression stand for: `#name` and `:value`. */
export interface Placeholders {
  readonly names: Readonly<Record<string, string>>
  readonly values: Readonly<Record<string, Value>>
}

export type Condition = (item: Item) => boolean

export interface Update {
  /** The attributes that it sets. */
  readonly names: readonly string[]
  /** What an item becomes. */
  of(item: Item): Item
}

type Operand = (item: Item) => Value | undefined

const TOKEN = /\s*(?:(<>|<=|>=|[<>=(),])|([#:]?[A-Za-z_][\w-]*))/y

/**
 * Reads the part of DynamoDB's expression language that ledgers use ("Condition and filter expressions, operators, and
 * functions"): comparisons, BETWEEN, AND, OR, NOT, parentheses, attribute_exists, attribute_not_exists and begins_with,
 * over attributes of the top level. Anything else is refused, with its place.
 */
class ExpressionReader {
  readonly #tokens: readonly string[]
  readonly #placeholders: Placeholders
  #next = 0

  constructor(text: string, placeholders: Placeholders) {
    this.#tokens = tokensOf(text)
    this.#placeholders = placeholders
  }

  condition(): Condition {
    const condition = this.#or()
    if (this.#next < this.#tokens.length) throw this.#unexpected()
    return condition
  }

  /** `SET name = :value, …` and `ADD name :value, …`. */
  update(): Update {
    const names: string[] = []
    const steps: ((item: Item, old: Item) => Item)[] = []
    while (this.#next < this.#tokens.length) {
      const clause = this.#take().toUpperCase()
      if (clause !== 'SET' && clause !== 'ADD') throw this.#unexpected(-1)
      do {
        const name = this.#name()
        names.push(name)
        if (clause === 'SET') this.#expect('=')
        const operand = this.#operand()
        if (clause === 'SET') steps.push((item, old) => ({ ...item, [name]: present(operand(old)) }))
        else steps.push((item, old) => ({ ...item, [name]: sum(old[name], present(operand(old))) }))
      } while (this.#accept(','))
    }
    return { names, of: (old) => steps.reduce((item, step) => step(item, old), old) }
  }

  #or(): Condition {
    let left = this.#and()
    while (this.#accept('OR')) {
      const [one, other] = [left, this.#and()]
      left = (item) => one(item) || other(item)
    }
    return left
  }

  #and(): Condition {
    let left = this.#not()
    while (this.#accept('AND')) {
      const [one, other] = [left, this.#not()]
      left = (item) => one(item) && other(item)
    }
    return left
  }

  #not(): Condition {
    if (!this.#accept('NOT')) return this.#single()
    const denied = this.#not()
    return (item) => !denied(item)
  }

  #single(): Condition {
    if (this.#accept('(')) {
      const inner = this.#or()
      this.#expect(')')
      return inner
    }
    if (this.#accept('attribute_exists')) return this.#exists(true)
    if (this.#accept('attribute_not_exists')) return this.#exists(false)
    if (this.#accept('begins_with')) return this.#beginsWith()
    const left = this.#operand()
    if (this.#accept('BETWEEN')) {
      const from = this.#operand()
      this.#expect('AND')
      const to = this.#operand()
      const order = compare(from({}), to({}))
      if (order !== undefined && order > 0)
        throw validationError('The BETWEEN operator requires ordered bounds')
      return (item) => holds(left(item), '>=', from(item)) && holds(left(item), '<=', to(item))
    }
    const comparator = this.#take()
    const right = this.#operand()
    if (!COMPARATORS.has(comparator)) throw this.#unexpected(-2)
    return (item) => holds(left(item), comparator, right(item))
  }

  #exists(wanted: boolean): Condition {
    this.#expect('(')
    const name = this.#name()
    this.#expect(')')
    return (item) => Object.hasOwn(item, name) === wanted
  }

  #beginsWith(): Condition {
    this.#expect('(')
    const text = this.#operand()
    this.#expect(',')
    const beginning = this.#operand()
    this.#expect(')')
    return (item) => {
      const [whole, part] = [text(item)?.S, beginning(item)?.S]
      return whole !== undefined && part !== undefined && whole.startsWith(part)
    }
  }

  #operand(): Operand {
    const token = this.#take()
    if (token.startsWith(':')) {
      const value = this.#placeholders.values[token]
      if (value === undefined) throw validationError(`The expression attribute value ${token} is not defined`)
      return () => value
    }
    this.#next--
    const name = this.#name()
    return (item) => item[name]
  }

  #name(): string {
    const token = this.#take()
    if (!token.startsWith('#')) {
      if (/^\w/.test(token)) return token
      throw this.#unexpected(-1)
    }
    const name = this.#placeholders.names[token]
    if (name === undefined) throw validationError(`The expression attribute name ${token} is not defined`)
    return name
  }

  #accept(token: string): boolean {
    const isNext = this.#tokens[this.#next]?.toUpperCase() === token.toUpperCase()
    if (isNext) this.#next++
    return isNext
  }

  #expect(token: string): void {
    if (!this.#accept(token)) throw this.#unexpected()
  }

  #take(): string {
    const token = this.#tokens[this.#next]
    if (token === undefined) throw this.#unexpected()
    this.#next++
    return token
  }

  #unexpected(back = 0): AwsError {
    const token = this.#tokens[this.#next + back]
    return validationError(
      `Syntax error in the expression at ${token === undefined ? 'its end' : `"${token}"`}`,
    )
  }
}

const COMPARATORS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>='])

export function readCondition(text: string, placeholders: Placeholders): Condition {
  return new ExpressionReader(text, placeholders).condition()
}

export function readUpdate(text: string, placeholders: Placeholders): Update {
  return new ExpressionReader(text, placeholders).update()
}

function tokensOf(text: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const from = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (match === null)
      throw validationError(`Syntax error in the expression at "${text.slice(from, from + 10)}"`)
    tokens.push(match[1] ?? match[2]!)
  }
  return tokens
}

/** Documented: a comparison with an attribute that is absent, or of another type, is false, but for `<>`. */
function holds(left: Value | undefined, comparator: string, right: Value | undefined): boolean {
  const order = compare(left, right)
  switch (comparator) {
    case '=':
      return order === 0
    case '<>':
      return order !== 0
    case '<':
      return order !== undefined && order < 0
    case '<=':
      return order !== undefined && order <= 0
    case '>':
      return order !== undefined && order > 0
    default:
      return order !== undefined && order >= 0
  }
}

function compare(left: Value | undefined, right: Value | undefined): number | undefined {
  return left === undefined || right === undefined ? undefined : compareValues(left, right)
}

function present(value: Value | undefined): Value {
  if (value !== undefined) return value
  throw validationError('The provided expression refers to an attribute that does not exist in the item')
}

/** Documented for ADD: what is absent counts as 0. */
function sum(old: Value | undefined, added: Value): Value {
  if (added.N === undefined || (old !== undefined && old.N === undefined))
    throw validationError('An operand in the update expression has an incorrect data type')
  return { N: String(Number(old?.N ?? 0) + Number(added.N)) }
}
