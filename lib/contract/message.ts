import type { z } from 'zod'
import { escaped } from '../core/escape.ts'
import type { ProofReport, SourceReport } from '../core/source-report.ts'
import { proofReport } from './proofs.ts'
import { sourceReport } from './report.ts'

/** What a host may say, and to whom. */
export interface Audience {
  readonly fence: string
  /** The hosts of the fence. */
  readonly roster: readonly string[]
  /** The host that AWS names as the sender; undefined where it names none. */
  readonly sender: string | undefined
  /** When the message came in, in milliseconds. */
  readonly receivedAt: number
}

/** Why a message is not taken. Sending it again would not mend it, so it is counted and dropped. */
type NotTaken =
  | 'too-long'
  | 'not-json'
  | 'unknown-schema'
  | 'malformed'
  | 'wrong-fence'
  | 'not-on-roster'
  | 'forged-host'
  | 'from-the-future'

export type Message =
  | { readonly kind: 'report'; readonly report: SourceReport }
  | { readonly kind: 'proofs'; readonly report: ProofReport }
  | { readonly kind: 'not-taken'; readonly reason: NotTaken; readonly why: string }

/** In UTF-16 units: at most as many bytes, as reports are ASCII. */
const LONGEST = 65_536
/** Clocks of hosts may differ by this much; a report from further ahead would outlive every window. */
const MOST_AHEAD_MS = 60_000

/**
 * Reads a message from a host. It speaks only for the instance that AWS names as its sender, in the fence that it
 * belongs to; anything else in it is a claim of whoever wrote it.
 */
export function readMessage(body: string, { fence, roster, sender, receivedAt }: Audience): Message {
  if (body.length > LONGEST)
    return notTaken('too-long', `it has ${body.length} characters, at most ${LONGEST}`)
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return notTaken('not-json', 'it is not JSON')
  }
  const named = (value as { readonly schema?: unknown } | null)?.schema
  if (named !== 'sipfence.report/1' && named !== 'sipfence.proofs/1') {
    return notTaken(
      'unknown-schema',
      `its schema is ${excerpt(named)}, not sipfence.report/1 or sipfence.proofs/1`,
    )
  }
  const read = named === 'sipfence.report/1' ? sourceReport.safeParse(value) : proofReport.safeParse(value)
  if (!read.success) return notTaken('malformed', firstProblem(read.error))
  const { data } = read
  if (data.fence !== fence)
    return notTaken('wrong-fence', `it is for fence ${excerpt(data.fence)}, not "${fence}"`)
  if (sender === undefined || !roster.includes(sender)) {
    return notTaken('not-on-roster', `it was sent by ${excerpt(sender)}, which is no host of the fence`)
  }
  if (data.host !== sender) return notTaken('forged-host', `${sender} speaks for ${excerpt(data.host)}`)
  if (data.at > receivedAt + MOST_AHEAD_MS) {
    return notTaken(
      'from-the-future',
      `the clock of ${sender} is ${Math.round((data.at - receivedAt) / 1000)} s ahead`,
    )
  }
  return data.schema === 'sipfence.report/1'
    ? { kind: 'report', report: data }
    : { kind: 'proofs', report: data }
}

/** The instance in an SQS SenderId `role-id:instance-id`: a role's session on EC2 is named after its instance. */
export function senderOf(senderId: string | undefined): string | undefined {
  const [, session] = /^AROA[A-Z0-9]+:(i-[0-9a-f]{8,17})$/.exec(senderId ?? '') ?? []
  return session
}

function notTaken(reason: NotTaken, why: string): Message {
  return { kind: 'not-taken', reason, why }
}

function firstProblem({ issues }: z.ZodError): string {
  const [first] = issues
  return escaped(`${first?.path.join('.') ?? ''}: ${first?.message ?? 'malformed'}`.slice(0, 200))
}

/** Hostile text, short, and without what a terminal or a log would act on. */
function excerpt(value: unknown): string {
  return escaped((JSON.stringify(value) ?? 'missing').slice(0, 80))
}
