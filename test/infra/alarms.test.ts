import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { FIGURES } from '../../lib/figures.ts'
import { fenceWith, ROOT, templateOf } from './synth.ts'

interface AlarmProperties {
  readonly AlarmName: string
  readonly AlarmDescription: string
  readonly AlarmActions: readonly unknown[]
  readonly OKActions: readonly unknown[]
  readonly Namespace?: string
  readonly MetricName?: string
  readonly Statistic?: string
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[]
  readonly Metrics?: readonly {
    readonly Expression?: string
    readonly MetricStat?: {
      readonly Metric: Pick<AlarmProperties, 'Namespace' | 'MetricName' | 'Dimensions'>
    }
  }[]
  readonly Threshold: number
  readonly ComparisonOperator: string
  readonly TreatMissingData: string
}

const RUNBOOK = readFileSync(join(ROOT, 'docs/runbook.md'), 'utf8')
const template = templateOf(fenceWith({ notify: { emails: ['noc@example.org', 'boss@example.org'] } }))
const alarms = alarmsOf(template)

function alarmsOf(of: Template): ReadonlyMap<string, AlarmProperties> {
  const found = Object.values(of.findResources('AWS::CloudWatch::Alarm'))
  return new Map(
    found.map(({ Properties }) => [
      Properties.AlarmName.replace('sipfence-pbx-', ''),
      Properties as AlarmProperties,
    ]),
  )
}

/** Every metric that an alarm looks at. */
function metricsOf({ Metrics, ...alarm }: AlarmProperties) {
  if (Metrics === undefined) return [alarm]
  return Metrics.flatMap(({ MetricStat }) => (MetricStat === undefined ? [] : [MetricStat.Metric]))
}

const own = [...alarms.values()].flatMap(metricsOf).filter(({ Namespace }) => Namespace === 'sipfence')

test('there are twelve, and what they cost is known: thirteen metrics', () => {
  expect([...alarms.keys()]).toHaveLength(12)
  expect([...alarms.values()].flatMap(metricsOf)).toHaveLength(13)
})

test('they look at the fence’s six figures and no other of its own, by the fence alone', () => {
  expect(new Set(own.map(({ MetricName }) => MetricName))).toEqual(new Set(FIGURES))
  for (const { Dimensions } of own) expect(Dimensions).toEqual([{ Name: 'fence', Value: 'pbx' }])
})

