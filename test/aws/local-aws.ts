import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { NetworkAcl } from '../../lib/local/network-acl.ts'
import type { ManagedPrefixList } from '../../lib/local/prefix-list.ts'
import type { SecurityGroup } from '../../lib/local/security-group.ts'
import type { AclSeed } from './acl-store.ts'
import { AclStore } from './acl-store.ts'
import type { AwsApi } from './aws-api.ts'
import type { InstanceSeed } from './describe-instances.ts'
import type { NetworkInterfaceSeed } from './describe-network-interfaces.ts'
import type { VpcSeed } from './describe-vpcs.ts'
import { dynamodbApi } from './dynamodb-api.ts'
import type { Ec2Stores } from './ec2-api.ts'
import { ec2Api } from './ec2-api.ts'
import { FaultInjector } from './faults.ts'
import type { RecordedCall } from './front.ts'
import { Front } from './front.ts'
import { type InProcessHandler, inProcessHandler } from './in-process.ts'
import type { IpSet, IpSetSeed } from './ip-set.ts'
import { memoryTables } from './memory-tables.ts'
import type { PrefixListSeed } from './prefix-list-store.ts'
import { PrefixListStore } from './prefix-list-store.ts'
import type { Quota } from './quotas-api.ts'
import { ACL_RULES_QUOTA, GROUP_RULES_QUOTA, quotasApi } from './quotas-api.ts'
import type { SecurityGroupSeed } from './security-group-store.ts'
import { SecurityGroupStore } from './security-group-store.ts'
import type { Published } from './sns-api.ts'
import { snsApi, Topics } from './sns-api.ts'
import { sqsApi } from './sqs-api.ts'
import type { QueueOptions } from './sqs-queue.ts'
import type { LocalQueue } from './sqs-queues.ts'
import { Queues } from './sqs-queues.ts'
import type { BucketSize } from './token-bucket.ts'
import type { WebAclSeed } from './waf-store.ts'
import { WafStore } from './waf-store.ts'
import { WAF_BUCKETS, wafv2Api } from './wafv2-api.ts'

export interface LocalAwsOptions {
  /** The network ACLs of the account; one default ACL, `acl-00000000000000000`, unless given. */
  readonly acls?: readonly AclSeed[]
  /** Of every ACL, and what Service Quotas says of it; 20 unless given. */
  readonly rulesQuota?: number
  /** The managed prefix lists of the account; none unless given. */
  readonly prefixLists?: readonly PrefixListSeed[]
  /** How long a change of a prefix list is in progress, 0 unless given. */
  readonly prefixListMs?: number
  /** The security groups of the account; none unless given. */
  readonly securityGroups?: readonly SecurityGroupSeed[]
  /** Of every security group, and what Service Quotas says of it; 60 unless given. */
  readonly groupRulesQuota?: number
  /** The network interfaces of the account; none unless given. */
  readonly networkInterfaces?: readonly NetworkInterfaceSeed[]
  /** The instances and VPCs of the account; none unless given. */
  readonly instances?: readonly InstanceSeed[]
  readonly vpcs?: readonly VpcSeed[]
  /** The IP sets and web ACLs of WAFv2; none unless given. */
  readonly ipSets?: readonly IpSetSeed[]
  readonly webAcls?: readonly WebAclSeed[]
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
  /** Age of what DynamoDB's reads show that do not ask for strong consistency, 0 unless given. */
  readonly staleTableMs?: number
  /** Milliseconds since the epoch; stale reads, token buckets, queues and `calls` go by it. */
  readonly now?: () => number
  /** How a fault of latency and a long poll wait; a timer unless given. */
  readonly wait?: (ms: number) => Promise<void>
  /** A token bucket for each of the actions named here. Of the others, WAFv2's writes alone are throttled. */
  readonly throttle?: Readonly<Record<string, BucketSize>>
  /** Of the fault injector; 0 unless given. */
  readonly seed?: number
  /** Further services; one of the name of an own one stands in for it. */
  readonly apis?: readonly AwsApi[]
}

