import type { Alarm, Dashboard } from 'aws-cdk-lib/aws-cloudwatch'
import type { InstanceProfile, IRole, ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { type IKey, Key } from 'aws-cdk-lib/aws-kms'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { CfnOutput, Token } from 'aws-cdk-lib/core'
import { Construct } from 'constructs'
import { ConfigError, type FenceConfig, type FenceSettings, readFence } from '../config.ts'
import { outputDescription } from '../names.ts'
import { deployProblems } from '../settings/deploy-problems.ts'
import { acknowledge } from './acknowledged.ts'
import { FenceAlarms } from './alarms.ts'
import { fenceDashboard } from './dashboard.ts'
import { fenceFunction } from './fence-function.ts'
import { type LedgerTable, ledgerTable } from './ledger-table.ts'
import { ownKey, useKey } from './own-key.ts'
import { PbxAccess } from './pbx-access.ts'
import { consume, publish, readQuotas, send, useLedger, writeFirewall } from './permissions.ts'
import { FencePlaces } from './places.ts'
import { FenceQueues } from './queues.ts'
import { wakeEachMinute } from './schedule.ts'
import { SidecarInstall } from './sidecar-install.ts'
import { writeTiers } from './tier-permissions.ts'
import { fenceTopics } from './topics.ts'

export interface SipFenceProps {
  /**
   * One fence, as in `fences` of sipfence.json; docs/settings.md tells of each key. Ids of what is there already are
   * needed as they are: they go into the code of the functions, where CDK cannot put what it learns at deployment.
   */
  readonly fence: FenceSettings
  /** Instead of the topics for notices and alarms; its policy must let CloudWatch publish. Outweighs `existing.topic`. */
  readonly topic?: ITopic
  /** Instead of a key of the fence's own; its policy must let CloudWatch and EventBridge use it. Outweighs `ownKey`. */
  readonly key?: IKey
}

/**
 * One fence on AWS: reports come in by a queue, `analyze` decides, `reconcile` writes the firewall. No block and no
 * address is part of the template, so a deploy never opens or closes anything.
 *
 * Throws ConfigError with every problem of the settings. The ledger and the fence's own key outlive their stack.
 */
export class SipFence extends Construct {
  /** The settings with every default in its place. */
  readonly fence: FenceConfig
  readonly ledger: LedgerTable
  readonly reports: IQueue
  readonly reportsDead: IQueue
  readonly analyze: LambdaFunction
  readonly reconcile: LambdaFunction
  /** Notices of incidents: text for people, attributes for machines. */
  readonly topic: ITopic
  /** What CloudWatch says of the fence's alarms. */
  readonly alarmTopic: ITopic
  /** In the order of the runbook; none with `alarms: false`. */
  readonly alarms: readonly Alarm[]
  readonly dashboard: Dashboard | undefined
  /** Lets an instance send reports, for a role that the settings do not name. */
  readonly pbxPolicy: ManagedPolicy
  readonly pbxRole: IRole
  readonly pbxInstanceProfile: InstanceProfile | undefined
  /** What keeps the sidecar installed, where the settings say how. */
  readonly sidecarInstall: SidecarInstall | undefined
  /** Prefix lists, IP sets and the rule group of the tiers that are used. */
  readonly places: FencePlaces

  constructor(scope: Construct, id: string, props: SipFenceProps) {
    super(scope, id)
    this.fence = settingsOf(this.node.path, props.fence)
    const { fence } = this
    const key = props.key ?? this.#key()
    const queues = new FenceQueues(this, 'Queues', fence.id, key)
    this.ledger = ledgerTable(this, 'Ledger', fence.existing.ledgerTable)
    const topics = fenceTopics(this, fence, key, props.topic ?? this.#existingTopic())
    this.places = new FencePlaces(this, 'Places', fence)
    const environment = {
      SIPFENCE_TABLE: this.ledger.tableName,
      SIPFENCE_RECONCILE_QUEUE_URL: queues.reconcile.queueUrl,
      ...this.places.environment,
    }
    const parts = { queues, topic: topics.notices, environment, ...(key === undefined ? {} : { key }) }
    this.analyze = this.#analyze(parts)
    this.reconcile = this.#reconcile(parts)
    wakeEachMinute(this, 'EachMinute', queues.reconcile, fence.id)
    const pbx = new PbxAccess(this, 'Pbx', fence, queues.reports, key)
    this.sidecarInstall =
      fence.sidecar === undefined ? undefined : new SidecarInstall(this, 'Sidecar', fence, pbx)
    const { analyze, reconcile } = this
    const { reports, reportsDead } = queues
    this.alarms = fence.alarms
      ? new FenceAlarms(this, 'Alarms', fence, { analyze, reconcile, reportsDead }, topics.alarms).alarms
      : []
    this.dashboard = fence.dashboard
      ? fenceDashboard(this, 'Dashboard', fence, { alarms: this.alarms, analyze, reconcile, reports })
      : undefined
    this.reports = reports
    this.reportsDead = reportsDead
    this.topic = topics.notices
    this.alarmTopic = topics.alarms
    this.pbxPolicy = pbx.policy
    this.pbxRole = pbx.role
    this.pbxInstanceProfile = pbx.instanceProfile
    this.#tell(queues)
    acknowledge({ reconcileQueue: queues.reconcile, reconcileRole: reconcile.role! })
  }

  #key(): IKey | undefined {
    const { ownKey: wanted, existing, id } = this.fence
    if (existing.key !== undefined) return Key.fromKeyArn(this, 'Key', existing.key)
    return wanted ? ownKey(this, 'Key', id) : undefined
  }

  #existingTopic(): ITopic | undefined {
    const { topic } = this.fence.existing
    return topic === undefined ? undefined : Topic.fromTopicArn(this, 'ExistingTopic', topic)
  }

  #analyze({ queues, environment, key }: Parts): LambdaFunction {
    const analyze = fenceFunction(this, 'Analyze', {
      entry: 'analyze',
      fence: this.fence,
      memoryMegabytes: 1_769, // one processor: ten long reports of a flood take seconds of it
      environment,
      allowed: [
        consume(queues.reports),
        useLedger(this.ledger),
        send(queues.reconcile),
        ...this.#usingKey(key, ['sqs']),
      ],
    })
    analyze.addEventSourceMapping('Reports', {
      eventSourceArn: queues.reports.queueArn,
      batchSize: 5, // ten full reports of new sources may take longer than the function has
      reportBatchItemFailures: true,
      // More would wait for each other in the ledger, and a new account has ten in all.
      maxConcurrency: 2,
    })
    return analyze
  }

  #reconcile({ queues, topic, environment, key }: Parts): LambdaFunction {
    const reconcile = fenceFunction(this, 'Reconcile', {
      entry: 'reconcile',
      fence: this.fence,
      memoryMegabytes: 256,
      environment: { ...environment, SIPFENCE_TOPIC_ARN: topic.topicArn },
      allowed: [
        consume(queues.reconcile, 'sqs:ChangeMessageVisibility'), // a failed round is tried again after seconds
        useLedger(this.ledger),
        publish(topic),
        readQuotas(),
        ...writeFirewall(this, this.fence),
        ...writeTiers(this, this.fence, this.places),
        ...this.#usingKey(key, ['sqs', 'sns']),
      ],
    })
    reconcile.addEventSourceMapping('Wake', { eventSourceArn: queues.reconcile.queueArn, batchSize: 10 })
    return reconcile
  }

  #usingKey(key: IKey | undefined, services: readonly ('sqs' | 'sns')[]): readonly PolicyStatement[] {
    return key === undefined ? [] : [useKey(this, key, services)]
  }

  /** Commands find the fence by these; within a stack of many things CDK changes their names, but not the descriptions. */
  #tell({ reconcile }: FenceQueues): void {
    const outputs = {
      LedgerTable: this.ledger.tableName,
      ReportsQueueUrl: this.reports.queueUrl,
      ReportsDeadQueueUrl: this.reportsDead.queueUrl,
      ReconcileQueueUrl: reconcile.queueUrl,
      TopicArn: this.topic.topicArn,
      AlarmTopicArn: this.alarmTopic.topicArn,
      AnalyzeFunction: this.analyze.functionName,
      ReconcileFunction: this.reconcile.functionName,
      AnalyzeLogGroup: this.analyze.logGroup.logGroupName,
      ReconcileLogGroup: this.reconcile.logGroup.logGroupName,
      PbxPolicyArn: this.pbxPolicy.managedPolicyArn,
      PbxInstanceProfile: this.pbxInstanceProfile?.instanceProfileName,
      ...this.places.told,
      RuleGroupArn: this.places.ruleGroup?.attrArn,
    }
    for (const [name, value] of Object.entries(outputs)) {
      const description = outputDescription(this.fence.id, name)
      if (value !== undefined) new CfnOutput(this, name, { value, description })
    }
  }
}

interface Parts {
  readonly queues: FenceQueues
  readonly topic: ITopic
  readonly environment: Readonly<Record<string, string>>
  readonly key?: IKey
}

/** Reads and checks the settings before anything is made of them. */
function settingsOf(path: string, settings: FenceSettings): FenceConfig {
  refuseTokens(path, settings)
  const fence = readFence(path, settings)
  const problems = deployProblems(fence, 'fences[0]')
  if (problems.length === 0) return fence
  throw new ConfigError(`Cannot make fence ${path}:\n${problems.map((line) => `  ${line}`).join('\n')}`)
}

function refuseTokens(path: string, value: unknown, where = 'fence'): void {
  if (Token.isUnresolved(value)) {
    throw new ConfigError(
      `Cannot make fence ${path}: ${where} is known to CDK only at deployment; it should be the id or address itself, of something that is there already`,
    )
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, each] of Object.entries(value))
    refuseTokens(path, each, Array.isArray(value) ? `${where}[${key}]` : `${where}.${key}`)
}
