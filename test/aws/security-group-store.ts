import type { SecurityGroupOptions } from '../../lib/local/security-group.ts'
import { SecurityGroup } from '../../lib/local/security-group.ts'
import type { SecurityGroupRule } from '../../lib/local/security-group-rule.ts'
import { AwsError } from './aws-error.ts'
import type { PrefixListStore } from './prefix-list-store.ts'
import { StateHistory } from './state-history.ts'
import type { Tags } from './tag-specifications.ts'

/** A security group that the local AWS starts with. */
export interface SecurityGroupSeed extends Pick<SecurityGroupOptions, 'rules' | 'openEgress'> {
  /** Of the form `sg-` and 8 or 17 hexadecimal digits. */
  readonly id: string
  readonly name?: string
  readonly description?: string
  readonly vpcId?: string
  readonly tags?: Tags
}

/** What a describe call shows of a group, at one instant. */
export interface DescribedGroup {
  readonly group: SecurityGroup
  readonly name: string
  readonly description: string
  readonly vpcId: string
  readonly tags: Tags
  readonly rules: readonly SecurityGroupRule[]
}

/**
 * The security groups of the account and their past states. A change is recorded when it is made, by an API call or
 * by a test that changes the group itself, as another operator of the account.
 */
export class SecurityGroupStore {
  readonly groups = new Map<string, SecurityGroup>()
  readonly #histories = new Map<string, StateHistory<DescribedGroup>>()
  readonly #now: () => number

  constructor(
    seeds: readonly SecurityGroupSeed[],
    rulesQuota: number,
    prefixLists: PrefixListStore,
    now: () => number,
  ) {
    this.#now = now
    const references = {
      prefixList: (id: string) => prefixLists.lists.get(id),
      hasGroup: (id: string) => seeds.some((seed) => seed.id === id),
    }
    for (const seed of seeds) this.#add(seed, new SecurityGroup({ ...seed, rulesQuota, references }))
  }

  get(id: string): SecurityGroup {
    return this.groups.get(id) ?? unknownGroup(id)
  }

  /** Every group as it was that long ago; as they are for 0. A group that a test began with was there forever. */
  described(ageMs: number): readonly DescribedGroup[] {
    const at = this.#now() - ageMs
    return [...this.#histories.values()].flatMap((history) => history.at(at) ?? [])
  }

  #add(seed: SecurityGroupSeed, group: SecurityGroup): void {
    const { id, name = id, description = name, vpcId = 'vpc-0123456789abcdef0', tags = {} } = seed
    const history = new StateHistory<DescribedGroup>()
    const record = (at: number) =>
      history.record(at, { group, name, description, vpcId, tags, rules: group.rules })
    record(Number.NEGATIVE_INFINITY)
    group.onChange = () => record(this.#now())
    this.groups.set(id, group)
    this.#histories.set(id, history)
  }
}

/** InvalidGroup.NotFound and InvalidGroupId.Malformed are documented EC2 error codes. */
export function unknownGroup(id: string): never {
  if (/^sg-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) {
    throw new AwsError('InvalidGroup.NotFound', `The security group '${id}' does not exist`)
  }
  throw new AwsError('InvalidGroupId.Malformed', `Invalid id: "${id.slice(0, 60)}" (expecting "sg-...")`)
}
