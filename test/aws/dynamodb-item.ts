import { AwsError } from './aws-error.ts'
import type { WireObject } from './wire-value.ts'

/** One value of an attribute, as the wire types it: `{S: "text"}`, `{N: "1"}`, `{M: {…}}`, … */
export interface Value {
  readonly S?: string
  readonly N?: string
  readonly BOOL?: boolean
  readonly NULL?: true
  readonly B?: string
  readonly L?: readonly Value[]
  readonly M?: Item
}

export type Item = Readonly<Record<string, Value>>

/** "Service, account, and table quotas in Amazon DynamoDB": 400 KB an item. */
const LARGEST_ITEM = 400 * 1024

export interface Key {
  readonly pk: string
  readonly sk: string
}

/** The key of an item, or of a request; an item may have more attributes, a key may not. */
export function keyOf(item: Item, onlyKey: boolean): Key {
  const [pk, sk] = [item['pk']?.S, item['sk']?.S]
  if (pk === undefined || sk === undefined || (onlyKey && Object.keys(item).length !== 2))
    throw validationError('The provided key element does not match the schema')
  if (pk === '' || sk === '')
    throw validationError('One or more parameter values are not valid: a key cannot be an empty string value')
  return { pk, sk }
}

export function checkSize(item: Item): void {
  if (sizeOf(item) > LARGEST_ITEM) throw validationError('Item size has exceeded the maximum allowed size')
}

/** In bytes, by "DynamoDB item sizes and formats". */
export function sizeOf(item: Item): number {
  return Object.entries(item).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + sizeOfValue(value),
    0,
  )
}

/** A number takes about a byte for each two digits, and one more; lists and maps 3 bytes, and one for each member. */
function sizeOfValue({ S, N, B, L, M }: Value): number {
  if (S !== undefined) return Buffer.byteLength(S)
  if (N !== undefined) return Math.ceil(N.replace(/^-|\.|e.*$/g, '').replace(/^0+|0+$/g, '').length / 2) + 1
  if (B !== undefined) return Buffer.from(B, 'base64').length
  if (L !== undefined) return L.reduce((sum, each) => sum + 1 + sizeOfValue(each), 3)
  if (M !== undefined) return sizeOf(M) + 3 + Object.keys(M).length
  return 1
}

/** Undefined where the types differ. Text goes by its UTF-8 bytes; what has no order is the same, or it is not. */
export function compareValues(left: Value, right: Value): number | undefined {
  if (left.S !== undefined && right.S !== undefined) return compareTexts(left.S, right.S)
  if (left.N !== undefined && right.N !== undefined) return Number(left.N) - Number(right.N)
  return JSON.stringify(left) === JSON.stringify(right) ? 0 : undefined
}

export function compareTexts(left: string, right: string): number {
  if (left === right) return 0
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}

export function itemIn(parameters: WireObject, name: string): Item {
  const value = parameters[name]
  if (value === undefined) throw validationError(`The parameter '${name}' is required but was not present`)
  return value as unknown as Item
}

export function validationError(message: string): AwsError {
  return new AwsError('ValidationException', message)
}
