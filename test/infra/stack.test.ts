import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { FENCE, fenceWith, TIERS, templateOf } from './synth.ts'

const template = templateOf(fenceWith())
const tiered = templateOf(fenceWith({ firewalls: TIERS }))

/** The only resource of a type that has these properties. */
function only(type: string, properties: object = {}): Record<string, unknown> {
  const found = Object.values(template.findResources(type, { Properties: properties }))
  expect(found).toHaveLength(1)
  return found[0]!
}

/** A reference to whatever CDK named so, but for the digest that it appends. */
function arnOf(name: string): object {
  return { 'Fn::GetAtt': [Match.stringLikeRegexp(`^${name}[0-9A-F]{8}$`), 'Arn'] }
}

describe('the queues', () => {
  test('reports are kept for 15 minutes and hidden for six times the function’s time', () => {
    template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'sipfence-pbx-reports',
      MessageRetentionPeriod: 900,
      VisibilityTimeout: 60,
      FifoQueue: Match.absent(),
    })
  })

  test('a report that failed five times is kept aside for two weeks', () => {
    template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'sipfence-pbx-reports',
      RedrivePolicy: { deadLetterTargetArn: arnOf('QueuesReportsDead'), maxReceiveCount: 5 },
    })
    template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'sipfence-pbx-reports-dead',
      MessageRetentionPeriod: 1_209_600,
    })
  })

  test('the reconcile queue is FIFO, forgets after two minutes, and has no dead-letter queue', () => {
    template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'sipfence-pbx-reconcile.fifo',
      FifoQueue: true,
      ContentBasedDeduplication: true,
      MessageRetentionPeriod: 120,
      VisibilityTimeout: 35,
      RedrivePolicy: Match.absent(),
    })
  })

  test('there are three, all encrypted, and none takes a message without TLS', () => {
    template.resourceCountIs('AWS::SQS::Queue', 3)
    template.allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true })
    template.resourceCountIs('AWS::SQS::QueuePolicy', 3)
    template.allResourcesProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 'sqs:*',
            Effect: 'Deny',
            Principal: { AWS: '*' },
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ]),
      },
    })
  })
})

describe('the ledger', () => {
  test('has pk and sk, is paid by request, can be restored to any point, and drops what expired', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
      GlobalSecondaryIndexes: Match.absent(),
      TableName: Match.absent(),
    })
  })

  test('outlives its stack', () => {
    template.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: { DeletionProtectionEnabled: true },
    })
  })
})

describe('the functions', () => {
  const environment = {
    SIPFENCE_TABLE: { Ref: Match.stringLikeRegexp('^Ledger') },
    SIPFENCE_RECONCILE_QUEUE_URL: { Ref: Match.stringLikeRegexp('^QueuesReconcile') },
    POWERTOOLS_METRICS_NAMESPACE: 'sipfence',
  }

  test.each([
    ['analyze', 1_769, {}],
    ['reconcile', 256, { SIPFENCE_TOPIC_ARN: { Ref: Match.stringLikeRegexp('^Topic') } }],
  ])('%s has %d MB, 30 s and its settings in the environment', (name, MemorySize, more) => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Description: `sipfence ${name} of fence pbx`,
      MemorySize,
      Environment: { Variables: Match.exact({ ...environment, ...more, POWERTOOLS_SERVICE_NAME: name }) },
    })
  })

  test('there are two, on arm64 and Node 24, and neither reserves concurrency', () => {
    template.resourceCountIs('AWS::Lambda::Function', 2)
    template.allResourcesProperties('AWS::Lambda::Function', {
      Handler: 'index.handler',
      Architectures: ['arm64'],
      Runtime: 'nodejs24.x',
      Timeout: 30,
      ReservedConcurrentExecutions: Match.absent(),
    })
  })

  test('each has its own log, kept for a month', () => {
    template.resourceCountIs('AWS::Logs::LogGroup', 2)
    template.allResources('AWS::Logs::LogGroup', {
      DeletionPolicy: 'Delete',
      Properties: { RetentionInDays: 30 },
    })
    for (const name of ['Analyze', 'Reconcile']) {
      only('AWS::Lambda::Function', {
        LoggingConfig: { LogGroup: { Ref: Match.stringLikeRegexp(`^${name}Log`) } },
      })
    }
  })

  test('analyze takes five reports at once, at most two such batches, and gives back only those that failed', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: arnOf('QueuesReports'),
      FunctionName: { Ref: Match.stringLikeRegexp('^Analyze') },
      BatchSize: 5,
      MaximumBatchingWindowInSeconds: Match.absent(),
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
    })
  })

  test('reconcile takes the wakes, ten at once, and fails as a whole', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: arnOf('QueuesReconcile'),
      FunctionName: { Ref: Match.stringLikeRegexp('^Reconcile') },
      BatchSize: 10,
      FunctionResponseTypes: Match.absent(),
    })
    template.resourceCountIs('AWS::Lambda::EventSourceMapping', 2)
  })
})

