import { CloudFormation } from '@aws-sdk/client-cloudformation'
import { DynamoDB } from '@aws-sdk/client-dynamodb'
import { Lambda } from '@aws-sdk/client-lambda'
import { SQS } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lacks } from '../skips.ts'
import { type Cdk, cdkOn, type Outputs } from './cdk.ts'
import { type MotoAccount, startMotoAccount } from './moto.ts'

const STACK = 'SipFence-pbx'

describe.skipIf(lacks('deployments', 'moto'))('the stack, deployed by the CDK command line', () => {
  let moto: MotoAccount
  let cdk: Cdk
  let fence: object
  let outputs: Outputs[string]

  beforeAll(async () => {
    moto = await startMotoAccount()
    cdk = cdkOn(moto)
    fence = {
      id: 'pbx',
      region: moto.region,
      vpc: moto.vpc,
      pbxs: [{ id: 'i-0123456789abcdef0', addresses: ['10.0.0.10'] }],
      networkAcls: [{ id: await moto.newAcl() }],
    }
    await cdk.bootstrap([fence])
    outputs = (await cdk.deploy([fence]))[STACK]!
  }, 90_000)
  afterAll(async () => {
    cdk?.remove()
    await moto?.stop()
  })

  /** What differs after any update: how much happened to the stack, and what code the functions have. */
  async function state() {
    const { StackEvents } = await new CloudFormation(moto.client).describeStackEvents({ StackName: STACK })
    const { Functions } = await new Lambda(moto.client).listFunctions({})
    return { events: StackEvents!.length, code: Functions!.map(({ CodeSha256 }) => CodeSha256).sort() }
  }

  test('tells where everything is', async () => {
    expect(Object.keys(outputs!).sort()).toEqual([
      'AnalyzeFunction',
      'LedgerTable',
      'PbxInstanceProfile',
      'PbxPolicyArn',
      'ReconcileFunction',
      'ReconcileQueueUrl',
      'ReportsDeadQueueUrl',
      'ReportsQueueUrl',
      'TopicArn',
    ])
    const { Table } = await new DynamoDB(moto.client).describeTable({ TableName: outputs!['LedgerTable'] })
    expect(Table).toMatchObject({ TableStatus: 'ACTIVE', DeletionProtectionEnabled: true })
    const { QueueUrl } = await new SQS(moto.client).getQueueUrl({ QueueName: 'sipfence-pbx-reports' })
    expect(new URL(QueueUrl!).pathname).toBe(new URL(outputs!['ReportsQueueUrl']!).pathname)
  })

  test('has each function fed by its queue', async () => {
    const { EventSourceMappings } = await new Lambda(moto.client).listEventSourceMappings({})
    const fed = EventSourceMappings!.map(({ EventSourceArn, FunctionArn }) => [
      EventSourceArn!.split(':').at(-1),
      FunctionArn!.split(':').at(-1),
    ])
    expect(fed.sort()).toEqual([
      ['sipfence-pbx-reconcile.fifo', outputs!['ReconcileFunction']],
      ['sipfence-pbx-reports', outputs!['AnalyzeFunction']],
    ])
  })

  test('is left as it is by a deploy with nothing changed', async () => {
    const before = await state()
    expect((await cdk.deploy([fence]))[STACK]).toEqual(outputs)
    expect(await state()).toEqual(before)
  })

  test('takes a changed limit into both functions and keeps its queues and ledger', async () => {
    const before = await state()
    const changed = { ...fence, limits: { challenges10: 150 } }
    const { TopicArn: _, ...kept } = (await cdk.update([changed]))[STACK]! // moto makes topics anew
    expect(outputs).toMatchObject(kept)
    const after = await state()
    expect(after.events).toBeGreaterThan(before.events)
    expect(after.code.filter((digest) => before.code.includes(digest))).toEqual([])
  })

  test('goes away, but for its ledger', async () => {
    await cdk.destroy([fence])
    await expect(new CloudFormation(moto.client).describeStacks({ StackName: STACK })).rejects.toThrow(STACK)
    expect((await new SQS(moto.client).listQueues({})).QueueUrls ?? []).toEqual([])
    const { Table } = await new DynamoDB(moto.client).describeTable({ TableName: outputs!['LedgerTable'] })
    expect(Table!.TableStatus).toBe('ACTIVE')
  })
})
