import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { NetworkAcl } from '../../lib/local/network-acl.ts'
import type { AclSeed } from './acl-store.ts'
import { AclStore } from './acl-store.ts'
import type { AwsApi } from './aws-api.ts'
import { dynamodbApi } from './dynamodb-api.ts'
import { ec2Api } from './ec2-api.ts'
import { FaultInjector } from './faults.ts'
import type { RecordedCall } from './front.ts'
import { Front } from './front.ts'
import type { Quota } from './quotas-api.ts'
import { ACL_RULES_QUOTA, quotasApi } from './quotas-api.ts'
import type { Published } from './sns-api.ts'
import { snsApi, Topics } from './sns-api.ts'
import { sqsApi } from './sqs-api.ts'
import type { QueueOptions } from './sqs-queue.ts'
import type { LocalQueue } from './sqs-queues.ts'
import { Queues } from './sqs-queues.ts'
import { startTables } from './table-server.ts'
import type { BucketSize } from './token-bucket.ts'

export interface LocalAwsOptions {
  /** The network ACLs of the account; one default ACL, `acl-00000000000000000`, unless given. */
  readonly acls?: readonly AclSeed[]
  /** Of every ACL, and what Service Quotas says of it; 20 unless given. */
  readonly rulesQuota?: number
  /** Age of what EC2's Describe actions show, 0 unless given; a function is asked once for each of them. */
  readonly staleReadsMs?: number | (() => number)
  /** The queues of SQS; none unless given. */
  readonly queues?: readonly QueueOptions[]
  /** The SenderId of what an access key id sends; any other sends as AIDALOCAL. */
  readonly senderIds?: Readonly<Record<string, string>>
  /** The names of the topics of SNS; none unless given. */
  readonly topics?: readonly string[]
  /** The names of the tables of DynamoDB, with the keys pk and sk, both text; no DynamoDB unless given. */
  readonly tables?: readonly string[]
  /** Milliseconds since the epoch; stale reads, token buckets, queues and `calls` go by it. */
  readonly now?: () => number
  /** How a fault of latency and a long poll wait; a timer unless given. */
  readonly wait?: (ms: number) => Promise<void>
  /** A token bucket for each of the actions named here; the others are never throttled. */
  readonly throttle?: Readonly<Record<string, BucketSize>>
  /** Of the fault injector; 0 unless given. */
  readonly seed?: number
  /** Further services; one of the name of an own one stands in for it. */
  readonly apis?: readonly AwsApi[]
}

/** An AWS account on loopback. An SDK client takes its endpoint, credentials and region as they are. */
export interface LocalAws {
  readonly endpoint: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly region: string
  /** Every call that had an API and an action, in order of arrival, whatever became of it. */
  calls(): readonly RecordedCall[]
  /** What the account really holds, without staleness. Changing one is what another operator would do. */
  readonly acls: ReadonlyMap<string, NetworkAcl>
  /** What Service Quotas answers, by `SERVICE_CODE/QUOTA_CODE`. Changing it does not change the ACLs' quota. */
  readonly quotas: Map<string, Quota>
  /** What a queue holds; throws where there is none of that name. */
  queue(name: string): LocalQueue
  /** The ARNs of the topics, in the order of the option. */
  readonly topicArns: readonly string[]
  /** What the topics took, in order. */
  published(): readonly Published[]
  readonly faults: FaultInjector
  /** Ends the server and every connection. Calls that wait are given up; they do not take effect later. */
  stop(): Promise<void>
}

const DEFAULT_ACL: AclSeed = {
  id: 'acl-00000000000000000',
  subnetIds: ['subnet-00000000000000000'],
  isDefault: true,
}

const REGION = 'eu-west-1'

/** Starts an AWS account that speaks the wire protocols of AWS on a free port of 127.0.0.1. */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const { now = Date.now, throttle = {}, wait } = options
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const account = await openServices(options, endpoint, now).catch((error: unknown) => {
    server.close()
    throw error
  })
  const faults = new FaultInjector(options.seed)
  const front = new Front(account.apis, { faults, throttle, now, wait })
  server.on('request', (message, response) => void front.serve(message, response))
  return {
    endpoint,
    credentials: { accessKeyId: 'LOCAL', secretAccessKey: 'local' },
    region: REGION,
    calls: () => [...front.calls],
    acls: account.acls,
    quotas: account.quotas,
    queue: (name) => account.queues.view(name),
    topicArns: account.topics.arns,
    published: () => [...account.topics.published],
    faults,
    async stop() {
      front.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await account.stop()
    },
  }
}

interface Services {
  readonly apis: readonly AwsApi[]
  readonly acls: ReadonlyMap<string, NetworkAcl>
  readonly quotas: Map<string, Quota>
  readonly queues: Queues
  readonly topics: Topics
  stop(): Promise<void>
}

/** What the account holds, and the APIs to it. An API of the test comes first, so that it may stand in for one. */
async function openServices(
  options: LocalAwsOptions,
  endpoint: string,
  now: () => number,
): Promise<Services> {
  const { rulesQuota = 20, staleReadsMs = 0, senderIds = {}, wait } = options
  const ageMs = typeof staleReadsMs === 'function' ? staleReadsMs : () => staleReadsMs
  const store = new AclStore(options.acls ?? [DEFAULT_ACL], rulesQuota, now)
  const quotas = new Map([[ACL_RULES_QUOTA, rulesQuotaOf(rulesQuota)]])
  const queues = new Queues(options.queues ?? [], REGION, endpoint, now)
  const topics = new Topics(options.topics ?? [], REGION, now)
  const tables = options.tables && (await startTables(options.tables))
  const apis = [
    ...(options.apis ?? []),
    ec2Api(store, ageMs),
    quotasApi(quotas),
    sqsApi(queues, senderIds, { now, wait }),
    snsApi(topics),
    ...(tables ? [dynamodbApi(tables)] : []),
  ]
  return { apis, acls: store.acls, quotas, queues, topics, stop: async () => await tables?.stop() }
}

function rulesQuotaOf(applied: number): Quota {
  return { name: 'Rules per network ACL', applied, initial: 20, adjustable: true }
}
