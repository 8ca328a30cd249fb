import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AwsError } from './aws-error.ts'
import type { WireObject } from './wire-value.ts'

/** Tables of an account, held by dynalite on a port of its own. */
export interface TableServer {
  /** Carries out one action of DynamoDB; throws its refusal as an AwsError. */
  call(action: string, parameters: WireObject): Promise<WireObject>
  /** Waits for the calls under way: dynalite throws past every handler where a request ends under it. */
  stop(): Promise<void>
}

/** Dynalite asks for a signature's parts and does not check it. */
const HEADERS = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=LOCAL/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
  'content-type': 'application/x-amz-json-1.0',
  'x-amz-date': '20260101T000000Z',
}

/**
 * Starts a server with the tables, each with the keys pk and sk, both text. A table costs about 4 ms, the first in
 * a process 80 ms.
 */
export async function startTables(names: readonly string[]): Promise<TableServer> {
  const { default: dynalite } = await import('dynalite')
  const server = dynalite({ createTableMs: 0 })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const tables = tableServer(server)
  try {
    for (const name of names) await createTable(tables, name)
    return tables
  } catch (error) {
    await tables.stop()
    throw error
  }
}

function tableServer(server: Server): TableServer {
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const underWay = new Set<Promise<unknown>>()
  return {
    call(action, parameters) {
      const calling = ask(endpoint, action, parameters).finally(() => underWay.delete(calling))
      underWay.add(calling)
      return calling
    },
    async stop() {
      await Promise.allSettled(underWay)
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function ask(endpoint: string, action: string, parameters: WireObject): Promise<WireObject> {
  const headers = { ...HEADERS, 'x-amz-target': `DynamoDB_20120810.${action}` }
  const response = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify(parameters) })
  const answer = (await response.json()) as WireObject
  if (response.ok) return answer
  const { __type: type, message, Message: capital } = answer
  throw new AwsError(String(type), String(message ?? capital ?? ''), response.status)
}

async function createTable(tables: TableServer, name: string): Promise<void> {
  await tables.call('CreateTable', {
    TableName: name,
    AttributeDefinitions: ['pk', 'sk'].map((key) => ({ AttributeName: key, AttributeType: 'S' })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    BillingMode: 'PAY_PER_REQUEST',
  })
  for (;;) {
    const { Table: table } = await tables.call('DescribeTable', { TableName: name })
    if ((table as WireObject)['TableStatus'] === 'ACTIVE') return
  }
}
