import { describe, expect, test } from 'vitest'
import { refusal, statusOf } from './account.ts'
import { startLocalAws } from './local-aws.ts'
import { openWideAccount } from './wide-account.ts'

const TableName = 'fence'
const open = () => openWideAccount({ tables: [TableName, 'other'] })
const key = { pk: 'block', sk: '192.0.2.1' }

describe('a table', () => {
  test('what is put is read back, strongly consistent, and deleted', async () => {
    const { documents } = await open()
    const Item = { ...key, until: 1_700_000_000, why: ['100 challenges'], tags: { a: true, b: null } }
    await documents.put({ TableName, Item })
    expect((await documents.get({ TableName, Key: key, ConsistentRead: true })).Item).toEqual(Item)
    await documents.delete({ TableName, Key: key })
    expect((await documents.get({ TableName, Key: key })).Item).toBeUndefined()
  })

  test('a condition that does not hold refuses the put, and changes nothing', async () => {
    const { documents } = await open()
    const put = (until: number) =>
      documents.put({ TableName, Item: { ...key, until }, ConditionExpression: 'attribute_not_exists(pk)' })
    await put(1)
    expect([await refusal(put(2)), await statusOf(put(2))]).toEqual(['ConditionalCheckFailedException', 400])
    expect((await documents.get({ TableName, Key: key })).Item).toMatchObject({ until: 1 })
  })

  test('of 20 conditional puts at once one wins', async () => {
    const { documents } = await open()
    const ConditionExpression = 'attribute_not_exists(pk)'
    const puts = Array.from({ length: 20 }, (_, by) =>
      refusal(documents.put({ TableName, Item: { ...key, by }, ConditionExpression })),
    )
    expect((await Promise.all(puts)).filter((outcome) => outcome === 'accepted')).toHaveLength(1)
  })

  test('an update adds, sets under a condition and returns what is new', async () => {
    const { documents } = await open()
    const update = (lease: number) =>
      documents.update({
        TableName,
        Key: key,
        UpdateExpression: 'ADD hits :one SET lease = :lease',
        ConditionExpression: 'attribute_not_exists(lease) OR lease < :lease',
        ExpressionAttributeValues: { ':one': 1, ':lease': lease },
        ReturnValues: 'ALL_NEW',
      })
    await update(1)
    expect((await update(2)).Attributes).toEqual({ ...key, hits: 2, lease: 2 })
    expect(await refusal(update(2))).toBe('ConditionalCheckFailedException')
  })

  test('a query pages through one partition in the order of the sort key', async () => {
    const { documents } = await open()
    const put = (pk: string, sk: string) => documents.put({ TableName, Item: { pk, sk } })
    for (const sk of ['c', 'a', 'd', 'b']) await put('p', sk)
    await put('q', 'a')
    const query = {
      TableName,
      KeyConditionExpression: 'pk = :pk AND sk > :sk',
      ExpressionAttributeValues: { ':pk': 'p', ':sk': 'a' },
      Limit: 2,
    }
    const first = await documents.query(query)
    const second = await documents.query({ ...query, ExclusiveStartKey: first.LastEvaluatedKey })
    expect([first.Items, second.Items].map((items) => items!.map(({ sk }) => sk))).toEqual([
      ['b', 'c'],
      ['d'],
    ])
  })

  test('tables hold each their own', async () => {
    const { documents } = await open()
    await documents.put({ TableName, Item: key })
    expect((await documents.get({ TableName: 'other', Key: key })).Item).toBeUndefined()
  })

  test('what is read without strong consistency is as old as the account says, and absent before it was put', async () => {
    let now = 1_000_000
    const { documents } = await openWideAccount({ tables: [TableName], staleTableMs: 500, now: () => now })
    await documents.put({ TableName, Item: { ...key, of: 1 } })
    const seen = async (ConsistentRead: boolean) => {
      const { Items } = await documents.query({
        TableName,
        ConsistentRead,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': key.pk },
      })
      const { Item } = await documents.get({ TableName, Key: key, ConsistentRead })
      expect(Items).toEqual(Item === undefined ? [] : [Item])
      return Item?.['of']
    }
    expect([await seen(true), await seen(false)]).toEqual([1, undefined])
    now += 400
    await documents.put({ TableName, Item: { ...key, of: 2 } })
    now += 200
    expect([await seen(true), await seen(false)]).toEqual([2, 1])
    await documents.delete({ TableName, Key: key })
    expect([await seen(true), await seen(false)]).toEqual([undefined, 1])
    now += 400
    expect([await seen(true), await seen(false)]).toEqual([undefined, 2])
  })

  test('two accounts share nothing', async () => {
    const [one, two] = [await open(), await open()]
    await one.documents.put({ TableName, Item: key })
    expect((await two.documents.get({ TableName, Key: key })).Item).toBeUndefined()
  })

  test('refusals come as DynamoDB gives them', async () => {
    const { documents, dynamodb } = await open()
    const item = { TableName: 'none', Key: key }
    expect(await refusal(documents.get(item))).toBe('ResourceNotFoundException')
    expect(await refusal(documents.put({ TableName, Item: { pk: 'p' } }))).toBe('ValidationException')
    expect(await refusal(documents.put({ TableName, Item: { ...key, big: 'x'.repeat(409_600) } }))).toBe(
      'ValidationException',
    )
    const transaction = { TransactItems: [{ Put: { TableName, Item: { pk: { S: 'p' }, sk: { S: 's' } } } }] }
    expect(await refusal(dynamodb.transactWriteItems(transaction))).toBe('UnknownOperationException')
  })

  test('calls are recorded as the wire carries them', async () => {
    const { aws, documents } = await open()
    await documents.put({ TableName, Item: key })
    expect(aws.calls()).toMatchObject([
      {
        service: 'dynamodb',
        action: 'PutItem',
        parameters: { TableName, Item: { pk: { S: 'block' }, sk: { S: '192.0.2.1' } } },
      },
    ])
  })
})

describe('an account with tables', () => {
  test('stops while calls are under way, and twice', async () => {
    const { aws, documents } = await open()
    const puts = Array.from({ length: 50 }, (_, i) =>
      refusal(documents.put({ TableName, Item: { pk: 'p', sk: String(i) } })),
    )
    while (aws.calls().length < 10) await new Promise((resolve) => setImmediate(resolve))
    await aws.stop()
    await aws.stop()
    expect(new Set(await Promise.all(puts)).size).toBeGreaterThan(0)
  })

  test('a table whose name is not valid keeps it from starting', async () => {
    await expect(startLocalAws({ tables: ['a b'] })).rejects.toThrow('tableName')
  })
})
