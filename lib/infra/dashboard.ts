import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Duration } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'
import type { FenceConfig } from '../config.ts'
import { figure } from './alarms.ts'

export interface DashboardParts {
  readonly alarms: readonly Alarm[]
  readonly analyze: IFunction
  readonly reconcile: IFunction
  readonly reports: IQueue
}

const WIDTH = 24
const THIRD = WIDTH / 3
const MINUTE = Duration.minutes(1)

/** Three questions, from the top down: are we under attack, is it handled, is anything broken. */
export function fenceDashboard(
  scope: Construct,
  id: string,
  { id: fence }: FenceConfig,
  { alarms, analyze, reconcile, reports }: DashboardParts,
): Dashboard {
  const graph = (title: string, ...left: IMetric[]) =>
    new GraphWidget({ title, left, width: THIRD, height: 6, leftYAxis: { min: 0 } })
  return new Dashboard(scope, id, {
    dashboardName: `sipfence-${fence}`,
    widgets: [
      [heading(`sipfence ${fence}: are we under attack?`)],
      [
        graph('Attacking sources', figure(fence, 'AttackingSources', Stats.MAXIMUM)),
        graph('Floods in the name of protected sources', figure(fence, 'ProtectedFloods', Stats.SUM)),
        graph(
          'Reports of the sidecars',
          reports.metricNumberOfMessagesSent({ period: MINUTE, statistic: Stats.SUM }),
        ),
      ],
      [heading('Is it handled?')],
      [
        new GraphWidget({
          title: 'Free entries of the fullest network ACL',
          left: [figure(fence, 'FreeEntries', Stats.MINIMUM)],
          width: THIRD,
          height: 6,
        }),
        graph('Denied sources that still arrive', figure(fence, 'BlockedArriving', Stats.SUM)),
        graph('1 lockdown, 10 brake, 100 foreign entries', figure(fence, 'Safeguards', Stats.MAXIMUM)),
      ],
      [heading('Is anything broken?')],
      [
        ...(alarms.length === 0
          ? []
          : [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: THIRD, height: 6 })]),
        graph('Traffic that sensors do not see, percent', figure(fence, 'UnseenPercent', Stats.MAXIMUM)),
        graph(
          'Errors of the functions',
          ...[analyze, reconcile].map((each) => each.metricErrors({ period: MINUTE, statistic: Stats.SUM })),
        ),
      ],
    ],
  })
}

function heading(text: string): TextWidget {
  return new TextWidget({ markdown: `## ${text}`, width: WIDTH, height: 1 })
}
