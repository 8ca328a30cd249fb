import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { search } from '../search.ts'
import { AwsError } from './aws-error.ts'
import { memoryTables } from './memory-tables.ts'
import { startTables, type TableServer } from './table-server.ts'
import type { WireObject } from './wire-value.ts'

/** One call of DynamoDB, as the wire carries it. */
type Call = readonly [action: string, parameters: WireObject]

const TableName = 'ledger'
const KEY = { pk: { S: 'f#block' }, sk: { S: '192.0.2.1/32' } }

/** What a table answers, or how it refuses. Messages are not compared: programs go by codes. */
async function outcome(tables: TableServer, [action, parameters]: Call): Promise<unknown> {
  try {
    return await tables.call(action, parameters)
  } catch (error) {
    if (error instanceof AwsError) return `${error.code.split('#').at(-1)} ${error.status}`
    throw error
  }
}

const texts = (...all: readonly string[]) => fc.constantFrom(...all).map((S) => ({ S }))
const key = fc.record({
  pk: texts('f#block', 'f#source', 'g#block'),
  sk: texts('a', 'aa', 'b', 'é', '\uffee', '😀', '~'),
})
const number = fc.integer({ min: -3, max: 12 }).map((N) => ({ N: String(N) }))
const value = fc.oneof(
  number,
  texts('', 'a', 'b'),
  fc.constant({ NULL: true }),
  fc.constant({ L: [{ N: '1' }, { M: { a: { BOOL: true } } }] }),
)
const item = fc
  .tuple(key, fc.dictionary(fc.constantFrom('at', 'until', 'owner', 'version'), value))
  .map(([own, rest]) => ({ ...rest, ...own }))

const attribute = fc.constantFrom('#at', '#until', 'version', '#owner')
const comparison = fc
  .tuple(attribute, fc.constantFrom('=', '<>', '<', '<=', '>', '>='), fc.constantFrom(':one', ':two'))
  .map((parts) => parts.join(' '))
const single = fc.oneof(
  comparison,
  attribute.map((name) => `attribute_exists(${name})`),
  attribute.map((name) => `attribute_not_exists(${name})`),
  attribute.map((name) => `${name} BETWEEN :one AND :two`),
)
const condition = fc.oneof(
  fc.constant(undefined),
  single,
  fc
    .tuple(single, fc.constantFrom(' OR ', ' AND '), single, fc.constantFrom(' OR ', ' AND '), single)
    .map((all) => all.join('')),
  fc.tuple(single, single, single).map(([a, b, c]) => `NOT (${a} OR ${b}) AND ${c}`),
)

/** Only the placeholders that are used: DynamoDB refuses others. */
function used(
  texts: readonly (string | undefined)[],
  names: Record<string, string>,
  values: Record<string, unknown>,
) {
  const has = (name: string) =>
    texts.some((text) => text !== undefined && new RegExp(`${name}\\b`).test(text))
  const [ownNames, ownValues] = [names, values].map((all) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => has(name))),
  )
  return {
    ...(Object.keys(ownNames!).length > 0 && { ExpressionAttributeNames: ownNames }),
    ...(Object.keys(ownValues!).length > 0 && { ExpressionAttributeValues: ownValues }),
  }
}

const NAMES = { '#at': 'at', '#until': 'until', '#owner': 'owner' }
const write = fc
  .record({
    action: fc.constantFrom('PutItem', 'DeleteItem', 'UpdateItem'),
    item,
    key,
    condition,
    one: number,
    two: number,
    back: fc.constantFrom('NONE', 'ALL_OLD'),
  })
  .map(({ action, item: Item, key: Key, condition: ConditionExpression, one, two, back }): Call => {
    const UpdateExpression =
      action === 'UpdateItem' ? 'SET #until = :until, #owner = :owner ADD #at :at' : undefined
    const values = { ':one': one, ':two': two, ':until': two, ':owner': { S: 'o' }, ':at': { N: '2' } }
    const parameters = {
      TableName,
      ReturnConsumedCapacity: 'TOTAL',
      ReturnValues: action === 'UpdateItem' ? 'ALL_NEW' : back,
      ...(action === 'PutItem' ? { Item } : { Key }),
      ...(ConditionExpression && { ConditionExpression }),
      ...(UpdateExpression && { UpdateExpression }),
      ...used([ConditionExpression, UpdateExpression], NAMES, values),
    }
    return [action, parameters as unknown as WireObject]
  })
/** Whether dynalite, which compares the ends of a range by UTF-16, finds them in another order than UTF-8, as DynamoDB does. */
const inDoubt = (from: string, to: string) =>
  from < to !== Buffer.compare(Buffer.from(from), Buffer.from(to)) < 0

