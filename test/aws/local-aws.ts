import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { NetworkAcl } from '../../lib/local/network-acl.ts'
import type { AclSeed } from './acl-store.ts'
import { AclStore } from './acl-store.ts'
import type { AwsApi } from './aws-api.ts'
import { ec2Api } from './ec2-api.ts'
import { FaultInjector } from './faults.ts'
import type { RecordedCall } from './front.ts'
import { Front } from './front.ts'
import type { Quota } from './quotas-api.ts'
import { ACL_RULES_QUOTA, quotasApi } from './quotas-api.ts'
import type { BucketSize } from './token-bucket.ts'

export interface LocalAwsOptions {
  /** The network ACLs of the account; one default ACL, `acl-00000000000000000`, unless given. */
  readonly acls?: readonly AclSeed[]
  /** Of every ACL, and what Service Quotas says of it; 20 unless given. */
  readonly rulesQuota?: number
  /** Age of what EC2's Describe actions show, 0 unless given; a function is asked once for each of them. */
  readonly staleReadsMs?: number | (() => number)
  /** Milliseconds since the epoch; stale reads, token buckets and `calls` go by it. */
  readonly now?: () => number
  /** How a fault of latency waits; a timer unless given. */
  readonly wait?: (ms: number) => Promise<void>
  /** A token bucket for each of the actions named here; the others are never throttled. */
  readonly throttle?: Readonly<Record<string, BucketSize>>
  /** Of the fault injector; 0 unless given. */
  readonly seed?: number
  /** Services beside EC2 and Service Quotas. */
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
  readonly faults: FaultInjector
  /** Ends the server and every connection. Calls that wait are given up; they do not take effect later. */
  stop(): Promise<void>
}

const DEFAULT_ACL: AclSeed = {
  id: 'acl-00000000000000000',
  subnetIds: ['subnet-00000000000000000'],
  isDefault: true,
}

/** Starts an AWS account that speaks the wire protocols of AWS on a free port of 127.0.0.1. */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const { now = Date.now, rulesQuota = 20, staleReadsMs = 0, throttle = {}, wait } = options
  const ageMs = typeof staleReadsMs === 'function' ? staleReadsMs : () => staleReadsMs
  const store = new AclStore(options.acls ?? [DEFAULT_ACL], rulesQuota, now)
  const quotas = new Map([[ACL_RULES_QUOTA, rulesQuotaOf(rulesQuota)]])
  const faults = new FaultInjector(options.seed)
  const apis = [ec2Api(store, ageMs), quotasApi(quotas), ...(options.apis ?? [])]
  const front = new Front(apis, { faults, throttle, now, wait })
  const server = createServer((message, response) => void front.serve(message, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'LOCAL', secretAccessKey: 'local' },
    region: 'eu-west-1',
    calls: () => [...front.calls],
    acls: store.acls,
    quotas,
    faults,
    stop() {
      front.close()
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function rulesQuotaOf(applied: number): Quota {
  return { name: 'Rules per network ACL', applied, initial: 20, adjustable: true }
}
