import type { Protocol } from './protocols.ts'
import { AWS_JSON_1_0 } from './protocols.ts'

/** Errors of SQS whose code was another in its query protocol; the pairs are in the service's model. */
const QUERY_CODES: Readonly<Record<string, string>> = Object.fromEntries([
  ['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue'],
  ...[
    'BatchEntryIdsNotDistinct',
    'BatchRequestTooLong',
    'EmptyBatchRequest',
    'InvalidBatchEntryId',
    'MessageNotInflight',
    'PurgeQueueInProgress',
    'TooManyEntriesInBatchRequest',
  ].map((code) => [code, `AWS.SimpleQueueService.${code}`]),
])

/**
 * AWS JSON 1.0 with the header that tells clients the code of the query protocol, which SQS spoke before (Smithy,
 * "AWS query compatible"). SDK v3 surfaces it as `error.Code`, and the JSON one as `error.name`.
 */
export const SQS_JSON: Protocol = {
  ...AWS_JSON_1_0,
  refuse(error, requestId) {
    const answer = AWS_JSON_1_0.refuse(error, requestId)
    const fault = error.status >= 500 ? 'Receiver' : 'Sender'
    return {
      ...answer,
      headers: { 'x-amzn-query-error': `${QUERY_CODES[error.code] ?? error.code};${fault}` },
    }
  },
}
