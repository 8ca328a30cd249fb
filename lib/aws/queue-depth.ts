import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs'

/** Messages in the queue, those that somebody works on included; SQS tells it to within a minute. */
export async function queueDepth(sqs: SQSClient, url: string): Promise<number> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  )
  const { ApproximateNumberOfMessages: waiting, ApproximateNumberOfMessagesNotVisible: taken } = Attributes
  return Number(waiting ?? 0) + Number(taken ?? 0)
}