describe('the schedule', () => {
  test('wakes the fence each minute with a body that differs each time', () => {
    const { Properties } = only('AWS::Events::Rule') as { Properties: { Targets: [Target] } }
    expect(Properties).toMatchObject({ ScheduleExpression: 'rate(1 minute)', State: 'ENABLED' })
    const [{ SqsParameters, InputTransformer }] = Properties.Targets
    expect(SqsParameters).toEqual({ MessageGroupId: 'pbx' })
    expect(InputTransformer.InputPathsMap).toEqual({ time: '$.time' })
    const body = InputTransformer.InputTemplate.replace('<time>', '"2026-11-22T10:43:00Z"')
    expect(JSON.parse(body)).toEqual({
      schema: 'sipfence.wake/1',
      fence: 'pbx',
      reason: 'schedule',
      at: '2026-11-22T10:43:00Z',
    })
  })

  test('is the only one from outside that may send to a queue, by this rule of this account', () => {
    const policies = Object.values(template.findResources('AWS::SQS::QueuePolicy'))
    const allowed = policies
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .filter(({ Effect }: { Effect: string }) => Effect === 'Allow')
    expect(allowed).toEqual([
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: { 'Fn::GetAtt': [expect.stringMatching(/^QueuesReconcile/), 'Arn'] },
        Condition: {
          ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [expect.stringMatching(/^EachMinute/), 'Arn'] } },
          StringEquals: { 'aws:SourceAccount': FENCE.account },
        },
      },
    ])
  })
})

interface Target {
  readonly SqsParameters: unknown
  readonly InputTransformer: { readonly InputPathsMap: unknown; readonly InputTemplate: string }
}

describe('the topic', () => {
  test('has a generated name and takes nothing without TLS', () => {
    template.hasResourceProperties('AWS::SNS::Topic', { TopicName: Match.absent() })
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Action: 'sns:Publish',
            Effect: 'Deny',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ],
      },
    })
  })
})

describe('the stack', () => {
  const NAMES = [
    'AlarmTopicArn',
    'AnalyzeFunction',
    'AnalyzeLogGroup',
    'LedgerTable',
    'PbxPolicyArn',
    'ReconcileFunction',
    'ReconcileLogGroup',
    'ReconcileQueueUrl',
    'ReportsDeadQueueUrl',
    'ReportsQueueUrl',
    'TopicArn',
  ]

  test('tells what commands find the fence by, under names that stay', () => {
    const told = (over: object) => Object.keys(templateOf(fenceWith(over)).findOutputs('*')).sort()
    expect(told({})).toEqual([...NAMES, 'PbxInstanceProfile'].sort())
    expect(told({ instanceRole: 'pbx' })).toEqual(NAMES)
  })

  test('tags whatever can have a tag with the fence', () => {
    const untagged = Object.values(tiered.toJSON()['Resources'] as Record<string, Tagged>)
      .filter(({ Properties: { Tags = [] } }) => !Tags.some(({ Key }) => Key === 'sipfence:fence'))
      .map(({ Type }) => Type)
    expect([...new Set(untagged)].sort()).toEqual([
      'AWS::IAM::InstanceProfile',
      'AWS::IAM::ManagedPolicy',
      'AWS::SNS::TopicPolicy',
      'AWS::SQS::QueuePolicy',
    ])
  })

  test.each([
    ['without tiers', template],
    ['with all of them', tiered],
  ])('names nobody’s address, and no PBX, %s', (_, of) => {
    const text = JSON.stringify(of.toJSON())
    for (const each of ['10.0.0', '198.51.100', '192.0.2', '203.0.113', '2001:db8', 'i-0123456789abcdef0'])
      expect(text).not.toContain(each)
  })

  test('is made for an account that is found out later, too', () => {
    const { account: _, ...rest } = fenceWith({ firewalls: TIERS })
    const { Parameters, ...later } = templateOf(rest).toJSON()
    expect(JSON.stringify(later)).not.toContain('123456789012')
    expect(JSON.stringify(later)).toContain('"Ref":"AWS::AccountId"')
  })
})

interface Tagged {
  readonly Type: string
  readonly Properties: { readonly Tags?: readonly { readonly Key: string }[] }
}
