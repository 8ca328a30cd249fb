import type { AwsApi } from '../aws/aws-api.ts'
import { AwsError } from '../aws/aws-error.ts'
import { dynamodbApi } from '../aws/dynamodb-api.ts'
import { memoryTables } from '../aws/memory-tables.ts'
import type { WireObject } from '../aws/wire-value.ts'

const WRITES = new Set(['PutItem', 'UpdateItem', 'DeleteItem'])

/** Request units as DynamoDB bills them, since the start. */
interface Units {
  reads: number
  writes: number
}

/** Tables that tell what on-demand capacity their calls would have used. */
export interface MeteredTables {
  readonly api: AwsApi
  readonly units: Units
}

/**
 * Documented ("DynamoDB read and write operations"): a read of nothing takes one unit, a write whose condition does
 * not hold takes what the write would have taken; those here are of rows below 1 KB.
 */
export function meteredTables(names: readonly string[]): MeteredTables {
  const tables = memoryTables(names)
  const units: Units = { reads: 0, writes: 0 }
  async function call(action: string, parameters: WireObject): Promise<WireObject> {
    const kind = WRITES.has(action) ? 'writes' : 'reads'
    try {
      const answer = await tables.call(action, { ...parameters, ReturnConsumedCapacity: 'TOTAL' })
      const { ConsumedCapacity: used, ...rest } = answer
      units[kind] += Math.max(1, Number((used as WireObject | undefined)?.['CapacityUnits'] ?? 0))
      return rest
    } catch (error) {
      if (error instanceof AwsError && error.message.includes('condition')) units.writes += 1
      throw error
    }
  }
  return { api: dynamodbApi({ call, stop: tables.stop }), units }
}
