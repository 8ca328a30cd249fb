import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns'

export interface NoticesOptions {
  readonly sns: SNSClient
  readonly topicArn: string
}

/** One message to a topic, in a form for each way of delivery. */
export interface NoticeMessage {
  /** Up to 100 characters of ASCII. */
  readonly subject: string
  /** By the name of the protocol; `default` is for all that have none. */
  readonly forms: Readonly<{ default: string }> & Readonly<Record<string, string>>
  readonly attributes: Readonly<Record<string, string>>
}

/** A round has more to do than to wait for SNS; what was not sent is sent by the next one. */
const PATIENCE_MS = 5_000

/** Tells people and programs by the fence's topic. */
export class Notices {
  readonly #options: NoticesOptions

  constructor(options: NoticesOptions) {
    this.#options = options
  }

  /**
   * Throws where the topic has not said that it took the message; it may have taken it all the same. AWS documents message
   * attributes for messages of one form only, so nothing may rest on them that is not in the forms, too.
   */
  async send({ subject, forms, attributes }: NoticeMessage): Promise<void> {
    const { sns, topicArn } = this.#options
    const command = new PublishCommand({
      TopicArn: topicArn,
      Subject: subject,
      MessageStructure: 'json',
      Message: JSON.stringify(forms),
      MessageAttributes: Object.fromEntries(
        Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
      ),
    })
    await sns.send(command, { abortSignal: AbortSignal.timeout(PATIENCE_MS) })
  }
}
