import type { Posting } from './moto-queues.ts'
import { handleOf, send, sendFifo } from './moto-queues.ts'
import { bodiesIn } from './wide-account.ts'

/** What both servers do as AWS does it, with FIFO queues: the calls, then the outcome. */
export const fifoAlike: [string, Posting, unknown][] = [
  [
    'a FIFO send without a deduplication id',
    (at) => send(at, { QueueUrl: at.fifo, MessageGroupId: 'g' }),
    'InvalidParameterValue',
  ],
  ['a FIFO send without a group', (at) => send(at, { QueueUrl: at.content }), 'MissingParameter'],
  [
    'a FIFO send with a delay',
    (at) => send(at, { QueueUrl: at.content, MessageGroupId: 'g', DelaySeconds: 1 }),
    'InvalidParameterValue',
  ],
  [
    'a duplicate, whatever its body and group',
    async (at) => {
      await sendFifo(at, 'a', 'd')
      await sendFifo(at, 'a', 'd')
      await sendFifo(at, 'b', 'd', 'h')
      return await bodiesIn(at.sqs, at.fifo)
    },
    ['a'],
  ],
  [
    'a duplicate by content',
    async (at) => {
      for (const _ of 'ab') await send(at, { QueueUrl: at.content, MessageGroupId: 'g' })
      return await bodiesIn(at.sqs, at.content)
    },
    ['a'],
  ],
  [
    'a group in a batch',
    async (at) => {
      for (const id of ['a', 'b']) await sendFifo(at, id, id)
      return await bodiesIn(at.sqs, at.fifo)
    },
    ['a', 'b'],
  ],
  [
    'a locked group',
    async (at) => {
      for (const id of ['a', 'b']) await sendFifo(at, id, id)
      await sendFifo(at, 'c', 'c', 'h')
      await handleOf(at, at.fifo)
      return await bodiesIn(at.sqs, at.fifo)
    },
    ['c'],
  ],
  [
    'a group whose first message is given back',
    async (at) => {
      for (const id of ['a', 'b']) await sendFifo(at, id, id)
      const ReceiptHandle = await handleOf(at, at.fifo)
      await at.sqs.changeMessageVisibility({ QueueUrl: at.fifo, ReceiptHandle, VisibilityTimeout: 0 })
      return await bodiesIn(at.sqs, at.fifo)
    },
    ['a', 'b'],
  ],
]

/** Where moto 5.2.1 differs: what AWS does, then what moto does. */
export const fifoDifferent: [string, Posting, aws: unknown, moto: unknown][] = [
  [
    'the answer to a duplicate names the first',
    async (at) => {
      const first = await sendFifo(at, 'a', 'd')
      return (await sendFifo(at, 'a', 'd')) === first
    },
    true,
    false,
  ],
  [
    'a duplicate of what was deleted',
    async (at) => {
      await sendFifo(at, 'a', 'd')
      await at.sqs.deleteMessage({ QueueUrl: at.fifo, ReceiptHandle: await handleOf(at, at.fifo) })
      await sendFifo(at, 'a', 'd')
      return await bodiesIn(at.sqs, at.fifo)
    },
    [],
    ['a'],
  ],
  [
    'a delete after the visibility timeout',
    async (at) => {
      await sendFifo(at, 'a', 'd')
      const ReceiptHandle = await handleOf(at, at.fifo, 0)
      await at.sqs.deleteMessage({ QueueUrl: at.fifo, ReceiptHandle })
    },
    'InvalidParameterValue',
    'accepted',
  ],
  [
    'a group with a space',
    async (at) => void (await sendFifo(at, 'a', 'd', 'a b')),
    'InvalidParameterValue',
    'accepted',
  ],
]
