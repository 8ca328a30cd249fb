import { randomUUID } from 'node:crypto'
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb'
import { failureOf } from './aws-errors.ts'

/** One item of the table, but for its keys. Values are what JSON holds. */
export type Row = Readonly<Record<string, unknown>>

export interface LedgerKey {
  /** Which kind of row; the fence is put before it. */
  readonly kind: string
  readonly name: string
}

export interface Condition {
  readonly expression: string
  readonly names?: Readonly<Record<string, string>>
  readonly values?: Readonly<Record<string, unknown>>
}

const MOST_ATTEMPTS = 12

/**
 * One fence's rows in the DynamoDB table: partition key `FENCE#KIND`, sort key the name. Every read is strongly
 * consistent and every write concerns a single item, so that nothing rests on an index or on a transaction. A read
 * that fails throws, and so does a page of a query that cannot be read: there is no partial answer.
 */
export class LedgerTable {
  readonly #client: DynamoDBDocumentClient
  readonly #table: string
  readonly #fence: string

  constructor(client: DynamoDBDocumentClient, table: string, fence: string) {
    this.#client = client
    this.#table = table
    this.#fence = fence
  }

  async get(key: LedgerKey): Promise<Row | undefined> {
    const command = new GetCommand({ ...this.#at(key), ConsistentRead: true })
    return (await this.#client.send(command)).Item
  }

  /** Every row of the kind, or those whose names lie between two, both included, in the order of names. */
  async all(kind: string, between?: readonly [string, string]): Promise<readonly Row[]> {
    const rows: Row[] = []
    let from: Row | undefined
    do {
      const page = await this.#client.send(
        new QueryCommand({
          TableName: this.#table,
          ConsistentRead: true,
          KeyConditionExpression:
            between === undefined ? 'pk = :pk' : 'pk = :pk AND sk BETWEEN :from AND :to',
          ExpressionAttributeValues: {
            ':pk': this.#partition(kind),
            ...(between === undefined ? {} : { ':from': between[0], ':to': between[1] }),
          },
          ...(from === undefined ? {} : { ExclusiveStartKey: { ...from } }),
        }),
      )
      rows.push(...itemsOf(page.Items, kind))
      from = page.LastEvaluatedKey
    } while (from !== undefined)
    return rows
  }

  async holdsAny(kind: string): Promise<boolean> {
    const page = await this.#client.send(
      new QueryCommand({
        TableName: this.#table,
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': this.#partition(kind) },
        Limit: 1,
      }),
    )
    return itemsOf(page.Items, kind).length > 0
  }

  /** False where the condition did not hold; then nothing was written. */
  async put(key: LedgerKey, row: Row, condition?: Condition): Promise<boolean> {
    const { TableName, Key } = this.#at(key)
    const command = new PutCommand({ TableName, Item: { ...row, ...Key }, ...conditionOf(condition) })
    return await holds(this.#client.send(command))
  }

  /**
   * Adds to a number, which begins at 0, and returns the sum. A retry after a lost answer adds twice.
   *
   * @param expires seconds since 1970 from which on the row is garbage
   */
  async add(key: LedgerKey, name: string, amount: number, expires?: number): Promise<number> {
    const expiry = expires === undefined ? '' : 'SET expires = :expires '
    const command = new UpdateCommand({
      ...this.#at(key),
      UpdateExpression: `${expiry}ADD #name :amount`,
      ReturnValues: 'ALL_NEW',
      ExpressionAttributeNames: { '#name': name },
      ExpressionAttributeValues: {
        ':amount': amount,
        ...(expires === undefined ? {} : { ':expires': expires }),
      },
    })
    return Number((await this.#client.send(command)).Attributes?.[name])
  }

  async remove(key: LedgerKey, condition?: Condition): Promise<boolean> {
    return await holds(this.#client.send(new DeleteCommand({ ...this.#at(key), ...conditionOf(condition) })))
  }

  /** Changes a row in turn with others. Where `change` returns what it was given, nothing is written. */
  async change(key: LedgerKey, change: (row: Row | undefined) => Row | undefined): Promise<void> {
    const read = () => this.get(key)
    await inTurn(`${key.kind} "${key.name}"`, read, async (row, stamp) => {
      const next = change(row)
      if (next === undefined || next === row) return true
      return await this.put(key, { ...next, ...stamp }, ifVersion(versionOf(row)))
    })
  }

  #at({ kind, name }: LedgerKey) {
    return { TableName: this.#table, Key: { pk: this.#partition(kind), sk: name } }
  }

  #partition(kind: string): string {
    return `${this.#fence}#${kind}`
  }
}

/** What a write in turn puts into its row. */
export interface Stamp {
  readonly version: number
  readonly token: string
}

/**
 * Changes what others may change at the same time: reads it, and has `write` write it on the condition that it has not
 * changed meanwhile; where that is false it begins again. A write whose answer was lost is recognized by its token.
 */
export async function inTurn(
  what: string,
  read: () => Promise<Row | undefined>,
  write: (row: Row | undefined, stamp: Stamp) => Promise<boolean>,
): Promise<void> {
  const token = randomUUID()
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const row = await read()
    if (attempt > 0 && row?.['token'] === token) return
    if (await write(row, { version: versionOf(row) + 1, token })) return
  }
  throw new Error(`Cannot change ${what} in the ledger: others changed it ${MOST_ATTEMPTS} times meanwhile`)
}

/** 0 where there is no row. */
export function versionOf(row: Row | undefined): number {
  return Number(row?.['version'] ?? 0)
}

/** The row has this version; 0 is that there is none. */
export function ifVersion(version: number): Condition {
  if (version === 0) return { expression: 'attribute_not_exists(pk)' }
  return { expression: 'version = :version', values: { ':version': version } }
}

function conditionOf(condition: Condition | undefined) {
  if (condition === undefined) return {}
  const { expression, names, values } = condition
  return {
    ConditionExpression: expression,
    ...(names === undefined ? {} : { ExpressionAttributeNames: { ...names } }),
    ...(values === undefined ? {} : { ExpressionAttributeValues: { ...values } }),
  }
}

/** DynamoDB lists the items of a page that has none, too: without the list nothing is known. */
function itemsOf(items: readonly Row[] | undefined, kind: string): readonly Row[] {
  if (items !== undefined) return items
  throw new Error(`Cannot read the rows of kind ${kind}: DynamoDB answered without them`)
}

async function holds(write: Promise<unknown>): Promise<boolean> {
  try {
    await write
    return true
  } catch (error) {
    if (failureOf(error) === 'condition-failed') return false
    throw error
  }
}
