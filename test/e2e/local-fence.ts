import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SQS } from '@aws-sdk/client-sqs'
import { ReportQueue } from '../../lib/aws/report-queue.ts'
import type { FenceConfig } from '../../lib/config.ts'
import type { LocalAws, LocalAwsOptions } from '../aws/local-aws.ts'
import { startLocalAws } from '../aws/local-aws.ts'
import type { QueueOptions } from '../aws/sqs-queue.ts'
import { withAssembly } from '../infra/synth.ts'
import { type Mapping, UNLIMITED } from './event-source.ts'
import type { FunctionSpec } from './function-process.ts'
import {
  type Deployed,
  type FunctionId,
  type RunningFence,
  type RunOptions,
  runFence,
} from './running-fence.ts'
import {
  type FunctionProperties,
  functionOf,
  type MappingProperties,
  type QueueProperties,
  type Reference,
  StackTemplate,
  scheduleOf,
} from './template.ts'

const TABLE = 'ledger'
const TOPIC = 'notices'

/** What `cdk synth` makes of a fence, kept until it is removed: some four seconds. */
export interface Assembly {
  readonly template: StackTemplate
  remove(): void
}

export function assemble(fence: FenceConfig): Assembly {
  const folder = mkdtempSync(join(tmpdir(), 'sipfence-assembly-'))
  // CDK's own validation takes as long as all the rest, and has a test of its own.
  process.env['CDK_VALIDATION'] = 'false'
  withAssembly([fence], (assembly) => cpSync(assembly, folder, { recursive: true }))
  return {
    template: new StackTemplate(folder, fence.id),
    remove: () => rmSync(folder, { recursive: true }),
  }
}

type Variables = Readonly<Record<string, string>>

export interface LocalFenceOptions extends RunOptions {
  /** Who may send as an EC2 instance: with its id as access key. */
  readonly hosts: readonly string[]
  /** How long a report is in flight, where waiting for the stack's three minutes would be too long. */
  readonly reportSeconds?: number
  /** What there is in the account beside what the stack makes. */
  readonly account?: Pick<LocalAwsOptions, 'securityGroups' | 'networkInterfaces' | 'apis'>
  /** What else one of the functions has in its environment. */
  readonly environment?: (aws: LocalAws) => Promise<Readonly<Partial<Record<FunctionId, Variables>>>>
}

/** A fence in an account on loopback, its queues and functions as the template has them, and running. */
export interface LocalFence extends RunningFence {
  readonly aws: LocalAws
  /** Of the account, whose queues go by it; it runs like the machine's, and can be moved. */
  now(): number
  /** Moves the account's clock forward, so that nobody waits for what takes its time there. */
  advance(ms: number): void
  /** Sends a message to the queue of reports, as the instance of that id. */
  send(host: string, body: string): Promise<void>
}

export async function startLocalFence(
  template: StackTemplate,
  options: LocalFenceOptions,
): Promise<LocalFence> {
  const { hosts, reportSeconds } = options
  const queues = [...template.all<QueueProperties>('AWS::SQS::Queue').values()].map((queue) =>
    queueOf(template, queue, reportSeconds),
  )
  let ahead = 0
  const now = () => Date.now() + ahead
  const aws = await startLocalAws({
    now,
    ...options.account,
    ...placesOf(template),
    tables: [TABLE],
    topics: [TOPIC],
    queues,
    senderIds: Object.fromEntries(hosts.map((host) => [host, `AROALOCAL:${host}`])),
  })
  const more = (await options.environment?.(aws)) ?? {}
  const running = runFence(deployedOn(aws, template, more), options)
  const { endpoint, region } = aws
  const clients = new Map<string, SQS>()
  async function send(host: string, body: string): Promise<void> {
    const credentials = { accessKeyId: host, secretAccessKey: 'local' }
    const sqs = clients.get(host) ?? new SQS({ endpoint, region, credentials })
    clients.set(host, sqs)
    const sent = await new ReportQueue({ fence: template.fence, region, sqs }).send(body)
    if (!sent.ok) throw new Error(sent.reason)
  }
  async function stop(): Promise<void> {
    for (const client of clients.values()) client.destroy()
    await running.stop()
    await aws.stop()
  }
  const advance = (ms: number) => {
    ahead += ms
  }
  return { ...running, aws, now, advance, send, stop }
}

