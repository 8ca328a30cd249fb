import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fenceWith, TIERS, templateOf } from './synth.ts'

interface Resource {
  readonly Type: string
  readonly Properties: Readonly<Record<string, unknown>>
  readonly DeletionPolicy?: string
}
type Resources = Readonly<Record<string, Resource>>

const FOLDER = join(import.meta.dirname, 'templates')
/** The fence of these templates, with all tiers. */
const now: Resources = templateOf(fenceWith({ firewalls: TIERS })).toJSON()['Resources']

/**
 * What CloudFormation makes anew when one of these properties changes, and what is in it with it: blocks and claims, reports
 * on their way, subscriptions of people, lists that firewalls of others refer to.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/ says "Update requires: Replacement" of each.
 */
const STATE: Readonly<Record<string, readonly string[]>> = {
  'AWS::DynamoDB::Table': ['TableName', 'KeySchema', 'AttributeDefinitions'],
  'AWS::SQS::Queue': ['QueueName', 'FifoQueue'],
  'AWS::SNS::Topic': ['TopicName', 'FifoTopic'],
  'AWS::EC2::PrefixList': ['AddressFamily'],
  'AWS::WAFv2::IPSet': ['Name', 'Scope', 'IPAddressVersion'],
  'AWS::WAFv2::RuleGroup': ['Name', 'Scope', 'Capacity'],
}

describe.each(['0.1.0'])('an upgrade from %s', (version) => {
  const before: Resources = JSON.parse(readFileSync(join(FOLDER, `${version}.json`), 'utf8')).Resources
  const held = Object.entries(before).filter(([, { Type }]) => Type in STATE)

  test('finds state of every kind in the template of then', () => {
    expect(new Set(held.map(([, { Type }]) => Type))).toEqual(new Set(Object.keys(STATE)))
  })

  test.each(held)('keeps %s', (id, { Type, Properties }) => {
    expect(now[id]?.Type).toBe(Type)
    for (const name of STATE[Type]!) expect(now[id]!.Properties[name]).toEqual(Properties[name])
  })

  test('says nothing new of IP sets, or CloudFormation would empty them', () => {
    const sets = held.filter(([, { Type }]) => Type === 'AWS::WAFv2::IPSet')
    for (const [id, { Properties }] of sets) expect(now[id]!.Properties).toEqual(Properties)
  })

  test('removes nothing that was there', () => {
    expect(Object.keys(before).filter((id) => !(id in now))).toEqual([])
  })
})

test('what outlives its stack is the ledger, and a key of the fence’s own', () => {
  const resources: Resources = templateOf(fenceWith({ firewalls: TIERS, ownKey: true })).toJSON()['Resources']
  const kept = Object.values(resources).filter(({ DeletionPolicy }) => DeletionPolicy === 'Retain')
  expect(kept.map(({ Type }) => Type).sort()).toEqual(['AWS::DynamoDB::Table', 'AWS::KMS::Key'])
})
