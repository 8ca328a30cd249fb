import type { AwsApi } from './aws-api.ts'
import { AWS_JSON_1_0 } from './protocols.ts'
import type { TableServer } from './table-server.ts'

/** What ledgers use. */
const ACTIONS = ['DeleteItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem']

/** DynamoDB over the tables, whose errors pass through. Codes and statuses are in "Error handling with DynamoDB". */
export function dynamodbApi(tables: TableServer): AwsApi {
  return {
    name: 'dynamodb',
    target: 'DynamoDB_20120810',
    protocol: AWS_JSON_1_0,
    actions: Object.fromEntries(
      ACTIONS.map((action) => [action, (parameters) => tables.call(action, parameters)]),
    ),
    throttled: { code: 'ProvisionedThroughputExceededException', status: 400 },
    internal: { code: 'InternalServerError', status: 500 },
  }
}
