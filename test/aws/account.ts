import type { CreateNetworkAclEntryCommandInput, NetworkAclEntry } from '@aws-sdk/client-ec2'
import { EC2 } from '@aws-sdk/client-ec2'
import { ServiceQuotas } from '@aws-sdk/client-service-quotas'
import { WAFV2 } from '@aws-sdk/client-wafv2'
import { onTestFinished } from 'vitest'
import type { LocalAws, LocalAwsOptions } from './local-aws.ts'
import { startLocalAws } from './local-aws.ts'

/** The ACL of an account that was opened without options. */
export const ACL_ID = 'acl-00000000000000000'

/** A local account with the SDK's clients, which try each call once. */
export interface Account {
  readonly aws: LocalAws
  readonly ec2: EC2
  readonly serviceQuotas: ServiceQuotas
  readonly wafv2: WAFV2
}

/** Opens an account for the test that runs; it closes with the test. */
export async function openAccount(options: LocalAwsOptions = {}): Promise<Account> {
  const aws = await startLocalAws(options)
  const config = { ...aws.client, maxAttempts: 1 }
  const clients = {
    ec2: new EC2(config),
    serviceQuotas: new ServiceQuotas(config),
    wafv2: new WAFV2(config),
  }
  onTestFinished(async () => {
    for (const client of Object.values(clients)) client.destroy()
    await aws.stop()
  })
  return { aws, ...clients }
}

/** What the caller of the SDK sees of a call: the name of its error, or "accepted". */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'accepted'
  } catch (error) {
    return (error as Error).name
  }
}

/** The HTTP status that the SDK saw; undefined where no answer came. */
export async function statusOf(call: Promise<unknown>): Promise<number | undefined> {
  const outcome = await call.catch((error: unknown) => error)
  return (outcome as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
}

/** Denies SIP over UDP from a network, inbound, at number 10, but for what the test says. */
export function sip4(
  over: Partial<CreateNetworkAclEntryCommandInput> = {},
): CreateNetworkAclEntryCommandInput {
  return {
    NetworkAclId: ACL_ID,
    RuleNumber: 10,
    Egress: false,
    Protocol: '17',
    RuleAction: 'deny',
    CidrBlock: '192.0.2.0/24',
    PortRange: { From: 5060, To: 5061 },
    ...over,
  }
}

/** The same for an IPv6 network, at number 11. */
export function sip6(
  over: Partial<CreateNetworkAclEntryCommandInput> = {},
): CreateNetworkAclEntryCommandInput {
  const { CidrBlock: _, ...rest } = sip4({ RuleNumber: 11, ...over })
  return { Ipv6CidrBlock: '2001:db8::/64', ...rest }
}

/** The entries of one direction as DescribeNetworkAcls shows them. */
export async function entriesOf(ec2: EC2, egress = false, id = ACL_ID): Promise<NetworkAclEntry[]> {
  const { NetworkAcls } = await ec2.describeNetworkAcls({ NetworkAclIds: [id] })
  return NetworkAcls?.[0]?.Entries?.filter((entry) => entry.Egress === egress) ?? []
}

export async function numbersOf(ec2: EC2, egress = false, id = ACL_ID): Promise<(number | undefined)[]> {
  return (await entriesOf(ec2, egress, id)).map((entry) => entry.RuleNumber)
}
