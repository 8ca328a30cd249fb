import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Duration } from 'aws-cdk-lib/core'
import { Construct } from 'constructs'
import type { FenceConfig } from '../config.ts'
import type { Figure } from '../figures.ts'
import { METRIC_NAMESPACE } from '../names.ts'

/** An alarm: what it looks at, from when on, and the words for people. Its key is the anchor of its article in the runbook. */
interface AlarmSpec {
  readonly key: string
  /** What is the matter, in a sentence. */
  readonly says: string
  readonly metric: IMetric
  readonly threshold: number
  readonly comparison: ComparisonOperator
  /** Of so many periods, so many must be past the threshold. */
  readonly datapoints?: readonly [breaching: number, of: number]
  readonly missing?: TreatMissingData
}

export interface AlarmedParts {
  readonly analyze: IFunction
  readonly reconcile: IFunction
  readonly reportsDead: IQueue
}

const { GREATER_THAN_OR_EQUAL_TO_THRESHOLD: AT_LEAST, LESS_THAN_OR_EQUAL_TO_THRESHOLD: AT_MOST } =
  ComparisonOperator
const MINUTE = Duration.minutes(1)
const FIVE_MINUTES = Duration.minutes(5)

export function alarmName(fence: string, key: string): string {
  return `sipfence-${fence}-${key}`
}

/** One of the fence's six figures. */
export function figure(fence: string, name: Figure, statistic: string, period = MINUTE): Metric {
  return new Metric({
    namespace: METRIC_NAMESPACE,
    metricName: name,
    dimensionsMap: { fence },
    statistic,
    period,
  })
}

/** The digit of `Safeguards` that stands for something: 1 lockdown, 10 brake, 100 foreign entries. */
function safeguard(fence: string, digit: 1 | 10 | 100, label: string): MathExpression {
  return new MathExpression({
    expression: `FLOOR(s / ${digit}) - 10 * FLOOR(s / ${digit * 10})`,
    usingMetrics: { s: figure(fence, 'Safeguards', Stats.MAXIMUM) },
    period: MINUTE,
    label,
  })
}

/** All alarms, those on an attack first. */
function alarmSpecs(
  { id: fence, networkAcls }: FenceConfig,
  { reconcile, reportsDead }: AlarmedParts,
): readonly AlarmSpec[] {
  const over = (name: Figure, statistic = Stats.MAXIMUM, period = MINUTE) =>
    figure(fence, name, statistic, period)
  const minute = { threshold: 1, comparison: AT_LEAST }
  return [
    {
      ...minute,
      key: 'attack-under-way',
      says: 'Somebody abuses the PBXs: sources are blocked, or would be in enforce.',
      metric: over('AttackingSources'),
      datapoints: [1, 15], // between a block's end and the next detection nothing attacks for a moment
    },
    {
      ...minute,
      key: 'protected-source-flood',
      says: 'A flood claims to come from an allowlisted or known-good source, which is never blocked.',
      metric: over('ProtectedFloods', Stats.SUM, FIVE_MINUTES),
    },
    {
      ...minute,
      key: 'still-arriving',
      says: 'Packets of denied sources reach a PBX all the same.',
      metric: over('BlockedArriving', Stats.SUM, FIVE_MINUTES),
    },
    {
      key: 'no-free-entry',
      says: `A network ACL (${networkAcls.map(({ id }) => id).join(', ')}) has no free entry for the next block.`,
      metric: over('FreeEntries', Stats.MINIMUM),
      threshold: 0,
      comparison: AT_MOST,
    },
    {
      ...minute,
      key: 'brake-pulled',
      says: 'A round would have changed more than the brake allows; the rest of it waits for a person.',
      metric: safeguard(fence, 10, 'The brake is on'),
    },
    {
      ...minute,
      key: 'lockdown-on',
      says: 'The door is closed: only the allowlist and known-good sources are let in.',
      metric: safeguard(fence, 1, 'The door is closed'),
    },
    {
      ...minute,
      key: 'foreign-entry',
      says: 'Somebody else has written entries among the rule numbers that are the fence’s.',
      metric: safeguard(fence, 100, 'Foreign entries'),
    },
    {
      key: 'sensor-silent',
      says: 'A sidecar says nothing, or sees one direction only: nothing of its traffic is judged.',
      metric: over('UnseenPercent'),
      threshold: 100,
      comparison: AT_LEAST,
      datapoints: [3, 3],
    },
    {
      ...minute,
      key: 'sensor-losing-packets',
      says: 'The kernel drops 5 % or more of the packets that a sidecar should see: counts are too low.',
      metric: new MathExpression({
        expression: 'IF(u >= 5 AND u < 100, 1, 0)',
        usingMetrics: { u: over('UnseenPercent') },
        period: MINUTE,
        label: 'Sensors that lose packets',
      }),
      datapoints: [3, 5],
    },
    {
      key: 'blocks-failing',
      says: 'Rounds fail: something that the fence should have changed could not be changed.',
      metric: reconcile.metricErrors({ period: FIVE_MINUTES, statistic: Stats.SUM }),
      threshold: 3,
      comparison: AT_LEAST,
      datapoints: [2, 2], // a failure is tried again every five seconds
    },
    {
      key: 'reconcile-late',
      says: 'For five minutes no round has succeeded: blocks neither begin nor end.',
      metric: new MathExpression({
        expression: 'FILL(i, 0) - FILL(e, 0)',
        usingMetrics: {
          i: reconcile.metricInvocations({ period: FIVE_MINUTES, statistic: Stats.SUM }),
          e: reconcile.metricErrors({ period: FIVE_MINUTES, statistic: Stats.SUM }),
        },
        period: FIVE_MINUTES,
        label: 'Rounds that succeeded',
      }),
      threshold: 0,
      comparison: AT_MOST,
      missing: TreatMissingData.BREACHING,
    },
    {
      ...minute,
      key: 'telemetry-dead',
      says: 'Reports could not be handled five times and were put aside.',
      metric: reportsDead.metricApproximateNumberOfMessagesVisible({
        period: FIVE_MINUTES,
        statistic: Stats.MAXIMUM,
      }),
    },
  ]
}

/** Makes each of them; `runbook` is where people find its articles. */
export class FenceAlarms extends Construct {
  readonly alarms: readonly Alarm[]

  constructor(scope: Construct, id: string, fence: FenceConfig, parts: AlarmedParts, topic: ITopic) {
    super(scope, id)
    const action = new SnsAction(topic)
    this.alarms = alarmSpecs(fence, parts).map((spec) => {
      const [breaching, of] = spec.datapoints ?? [1, 1]
      const alarm = new Alarm(this, spec.key, {
        alarmName: alarmName(fence.id, spec.key),
        alarmDescription: `${spec.says} What to do: ${fence.notify.runbook}#${spec.key}`,
        metric: spec.metric,
        threshold: spec.threshold,
        comparisonOperator: spec.comparison,
        datapointsToAlarm: breaching,
        evaluationPeriods: of,
        treatMissingData: spec.missing ?? TreatMissingData.NOT_BREACHING,
      })
      alarm.addAlarmAction(action)
      alarm.addOkAction(action)
      return alarm
    })
  }
}
