import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CloudFormation } from '@aws-sdk/client-cloudformation'
import { DynamoDB } from '@aws-sdk/client-dynamodb'
import { SQS } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FENCE, ROOT } from '../infra/synth.ts'
import { lacks } from '../skips.ts'
import { type Cdk, cdkOn } from './cdk.ts'
import { type MotoAccount, startMotoAccount } from './moto.ts'

const STACK = 'SipFence-pbx'
const ROW = { pk: { S: 'claims' }, sk: { S: 'acl-0a1b2c3d' }, claims: { L: [] }, note: { S: 'of before' } }
/** The same fence as the template of before was made of; without tiers, which moto cannot make. */
const SETTINGS = FENCE

interface Resource {
  readonly Type: string
  readonly Properties: Record<string, unknown>
  Metadata?: unknown
}

/**
 * The template of then, as moto can take it: with code of its own, because there are no bundles of then, and with today's
 * metadata, because moto takes a change of those for one of the ledger, and loses it.
 */
function templateOf(version: string, assembly: string): string {
  const read = (path: string): { Resources: Record<string, Resource>; Rules?: unknown } =>
    JSON.parse(readFileSync(path, 'utf8'))
  const template = read(join(ROOT, 'test/infra/templates', `${version}-network-acls.json`))
  const today = read(join(assembly, `${STACK}.template.json`)).Resources
  for (const [id, resource] of Object.entries(template.Resources)) {
    resource.Metadata = today[id]?.Metadata
    if (resource.Type === 'AWS::Lambda::Function')
      resource.Properties['Code'] = { ZipFile: 'exports.handler = async () => {}' }
  }
  delete template.Rules // of the bootstrap version, which moto cannot look up
  return JSON.stringify(template)
}

describe.skipIf(lacks('an upgrade of the stack', 'moto'))('an upgrade from 0.1.0', () => {
  let moto: MotoAccount
  let cdk: Cdk
  const client = () => ({ ...moto.client, region: FENCE.region })

  beforeAll(async () => {
    moto = await startMotoAccount()
    cdk = cdkOn(moto)
    await cdk.bootstrap([SETTINGS])
    const cloudFormation = new CloudFormation(client())
    await cloudFormation.createStack({
      StackName: STACK,
      TemplateBody: templateOf('0.1.0', cdk.assembly),
      Capabilities: ['CAPABILITY_NAMED_IAM'],
    })
  })
  afterAll(async () => {
    cdk?.remove()
    await moto?.stop()
  })

  async function outputs(): Promise<Readonly<Record<string, string>>> {
    const { Stacks } = await new CloudFormation(client()).describeStacks({ StackName: STACK })
    return Object.fromEntries(
      Stacks![0]!.Outputs!.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]),
    )
  }

  test('keeps the ledger with what is in it, the queues with what waits there, and all that commands find it by', async () => {
    const before = await outputs()
    const dynamodb = new DynamoDB(client())
    const sqs = new SQS({ ...client(), useQueueUrlAsEndpoint: false })
    const QueueUrl = (await sqs.getQueueUrl({ QueueName: 'sipfence-pbx-reports' })).QueueUrl!
    await dynamodb.putItem({ TableName: before['LedgerTable']!, Item: ROW })
    await sqs.sendMessage({ QueueUrl, MessageBody: 'a report' })

    await cdk.update([SETTINGS])

    // Moto makes topics anew with each update, and knows neither prefix lists nor IP sets: test/infra/upgrade.test.ts does.
    const { TopicArn: _, ...kept } = before
    expect(await outputs()).toMatchObject(kept)
    const { Item } = await dynamodb.getItem({
      TableName: before['LedgerTable']!,
      Key: { pk: ROW.pk, sk: ROW.sk },
    })
    expect(Item).toEqual(ROW)
    expect((await dynamodb.listTables({})).TableNames).toEqual([before['LedgerTable']])
    const { Attributes } = await sqs.getQueueAttributes({
      QueueUrl,
      AttributeNames: ['ApproximateNumberOfMessages'],
    })
    expect(Attributes?.['ApproximateNumberOfMessages']).toBe('1')
  })
})
