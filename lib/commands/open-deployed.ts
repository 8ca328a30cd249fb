import { failureOf, tellError } from '../aws/aws-errors.ts'
import { awsClients, openFence } from '../aws/deployed-fence.ts'
import { queueDepth } from '../aws/queue-depth.ts'
import { stackOutputs } from '../aws/stack-outputs.ts'
import type { FenceConfig } from '../config.ts'
import { type Place, type Places, stackName } from '../names.ts'
import { type Deployed, isOurs, type Tier } from './deployed.ts'
import { tellPeople } from './terminal.ts'
import { UsageError } from './usage-error.ts'

/** A person waits: rather an error than silence. */
const PATIENCE = { connectionTimeout: 5_000, requestTimeout: 15_000, throwOnRequestTimeout: true } as const

/** Finds the parts of the fence by its stack. Changes nothing. */
export async function openDeployed(fence: FenceConfig): Promise<Deployed> {
  const region = regionOf(fence)
  const settings = { region, requestHandler: PATIENCE }
  const { id, account } = fence
  const { table, topicArn, places, ...urls } = await stackOutputs(
    { fence: id, region, account, stack: stackName(id, fence.stack) },
    settings,
  )
  const clients = awsClients(settings)
  const clock = () => Date.now()
  const depth = (url: string) => queueDepth(clients.sqs, url)
  const missing = missingTiers(fence, places)
  const known = withoutMissing(fence, missing)
  return {
    ...openFence({ fence: known, table, reconcileQueueUrl: urls.reconcileQueueUrl, places }, clients, clock),
    region,
    missing,
    topic: topicArn,
    clock,
    queues: async () => ({
      reports: await depth(urls.reportsQueueUrl),
      reportsDead: await depth(urls.reportsDeadQueueUrl),
      wakeUps: await depth(urls.reconcileQueueUrl),
    }),
  }
}

const PARTS = {
  denyList: ['DenyListIpv4', 'DenyListIpv6'],
  ipSets: ['IpSetIpv4', 'IpSetIpv6'],
  trustedPeers: ['TrustedPeersIpv4', 'TrustedPeersIpv6'],
} as const satisfies Record<Tier, readonly Place[]>

/** Tiers that the settings have and the stack has not made yet. */
function missingTiers({ firewalls }: FenceConfig, places: Places): Tier[] {
  return (['denyList', 'ipSets', 'trustedPeers'] as const).filter(
    (tier) => firewalls[tier] !== undefined && PARTS[tier].some((place) => places[place] === undefined),
  )
}

/** The settings without them: whoever must stop a fence cannot wait for a deploy. */
function withoutMissing(fence: FenceConfig, missing: readonly Tier[]): FenceConfig {
  if (missing.length === 0) return fence
  const names = missing.map((tier) => `firewalls.${tier}`).join(', ')
  tellPeople(
    `The settings have ${names}, and the stack does not yet: left out here; npx cdk deploy ${stackName(fence.id, fence.stack)} makes it`,
  )
  const there = Object.entries(fence.firewalls).filter(([tier]) => !missing.includes(tier as Tier))
  return { ...fence, firewalls: Object.fromEntries(there) }
}

function regionOf({ id, region }: FenceConfig): string {
  if (region !== undefined) return region
  throw new UsageError(
    `Cannot find fence "${id}" on AWS: it has no region; add "region" to its settings, the one it is deployed in`,
  )
}

/** An error in words that name the fence and the next step. Our own have them already. */
export function inWords(error: unknown, { id, region, stack, existing }: FenceConfig): unknown {
  if (isOurs(error)) return error
  const words = `Cannot work on fence "${id}" in ${region}: ${tellError(error)}${nextStep(error, stackName(id, stack), existing.ledgerTable)}`
  return new Error(words, { cause: error })
}

function nextStep(error: unknown, stack: string, ledger: string | undefined): string {
  switch (failureOf(error)) {
    case 'no-credentials':
      return '; log in (aws sso login, aws configure), or name a profile that is with AWS_PROFILE'
    case 'denied':
      return '; use credentials that may do this, AWS_PROFILE names them'
    case 'not-found':
      if (ledger !== undefined)
        return `; is there a table "${ledger}", as existing.ledgerTable in the settings says? If so another part of the fence is gone: deploy it again (npx cdk deploy ${stack})`
      return `; a part of the fence is gone: deploy it again (npx cdk deploy ${stack})`
    case 'throttled':
      return '; try again in a minute'
    default:
      return '; check the region in the settings, and the network'
  }
}
