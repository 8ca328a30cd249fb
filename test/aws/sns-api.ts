import type { AwsApi } from './aws-api.ts'
import { AwsError } from './aws-error.ts'
import { objectIn, objectsIn, requiredText, textIn } from './parameters.ts'
import { SNS_QUERY } from './sns-protocol.ts'
import { idOf } from './sqs-message.ts'
import { arnOf } from './sqs-queues.ts'
import type { WireObject } from './wire-value.ts'

/** A message that a topic took. */
export interface Published {
  readonly topicArn: string
  readonly subject: string | undefined
  readonly message: string
  /** Where it has a form for each protocol: these, by the protocol's name. */
  readonly forms?: Readonly<Record<string, string>>
  /** The text of each message attribute, by name; that of binary ones is Base64. */
  readonly attributes: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Documented: 256 KiB, with the attributes, unless the topic allows more. */
const LARGEST_MESSAGE = 262_144

/**
 * SNS's rule for a subject before it allowed UTF-8: ASCII without control characters that begins with a letter, a
 * number or a mark, up to 100 of them. What it lets pass every region takes and every mail program shows.
 */
const SUBJECT = /^[!-~][ -~]{0,99}$/

/** Topics by name. ListTopics shows them on one page, since no account here has more than its 100. */
export class Topics {
  readonly published: Published[] = []
  readonly arns: readonly string[]
  readonly #now: () => number

  constructor(names: readonly string[], region: string, now: () => number) {
    this.arns = names.map((name) => arnOf('sns', region, name))
    this.#now = now
  }

  /** @returns the id of the message */
  publish(message: Omit<Published, 'at'>): string {
    this.published.push({ ...message, at: this.#now() })
    return idOf(`${message.topicArn} ${this.published.length}`)
  }
}

/** The part of SNS that fences use. Codes and statuses are in the service's model. */
export function snsApi(topics: Topics): AwsApi {
  return {
    name: 'sns',
    protocol: SNS_QUERY,
    actions: {
      ListTopics: () => ({ Topics: topics.arns.map((TopicArn) => ({ TopicArn })) }),
      Publish: (parameters) => ({ MessageId: topics.publish(readMessage(topics, parameters)) }),
    },
    throttled: { code: 'Throttled', status: 429 },
    internal: { code: 'InternalError', status: 500 },
  }
}

function readMessage(topics: Topics, parameters: WireObject): Omit<Published, 'at'> {
  const topicArn = textIn(parameters, 'TopicArn') ?? textIn(parameters, 'TargetArn')
  if (topicArn === undefined || !topicArn.startsWith('arn:')) throw invalid('TopicArn')
  if (!topics.arns.includes(topicArn)) throw new AwsError('NotFound', 'Topic does not exist', 404)
  const message = textIn(parameters, 'Message') ?? ''
  if (message === '') throw invalid('Empty message')
  const subject = textIn(parameters, 'Subject')
  if (subject !== undefined && !SUBJECT.test(subject)) throw invalid('Subject')
  const entries = objectsIn(objectIn(parameters, 'MessageAttributes'), 'entry')
  const attributes = Object.fromEntries(entries.map(readAttribute))
  if (sizeOf(message, attributes) > LARGEST_MESSAGE) throw invalid('Message too long')
  const forms = readForms(message, textIn(parameters, 'MessageStructure'))
  return { topicArn, subject, message, attributes, ...(forms === undefined ? {} : { forms }) }
}

/** Documented: MessageStructure is json or nothing; then the message is a JSON object of strings, `default` among them. */
function readForms(message: string, structure: string | undefined): Record<string, string> | undefined {
  if (structure === undefined) return undefined
  if (structure !== 'json') throw invalid('MessageStructure')
  const forms = jsonIn(message)
  if (typeof forms !== 'object' || forms === null || Array.isArray(forms))
    throw invalid('Message Structure - JSON message body failed to parse')
  const texts = Object.entries(forms).filter(([, text]) => typeof text === 'string')
  if (!('default' in forms) || texts.length < Object.keys(forms).length)
    throw invalid('Message Structure - No default entry in JSON message body')
  return Object.fromEntries(texts)
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function readAttribute(entry: WireObject): [string, string] {
  const value = objectIn(entry, 'Value')
  return [requiredText(entry, 'Name'), textIn(value, 'StringValue') ?? requiredText(value, 'BinaryValue')]
}

/** Names and values of attributes count (documented); their types, which SNS counts too, are left out here. */
function sizeOf(message: string, attributes: Readonly<Record<string, string>>): number {
  return Buffer.byteLength([message, ...Object.entries(attributes).flat()].join(''))
}

function invalid(what: string): AwsError {
  return new AwsError('InvalidParameter', `Invalid parameter: ${what}`)
}
