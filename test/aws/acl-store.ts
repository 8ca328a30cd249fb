import type { AclEntry } from '../../lib/local/acl-entry.ts'
import { DEFAULT_ALLOW } from '../../lib/local/acl-entry.ts'
import { NetworkAcl } from '../../lib/local/network-acl.ts'
import { AwsError } from './aws-error.ts'

/** A network ACL that the local AWS starts with. */
export interface AclSeed {
  /** Of the form `acl-` and 8 or 17 hexadecimal digits. */
  readonly id: string
  /** The default `*` rules are always there; without this, the entries of a default ACL, which allow everything. */
  readonly entries?: readonly AclEntry[]
  readonly vpcId?: string
  readonly subnetIds?: readonly string[]
  readonly tags?: Readonly<Record<string, string>>
  /** True for the ACL that came with the VPC. */
  readonly isDefault?: boolean
}

/** What a describe call shows of an ACL, at one instant. */
export interface AclState {
  readonly id: string
  readonly vpcId: string
  readonly isDefault: boolean
  readonly subnetIds: readonly string[]
  readonly entries: readonly AclEntry[]
  readonly tags: ReadonlyMap<string, string>
}

/** How many states of an ACL are kept; a read that asks for an older one gets the oldest. */
const KEPT_STATES = 1000

/**
 * The network ACLs of the account and their past states. A change is recorded when it is made, by an API call or
 * by a test that calls `create`, `replace` or `remove` on the ACL itself, as another operator of the account.
 */
export class AclStore {
  readonly acls: ReadonlyMap<string, NetworkAcl>
  readonly #histories = new Map<string, { at: number; state: AclState }[]>()
  readonly #now: () => number

  constructor(seeds: readonly AclSeed[], rulesQuota: number, now: () => number) {
    this.#now = now
    this.acls = new Map(seeds.map((seed) => [seed.id, this.#plant(seed, rulesQuota)]))
  }

  /** InvalidNetworkAclId.Malformed and InvalidNetworkAclID.NotFound are documented EC2 error codes. */
  get(id: string): NetworkAcl {
    const acl = this.acls.get(id)
    if (acl !== undefined) return acl
    throw unknownAcl(id)
  }

  /** Every ACL as it was that long ago; as they are for 0. An ACL that a test began with was there forever. */
  states(ageMs: number): readonly AclState[] {
    const at = this.#now() - ageMs
    return [...this.#histories.values()].map((history) => {
      const past = ageMs > 0 ? history.findLast((one) => one.at <= at) : history.at(-1)
      return (past ?? history[0]!).state
    })
  }

  setTags(id: string, tags: ReadonlyMap<string, string>): void {
    this.#record(id, { tags: new Map(tags) })
  }

  tagsOf(id: string): ReadonlyMap<string, string> {
    this.get(id)
    return this.#histories.get(id)!.at(-1)!.state.tags
  }

  #plant(seed: AclSeed, rulesQuota: number): NetworkAcl {
    const { id, entries = DEFAULT_ALLOW, vpcId = 'vpc-0123456789abcdef0', subnetIds = [], isDefault } = seed
    const acl = new WatchedAcl({ id, entries, rulesQuota })
    const tags = new Map(Object.entries(seed.tags ?? {}))
    const state = { id, vpcId, isDefault: isDefault ?? false, subnetIds, entries: acl.describe(), tags }
    this.#histories.set(id, [{ at: Number.NEGATIVE_INFINITY, state }])
    acl.onChange = () => this.#record(id, { entries: acl.describe() })
    return acl
  }

  #record(id: string, change: Partial<AclState>): void {
    const history = this.#histories.get(id)!
    history.push({ at: this.#now(), state: { ...history.at(-1)!.state, ...change } })
    if (history.length > KEPT_STATES) history.shift()
  }
}

export function unknownAcl(id: string): AwsError {
  if (/^acl-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) {
    return new AwsError('InvalidNetworkAclID.NotFound', `The networkAcl ID '${id}' does not exist`)
  }
  return new AwsError('InvalidNetworkAclId.Malformed', `Invalid id: "${id.slice(0, 60)}"`)
}

class WatchedAcl extends NetworkAcl {
  onChange: () => void = () => {}

  override create(...request: Parameters<NetworkAcl['create']>): void {
    super.create(...request)
    this.onChange()
  }

  override replace(...request: Parameters<NetworkAcl['replace']>): void {
    super.replace(...request)
    this.onChange()
  }

  override remove(...rule: Parameters<NetworkAcl['remove']>): void {
    super.remove(...rule)
    this.onChange()
  }
}
