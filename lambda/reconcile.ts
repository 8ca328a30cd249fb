import { ChangeMessageVisibilityCommand } from '@aws-sdk/client-sqs'
import type { Context, SQSEvent } from 'aws-lambda'
import { wire } from '../lib/functions/deployment.ts'
import { openTelling } from '../lib/functions/telling.ts'
import { HeardNews } from '../lib/incidents.ts'
import { fenceRound, throwProblems } from '../lib/round.ts'
import { roundOptions } from '../lib/settings/round-options.ts'

const fence = wire()
const options = roundOptions(fence.fence)
const tellPeople = openTelling(fence)
const QueueUrl = process.env['SIPFENCE_RECONCILE_QUEUE_URL']
const RETRY_SECONDS = 5

/** One round for however many wake-ups. It throws what it could not do, and is tried again after five seconds. */
export async function handler(event: SQSEvent, { awsRequestId }: Context): Promise<void> {
  try {
    const now = fence.clock()
    const heard = new HeardNews(fence.journal, now)
    const owner = `reconcile ${awsRequestId}`
    const round = await fenceRound({ ...fence, journal: heard }, { ...options, owner }, now)
    fence.journal.tell(round.figures)
    await tellPeople(round, heard)
    throwProblems(round)
  } catch (error) {
    fence.logger.error('The round failed', error as Error)
    await retrySoon(event)
    throw error
  } finally {
    if (fence.metrics.hasStoredMetrics()) fence.metrics.publishStoredMetrics()
  }
}

async function retrySoon({ Records }: SQSEvent): Promise<void> {
  for (const { receiptHandle: ReceiptHandle } of Records) {
    const soon = { QueueUrl, ReceiptHandle, VisibilityTimeout: RETRY_SECONDS }
    await fence.sqs.send(new ChangeMessageVisibilityCommand(soon)).catch((error) => {
      fence.logger.warn('Cannot shorten the wait for the next try', error as Error)
    })
  }
}
