import { AwsError } from './aws-error.ts'
import { objectIn, requiredText, textIn } from './parameters.ts'
import type { Draft } from './sqs-message.ts'
import type { Queue } from './sqs-queue.ts'
import type { WireObject } from './wire-value.ts'
import { isObject } from './wire-value.ts'

/** Of one message, and of all messages of a batch together, in bytes: 1 MiB (SendMessage, SendMessageBatch). */
export const LARGEST_MESSAGE = 1_048_576

/** Documented: XML's characters, of which the body must have one at least. */
const OTHER_CHARACTERS = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

/** Documented: up to 128 letters, digits and marks of ASCII, for groups and deduplication ids alike. */
const TOKEN = /^[!-~]{1,128}$/

/**
 * Reads what SendMessage or an entry of its batch asks for. InvalidMessageContents is documented, and that sends
 * without a group, or without a deduplication id that the queue does not make itself, fail; the other codes are
 * observed.
 */
export function readDraft(queue: Queue, parameters: WireObject, senderId: string): Draft {
  const body = requiredText(parameters, 'MessageBody')
  const attributes = objectIn(parameters, 'MessageAttributes')
  if (body === '') throw missing('MessageBody')
  if (OTHER_CHARACTERS.test(body)) {
    throw new AwsError('InvalidMessageContents', 'The message contains characters outside the allowed set')
  }
  if (sizeOf(body, attributes) > LARGEST_MESSAGE) {
    throw invalid(
      `One or more parameters are invalid. Reason: Message must be shorter than ${LARGEST_MESSAGE} bytes.`,
    )
  }
  const groupId = tokenIn(parameters, 'MessageGroupId')
  const deduplicationId = tokenIn(parameters, 'MessageDeduplicationId')
  checkFifo(queue, groupId, deduplicationId)
  return { body, attributes, senderId, groupId, deduplicationId, delaySeconds: delayIn(queue, parameters) }
}

/** The body and the names, types and values of its attributes, in bytes. */
export function sizeOf(body: string, attributes: WireObject): number {
  const parts = Object.entries(attributes).flatMap(([name, attribute]) => [
    name,
    ...(isObject(attribute) ? Object.values(attribute) : []),
  ])
  return [body, ...parts].reduce<number>((sum, part) => sum + Buffer.byteLength(String(part)), 0)
}

/** A whole number from the least to the most; undefined where it is absent. */
export function wholeBetween(
  parameters: WireObject,
  name: string,
  least: number,
  most: number,
): number | undefined {
  const value = parameters[name]
  if (value === undefined) return undefined
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return Number(value)
  throw invalidValue(value, name, `Must be between ${least} and ${most}, if provided.`)
}

function checkFifo(queue: Queue, groupId: string | undefined, deduplicationId: string | undefined): void {
  if (!queue.fifo) {
    if (deduplicationId !== undefined) throw notForKind(deduplicationId, 'MessageDeduplicationId')
    return
  }
  if (groupId === undefined) throw missing('MessageGroupId')
  if (deduplicationId === undefined && !queue.options.contentBasedDeduplication) {
    throw invalid(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    )
  }
}

function delayIn(queue: Queue, parameters: WireObject): number {
  const seconds = wholeBetween(parameters, 'DelaySeconds', 0, 900) ?? 0
  if (queue.fifo && seconds > 0) throw notForKind(seconds, 'DelaySeconds')
  return seconds
}

function tokenIn(parameters: WireObject, name: string): string | undefined {
  const text = textIn(parameters, name)
  if (text === undefined || TOKEN.test(text)) return text
  throw invalidValue(
    text,
    name,
    'Can only include alphanumeric and punctuation characters. 1 to 128 in length.',
  )
}

function missing(name: string): AwsError {
  return new AwsError('MissingParameter', `The request must contain the parameter ${name}.`)
}

function notForKind(value: unknown, name: string): AwsError {
  return invalidValue(value, name, 'The request include parameter that is not valid for this queue type')
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterValue', message)
}

/** Refused in the words of SQS, of which clients have been seen to read the reason. */
export function invalidValue(value: unknown, name: string, reason: string): AwsError {
  return invalid(`Value ${String(value).slice(0, 200)} for parameter ${name} is invalid. Reason: ${reason}`)
}