/** An AWS account on loopback. An SDK client takes its endpoint, credentials and region as they are, or `client`. */
export interface LocalAws {
  /** For SDK clients in this process, whose calls then need no sockets. */
  readonly client: {
    readonly endpoint: string
    readonly credentials: LocalAws['credentials']
    readonly region: string
    readonly requestHandler: InProcessHandler
  }
  readonly endpoint: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly region: string
  /** Every call that had an API and an action, in order of arrival, whatever became of it. */
  calls(): readonly RecordedCall[]
  /** What the account really holds, without staleness. Changing one is what another operator would do. */
  readonly acls: ReadonlyMap<string, NetworkAcl>
  readonly prefixLists: ReadonlyMap<string, ManagedPrefixList>
  readonly securityGroups: ReadonlyMap<string, SecurityGroup>
  /** By name. */
  readonly ipSets: ReadonlyMap<string, IpSet>
  /** What Service Quotas answers, by `SERVICE_CODE/QUOTA_CODE`. Changing it does not change what is enforced. */
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
  let account: Services
  try {
    account = openServices(options, endpoint, now)
  } catch (error) {
    server.close()
    throw error
  }
  const faults = new FaultInjector(options.seed)
  const front = new Front(account.apis, { faults, throttle: { ...WAF_BUCKETS, ...throttle }, now, wait })
  server.on('request', (message, response) => void front.serve(message, response))
  const own = { endpoint, credentials: { accessKeyId: 'LOCAL', secretAccessKey: 'local' }, region: REGION }
  return {
    ...own,
    client: { ...own, requestHandler: inProcessHandler(front) },
    calls: () => [...front.calls],
    acls: account.ec2.acls.acls,
    prefixLists: account.ec2.prefixLists.lists,
    securityGroups: account.ec2.securityGroups.groups,
    ipSets: account.waf.ipSets,
    quotas: account.quotas,
    queue: (name) => account.queues.view(name),
    topicArns: account.topics.arns,
    published: () => [...account.topics.published],
    faults,
    async stop() {
      front.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Services {
  readonly apis: readonly AwsApi[]
  readonly ec2: Ec2Stores
  readonly waf: WafStore
  readonly quotas: Map<string, Quota>
  readonly queues: Queues
  readonly topics: Topics
}

/** What the account holds, and the APIs to it. An API of the test comes first, so that it may stand in for one. */
function openServices(options: LocalAwsOptions, endpoint: string, now: () => number): Services {
  const { rulesQuota = 20, groupRulesQuota = 60, staleReadsMs = 0, senderIds = {}, wait } = options
  const ageMs = typeof staleReadsMs === 'function' ? staleReadsMs : () => staleReadsMs
  const ec2 = openEc2(options, rulesQuota, groupRulesQuota, now)
  const waf = new WafStore(options.ipSets ?? [], options.webAcls ?? [], REGION)
  const quotas = new Map([
    [ACL_RULES_QUOTA, quotaOf('Rules per network ACL', rulesQuota, 20)],
    [GROUP_RULES_QUOTA, quotaOf('Inbound or outbound rules per security group', groupRulesQuota, 60)],
  ])
  const queues = new Queues(options.queues ?? [], REGION, endpoint, now)
  const topics = new Topics(options.topics ?? [], REGION, now)
  const tables = options.tables && memoryTables(options.tables, now, () => options.staleTableMs ?? 0)
  const apis = [
    ...(options.apis ?? []),
    ec2Api(ec2, ageMs),
    wafv2Api(waf),
    quotasApi(quotas),
    sqsApi(queues, senderIds, { now, wait }),
    snsApi(topics),
    ...(tables ? [dynamodbApi(tables)] : []),
  ]
  return { apis, ec2, waf, quotas, queues, topics }
}

function openEc2(
  options: LocalAwsOptions,
  rulesQuota: number,
  groupRulesQuota: number,
  now: () => number,
): Ec2Stores {
  const prefixLists = new PrefixListStore(options.prefixLists ?? [], options.prefixListMs ?? 0, now)
  return {
    acls: new AclStore(options.acls ?? [DEFAULT_ACL], rulesQuota, now),
    prefixLists,
    securityGroups: new SecurityGroupStore(options.securityGroups ?? [], groupRulesQuota, prefixLists, now),
    networkInterfaces: options.networkInterfaces ?? [],
    instances: options.instances ?? [],
    vpcs: options.vpcs ?? [],
  }
}

function quotaOf(name: string, applied: number, initial: number): Quota {
  return { name, applied, initial, adjustable: true }
}
