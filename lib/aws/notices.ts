import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns'
import type { JournalEntry } from '../journal.ts'
import type { FenceState } from './fence-state.ts'

export interface NoticesOptions {
  readonly sns: SNSClient
  readonly topicArn: string
  readonly fence: string
  readonly state: Pick<FenceState, 'countNotice'>
  readonly clock: () => number
}

/** SNS takes subjects of up to 100 ASCII characters. */
const LONGEST_SUBJECT = 100
const MOST_AN_HOUR = 50

/**
 * Tells people by the fence's topic: alerts, and blocks as they begin. At most 50 of each in an hour; the rest is in the
 * log. They are counted by themselves, so that one host's accusations do not silence the alerts about them.
 */
export class Notices {
  readonly #options: NoticesOptions

  constructor(options: NoticesOptions) {
    this.#options = options
  }

  async send(entry: JournalEntry): Promise<void> {
    const words = wordsOf(entry)
    if (words === undefined) return
    const { sns, topicArn, fence, state, clock } = this.#options
    const count = await state.countNotice(entry.kind, clock())
    if (count > MOST_AN_HOUR) return
    const last =
      count === MOST_AN_HOUR ? '\n\nThis was the last such notice of this hour; the log has the rest.' : ''
    const subject = `sipfence ${fence}: ${words.subject}`
      .replace(/[^\x20-\x7e]/g, '?')
      .slice(0, LONGEST_SUBJECT)
    await sns.send(new PublishCommand({ TopicArn: topicArn, Subject: subject, Message: words.text + last }))
  }
}

function wordsOf(entry: JournalEntry): { readonly subject: string; readonly text: string } | undefined {
  if (entry.kind === 'alert') {
    const { kind, source, why } = entry.alert
    return { subject: source === null ? `alert ${kind}` : `alert ${kind} ${source}`, text: why }
  }
  if (entry.kind !== 'block' || entry.change !== 'new') return undefined
  const { prefix, class: name, until, why, scope, level } = entry.block
  const text = `${why}\n\nScope ${scope}, level ${level}, until ${new Date(until).toISOString()}.`
  return { subject: `blocks ${prefix} (${name})`, text }
}
