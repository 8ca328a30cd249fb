import type { Table } from 'aws-cdk-lib/aws-dynamodb'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { CfnOutput, Stack, type StackProps, Tags } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'
import type { FenceConfig } from '../config.ts'
import { fenceFunction } from './fence-function.ts'
import { ledgerTable } from './ledger-table.ts'
import { PbxAccess } from './pbx-access.ts'
import { consume, publish, readRulesQuotas, send, useLedger, writeFirewall } from './permissions.ts'
import { FencePlaces } from './places.ts'
import { FenceQueues } from './queues.ts'
import { wakeEachMinute } from './schedule.ts'
import { writeTiers } from './tier-permissions.ts'

export interface SipFenceStackProps extends StackProps {
  readonly fence: FenceConfig
}

/** What the functions share. */
interface Parts {
  readonly fence: FenceConfig
  readonly queues: FenceQueues
  readonly ledger: Table
  readonly topic: Topic
  readonly places: FencePlaces
  readonly environment: Readonly<Record<string, string>>
}

/**
 * One fence on AWS: reports come in by a queue, `analyze` decides, `reconcile` writes the firewall. No block and no
 * address is part of the stack, so a deploy never opens or closes anything. The outputs keep their names: commands
 * find the fence by them.
 */
export class SipFenceStack extends Stack {
  constructor(scope: Construct, id: string, { fence, ...props }: SipFenceStackProps) {
    const tags = { ...props.tags, 'sipfence:fence': fence.id }
    super(scope, id, { description: `sipfence ${fence.id}`, ...props, tags })
    Tags.of(this).add('sipfence:fence', fence.id)

    const parts = this.#parts(fence)
    const { queues, ledger, topic, places } = parts
    const analyze = this.#analyze(parts)
    const reconcile = this.#reconcile(parts)
    wakeEachMinute(this, 'EachMinute', queues.reconcile, fence.id)
    const pbx = new PbxAccess(this, 'Pbx', fence, queues.reports)

    this.#tell({
      LedgerTable: ledger.tableName,
      ReportsQueueUrl: queues.reports.queueUrl,
      ReportsDeadQueueUrl: queues.reportsDead.queueUrl,
      ReconcileQueueUrl: queues.reconcile.queueUrl,
      TopicArn: topic.topicArn,
      AnalyzeFunction: analyze.functionName,
      ReconcileFunction: reconcile.functionName,
      PbxPolicyArn: pbx.policy.managedPolicyArn,
      PbxInstanceProfile: pbx.instanceProfile?.instanceProfileName,
      ...places.told,
      RuleGroupArn: places.ruleGroup?.attrArn,
    })
  }

  #parts(fence: FenceConfig): Parts {
    const queues = new FenceQueues(this, 'Queues', fence.id)
    const ledger = ledgerTable(this, 'Ledger')
    const topic = new Topic(this, 'Topic', { enforceSSL: true })
    const places = new FencePlaces(this, 'Places', fence)
    const environment = {
      SIPFENCE_TABLE: ledger.tableName,
      SIPFENCE_RECONCILE_QUEUE_URL: queues.reconcile.queueUrl,
      SIPFENCE_TOPIC_ARN: topic.topicArn,
      ...places.environment,
    }
    return { fence, queues, ledger, topic, places, environment }
  }

  #analyze({ fence, queues, ledger, topic, environment }: Parts): LambdaFunction {
    const analyze = fenceFunction(this, 'Analyze', {
      entry: 'analyze',
      fence,
      memoryMegabytes: 1_769, // one processor: ten long reports of a flood take seconds of it
      environment,
      allowed: [consume(queues.reports), useLedger(ledger), send(queues.reconcile), publish(topic)],
    })
    analyze.addEventSourceMapping('Reports', {
      eventSourceArn: queues.reports.queueArn,
      batchSize: 10,
      reportBatchItemFailures: true,
      // More would wait for each other in the ledger, and a new account has ten in all.
      maxConcurrency: 2,
    })
    return analyze
  }

  #reconcile({ fence, queues, ledger, topic, places, environment }: Parts): LambdaFunction {
    const reconcile = fenceFunction(this, 'Reconcile', {
      entry: 'reconcile',
      fence,
      memoryMegabytes: 256,
      environment,
      allowed: [
        consume(queues.reconcile, 'sqs:ChangeMessageVisibility'), // a failed round is tried again after seconds
        useLedger(ledger),
        publish(topic),
        readRulesQuotas(this, fence),
        ...writeFirewall(this, fence),
        ...writeTiers(this, fence, places),
      ],
    })
    reconcile.addEventSourceMapping('Wake', { eventSourceArn: queues.reconcile.queueArn, batchSize: 10 })
    return reconcile
  }

  #tell(outputs: Readonly<Record<string, string | undefined>>): void {
    for (const [name, value] of Object.entries(outputs))
      if (value !== undefined) new CfnOutput(this, name, { value })
  }
}
