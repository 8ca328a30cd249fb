import type { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { ASSUMED } from '../../lib/core/assumed.ts'
import { shapeOf } from '../../lib/view/fence-shape.ts'
import { fenceWith, templateOf } from './synth.ts'

interface AlarmProperties {
  readonly Metrics?: readonly { readonly MetricStat?: object }[]
}

/** Properties of all resources of a type. */
function all<Properties>(template: Template, type: string): readonly Properties[] {
  return Object.values(template.findResources(type)).map((resource) => resource['Properties'] as Properties)
}

/** AWS charges for each metric that an alarm looks at, and not for what it reckons from them. */
function alarmMetrics(template: Template): number {
  return all<AlarmProperties>(template, 'AWS::CloudWatch::Alarm').reduce(
    (sum, { Metrics }) => sum + (Metrics?.filter(({ MetricStat }) => MetricStat !== undefined).length ?? 1),
    0,
  )
}

describe('the bill reckons with what the stack makes', () => {
  test.each([{}, { alarms: false }, { dashboard: true, ownKey: true }])('%j', (over) => {
    const fence = fenceWith(over)
    const template = templateOf(fence)
    const shape = shapeOf(fence)
    expect(shape.alarmMetrics).toBe(alarmMetrics(template))
    expect(shape.dashboard ? 1 : 0).toBe(all(template, 'AWS::CloudWatch::Dashboard').length)
    expect(shape.key === 'own' ? 1 : 0).toBe(all(template, 'AWS::KMS::Key').length)
  })

  test('functions of this size, and as many of them at a time', () => {
    const template = templateOf(fenceWith())
    const functions = all<{ MemorySize: number; Timeout: number }>(template, 'AWS::Lambda::Function')
    expect(functions.map(({ MemorySize }) => MemorySize).sort((a, b) => a - b)).toEqual([
      ASSUMED.reconcileMegabytes,
      ASSUMED.analyzeMegabytes,
    ])
    expect(new Set(functions.map(({ Timeout }) => Timeout))).toEqual(new Set([ASSUMED.longestSeconds]))
    const mappings = all<{ ScalingConfig?: { MaximumConcurrency: number } }>(
      template,
      'AWS::Lambda::EventSourceMapping',
    )
    const limits = mappings.flatMap(({ ScalingConfig }) => ScalingConfig?.MaximumConcurrency ?? [])
    expect(limits).toEqual([ASSUMED.analyzeAtOnce])
  })
})
