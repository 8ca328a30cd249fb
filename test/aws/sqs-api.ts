import type { ActionHandler, AwsApi, Caller } from './aws-api.ts'
import { AwsError } from './aws-error.ts'
import { requiredText, textIn } from './parameters.ts'
import { askedFor, queueAttributes, receivedMessage } from './sqs-attributes.ts'
import { batch } from './sqs-batch.ts'
import { invalidValue, LARGEST_MESSAGE, readDraft, sizeOf, wholeBetween } from './sqs-draft.ts'
import { md5Of } from './sqs-message.ts'
import type { Waiting } from './sqs-poll.ts'
import { Bell, poll } from './sqs-poll.ts'
import { SQS_JSON } from './sqs-protocol.ts'
import type { Change, Queue } from './sqs-queue.ts'
import type { Queues } from './sqs-queues.ts'
import type { WireObject } from './wire-value.ts'
import { isObject } from './wire-value.ts'

const LONGEST_VISIBILITY_SECONDS = 43_200

/** PurgeQueueInProgress is documented for a second purge within that time. */
const PURGE_MS = 60_000

/** The identity of a caller whose access key is no one's. */
const SENDER_ID = 'AIDALOCAL'

/**
 * The part of SQS that fences use, over the queues. Codes and statuses are in the service's model, but for those
 * that have no shape there: MissingParameter, InvalidParameterValue and InternalError.
 *
 * @param senderIds the SenderId of each access key id
 * @param waiting how a long poll waits
 */
export function sqsApi(
  queues: Queues,
  senderIds: Readonly<Record<string, string>>,
  waiting: Waiting,
): AwsApi {
  const bell = new Bell()
  const senderOf = ({ accessKeyId }: Caller) =>
    Object.hasOwn(senderIds, accessKeyId) ? senderIds[accessKeyId]! : SENDER_ID
  const actions: Record<string, ActionHandler> = {
    GetQueueUrl: (parameters) => ({ QueueUrl: urlOf(queues, parameters) }),
    GetQueueAttributes: (parameters) => ({
      Attributes: queueAttributes(queues.addressed(parameters), parameters, queues.now()),
    }),
    SendMessage: (parameters, caller) =>
      send(queues, queues.addressed(parameters), parameters, senderOf(caller)),
    SendMessageBatch: (parameters, caller) => sendBatch(queues, parameters, senderOf(caller)),
    ReceiveMessage: (parameters, { gone }) => receive(queues, parameters, gone, bell, waiting),
    ...changes(queues),
    PurgeQueue: purgeAction(queues),
  }
  return {
    name: 'sqs',
    target: 'AmazonSQS',
    protocol: SQS_JSON,
    actions: Object.fromEntries(Object.entries(actions).map(([name, run]) => [name, ringing(run, bell)])),
    throttled: { code: 'RequestThrottled', status: 403 },
    internal: { code: 'InternalError', status: 500 },
  }
}

/** Any call may have put a message before someone who waits: sent, unlocked, returned, or moved by a receive. */
function ringing(run: ActionHandler, bell: Bell): ActionHandler {
  return async (parameters, caller) => {
    const answer = await run(parameters, caller)
    bell.ring()
    return answer
  }
}

function urlOf(queues: Queues, parameters: WireObject): string {
  const name = requiredText(parameters, 'QueueName')
  queues.named(name)
  return queues.urlOf(name)
}

function send(queues: Queues, queue: Queue, parameters: WireObject, senderId: string): WireObject {
  const draft = readDraft(queue, parameters, senderId)
  const { messageId, sequenceNumber } = queue.send(draft, queues.now())
  return { MessageId: messageId, MD5OfMessageBody: md5Of(draft.body), SequenceNumber: sequenceNumber }
}

