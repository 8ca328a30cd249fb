import { Template } from 'aws-cdk-lib/assertions'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { App, Stack } from 'aws-cdk-lib/core'
import { describe, expect, test } from 'vitest'
import { ConfigError, type FenceSettings } from '../../lib/config.ts'
import { SipFence } from '../../lib/infra/sipfence.ts'
import { FENCE, fenceWith, TIERS, templateOf } from './synth.ts'

function stack(): Stack {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } })
  return new Stack(app, 'Voice', { env: { region: 'eu-west-1', account: '123456789012' } })
}

describe('in an app of somebody’s own', () => {
  test('several fences stand in one stack, each told of by the descriptions of its outputs', () => {
    const voice = stack()
    const [second] = FENCE.networkAcls.slice(1)
    new SipFence(voice, 'First', { fence: { ...FENCE, networkAcls: FENCE.networkAcls.slice(0, 1) } })
    new SipFence(voice, 'Second', { fence: { ...FENCE, id: 'lab', networkAcls: [second!] } })
    const outputs = Object.values(Template.fromStack(voice).findOutputs('*'))
    const ledgers = outputs
      .map(({ Description }) => Description)
      .filter((each) => each.endsWith('LedgerTable'))
    expect(ledgers.sort()).toEqual(['sipfence lab: LedgerTable', 'sipfence pbx: LedgerTable'])
  })

  test('it tells into a topic of the app', () => {
    const voice = stack()
    const topic = new Topic(voice, 'Oncall')
    const fence = new SipFence(voice, 'Fence', { fence: FENCE, topic })
    expect([fence.topic, fence.alarmTopic]).toEqual([topic, topic])
    Template.fromStack(voice).resourceCountIs('AWS::SNS::Topic', 1)
  })

  test('settings are checked as those of the file are, all problems at once', () => {
    const fence = { ...FENCE, vpcCidrs: [], pbxs: [{ addresses: ['10.0.0.10'] }] }
    const make = () => new SipFence(stack(), 'Fence', { fence })
    expect(make).toThrow(ConfigError)
    expect(make).toThrow(/Cannot make fence Voice\/Fence:\n.*vpcCidrs.*\n.*pbxs\[0\]\.id/)
    const wrong = { ...FENCE, id: 'Not an id' } satisfies FenceSettings
    expect(() => new SipFence(stack(), 'Fence', { fence: wrong })).toThrow(/fences\[0\]\.id: should be/)
  })

  test('what CDK learns only at deployment is refused by name, because it cannot stand in the functions’ code', () => {
    const voice = stack()
    const { vpcId } = new Vpc(voice, 'Vpc')
    expect(() => new SipFence(voice, 'Fence', { fence: { ...FENCE, vpc: vpcId } })).toThrow(
      'Cannot make fence Voice/Fence: fence.vpc is known to CDK only at deployment; it should be the id or address itself',
    )
  })
})

describe('what is there already', () => {
  const existing = {
    ledgerTable: 'SipFence-pbx-LedgerABC',
    denyListIpv4: 'pl-0123456789abcdef0',
    ipSetIpv6: 'arn:aws:wafv2:eu-west-1:123456789012:regional/ipset/mine/0a1b',
  }
  const adopted = templateOf(fenceWith({ firewalls: TIERS, existing }))

  test('is used by its name or id, and not made', () => {
    adopted.resourceCountIs('AWS::DynamoDB::Table', 0)
    adopted.resourceCountIs('AWS::EC2::PrefixList', 3)
    adopted.resourceCountIs('AWS::WAFv2::IPSet', 1)
    expect(adopted.toJSON()['Outputs']).toMatchObject({
      LedgerTable: { Value: 'SipFence-pbx-LedgerABC' },
      DenyListIpv4: { Value: 'pl-0123456789abcdef0' },
      IpSetIpv6: { Value: existing.ipSetIpv6 },
    })
  })

  test('may be written by reconcile, and nothing else of its kind', () => {
    const text = JSON.stringify(adopted.findResources('AWS::IAM::Role'))
    expect(text).toContain(':ec2:eu-west-1:123456789012:prefix-list/pl-0123456789abcdef0')
    expect(text).toContain(existing.ipSetIpv6)
    expect(text).toContain(':dynamodb:eu-west-1:123456789012:table/SipFence-pbx-LedgerABC')
  })
})

describe('a key of the fence’s own', () => {
  const keyed = templateOf(fenceWith({ ownKey: true }))

  test('encrypts every queue and topic', () => {
    const key = { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] }
    const queues = Object.values(keyed.findResources('AWS::SQS::Queue'))
    expect(queues.map(({ Properties }) => Properties.KmsMasterKeyId)).toEqual([key, key, key])
    const topics = Object.values(keyed.findResources('AWS::SNS::Topic'))
    expect(topics.map(({ Properties }) => Properties.KmsMasterKeyId)).toEqual([key, key])
  })

  test('may be used by CloudWatch and EventBridge for this account, and turns each year', () => {
    const [{ Properties }] = Object.values(keyed.findResources('AWS::KMS::Key')) as [
      { Properties: { KeyPolicy: { Statement: { Sid?: string }[] }; EnableKeyRotation: boolean } },
    ]
    expect(Properties.EnableKeyRotation).toBe(true)
    const statement = (sid: string) => Properties.KeyPolicy.Statement.find(({ Sid }) => Sid === sid)
    expect(statement('Alarms')).toMatchObject({
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } },
    })
    // With a condition on the source EventBridge could not send.
    expect(statement('Schedule')).toEqual({
      Sid: 'Schedule',
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Principal: { Service: 'events.amazonaws.com' },
      Resource: '*',
    })
  })

  test('may be used by both functions and the PBX, by way of queues and topics only', () => {
    const policies = [
      ...Object.values(keyed.findResources('AWS::IAM::Role')).flatMap(({ Properties }) =>
        (Properties.Policies ?? []).map((each: { PolicyDocument: unknown }) => each.PolicyDocument),
      ),
      ...Object.values(keyed.findResources('AWS::IAM::ManagedPolicy')).map(
        ({ Properties }) => Properties.PolicyDocument,
      ),
    ] as { Statement: { Action: string | string[]; Condition?: unknown }[] }[]
    const uses = policies.flatMap(({ Statement }) =>
      Statement.filter(({ Action }) => [Action].flat().some((action) => action.startsWith('kms:'))),
    )
    expect(uses).toHaveLength(3)
    const [sqs, sns] = ['sqs.eu-west-1.amazonaws.com', 'sns.eu-west-1.amazonaws.com']
    const services = uses.map(({ Condition }) => (Condition as { StringEquals: object }).StringEquals)
    expect(services).toEqual([
      { 'kms:ViaService': [sqs] }, // analyze
      { 'kms:ViaService': [sqs, sns] }, // reconcile tells people
      { 'kms:ViaService': [sqs] }, // the PBX
    ])
  })
})
