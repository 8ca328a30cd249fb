import { setTimeout as sleep } from 'node:timers/promises'
import type { Message, SQS } from '@aws-sdk/client-sqs'
import type { SQSRecord } from 'aws-lambda'
import type { Answer } from './function-process.ts'

/** An event source mapping from a queue, as it is deployed. */
export interface Mapping {
  readonly queueUrl: string
  readonly queueArn: string
  readonly batchSize: number
  /** FunctionResponseTypes has ReportBatchItemFailures. */
  readonly reportsFailures: boolean
  /** Batches that are handled at a time. */
  readonly maximumConcurrency: number
}

export interface PollOptions {
  readonly sqs: SQS
  readonly invoke: (event: { readonly Records: readonly SQSRecord[] }) => Promise<Answer>
  /** The SenderId of a message, where it is not what the queue says. */
  readonly senderOf?: ((message: Message) => string) | undefined
}

/** Batches at a time where the mapping sets no limit: Lambda begins with five, and two are enough to meet each other. */
export const UNLIMITED = 2

/** Short, because moto keeps a poll whose caller is gone, and would give it messages. */
const POLL_SECONDS = 1
const PAUSE_MS = 100

/**
 * Feeds a function from its queue as Lambda does ("Using Lambda with Amazon SQS"): what was handled is deleted; all
 * else becomes visible again when its time in flight is over. In a FIFO queue no batch is received of a group of which
 * another is at work; that is the queue's own doing. Backing off after failures, which Lambda does, is left out.
 */
export class EventSource {
  readonly #mapping: Mapping
  readonly #options: PollOptions
  readonly #stopped = new AbortController()
  readonly #polls: readonly Promise<void>[]

  constructor(mapping: Mapping, options: PollOptions) {
    this.#mapping = mapping
    this.#options = options
    this.#polls = Array.from({ length: mapping.maximumConcurrency }, () => this.#poll())
  }

  /** Receives nothing more; the batches at work go on to their end. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await Promise.all(this.#polls)
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      try {
        const messages = await this.#receive(signal)
        if (messages.length > 0) await this.#handle(messages)
      } catch {
        // SQS has refused a call, or the account of a test is gone: Lambda would go on trying.
        await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined) // waits: before it tries again; no verdict hangs on it
      }
    }
  }

  async #receive(abortSignal: AbortSignal): Promise<readonly Message[]> {
    const request = {
      QueueUrl: this.#mapping.queueUrl,
      MaxNumberOfMessages: this.#mapping.batchSize,
      WaitTimeSeconds: POLL_SECONDS,
      MessageSystemAttributeNames: ['All' as const],
    }
    return (await this.#options.sqs.receiveMessage(request, { abortSignal })).Messages ?? []
  }

  async #handle(messages: readonly Message[]): Promise<void> {
    const answer = await this.#options.invoke({ Records: messages.map((message) => this.#recordOf(message)) })
    const failed = failedOf(messages, answer, this.#mapping.reportsFailures)
    const done = messages.filter(({ MessageId }) => !failed.has(MessageId!))
    if (done.length === 0) return
    const Entries = done.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }))
    await this.#options.sqs.deleteMessageBatch({ QueueUrl: this.#mapping.queueUrl, Entries })
  }

  #recordOf(message: Message): SQSRecord {
    const { queueArn } = this.#mapping
    const sender = this.#options.senderOf?.(message)
    const attributes = { ...message.Attributes, ...(sender === undefined ? {} : { SenderId: sender }) }
    return {
      messageId: message.MessageId!,
      receiptHandle: message.ReceiptHandle!,
      body: message.Body!,
      attributes: attributes as unknown as SQSRecord['attributes'],
      messageAttributes: {},
      md5OfBody: message.MD5OfBody!,
      eventSource: 'aws:sqs',
      eventSourceARN: queueArn,
      awsRegion: queueArn.split(':')[3]!,
    }
  }
}

/** Documented: a failure that names no message of the batch, like an error, is a failure of the whole batch. */
function failedOf(
  messages: readonly Message[],
  answer: Answer,
  reportsFailures: boolean,
): ReadonlySet<string> {
  const all = new Set(messages.map(({ MessageId }) => MessageId!))
  if (!answer.ok) return all
  if (!reportsFailures) return new Set()
  const { batchItemFailures = [] } = (answer.result ?? {}) as {
    readonly batchItemFailures?: readonly { readonly itemIdentifier: string }[]
  }
  const failed = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)
  return failed.every((id) => all.has(id)) ? new Set(failed) : all
}