function queueOf(template: StackTemplate, queue: QueueProperties, reportSeconds?: number): QueueOptions {
  const { QueueName: name, VisibilityTimeout: visibilitySeconds = 30, RedrivePolicy: redrive } = queue
  const retentionSeconds = queue.MessageRetentionPeriod
  const contentBasedDeduplication = queue.ContentBasedDeduplication ?? false
  const known = { name, retentionSeconds, contentBasedDeduplication, visibilitySeconds }
  if (redrive === undefined) return known
  const dead = template.all<QueueProperties>('AWS::SQS::Queue').get(idOf(redrive.deadLetterTargetArn))!
  const deadLetter = { queue: dead.QueueName, maxReceiveCount: redrive.maxReceiveCount }
  return { ...known, visibilitySeconds: reportSeconds ?? visibilitySeconds, deadLetter }
}

function deployedOn(
  aws: LocalAws,
  template: StackTemplate,
  more: Readonly<Partial<Record<FunctionId, Variables>>>,
): Deployed {
  const queueOfId = (id: string) =>
    aws.queue(template.all<QueueProperties>('AWS::SQS::Queue').get(id)!.QueueName)
  const mapping = (path: string): Mapping => {
    const { EventSourceArn, BatchSize, FunctionResponseTypes, ScalingConfig } =
      template.at<MappingProperties>(path)
    const { url: queueUrl, arn: queueArn } = queueOfId(idOf(EventSourceArn))
    return {
      queueUrl,
      queueArn,
      batchSize: BatchSize,
      reportsFailures: FunctionResponseTypes?.includes('ReportBatchItemFailures') ?? false,
      maximumConcurrency: ScalingConfig?.MaximumConcurrency ?? UNLIMITED,
    }
  }
  const spec = (id: FunctionId): FunctionSpec => {
    const { Variables } = template.at<FunctionProperties>(`${id}/Resource`).Environment
    const values = Object.entries(Variables).map(([name, value]) => [name, resolved(value, aws, template)])
    const own = { ...environmentOf(aws), ...Object.fromEntries(values), ...more[id] }
    return functionOf(template, id, own)
  }
  const mappings = {
    Analyze: mapping('Analyze/Reports/Resource'),
    Reconcile: mapping('Reconcile/Wake/Resource'),
  }
  return {
    functions: { Analyze: spec('Analyze'), Reconcile: spec('Reconcile') },
    mappings,
    schedule: scheduleOf(template, mappings.Reconcile.queueUrl),
    client: aws,
  }
}

interface ListProperties {
  readonly PrefixListName: string
  readonly AddressFamily: string
  readonly MaxEntries: number
}

/** The prefix lists and IP sets of the template, as AWS makes them. */
function placesOf(template: StackTemplate): Pick<LocalAwsOptions, 'prefixLists' | 'ipSets'> {
  const lists = [...template.all<ListProperties>('AWS::EC2::PrefixList').values()]
  const sets = [...template.all<{ Name: string; IPAddressVersion: string }>('AWS::WAFv2::IPSet').values()]
  const familyOf = (version: string) => (version.toLowerCase() === 'ipv6' ? 6 : 4)
  return {
    prefixLists: lists.map(({ PrefixListName: name, AddressFamily, MaxEntries: maxEntries }, i) => ({
      id: `pl-0000000000000000${i + 1}`,
      name,
      family: familyOf(AddressFamily),
      maxEntries,
    })),
    ipSets: sets.map(({ Name: name, IPAddressVersion }) => ({ name, family: familyOf(IPAddressVersion) })),
  }
}

/** What AWS makes of a reference to a table, a queue, a topic, a prefix list or an IP set. */
function resolved(value: string | Reference, aws: LocalAws, template: StackTemplate): string {
  if (typeof value === 'string') return value
  const id = idOf(value)
  if (template.all('AWS::DynamoDB::Table').has(id)) return TABLE
  if (template.all('AWS::SNS::Topic').has(id)) return aws.topicArns[0]!
  const list = template.all<ListProperties>('AWS::EC2::PrefixList').get(id)?.PrefixListName
  if (list !== undefined)
    return [...aws.prefixLists.values()].find((each) => each.describe().name === list)!.id
  const ipSet = template.all<{ readonly Name: string }>('AWS::WAFv2::IPSet').get(id)?.Name
  if (ipSet !== undefined) return aws.ipSets.get(ipSet)!.arn
  return aws.queue(template.all<QueueProperties>('AWS::SQS::Queue').get(id)!.QueueName).url
}

function idOf(reference: Reference): string {
  return 'Ref' in reference ? reference.Ref : reference['Fn::GetAtt'][0]
}

function environmentOf({ endpoint, region, credentials }: LocalAws): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  }
}
