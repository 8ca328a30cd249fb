import { GetQueueUrlCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { reportsQueueName } from '../names.ts'
import { failureOf, tellError } from './aws-errors.ts'

export interface ReportQueueOptions {
  readonly fence: string
  readonly region: string
  /** One with short timeouts unless told. */
  readonly sqs?: SQSClient
}

/** Who sends tries again by himself, so one attempt must be short: a second one helps over a lost connection. */
const ATTEMPTS = 2
const CONNECT_MS = 2_000
const ANSWER_MS = 3_000

/** The fence's queue of reports, a standard SQS queue, as a host sends to it with its instance role. */
export class ReportQueue {
  readonly name: string
  readonly #region: string
  readonly #sqs: SQSClient
  #url: string | undefined

  constructor({ fence, region, sqs = newClient(region) }: ReportQueueOptions) {
    this.name = reportsQueueName(fence)
    this.#region = region
    this.#sqs = sqs
  }

  /**
   * Sends one report's JSON text. Not ok where SQS will never take this very text. Throws, in words that name the queue and
   * the next step, where it may work later. The queue's URL is asked for once, and again when the queue is gone.
   */
  async send(
    body: string,
    abortSignal?: AbortSignal,
  ): Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: string }> {
    const options = abortSignal === undefined ? {} : { abortSignal }
    try {
      this.#url ??= (await this.#sqs.send(new GetQueueUrlCommand({ QueueName: this.name }), options)).QueueUrl
      await this.#sqs.send(new SendMessageCommand({ QueueUrl: this.#url, MessageBody: body }), options)
      return { ok: true }
    } catch (error) {
      if (failureOf(error) === 'refused' && this.#url !== undefined) {
        return { ok: false, reason: `Queue ${this.name} does not take a report: ${tellError(error)}` }
      }
      this.#url = failureOf(error) === 'not-found' ? undefined : this.#url
      throw new Error(`Cannot send to queue ${this.name} in ${this.#region}: ${told(error)}`, {
        cause: error,
      })
    }
  }
}

/** `useQueueUrlAsEndpoint: false`: the endpoint is the configured one, not the host in the queue's URL. */
function newClient(region: string): SQSClient {
  return new SQSClient({
    region,
    useQueueUrlAsEndpoint: false,
    maxAttempts: ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: ANSWER_MS,
      throwOnRequestTimeout: true,
    },
  })
}

function told(error: unknown): string {
  const words = tellError(error)
  switch (failureOf(error)) {
    case 'not-found':
      return `there is no such queue; deploy the fence, or check its region and id in the settings (${words})`
    case 'denied':
      return `this role may not; give the instance role the policy that the stack made (${words})`
    case 'no-credentials':
      return `this host has no valid credentials; attach the instance role with the stack's policy to it (${words})`
    case 'no-answer':
      return `SQS does not answer; see that this host reaches it, by the internet or by a VPC endpoint (${words})`
    case 'throttled':
      return `SQS asks for fewer calls (${words})`
    default:
      return words
  }
}
