import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { FenceState } from './fence-state.ts'

export interface WakeQueue {
  /** Of the fence's reconcile queue, a FIFO queue. */
  readonly url: string
  readonly fence: string
  readonly state: Pick<FenceState, 'nextGeneration'>
  readonly clock: () => number
}

/**
 * Asks for a round by a message in the FIFO queue. The group is the fence, so that one round runs at a time. The
 * deduplication id is the ledger's next generation, which no message had before: FIFO queues forget none for five
 * minutes, even after the message was deleted, so an id from a clock would swallow the second of two wake-ups.
 */
export function wakeQueue(sqs: SQSClient, { url, fence, state, clock }: WakeQueue): () => Promise<void> {
  return async () => {
    const generation = await state.nextGeneration()
    const body = { schema: 'sipfence.wake/1', fence, reason: 'ledger', at: new Date(clock()).toISOString() }
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: url,
        MessageBody: JSON.stringify(body),
        MessageGroupId: fence,
        MessageDeduplicationId: `generation-${generation}`,
      }),
    )
  }
}
