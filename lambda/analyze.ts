import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import { ulid } from 'ulid'
import { analyze, learnProofs } from '../lib/analyze.ts'
import { readMessage, senderOf } from '../lib/contract/message.ts'
import { wire } from '../lib/functions/deployment.ts'
import { NewsJournal } from '../lib/news.ts'

const fence = wire()
const { ledger, state, metrics, logger, wake, clock } = fence
const journal = new NewsJournal(fence.journal, state, clock)
const ports = { ledger, journal, wake, random: Math.random, newId: (at: number) => ulid(at) }
const options = { ...fence.fence, sourcesAtOnce: 8 }
const roster = fence.fence.pbxs.map(({ id }) => id ?? '')
const processor = new BatchProcessor(EventType.SQS)

/** Reports in, blocks out. A message that no retry would mend is counted and dropped; a failure is tried again. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  try {
    return await processPartialResponse(event, handleRecord, processor, { context, processInParallel: false })
  } finally {
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics()
  }
}

async function handleRecord({ body, attributes }: SQSRecord): Promise<void> {
  const receivedAt = clock()
  const sender = senderOf(attributes.SenderId)
  const message = readMessage(body, { fence: fence.fence.id, roster, sender, receivedAt })
  if (message.kind === 'not-taken') return logger.warn('A message was not taken', { ...message, sender })
  if (message.kind === 'proofs') return await learnProofs(message.report, ports)
  const { host, boot, seq, halfBlind, lossFraction, clockSkewMs } = message.report
  const sentAt = Number(attributes.SentTimestamp)
  await state.sawHost({ host, boot, seq, halfBlind, lossFraction, clockSkewMs, at: message.report.at })
  const mode = (await state.mode())?.mode ?? fence.fence.mode
  const again = Number(attributes.ApproximateReceiveCount) > 1
  if (mode !== 'off') await analyze(message.report, ports, options, { sentAt, again })
}