const read = fc
  .record({
    key,
    consistent: fc.boolean(),
    limit: fc.option(fc.integer({ min: 1, max: 3 })),
    after: fc.option(key),
    from: key,
    to: key,
    how: fc.constantFrom(
      '',
      ' AND sk BETWEEN :from AND :to',
      ' AND sk > :from',
      ' AND begins_with(sk, :from)',
    ),
  })
  .filter(({ from, to, how }) => !how.includes('BETWEEN') || !inDoubt(from.sk.S, to.sk.S))
  .chain(({ key: Key, consistent: ConsistentRead, limit, after, from, to, how }) => {
    const KeyConditionExpression = `pk = :pk${how}`
    const get = { TableName, Key, ConsistentRead, ReturnConsumedCapacity: 'TOTAL' }
    const query = {
      TableName,
      ConsistentRead,
      KeyConditionExpression,
      ...used([KeyConditionExpression], {}, { ':pk': Key.pk, ':from': from.sk, ':to': to.sk }),
      ...(limit !== null && { Limit: limit }),
      // A key to go on from must be one that the condition lets through.
      ...(after !== null && how === '' && { ExclusiveStartKey: { ...after, pk: Key.pk } }),
    }
    const calls: readonly Call[] = [
      ['GetItem', get],
      ['Query', query as unknown as WireObject],
    ]
    return fc.constantFrom(...calls)
  })

describe('tables in memory answer as dynalite does', () => {
  let dynalite: TableServer
  beforeAll(async () => {
    dynalite = await startTables([TableName])
  })
  afterAll(() => dynalite.stop())

  async function expectSame(calls: readonly Call[]): Promise<void> {
    const memory = memoryTables([TableName])
    try {
      for (const call of calls)
        expect([call, await outcome(memory, call)]).toEqual([call, await outcome(dynalite, call)])
    } finally {
      for (const pk of ['f#block', 'f#source', 'g#block'])
        for (const sk of ['a', 'aa', 'b', 'é', '\uffee', '😀', '~', KEY.sk.S])
          await dynalite.call('DeleteItem', { TableName, Key: { pk: { S: pk }, sk: { S: sk } } })
    }
  }

  test('whatever is written and read', async () => {
    await search(fc.asyncProperty(fc.array(fc.oneof(write, write, read), { maxLength: 30 }), expectSame), {
      seed: [3, 194190352, 1513773353],
      numRuns: 40,
    })
  })

  test('items of any size, to the byte at which one is too large', async () => {
    const large = (length: number): Call => [
      'PutItem',
      { TableName, Item: { ...KEY, why: { S: 'x'.repeat(length) } } },
    ]
    const rest = 'pk'.length + KEY.pk.S.length + 'sk'.length + KEY.sk.S.length + 'why'.length
    await expectSame([1000, 409_600 - rest, 409_601 - rest].map(large))
  })

  test('pages of a query, which end after a mebibyte', async () => {
    const why = { S: 'x'.repeat(300_000) }
    const puts = ['a', 'aa', 'b', '~'].map(
      (sk): Call => ['PutItem', { TableName, Item: { pk: KEY.pk, sk: { S: sk }, why } }],
    )
    const ask = {
      TableName,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': KEY.pk },
    }
    await expectSame([
      ...puts,
      ['Query', ask],
      ['Query', { ...ask, ExclusiveStartKey: { pk: KEY.pk, sk: { S: 'b' } } }],
    ])
  })

  test('the ends of a range are in the order of UTF-8, unlike in dynalite', async () => {
    const KeyConditionExpression = 'pk = :pk AND sk BETWEEN :from AND :to'
    const values = { ':pk': KEY.pk, ':from': { S: '\uffee' }, ':to': { S: '😀' } }
    const memory = memoryTables([TableName])
    const ask = { TableName, KeyConditionExpression, ExpressionAttributeValues: values }
    await memory.call('PutItem', { TableName, Item: { pk: KEY.pk, sk: { S: '😀' } } })
    expect(await outcome(memory, ['Query', ask])).toMatchObject({ Count: 1 })
    const back = { ...values, ':from': { S: '😀' }, ':to': { S: '\uffee' } }
    const refused = await outcome(memory, ['Query', { ...ask, ExpressionAttributeValues: back }])
    expect(refused).toBe('ValidationException 400')
  })

  test('what is refused', async () => {
    const values = { ExpressionAttributeValues: { ':a': { S: 'a' } } }
    await expectSame([
      ['PutItem', { TableName, Item: { pk: KEY.pk } }],
      ['PutItem', { TableName, Item: { ...KEY, sk: { S: '' } } }],
      ['PutItem', { TableName: 'none', Item: KEY }],
      ['GetItem', { TableName, Key: { ...KEY, more: { S: 'a' } } }],
      ['GetItem', { TableName, Key: { pk: KEY.pk, sk: { N: '1' } } }],
      ['DeleteItem', { TableName, Key: KEY, ConditionExpression: 'attribute_exists(pk)' }],
      ['DeleteItem', { TableName, Key: KEY, ConditionExpression: 'at = ' }],
      ['DeleteItem', { TableName, Key: KEY, ConditionExpression: 'at = :b', ...values }],
      ['DeleteItem', { TableName, Key: KEY, ConditionExpression: '#b = :a', ...values }],
      ['UpdateItem', { TableName, Key: KEY, UpdateExpression: 'ADD at :a', ...values }],
      ['UpdateItem', { TableName, Key: KEY, UpdateExpression: 'SET at = owner' }],
      ['Query', { TableName, KeyConditionExpression: 'sk = :a', ...values }],
    ])
  })
})