/** BatchRequestTooLong is documented for messages that are too large together. */
function sendBatch(queues: Queues, parameters: WireObject, senderId: string): WireObject {
  const queue = queues.addressed(parameters)
  const entries = Array.isArray(parameters['Entries']) ? parameters['Entries'].filter(isObject) : []
  const size = entries.reduce((sum, { MessageBody: body, MessageAttributes: own }) => {
    return sum + sizeOf(typeof body === 'string' ? body : '', isObject(own) ? own : {})
  }, 0)
  if (size > LARGEST_MESSAGE) {
    const message = `Batch requests cannot be longer than ${LARGEST_MESSAGE} bytes. You have sent ${size} bytes.`
    throw new AwsError('BatchRequestTooLong', message)
  }
  return batch(parameters, (entry) => send(queues, queue, entry, senderId))
}

async function receive(
  queues: Queues,
  parameters: WireObject,
  gone: AbortSignal,
  bell: Bell,
  waiting: Waiting,
): Promise<WireObject> {
  const queue = queues.addressed(parameters)
  const most = wholeBetween(parameters, 'MaxNumberOfMessages', 1, 10) ?? 1
  const visibility = wholeBetween(parameters, 'VisibilityTimeout', 0, LONGEST_VISIBILITY_SECONDS)
  const seconds = wholeBetween(parameters, 'WaitTimeSeconds', 0, 20) ?? 0
  const asked = askedFor(parameters)
  const look = () => queue.receive(most, visibility ?? queue.options.visibilitySeconds, queues.now())
  const next = () => queue.nextVisibleAt(queues.now())
  const found = await poll(seconds, look, next, bell, gone, waiting)
  return found.length === 0 ? {} : { Messages: found.map((message) => receivedMessage(message, asked)) }
}

function changes(queues: Queues): Record<string, ActionHandler> {
  const remove = (queue: Queue, parameters: WireObject) =>
    queue.delete(requiredText(parameters, 'ReceiptHandle'), queues.now())
  return {
    DeleteMessage(parameters) {
      return changed(remove(queues.addressed(parameters), parameters), parameters)
    },
    DeleteMessageBatch(parameters) {
      const queue = queues.addressed(parameters)
      return batch(parameters, (entry) => {
        const change = remove(queue, entry)
        if (change !== 'expired') return changed(change, entry)
        // Observed: in a batch an expired handle has this code.
        throw new AwsError('ReceiptHandleIsInvalid', 'The receipt handle has expired')
      })
    },
    ChangeMessageVisibility(parameters) {
      const queue = queues.addressed(parameters)
      const seconds = wholeBetween(parameters, 'VisibilityTimeout', 0, LONGEST_VISIBILITY_SECONDS)
      if (seconds === undefined) requiredText(parameters, 'VisibilityTimeout')
      const handle = requiredText(parameters, 'ReceiptHandle')
      return changed(queue.changeVisibility(handle, seconds!, queues.now()), parameters)
    },
  }
}

/** MessageNotInflight and ReceiptHandleIsInvalid are documented; the reasons of the other codes are observed. */
function changed(change: Change, parameters: WireObject): WireObject {
  const handle = textIn(parameters, 'ReceiptHandle')
  switch (change) {
    case 'done':
      return {}
    case 'not this queue':
      throw new AwsError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.', 404)
    case 'expired':
      throw invalidValue(handle, 'ReceiptHandle', 'The receipt handle has expired.')
    case 'absent':
      throw invalidValue(
        handle,
        'ReceiptHandle',
        'Message does not exist or is not available for visibility timeout change.',
      )
    case 'not in flight':
      throw new AwsError('MessageNotInflight', 'The specified message is not in flight.')
    case 'too long':
      throw invalidValue(
        parameters['VisibilityTimeout'],
        'VisibilityTimeout',
        `Total VisibilityTimeout for the message is beyond the limit [${LONGEST_VISIBILITY_SECONDS} seconds]`,
      )
  }
}

function purgeAction(queues: Queues): ActionHandler {
  const purgedAt = new Map<Queue, number>()
  return (parameters) => {
    const queue = queues.addressed(parameters)
    const now = queues.now()
    if (now < (purgedAt.get(queue) ?? -Infinity) + PURGE_MS) {
      const message = `Only one PurgeQueue operation on ${queue.options.name} is allowed every 60 seconds.`
      throw new AwsError('PurgeQueueInProgress', message, 403)
    }
    purgedAt.set(queue, now)
    queue.purge()
    return {}
  }
}
