import { AwsError } from './aws-error.ts'
import type { Page } from './pages.ts'
import { invalidParameter, textIn, wholeIn } from './parameters.ts'
import type { WireObject } from './wire-value.ts'

/** MaxResults of DescribeManagedPrefixLists and GetManagedPrefixListEntries is documented as 1 to 100. */
const MOST = 100

/** The page that MaxResults and NextToken ask for. That 100 is also the longest page of those who ask is inferred. */
export function shortPageOf<Item>(items: readonly Item[], parameters: WireObject): Page<Item> {
  const most = wholeIn(parameters, 'MaxResults') ?? MOST
  if (most < 1 || most > MOST) throw invalidParameter('maxResults', `${most}; expected 1 to ${MOST}`)
  const start = startOf(textIn(parameters, 'NextToken'))
  const end = start + most
  const nextToken = end < items.length ? Buffer.from(`from ${end}`).toString('base64') : undefined
  return { items: items.slice(start, end), nextToken }
}

function startOf(token: string | undefined): number {
  if (token === undefined) return 0
  const start = /^from (\d{1,9})$/.exec(Buffer.from(token, 'base64').toString('latin1'))?.[1]
  if (start !== undefined) return Number(start)
  throw new AwsError('InvalidPaginationToken', 'The specified pagination token is not valid or is expired')
}
