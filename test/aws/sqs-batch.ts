import { AwsError } from './aws-error.ts'
import { objectsIn, requiredText } from './parameters.ts'
import type { WireObject } from './wire-value.ts'

const MOST_ENTRIES = 10

/**
 * Carries out each entry of a batch; one that is refused does not keep the others from taking effect. All codes for
 * the batch itself are documented.
 */
export function batch(parameters: WireObject, entry: (parameters: WireObject) => WireObject): WireObject {
  const entries = objectsIn(parameters, 'Entries')
  if (entries.length === 0)
    throw new AwsError('EmptyBatchRequest', 'There should be at least one entry in the request.')
  if (entries.length > MOST_ENTRIES) {
    const message = `Maximum number of entries per request are ${MOST_ENTRIES}. You have sent ${entries.length}.`
    throw new AwsError('TooManyEntriesInBatchRequest', message)
  }
  checkIds(entries.map((one) => requiredText(one, 'Id')))
  const Successful: WireObject[] = []
  const Failed: WireObject[] = []
  for (const one of entries) {
    try {
      Successful.push({ Id: one['Id'], ...entry(one) })
    } catch (error) {
      Failed.push({ Id: one['Id'], ...failure(error) })
    }
  }
  return { Successful, Failed }
}

function checkIds(ids: readonly string[]): void {
  for (const [index, id] of ids.entries()) {
    if (!/^[\w-]{1,80}$/.test(id)) {
      throw new AwsError(
        'InvalidBatchEntryId',
        'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
      )
    }
    if (ids.indexOf(id) < index) throw new AwsError('BatchEntryIdsNotDistinct', `Id ${id} repeated.`)
  }
}

function failure(error: unknown): WireObject {
  if (!(error instanceof AwsError)) throw error
  return { SenderFault: error.status < 500, Code: error.code, Message: error.message }
}