test.each([...alarms])('%s has its article in the runbook, which its text points to', (key, alarm) => {
  expect(alarm.AlarmDescription).toMatch(new RegExp(`\\. What to do: docs/runbook\\.md#${key}$`))
  expect(alarm.AlarmDescription.length).toBeLessThanOrEqual(1_024)
  const article = RUNBOOK.split(/^## /m).find((text) => text.startsWith(`${key}\n`))
  expect(article?.match(/^\*\*(Description|Investigation|Resolution)\.\*\*/gm)).toEqual([
    '**Description.**',
    '**Investigation.**',
    '**Resolution.**',
  ])
})

test('every one tells people when it begins and when it is over, by a topic of its own', () => {
  const [topic] = Object.keys(template.findResources('AWS::SNS::Topic')).filter((id) =>
    id.startsWith('AlarmTopic'),
  )
  for (const { AlarmActions, OKActions } of alarms.values()) {
    expect(AlarmActions).toEqual([{ Ref: topic }])
    expect(OKActions).toEqual([{ Ref: topic }])
  }
})

test('no news is good news, but of rounds', () => {
  const breaching = [...alarms].filter(([, { TreatMissingData }]) => TreatMissingData === 'breaching')
  expect(breaching.map(([key]) => key)).toEqual(['reconcile-late'])
})

test.each([
  ['no-free-entry', 'FreeEntries', 'Minimum', 'LessThanOrEqualToThreshold', 0],
  ['attack-under-way', 'AttackingSources', 'Maximum', 'GreaterThanOrEqualToThreshold', 1],
  ['protected-source-flood', 'ProtectedFloods', 'Sum', 'GreaterThanOrEqualToThreshold', 1],
  ['still-arriving', 'BlockedArriving', 'Sum', 'GreaterThanOrEqualToThreshold', 1],
  ['sensor-silent', 'UnseenPercent', 'Maximum', 'GreaterThanOrEqualToThreshold', 100],
])('%s goes by the worst', (key, MetricName, Statistic, ComparisonOperator, Threshold) => {
  expect(alarms.get(key)).toMatchObject({ MetricName, Statistic, ComparisonOperator, Threshold })
})

describe('what is computed', () => {
  const expressionOf = (key: string) =>
    alarms.get(key)!.Metrics!.find(({ Expression }) => Expression)!.Expression!

  /** CloudWatch's words in JavaScript's. */
  function value(key: string, values: Readonly<Record<string, number>>): number {
    const words = expressionOf(key)
      .replaceAll('FLOOR', 'Math.floor')
      .replace(/FILL\((\w), 0\)/g, '($1)')
      .replace(/IF\((.*) AND (.*), 1, 0\)/, '($1 && $2 ? 1 : 0)')
    return Number(new Function(...Object.keys(values), `return ${words}`)(...Object.values(values)))
  }

  test.each([
    [0, [0, 0, 0]],
    [1, [1, 0, 0]],
    [10, [0, 1, 0]],
    [11, [1, 1, 0]],
    [100, [0, 0, 1]],
    [101, [1, 0, 1]],
    [110, [0, 1, 1]],
    [111, [1, 1, 1]],
  ])('tells lockdown, brake and foreign entries from %i', (s, expected) => {
    const found = ['lockdown-on', 'brake-pulled', 'foreign-entry'].map((key) => value(key, { s }))
    expect(found).toEqual(expected)
  })

  test('tells a sensor that loses packets from one that sees nothing at all', () => {
    expect([4, 5, 99, 100].map((u) => value('sensor-losing-packets', { u }))).toEqual([0, 1, 1, 0])
  })

  test('is late where no round has succeeded, whether it failed or never began', () => {
    expect(value('reconcile-late', { i: 5, e: 4 })).toBe(1)
    expect(value('reconcile-late', { i: 5, e: 5 })).toBe(0)
    expect(alarms.get('reconcile-late')).toMatchObject({
      Threshold: 0,
      ComparisonOperator: 'LessThanOrEqualToThreshold',
    })
  })
})

describe('who is told', () => {
  test('everybody in the settings, of notices and of alarms', () => {
    const subscriptions = Object.values(template.findResources('AWS::SNS::Subscription'))
    const told = subscriptions.map(({ Properties: { Endpoint, Protocol, TopicArn } }) => [
      Protocol,
      Endpoint,
      TopicArn.Ref,
    ])
    const topics = Object.keys(template.findResources('AWS::SNS::Topic'))
    expect(told.sort()).toEqual(
      topics
        .flatMap((topic) => ['noc@example.org', 'boss@example.org'].map((each) => ['email', each, topic]))
        .sort(),
    )
  })

  test('CloudWatch may publish alarms, for this fence’s alarms of this account only', () => {
    const policies = Object.values(template.findResources('AWS::SNS::TopicPolicy'))
    const statements = policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    expect(statements.filter(({ Effect }) => Effect === 'Allow')).toMatchObject([
      {
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: {
          StringEquals: { 'aws:SourceAccount': '123456789012' },
          ArnLike: {
            'aws:SourceArn': 'arn:aws:cloudwatch:eu-west-1:123456789012:alarm:sipfence-pbx-*',
          },
        },
      },
    ])
  })

  test('a topic that is there already gets both, and nobody is subscribed to it', () => {
    const topic = 'arn:aws:sns:eu-west-1:123456789012:oncall'
    const adopted = templateOf(fenceWith({ existing: { topic }, notify: { emails: ['noc@example.org'] } }))
    adopted.resourceCountIs('AWS::SNS::Topic', 0)
    adopted.resourceCountIs('AWS::SNS::Subscription', 0)
    for (const { AlarmActions } of alarmsOf(adopted).values()) expect(AlarmActions).toEqual([topic])
  })
})

test('can be left out', () => {
  templateOf(fenceWith({ alarms: false })).resourceCountIs('AWS::CloudWatch::Alarm', 0)
})

describe('the dashboard', () => {
  test('is there only where the settings say so', () => {
    template.resourceCountIs('AWS::CloudWatch::Dashboard', 0)
  })

  test('asks three questions from the top down, and shows every figure', () => {
    const shown = templateOf(fenceWith({ dashboard: true }))
    const [{ Properties }] = Object.values(shown.findResources('AWS::CloudWatch::Dashboard')) as [
      { Properties: { DashboardBody: unknown } },
    ]
    const text = JSON.stringify(Properties.DashboardBody)
    const places = ['are we under attack?', 'Is it handled?', 'Is anything broken?'].map((each) =>
      text.indexOf(each),
    )
    expect(places).toEqual([...places].sort((a, b) => a - b))
    expect(places[0]).toBeGreaterThan(0)
    for (const name of FIGURES) expect(text).toContain(name)
  })
})
