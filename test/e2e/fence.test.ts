import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CloudFormation } from '@aws-sdk/client-cloudformation'
import type { NetworkAclEntry } from '@aws-sdk/client-ec2'
import { Lambda } from '@aws-sdk/client-lambda'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { quickRecording } from '../commands/quick-recording.ts'
import { lacks } from '../skips.ts'
import { accusation, HOST } from './accusations.ts'
import { type Cdk, cdkOn, type Outputs } from './cdk.ts'
import { type RunningCommand, startCommand } from './command.ts'
import { jsonOf, metricsOf, seriesName, seriesOf } from './log-lines.ts'
import { type MotoAccount, startMotoAccount } from './moto.ts'
import { deployedFence } from './moto-fence.ts'
import { type RunningFence, runFence } from './running-fence.ts'
import { StackTemplate } from './template.ts'

const STACK = 'SipFence-pbx'
const VICTIM = '192.0.2.200/32'
const POISONED_PHONE = '203.0.113.15/32'
const SECOND_VICTIM = '198.51.100.77'
/** Somebody's, within the numbers that are the fence's. */
const FOREIGN = { RuleNumber: 25, RuleAction: 'deny', Protocol: '6', CidrBlock: '198.51.100.99/32' } as const
const OPERATORS = { RuleNumber: 100, RuleAction: 'allow', Protocol: '-1', CidrBlock: '0.0.0.0/0' } as const

/** Each look costs a call of moto, or a round. */
const SELDOM = { interval: 500 }

interface AlarmMetric {
  readonly Namespace?: string
  readonly MetricName?: string
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[]
}

interface AlarmProperties extends AlarmMetric {
  readonly Metrics?: readonly { readonly MetricStat?: { readonly Metric: AlarmMetric } }[]
}

/** The fence's own series that any alarm of the template looks at. */
function alarmedSeries(template: StackTemplate): ReadonlySet<string> {
  const alarms = [...template.all<AlarmProperties>('AWS::CloudWatch::Alarm').values()]
  const metrics = alarms.flatMap((alarm) => alarm.Metrics?.map((each) => each.MetricStat?.Metric) ?? [alarm])
  const own = metrics.filter((metric) => metric?.Namespace === 'sipfence')
  return new Set(
    own.map((metric) => {
      const dimensions = metric!.Dimensions!.map(({ Name, Value }) => [Name, Value])
      return seriesName('sipfence', metric!.MetricName!, Object.fromEntries(dimensions))
    }),
  )
}

