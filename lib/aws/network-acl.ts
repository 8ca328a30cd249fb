import {
  CreateNetworkAclEntryCommand,
  CreateTagsCommand,
  DeleteNetworkAclEntryCommand,
  DeleteTagsCommand,
  DescribeNetworkAclsCommand,
  type EC2Client,
  type NetworkAclEntry,
  ReplaceNetworkAclEntryCommand,
} from '@aws-sdk/client-ec2'
import { ANY_PROTOCOL, type Entry, TCP, UDP } from '../core/entry.ts'
import type { Change } from '../core/plan.ts'
import type { RuleWindow } from '../core/plan-input.ts'
import { familyOf, type Prefix, parsePrefix } from '../core/prefix.ts'
import type { Firewall, FirewallState, Outcome } from '../reconcile.ts'
import { failureOf, tellError } from './aws-errors.ts'
import { WriteOverlay } from './write-overlay.ts'

export interface NetworkAclOptions {
  /** `acl-…`; it must exist. */
  readonly id: string
  readonly window: RuleWindow
  /** Whose ACL it becomes with the first change; another fence's is refused. */
  readonly fence: string
  /** The VPC that the ACL should belong to, where that is known. */
  readonly vpc?: string | undefined
  /** A client with adaptive retries: EC2 throttles per action and account, people's calls included. */
  readonly ec2: EC2Client
  /** Entries of each family that are left free for people. */
  readonly reserve?: number
  /** Inbound rules that AWS allows for each family; undefined where that cannot be told now. */
  readonly rulesQuota: () => Promise<number | undefined>
  /** Milliseconds since 1970. */
  readonly clock: () => number
}

const CLAIM_TAG = 'sipfence:fence'

/** The default quota of rules per network ACL, direction and family, and the least that AWS gives. */
const LEAST_QUOTA = 20

/**
 * The firewall port over an EC2 network ACL: its inbound entries, one call for each change, ReplaceNetworkAclEntry
 * for swaps. An entry has no description, no tag and no id, so ownership is the number window and the claims that the
 * reconcile loop keeps. Reads may lag behind writes, so what EC2 has acknowledged within 5 minutes is laid over them.
 */
export class NetworkAclFirewall implements Firewall {
  readonly id: string
  readonly window: RuleWindow
  readonly #options: NetworkAclOptions
  readonly #overlay = new WriteOverlay()
  #tagged = false

  constructor(options: NetworkAclOptions) {
    this.id = options.id
    this.window = options.window
    this.#options = options
  }

  /** Throws where the ACL cannot be read, is another fence's, or holds an entry that cannot be understood. */
  async read(): Promise<FirewallState> {
    const { ec2, id, clock, rulesQuota } = this.#options
    const { NetworkAcls: found = [] } = await ec2.send(
      new DescribeNetworkAclsCommand({ NetworkAclIds: [id] }),
    )
    const acl = found.find(({ NetworkAclId }) => NetworkAclId === id)
    // Every ACL holds the `*` rules, which nobody can take away.
    const inbound = acl?.Entries?.filter(({ Egress }) => Egress === false) ?? []
    if (acl === undefined || inbound.length === 0)
      throw new Error(`Cannot read network ACL ${id}: EC2 answered without its entries`)
    this.#checkVpc(acl.VpcId)
    const claimedBy = acl.Tags?.find(({ Key }) => Key === CLAIM_TAG)?.Value
    if (claimedBy !== undefined && claimedBy !== this.#options.fence) {
      throw new Error(
        `Cannot use network ACL ${id}: it belongs to fence "${claimedBy}" (tag ${CLAIM_TAG}), not "${this.#options.fence}"; run sipfence release there first`,
      )
    }
    this.#tagged = claimedBy !== undefined
    const read = inbound.map((entry) => entryOf(id, entry))
    const entries = this.#overlay.laidOver(read, clock())
    return { entries, rulesQuota: (await rulesQuota()) ?? leastQuota(entries, this.#options.reserve) }
  }

  /** A mistyped id must not deny packets to somebody else's subnets. */
  #checkVpc(found: string | undefined): void {
    const { id, vpc } = this.#options
    if (vpc === undefined || found === vpc) return
    throw new Error(`Cannot use network ACL ${id}: it belongs to ${found}, and the fence to ${vpc}`)
  }

  /** One after the other. After a refusal for the quota nothing more is added, for it would be refused too. */
  async apply(changes: readonly Change[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = []
    let full = false
    await this.#claim()
    for (const change of changes) {
      if (full && change.kind === 'add') {
        outcomes.push({ change, ok: false, reason: 'not tried: the quota of rules was reached before' })
        continue
      }
      const outcome = await this.#apply(change)
      outcomes.push(outcome)
      full ||= !outcome.ok && outcome.reason.startsWith(QUOTA)
    }
    return outcomes
  }

  /** Gives the ACL free for another fence. */
  async release(): Promise<void> {
    const { ec2, id, fence } = this.#options
    await ec2.send(new DeleteTagsCommand({ Resources: [id], Tags: [{ Key: CLAIM_TAG, Value: fence }] }))
  }

  /** Two fences that write to one ACL would each take the other's entries for somebody's. */
  async #claim(): Promise<void> {
    if (this.#tagged) return
    const { ec2, id, fence } = this.#options
    await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: CLAIM_TAG, Value: fence }] }))
    this.#tagged = true
  }

  async #apply(change: Change): Promise<Outcome> {
    const { ec2, id, clock } = this.#options
    try {
      if (change.kind === 'add') await ec2.send(new CreateNetworkAclEntryCommand(requestOf(id, change.entry)))
      else if (change.kind === 'replace')
        await ec2.send(new ReplaceNetworkAclEntryCommand(requestOf(id, change.entry)))
      else if (change.kind === 'remove')
        await ec2.send(new DeleteNetworkAclEntryCommand(numberOf(id, change.entry)))
    } catch (error) {
      return { change, ok: false, reason: reasonOf(error) }
    }
    this.#overlay.wrote(change, clock())
    return { change, ok: true }
  }
}

