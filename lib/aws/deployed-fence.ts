import { setTimeout } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { EC2Client } from '@aws-sdk/client-ec2'
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas'
import { SNSClient } from '@aws-sdk/client-sns'
import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs'
import { WAFV2Client } from '@aws-sdk/client-wafv2'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import type { FenceConfig } from '../config.ts'
import { protectionOf } from '../core/protection.ts'
import type { Places } from '../names.ts'
import type { Tiers } from '../tiers.ts'
import { FenceState } from './fence-state.ts'
import { DynamoLedger } from './ledger.ts'
import { LedgerTable } from './ledger-table.ts'
import { NetworkAclFirewall } from './network-acl.ts'
import { RULES_PER_NETWORK_ACL, rulesQuota } from './rules-quota.ts'
import { openTiers } from './tiers.ts'
import { wakeQueue } from './wake-queue.ts'

/** Where a fence's parts are in the account. */
export interface Deployment {
  readonly fence: FenceConfig
  /** Name of the ledger's table. */
  readonly table: string
  readonly reconcileQueueUrl: string
  /** What there is for the tiers beside network ACLs. */
  readonly places: Places
}

export interface AwsClients {
  readonly dynamodb: DynamoDBDocumentClient
  readonly sqs: SQSClient
  readonly sns: SNSClient
  readonly ec2: EC2Client
  readonly quotas: ServiceQuotasClient
  readonly waf: WAFV2Client
}

/** A fence on AWS, its ports laid open for whoever runs a loop over them. */
export interface DeployedFence extends Tiers {
  readonly fence: FenceConfig
  readonly ledger: DynamoLedger
  readonly state: FenceState
  readonly firewalls: readonly NetworkAclFirewall[]
  /** Asks for a round of the reconcile loop; it begins within a second or so. */
  wake(): Promise<void>
}

export interface ClientSettings {
  readonly region?: string
  readonly endpoint?: string
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** What sends requests, or how long it may take: connections and answers may take for ever unless told. */
  readonly requestHandler?: NonNullable<SQSClientConfig['requestHandler']>
}

/**
 * Clients that try a call three times, unless told. EC2 throttles by action and account, people's calls included, so its client
 * slows itself down. Requests go to the endpoint that is configured, whatever host a queue URL names.
 */
export function awsClients(settings: ClientSettings = {}, maxAttempts = 3): AwsClients {
  const options = { ...settings, maxAttempts }
  return {
    dynamodb: DynamoDBDocumentClient.from(new DynamoDBClient(options)),
    sqs: new SQSClient({ ...options, useQueueUrlAsEndpoint: false }),
    sns: new SNSClient(options),
    ec2: new EC2Client({ ...options, retryMode: 'adaptive' }),
    quotas: new ServiceQuotasClient(options),
    waf: new WAFV2Client(options),
  }
}

/** @param clock milliseconds since 1970 */
export function openFence(
  { fence, table: name, reconcileQueueUrl, places }: Deployment,
  clients: AwsClients,
  clock: () => number,
  wait: (ms: number) => Promise<void> = (ms) => setTimeout(ms),
): DeployedFence {
  const { dynamodb, sqs, ec2, quotas } = clients
  const table = new LedgerTable(dynamodb, name, fence.id)
  const state = new FenceState(table)
  const quota = rulesQuota(quotas, RULES_PER_NETWORK_ACL, clock)
  const { perHostHour } = fence
  return {
    fence,
    state,
    ...openTiers(fence, places, clients, clock, wait),
    ledger: new DynamoLedger({ table, protection: protectionOf(fence), perHostHour, clock }),
    firewalls: fence.networkAcls.map(({ id, firstRule, lastRule }) => {
      const window = { firstRule, lastRule }
      return new NetworkAclFirewall({
        id,
        window,
        fence: fence.id,
        vpc: fence.vpc,
        reserve: fence.reserve,
        ec2,
        rulesQuota: quota,
        clock,
      })
    }),
    wake: wakeQueue(sqs, { url: reconcileQueueUrl, fence: fence.id, state, clock }),
  }
}
