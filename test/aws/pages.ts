import { AwsError } from './aws-error.ts'
import { invalidParameter, textIn, textsIn, wholeIn } from './parameters.ts'
import type { WireObject } from './wire-value.ts'

export interface Page<Item> {
  readonly items: readonly Item[]
  /** Absent on the last page. */
  readonly nextToken?: string | undefined
}

/** MaxResults of DescribeNetworkAcls and DescribeTags is documented as 5 to 1000. */
const FEWEST = 5
const MOST = 1000

/**
 * The page that MaxResults and NextToken ask for. The codes for a wrong MaxResults, and for MaxResults together
 * with ids, are observed on other Describe actions of EC2; the one for a bad token is documented
 * (InvalidPaginationToken), which action answers it is inferred.
 */
export function pageOf<Item>(items: readonly Item[], parameters: WireObject, idList: string): Page<Item> {
  const most = wholeIn(parameters, 'MaxResults')
  if (most !== undefined && (most < FEWEST || most > MOST)) {
    throw invalidParameter('maxResults', `${most}; expected ${FEWEST} to ${MOST}`)
  }
  if (most !== undefined && textsIn(parameters, idList).length > 0) {
    const both = `The parameter ${idList} cannot be used with the parameter maxResults`
    throw new AwsError('InvalidParameterCombination', both)
  }
  const start = startOf(textIn(parameters, 'NextToken'))
  const end = start + (most ?? MOST)
  return { items: items.slice(start, end), nextToken: end < items.length ? tokenOf(end) : undefined }
}

function tokenOf(start: number): string {
  return Buffer.from(`page ${start}`).toString('base64')
}

function startOf(token: string | undefined): number {
  if (token === undefined) return 0
  const start = /^page (\d{1,9})$/.exec(Buffer.from(token, 'base64').toString('latin1'))?.[1]
  if (start !== undefined) return Number(start)
  throw new AwsError('InvalidPaginationToken', 'The specified pagination token is not valid or is expired')
}
