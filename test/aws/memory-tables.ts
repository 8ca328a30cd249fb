import { AwsError } from './aws-error.ts'
import type { Condition, Placeholders } from './dynamodb-expression.ts'
import { readCondition, readUpdate } from './dynamodb-expression.ts'
import type { Item, Key, Value } from './dynamodb-item.ts'
import { checkSize, compareTexts, itemIn, keyOf, sizeOf, validationError } from './dynamodb-item.ts'
import { StateHistory } from './state-history.ts'
import type { TableServer } from './table-server.ts'
import type { WireObject } from './wire-value.ts'

/** Documented for Query: it ends once that much was read. */
const PAGE_BYTES = 1024 * 1024

type Partition = Map<string, Item>

/** One table with the keys pk and sk, both text. */
class MemoryTable {
  readonly #partitions = new Map<string, Partition>()
  readonly #histories = new Map<string, StateHistory<Item | null>>()
  readonly #now: () => number
  readonly #staleMs: () => number

  constructor(now: () => number, staleMs: () => number) {
    this.#now = now
    this.#staleMs = staleMs
  }

  get({ pk, sk }: Key): Item | undefined {
    return this.#partitions.get(pk)?.get(sk)
  }

  /** As a read sees it that asked for no strong consistency. */
  seen(key: Key, consistent: boolean): Item | undefined {
    const staleMs = consistent ? 0 : this.#staleMs()
    if (staleMs === 0) return this.get(key)
    return this.#histories.get(`${key.pk} ${key.sk}`)?.at(this.#now() - staleMs) ?? undefined
  }