const QUOTA = 'the quota of rules is reached'

/** A number taken or gone that we claimed means that the last read was old, or that our own answer was lost. */
function reasonOf(error: unknown): string {
  switch (failureOf(error)) {
    case 'quota-reached':
      return `${QUOTA} (${tellError(error)})`
    case 'already-exists':
    case 'not-found':
      return `the ACL is not as it was read; the next round reads it again (${tellError(error)})`
    default:
      return tellError(error)
  }
}

/** Never less than what stands there, so that a quota that cannot be read takes no entry away. */
function leastQuota(entries: readonly Entry[], reserve = 0): number {
  const held = (family: 4 | 6) => entries.filter(({ prefix }) => familyOf(prefix) === family).length
  return Math.max(LEAST_QUOTA, held(4) + reserve, held(6) + reserve)
}

function entryOf(id: string, entry: NetworkAclEntry): Entry {
  const { RuleNumber, Protocol, RuleAction, CidrBlock, Ipv6CidrBlock, PortRange } = entry
  const parsed = parsePrefix(CidrBlock ?? Ipv6CidrBlock ?? '')
  if (RuleNumber === undefined || !parsed.ok || Protocol === undefined) {
    throw new Error(
      `Cannot read network ACL ${id}: entry ${RuleNumber} is ${JSON.stringify(entry).slice(0, 200)}`,
    )
  }
  return {
    ruleNumber: RuleNumber,
    prefix: parsed.value,
    protocol: Number(Protocol),
    ports: portsOf(Number(Protocol), PortRange),
    action: RuleAction === 'allow' ? 'allow' : 'deny',
  }
}

function portsOf(protocol: number, range: NetworkAclEntry['PortRange']): Entry['ports'] {
  if (protocol !== TCP && protocol !== UDP) return null
  const { From: from = 0, To: to = 65_535 } = range ?? {}
  return from === 0 && to === 65_535 ? null : { from, to }
}

function numberOf(id: string, { ruleNumber }: Entry) {
  return { NetworkAclId: id, RuleNumber: ruleNumber, Egress: false }
}

function requestOf(id: string, entry: Entry) {
  const { prefix, protocol, ports, action } = entry
  return {
    ...numberOf(id, entry),
    Protocol: String(protocol),
    RuleAction: action,
    ...cidrOf(prefix),
    ...(protocol === ANY_PROTOCOL ? {} : { PortRange: { From: ports?.from ?? 0, To: ports?.to ?? 65_535 } }),
  }
}

function cidrOf(prefix: Prefix) {
  return familyOf(prefix) === 4 ? { CidrBlock: prefix } : { Ipv6CidrBlock: prefix }
}
