import { AwsError } from './aws-error.ts'
import { textsIn } from './parameters.ts'
import { LARGEST_MESSAGE } from './sqs-draft.ts'
import type { HeldMessage } from './sqs-message.ts'
import { md5Of } from './sqs-message.ts'
import type { Queue } from './sqs-queue.ts'
import type { WireObject } from './wire-value.ts'

/** What GetQueueAttributes tells: the attributes asked for that the queue has. */
export function queueAttributes(queue: Queue, parameters: WireObject, now: number): WireObject {
  const visible = queue.visible(now).length
  const inFlight = queue.inFlight(now).length
  const { visibilitySeconds, retentionSeconds, contentBasedDeduplication } = queue.options
  const all = {
    ApproximateNumberOfMessages: visible,
    ApproximateNumberOfMessagesDelayed: queue.messages(now).length - visible - inFlight,
    ApproximateNumberOfMessagesNotVisible: inFlight,
    ContentBasedDeduplication: queue.fifo ? contentBasedDeduplication : undefined,
    DelaySeconds: 0,
    FifoQueue: queue.fifo || undefined,
    MaximumMessageSize: LARGEST_MESSAGE,
    MessageRetentionPeriod: retentionSeconds,
    QueueArn: queue.arn,
    ReceiveMessageWaitTimeSeconds: 0,
    RedrivePolicy: queue.redrivePolicy(),
    VisibilityTimeout: visibilitySeconds,
  }
  const names = textsIn(parameters, 'AttributeNames')
  checkNames(names, all)
  return chosen(all, names)
}

/** The attributes that a receive asks for. */
export interface AskedFor {
  readonly system: readonly string[]
  readonly own: readonly string[]
}

/** System attributes are asked for by the new parameter or the old one; another name refuses the call. */
export function askedFor(parameters: WireObject): AskedFor {
  const names = ['MessageSystemAttributeNames', 'AttributeNames']
  const system = names.flatMap((name) => textsIn(parameters, name))
  checkNames(system, SYSTEM)
  return { system, own: textsIn(parameters, 'MessageAttributeNames') }
}

const SYSTEM: Readonly<Record<string, (message: HeldMessage) => string | number | undefined>> = {
  ApproximateFirstReceiveTimestamp: ({ firstReceivedAt }) => firstReceivedAt,
  ApproximateReceiveCount: ({ receiveCount }) => receiveCount,
  AWSTraceHeader: () => undefined,
  DeadLetterQueueSourceArn: ({ deadLetterSource }) => deadLetterSource,
  MessageDeduplicationId: ({ deduplicationId }) => deduplicationId,
  MessageGroupId: ({ groupId }) => groupId,
  SenderId: ({ senderId }) => senderId,
  SentTimestamp: ({ sentAt }) => sentAt,
  SequenceNumber: ({ sequenceNumber }) => sequenceNumber,
}

/** A message as ReceiveMessage hands it out. */
export function receivedMessage(message: HeldMessage, asked: AskedFor): WireObject {
  const values = Object.entries(SYSTEM).map(([name, read]) => [name, read(message)] as const)
  const system = chosen(Object.fromEntries(values), asked.system)
  const own = ownAttributes(message, asked.own)
  return {
    MessageId: message.id,
    ReceiptHandle: message.receiptHandle,
    MD5OfBody: md5Of(message.body),
    Body: message.body,
    Attributes: Object.keys(system).length > 0 ? system : undefined,
    MessageAttributes: Object.keys(own).length > 0 ? own : undefined,
  }
}

type Values = Readonly<Record<string, string | number | boolean | undefined>>

/** InvalidAttributeName is documented for GetQueueAttributes, and inferred for ReceiveMessage. */
function checkNames(names: readonly string[], known: object): void {
  const other = names.find((name) => name !== 'All' && !Object.hasOwn(known, name))
  if (other === undefined) return
  throw new AwsError('InvalidAttributeName', `Unknown Attribute ${other.slice(0, 60)}.`)
}

/** As text, by name; "All" are all. */
function chosen(values: Values, names: readonly string[]): WireObject {
  const has = ([name, value]: [string, unknown]) =>
    value !== undefined && (names.includes('All') || names.includes(name))
  return Object.fromEntries(
    Object.entries(values)
      .filter(has)
      .map(([name, value]) => [name, String(value)]),
  )
}

/** Documented: by name, all by "All" or ".*", or those that begin alike by "name.*". */
function ownAttributes({ attributes }: HeldMessage, names: readonly string[]): WireObject {
  const asked = (name: string) =>
    names.some(
      (one) => one === 'All' || one === name || (one.endsWith('.*') && name.startsWith(one.slice(0, -2))),
    )
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => asked(name)))
}