  set(key: Key, item: Item | undefined): void {
    const partition = this.#partitions.get(key.pk) ?? new Map<string, Item>()
    this.#partitions.set(key.pk, partition)
    if (item === undefined) partition.delete(key.sk)
    else partition.set(key.sk, item)
    const name = `${key.pk} ${key.sk}`
    const history = this.#histories.get(name) ?? new StateHistory()
    this.#histories.set(name, history)
    history.record(this.#now(), item ?? null)
  }

  /** The sort keys that a partition has, or has had, in the order of their bytes. */
  sortKeys(pk: string): readonly string[] {
    const names = new Set(this.#partitions.get(pk)?.keys())
    if (this.#staleMs() > 0)
      for (const name of this.#histories.keys())
        if (name.startsWith(`${pk} `)) names.add(name.slice(pk.length + 1))
    return [...names].sort(compareTexts)
  }
}

type Tables = ReadonlyMap<string, MemoryTable>

/**
 * Tables of DynamoDB that hold their items in this process: the five actions that ledgers use, as dynalite answers them,
 * to which the contract of tables holds both.
 *
 * @param staleMs how old what a read shows is that does not ask for strong consistency
 */
export function memoryTables(
  names: readonly string[],
  now: () => number = Date.now,
  staleMs: () => number = () => 0,
): TableServer {
  const tables: Tables = new Map(names.map((name) => [checkedName(name), new MemoryTable(now, staleMs)]))
  return {
    async call(action, parameters) {
      const run = ACTIONS[action]
      if (run === undefined) throw new AwsError('UnknownOperationException', '')
      return run(tableIn(tables, parameters), parameters)
    },
    stop: async () => undefined,
  }
}

const ACTIONS: Readonly<Record<string, (table: MemoryTable, parameters: WireObject) => WireObject>> = {
  GetItem: getItem,
  PutItem: putItem,
  DeleteItem: deleteItem,
  UpdateItem: updateItem,
  Query: query,
}

function getItem(table: MemoryTable, parameters: WireObject): WireObject {
  const consistent = parameters['ConsistentRead'] === true
  const item = table.seen(keyOf(itemIn(parameters, 'Key'), true), consistent)
  const units = readUnits(item === undefined ? 0 : sizeOf(item), consistent)
  return { ...(item && { Item: wire(item) }), ...consumed(parameters, units) }
}

function putItem(table: MemoryTable, parameters: WireObject): WireObject {
  const item = itemIn(parameters, 'Item')
  const key = keyOf(item, false)
  checkSize(item)
  return write(table, key, parameters, () => item)
}

function deleteItem(table: MemoryTable, parameters: WireObject): WireObject {
  return write(table, keyOf(itemIn(parameters, 'Key'), true), parameters, () => undefined)
}

function updateItem(table: MemoryTable, parameters: WireObject): WireObject {
  const key = keyOf(itemIn(parameters, 'Key'), true)
  const update = readUpdate(String(parameters['UpdateExpression'] ?? ''), placeholdersIn(parameters))
  const change = (old: Item | undefined) => {
    const item = update.of(old ?? { pk: { S: key.pk }, sk: { S: key.sk } })
    checkSize(item)
    return item
  }
  return write(table, key, parameters, change, update.names)
}

/** A write of one item takes effect whole, or, where its condition does not hold, not at all. */
function write(
  table: MemoryTable,
  key: Key,
  parameters: WireObject,
  change: (old: Item | undefined) => Item | undefined,
  updated: readonly string[] = [],
): WireObject {
  const old = table.get(key)
  if (!conditionIn(parameters, 'ConditionExpression')(old ?? {}))
    throw new AwsError('ConditionalCheckFailedException', 'The conditional request failed')
  const item = change(old)
  table.set(key, item)
  const only = (whole: Item | undefined) =>
    whole && Object.fromEntries(updated.map((name) => [name, whole[name]!]))
  const returned = { ALL_OLD: old, ALL_NEW: item, UPDATED_NEW: only(item) }[
    String(parameters['ReturnValues'])
  ]
  const size = Math.max(old === undefined ? 0 : sizeOf(old), item === undefined ? 0 : sizeOf(item))
  return {
    ...(returned && { Attributes: wire(returned) }),
    ...consumed(parameters, Math.max(1, Math.ceil(size / 1024))),
  }
}

/** The key condition must name one partition; pages end at the limit, or at 1 MiB. */
function query(table: MemoryTable, parameters: WireObject): WireObject {
  const consistent = parameters['ConsistentRead'] === true
  const pk = partitionIn(parameters)
  const matches = conditionIn(parameters, 'KeyConditionExpression')
  const start = parameters['ExclusiveStartKey']
  const after = start === undefined ? undefined : keyOf(itemIn(parameters, 'ExclusiveStartKey'), true).sk
  const limit = Number(parameters['Limit'] ?? Number.POSITIVE_INFINITY)
  const items: Item[] = []
  let size = 0
  let last: Key | undefined
  for (const sk of table.sortKeys(pk)) {
    if (after !== undefined && compareTexts(sk, after) <= 0) continue
    const item = table.seen({ pk, sk }, consistent)
    if (item === undefined || !matches(item)) continue
    items.push(item)
    size += sizeOf(item)
    if (items.length < limit && size <= PAGE_BYTES) continue
    last = { pk, sk }
    break
  }
  return {
    Items: items.map(wire),
    Count: items.length,
    ScannedCount: items.length,
    ...(last && { LastEvaluatedKey: { pk: { S: last.pk }, sk: { S: last.sk } } }),
    ...consumed(parameters, readUnits(size, consistent)),
  }
}

/** Of `pk = :value`, the first part of each key condition. */
function partitionIn(parameters: WireObject): string {
  const { values } = placeholdersIn(parameters)
  const placeholder = /^\s*pk\s*=\s*(:\w+)/.exec(String(parameters['KeyConditionExpression'] ?? ''))?.[1]
  const pk = placeholder === undefined ? undefined : values[placeholder]?.S
  if (pk === undefined) throw validationError('Query condition missed key schema element: pk')
  return pk
}

function conditionIn(parameters: WireObject, name: string): Condition {
  const text = parameters[name]
  return typeof text === 'string' ? readCondition(text, placeholdersIn(parameters)) : () => true
}

function placeholdersIn(parameters: WireObject): Placeholders {
  const { ExpressionAttributeNames: names = {}, ExpressionAttributeValues: values = {} } = parameters
  return {
    names: names as Record<string, string>,
    values: values as unknown as Record<string, Value>,
  }
}

function tableIn(tables: Tables, parameters: WireObject): MemoryTable {
  const table = tables.get(String(parameters['TableName']))
  if (table !== undefined) return table
  throw new AwsError('ResourceNotFoundException', 'Requested resource not found')
}

/** Documented in "Naming rules": 3 to 255 letters, digits, underscores, dots and hyphens. */
function checkedName(name: string): string {
  if (/^[\w.-]{3,255}$/.test(name)) return name
  throw validationError(`Invalid table name "${name}": a tableName is 3 to 255 of a-z, A-Z, 0-9, _, - and .`)
}

/** Documented in "DynamoDB read and write operations": 4 KB a unit, half of one where it need not be consistent. */
function readUnits(bytes: number, consistent: boolean): number {
  return Math.max(1, Math.ceil(bytes / 4096)) * (consistent ? 1 : 0.5)
}

function consumed({ TableName, ReturnConsumedCapacity }: WireObject, CapacityUnits: number): WireObject {
  return ReturnConsumedCapacity === 'TOTAL' ? { ConsumedCapacity: { CapacityUnits, TableName } } : {}
}

function wire(item: Item): WireObject {
  return item as unknown as WireObject
}
