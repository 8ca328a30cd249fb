import type { IKey } from 'aws-cdk-lib/aws-kms'
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { Duration } from 'aws-cdk-lib/core'
import { Construct } from 'constructs'
import { reportsQueueName } from '../names.ts'

/** Both functions end within this time, or are ended. */
export const FUNCTION_SECONDS = 30

/** What comes in from the PBXs, and what wakes the writer of the firewall. */
export class FenceQueues extends Construct {
  readonly reports: IQueue
  readonly reportsDead: Queue
  readonly reconcile: Queue

  constructor(scope: Construct, id: string, fence: string, key: IKey | undefined) {
    super(scope, id)
    const safe = {
      enforceSSL: true,
      ...(key === undefined
        ? { encryption: QueueEncryption.SQS_MANAGED }
        : { encryption: QueueEncryption.KMS, encryptionMasterKey: key, dataKeyReuse: KEY_REUSE }),
    }
    this.reportsDead = new Queue(this, 'ReportsDead', {
      ...safe,
      queueName: `${reportsQueueName(fence)}-dead`,
      retentionPeriod: Duration.days(14),
    })
    this.reports = new Queue(this, 'Reports', {
      ...safe,
      queueName: reportsQueueName(fence),
      // What is older says nothing about the traffic of now.
      retentionPeriod: Duration.minutes(15),
      // Five receives, and then the dead-letter queue, before the message is too old: docs/decisions/0012.
      visibilityTimeout: Duration.seconds(2 * FUNCTION_SECONDS),
      deadLetterQueue: { queue: this.reportsDead, maxReceiveCount: 5 },
    })
    // One message group a fence: one round at a time, without reserved concurrency, which small accounts do not have.
    // No dead-letter queue: what a failed round left undone, the next minute's does.
    this.reconcile = new Queue(this, 'Reconcile', {
      ...safe,
      queueName: `sipfence-${fence}-reconcile.fifo`,
      fifo: true,
      // For the schedule, whose body holds its time; all others send the ledger's generation as deduplication id.
      contentBasedDeduplication: true,
      retentionPeriod: Duration.minutes(2),
      visibilityTimeout: Duration.seconds(FUNCTION_SECONDS + 5),
    })
  }
}

/** The longest that SQS allows; each new data key is a request that is paid for. */
const KEY_REUSE = Duration.hours(24)