describe.skipIf(lacks('the whole fence on AWS', 'moto'))('a fence, from bootstrap to destroy', () => {
  let moto: MotoAccount
  let cdk: Cdk
  let folder: string
  let acl: string
  let settings: object
  let outputs: NonNullable<Outputs[string]>
  let fence: RunningFence
  let people: string
  let sidecar: RunningCommand
  /** Notices so far, by their subjects. */
  const subjects: string[] = []

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sipfence-e2e-'))
    moto = await startMotoAccount()
    cdk = cdkOn(moto)
    acl = await moto.newAcl()
    for (const entry of [FOREIGN, OPERATORS]) {
      const PortRange = { From: 22, To: 22 }
      await moto.ec2.createNetworkAclEntry({ NetworkAclId: acl, Egress: false, PortRange, ...entry })
    }
    settings = {
      id: 'pbx',
      region: moto.region,
      vpc: moto.vpc,
      vpcCidrs: ['10.0.0.0/16'],
      mode: 'enforce',
      pbxs: [{ id: HOST, addresses: ['10.0.0.10'] }],
      networkAcls: [{ id: acl }],
      learningSeconds: 0,
      ladders: { unreachableSeconds: [5], jitterShare: 0 },
    }
    writeFileSync(join(folder, 'attack.pcap'), quickRecording())
    writeFileSync(join(folder, 'sipfence.json'), JSON.stringify({ version: 1, fences: [settings] }))
  })
  afterAll(async () => {
    await sidecar?.interrupt()
    await fence?.stop()
    cdk?.remove()
    await moto?.stop()
    rmSync(folder, { recursive: true })
  })

  const command = (...args: readonly string[]) =>
    startCommand([...args, '--config', join(folder, 'sipfence.json')], moto.environment)

  async function inbound(): Promise<readonly NetworkAclEntry[]> {
    const { NetworkAcls } = await moto.ec2.describeNetworkAcls({ NetworkAclIds: [acl] })
    return NetworkAcls![0]!.Entries!.filter(({ Egress }) => Egress === false)
  }

  const lambda = () => new Lambda(moto.client)

  async function ledger() {
    const { Table } = await moto.dynamodb.describeTable({ TableName: outputs['LedgerTable'] })
    return Table
  }

  /** What stands within the numbers that are the fence's. */
  async function inWindow(): Promise<readonly (string | undefined)[]> {
    return (await inbound()).filter(({ RuleNumber }) => RuleNumber! < 80).map(({ CidrBlock }) => CidrBlock)
  }

  /** Whom the functions have ever denied or let in again, by their log. */
  function changed(): ReadonlySet<unknown> {
    const changes = jsonOf(fence.functions.Reconcile.lines).filter(({ message }) => message === 'change')
    return new Set(
      changes.map(({ entry }) => (entry as { change: { entry: { prefix: string } } }).change.entry.prefix),
    )
  }

  /** Reads what people were told since the last call. */
  async function notices(): Promise<readonly string[]> {
    const { Messages = [] } = await moto.sqs.receiveMessage({ QueueUrl: people, MaxNumberOfMessages: 10 })
    subjects.push(...Messages.map(({ Body }) => String(JSON.parse(Body!).Subject)))
    return subjects
  }

  /** What of the stack a deploy could have changed. */
  async function stack() {
    const cloudFormation = new CloudFormation(moto.client)
    const { StackResources } = await cloudFormation.describeStackResources({ StackName: STACK })
    const { StackEvents } = await cloudFormation.describeStackEvents({ StackName: STACK })
    const { TemplateBody } = await cloudFormation.getTemplate({ StackName: STACK })
    const ids = StackResources!.map(({ LogicalResourceId, PhysicalResourceId }) => [
      LogicalResourceId,
      PhysicalResourceId,
    ])
    return { ids, events: StackEvents!.length, TemplateBody }
  }

  test('is deployed, tells where everything is, and has each function fed by its queue', async () => {
    await cdk.bootstrap([settings])
    outputs = (await cdk.deploy([settings]))[STACK]!
    const { QueueUrl } = await moto.sqs.getQueueUrl({ QueueName: 'sipfence-pbx-reports' })
    expect(new URL(QueueUrl!).pathname).toBe(new URL(outputs['ReportsQueueUrl']!).pathname)
    expect(await ledger()).toMatchObject({ TableStatus: 'ACTIVE', DeletionProtectionEnabled: true })
    const { EventSourceMappings } = await lambda().listEventSourceMappings({})
    const fed = EventSourceMappings!.map(({ EventSourceArn, FunctionArn }) =>
      [EventSourceArn, FunctionArn].map((arn) => arn!.split(':').at(-1)),
    )
    expect(fed.sort()).toEqual([
      ['sipfence-pbx-reconcile.fifo', outputs['ReconcileFunction']],
      ['sipfence-pbx-reports', outputs['AnalyzeFunction']],
    ])
  })

  test('runs the functions of the stack', async () => {
    // Moto knows one sender only; on AWS the session of an instance's role is named after the instance.
    const senderOf = () => `AROALOCAL:${HOST}`
    fence = runFence(await deployedFence(moto, cdk, 'pbx', outputs), { senderOf })
    people = (await moto.sqs.createQueue({ QueueName: 'people' })).QueueUrl!
    const Endpoint = `arn:aws:sqs:${moto.region}:${moto.account}:people`
    await moto.sns.subscribe({ TopicArn: outputs['TopicArn'], Protocol: 'sqs', Endpoint })
  })

  test('denies the victim of a reflection that the sidecar sees', async () => {
    const from = ['--read', join(folder, 'attack.pcap'), '--host', HOST]
    sidecar = command('sidecar', ...from, '--spool', join(folder, 'spool'))
    await expect.poll(inWindow, SELDOM).toContain(VICTIM)
    expect((await inbound()).find(({ CidrBlock }) => CidrBlock === VICTIM)).toMatchObject({
      RuleAction: 'deny',
      Protocol: '17',
      PortRange: { From: 5060, To: 5060 },
      RuleNumber: expect.toSatisfy(
        (number: number) => number >= 20 && number <= 79 && number !== FOREIGN.RuleNumber,
      ),
    })
    const words = /^\[sipfence pbx\] BLOCKING reflection: 1 source, until .*UTC$/
    await expect.poll(notices, SELDOM).toContainEqual(expect.stringMatching(words))
  })

  test('tells people of the flood in the name of a phone, and does not deny the phone', async () => {
    const alerts = () => jsonOf(fence.functions.Analyze.lines).filter(({ message }) => message === 'alert')
    await expect.poll(alerts, SELDOM).not.toEqual([])
    await fence.tick()
    const trouble = `[sipfence pbx] TROUBLE protected-source-flood ${POISONED_PHONE}`
    await expect.poll(notices, SELDOM).toContain(trouble)
    expect(await inWindow()).not.toContain(POISONED_PHONE)
    expect((await sidecar.interrupt()).code).toBe(0)
  })

  test('has nothing to change, as cdk diff sees it', async () => {
    await cdk.diff([settings])
  })

  test('is left as it is by a deploy with nothing changed', async () => {
    const before = await stack()
    expect((await cdk.deploy([settings]))[STACK]).toEqual(outputs)
    expect(await stack()).toEqual(before)
  })

  test('lets the victim in again when the block is over and the schedule comes round', async () => {
    async function afterRound() {
      await fence.tick()
      return await inWindow()
    }
    await expect.poll(afterRound, SELDOM).toEqual([FOREIGN.CidrBlock])
  })

  test('gives CloudWatch exactly the series that its alarms look at', () => {
    const given = seriesOf(Object.values(fence.functions).flatMap(({ lines }) => lines))
    const alarmed = alarmedSeries(new StackTemplate(cdk.assembly, 'pbx'))
    // Nobody arrives here who has been denied for a minute: test/functions and test/loops have that one.
    expect([...alarmed].filter((name) => !given.has(name))).toEqual([
      'sipfence BlockedArriving {"fence":"pbx"}',
    ])
    expect([...given].filter((name) => !alarmed.has(name))).toEqual([])
    expect(metricsOf(fence.functions.Analyze.lines)).toEqual({ ProtectedFloods: expect.any(Number) })
    for (const { invocations } of Object.values(fence.functions))
      expect(invocations.filter(({ answer }) => !answer.ok)).toEqual([])
  })

  test('gives up at release what it holds, and leaves what others wrote', async () => {
    const QueueUrl = (await moto.sqs.getQueueUrl({ QueueName: 'sipfence-pbx-reports' })).QueueUrl
    const report = { ...accusation(HOST, SECOND_VICTIM), fence: 'pbx' }
    await moto.sqs.sendMessage({ QueueUrl, MessageBody: JSON.stringify(report) })
    await expect.poll(inWindow, SELDOM).toContain(`${SECOND_VICTIM}/32`)
    expect(await command('release').ended()).toMatchObject({ code: 0, err: '' })
    expect(await inWindow()).toEqual([FOREIGN.CidrBlock])
    await fence.tick()
    await fence.stop()
    expect(await inWindow()).toEqual([FOREIGN.CidrBlock])
    expect([...changed()].sort()).toEqual([VICTIM, `${SECOND_VICTIM}/32`].sort())
  })

  test('takes a changed limit into both functions and keeps its queues and ledger', async () => {
    const code = async () => (await lambda().listFunctions({})).Functions!.map((each) => each.CodeSha256)
    const before = { ...(await stack()), code: await code() }
    settings = { ...settings, limits: { challenges10: 150 } }
    await expect(cdk.diff([settings])).rejects.toThrow('exit code 1')
    const { TopicArn: _, ...kept } = (await cdk.update([settings]))[STACK]! // moto makes topics anew
    expect(outputs).toMatchObject(kept)
    expect((await stack()).events).toBeGreaterThan(before.events)
    expect(before.code).toHaveLength(2)
    expect((await code()).filter((digest) => before.code.includes(digest))).toEqual([])
  })

  test('goes away, but for its ledger and what others wrote', async () => {
    await cdk.destroy([settings])
    const cloudFormation = new CloudFormation(moto.client)
    await expect(cloudFormation.describeStacks({ StackName: STACK })).rejects.toThrow(STACK)
    expect((await moto.sqs.listQueues({})).QueueUrls).toEqual([people])
    expect(await ledger()).toMatchObject({ TableStatus: 'ACTIVE' })
    const left = (await inbound()).filter(({ RuleNumber }) => RuleNumber! < 32_767)
    expect(left).toMatchObject([FOREIGN, OPERATORS])
  })
})
