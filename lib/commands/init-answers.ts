import type { FenceProposal } from '../core/fence-proposal.ts'
import { fenceSchema } from '../settings/schema.ts'
import { ec2Id, region } from '../settings/values.ts'
import type { Answers } from './init-settings.ts'
import { type Ask, answerTo } from './questions.ts'
import { UsageError } from './usage-error.ts'

/** What options have answered before anybody asks. */
export type Given = {
  readonly [key in keyof Omit<Answers, 'mode'>]?: Answers[key] | undefined
}

/** How people are asked; null where nobody is there to answer, or wants to. */
export interface Asked {
  readonly ask: Ask
  /** Says what is wrong with an answer. */
  readonly tell: (line: string) => void
}

export interface Settled {
  readonly answers: Omit<Answers, 'mode'>
  readonly proposal: FenceProposal
  /** What nobody has said: the proposal was taken. */
  readonly open: readonly string[]
}

/** Readers of what people type, by the schema of the settings: each throws an Error that says what it should be. */
export const READERS = {
  id: (text: string) => readBy(fenceSchema.shape.id, text, text),
  ports: (text: string) => readBy(fenceSchema.shape.ports, words(text).map(Number), text),
  allow: (text: string) => readBy(fenceSchema.shape.allow, words(text), text),
  emails: (text: string) => readBy(fenceSchema.shape.notify, { emails: words(text) }, text).emails,
  lockdownGroups: (text: string) =>
    words(text).map((word) => readBy(ec2Id('sg', 'security group'), word, word)),
  role: (text: string) => readBy(fenceSchema.shape.instanceRole, text, text),
  region: (text: string) => readBy(region, text, text),
} as const

/** The same for an option; the error names it. */
export function optionReader<T>(option: string, read: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return read(text)
    } catch (error) {
      throw new UsageError(`Cannot use ${option} "${text.slice(0, 80)}": ${(error as Error).message}`)
    }
  }
}

/**
 * Asks for what AWS cannot tell and no option has said. The ports come before what depends on them.
 *
 * @param propose makes the proposal for the ports that people have named
 */
export async function settle(
  id: string,
  given: Given,
  propose: (ports: readonly number[] | undefined) => FenceProposal,
  asked: Asked | null,
): Promise<Settled> {
  const open: string[] = []
  const get = async <T>(key: string, value: T | undefined, question: Question<T>): Promise<T> => {
    if (value !== undefined) return value
    if (asked === null) open.push(`${key}: ${question.leftOpen}`)
    const { text, proposal, read } = question
    return asked === null ? read(proposal) : await answerTo(asked.ask, text, proposal, read, asked.tell)
  }
  const name = await get('id', given.id, {
    text: 'Name of the fence',
    proposal: id,
    read: READERS.id,
    leftOpen: `"${id}"; another one is --id`,
  })
  const first = propose(given.ports)
  const ports = await get('ports', given.ports, {
    text: 'UDP and TCP ports of SIP',
    proposal: first.ports.join(' '),
    read: READERS.ports,
    leftOpen: `${first.ports.join(', ')}, as proposed; others are --ports`,
  })
  const proposal = propose(ports)
  const lockdownGroups = await get('lockdown', given.lockdownGroups, lockdownQuestion(proposal))
  const allow = await get('allow', given.allow, {
    text: 'Never block (carriers, offices: addresses and prefixes)',
    proposal: '',
    read: READERS.allow,
    leftOpen: 'nobody, carriers and offices neither; they are --allow',
  })
  const emails = await get('emails', given.emails, {
    text: 'E-mail addresses that get notices',
    proposal: '',
    read: READERS.emails,
    leftOpen: 'nobody gets notices; they are --email',
  })
  return { answers: { id: name, ports, allow, emails, lockdownGroups, role: given.role }, proposal, open }
}

interface Question<T> {
  readonly text: string
  /** What is taken where nobody says anything. */
  readonly proposal: string
  readonly read: (answer: string) => T
  readonly leftOpen: string
}

/** The tier may write to security groups, so that nobody gets it without having said so. */
function lockdownQuestion({ lockdown }: FenceProposal): Question<string[]> {
  const groups = lockdown?.groups.join(' ') ?? ''
  const possible = groups === '' ? '' : `; possible: ${groups}`
  return {
    text: `Security groups that a lockdown may close${possible}`,
    proposal: '',
    read: READERS.lockdownGroups,
    leftOpen: `none can be closed${possible}; they are --lockdown`,
  }
}

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}

/** As much of a schema of the settings as is needed here. */
interface Schema<T> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: T }
    | {
        readonly success: false
        readonly error: { readonly issues: readonly { readonly message: string }[] }
      }
}

/** Messages that quote what was typed are left as they are. */
function readBy<T>(schema: Schema<T>, value: unknown, text: string): NonNullable<T> {
  const result = schema.safeParse(value)
  if (result.success && result.data !== undefined && result.data !== null) return result.data
  const reason = (result.success ? undefined : result.error.issues[0]?.message) ?? 'it is empty'
  throw new Error(reason.includes('"') ? reason : `"${text.slice(0, 80)}": ${reason}`)
}
