import { AwsError } from './aws-error.ts'
import { requiredText } from './parameters.ts'
import type { HeldMessage } from './sqs-message.ts'
import type { QueueOptions } from './sqs-queue.ts'
import { Queue } from './sqs-queue.ts'
import type { WireObject } from './wire-value.ts'

/** The account in the URLs and names of queues and topics. */
const ACCOUNT = '000000000000'

/** The part of an ARN before the name of a queue or topic. */
export function arnOf(service: string, region: string, name: string): string {
  return `arn:aws:${service}:${region}:${ACCOUNT}:${name}`
}

/** A queue as a test sees it, past the wire: each call shows what the queue holds at this instant. */
export interface LocalQueue {
  readonly url: string
  readonly arn: string
  /** What a client could receive, also where its group is locked; in the order of sending. */
  visible(): readonly HeldMessage[]
  inFlight(): readonly HeldMessage[]
}

/** The queues of an account, by name. Throws where a dead-letter queue is not there or of the other kind. */
export class Queues {
  readonly #queues: ReadonlyMap<string, Queue>
  readonly #endpoint: string
  readonly now: () => number

  constructor(options: readonly QueueOptions[], region: string, endpoint: string, now: () => number) {
    this.#queues = new Map(options.map((one) => [one.name, new Queue(one, arnOf('sqs', region, one.name))]))
    for (const { name, deadLetter } of options) {
      if (deadLetter === undefined) continue
      const target = this.#queues.get(deadLetter.queue)
      const queue = this.#queues.get(name)!
      if (target === undefined || target.fifo !== queue.fifo) {
        const kind = queue.fifo ? 'FIFO' : 'standard'
        throw new Error(`Cannot redrive "${name}" to "${deadLetter.queue}"; expected another ${kind} queue`)
      }
      queue.redriveTo(target)
    }
    this.#endpoint = endpoint
    this.now = now
  }

  urlOf(name: string): string {
    return `${this.#endpoint}/${ACCOUNT}/${name}`
  }

  /** Throws QueueDoesNotExist. */
  named(name: string): Queue {
    const queue = this.#queues.get(name)
    if (queue !== undefined) return queue
    throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.')
  }

  /** The queue of the URL in a request, whatever its host; InvalidAddress is the model's code for other URLs. */
  addressed(parameters: WireObject): Queue {
    const url = requiredText(parameters, 'QueueUrl')
    const name = /^(?:https?:\/\/[^/]+)?\/\d{12}\/([\w-]+(?:\.fifo)?)$/.exec(url)?.[1]
    if (name !== undefined) return this.named(name)
    throw new AwsError(
      'InvalidAddress',
      `The address ${url.slice(0, 200)} is not valid for this endpoint.`,
      404,
    )
  }

  /** Throws where there is no such queue. */
  view(name: string): LocalQueue {
    const queue = this.named(name)
    return {
      url: this.urlOf(name),
      arn: queue.arn,
      visible: () => queue.visible(this.now()),
      inFlight: () => queue.inFlight(this.now()),
    }
  }
}
