import { AwsError } from './aws-error.ts'
import { OWNER_ID } from './describe-network-acls.ts'
import type { IpSetSeed } from './ip-set.ts'
import { IpSet } from './ip-set.ts'
import { idOf } from './sqs-message.ts'
import type { WireObject } from './wire-value.ts'

/** A web ACL that the local AWS starts with. Nothing changes it. */
export interface WebAclSeed {
  readonly name: string
  /** A UUID; made from the name unless given. */
  readonly id?: string
  /** As the wire carries them; none unless given. */
  readonly rules?: readonly WireObject[]
}

/** AWS WAF quotas: IP sets of an account and region, unless raised. */
const MOST_IP_SETS = 100

/** The IP sets and web ACLs of the account, by name. */
export class WafStore {
  readonly ipSets = new Map<string, IpSet>()
  readonly webAcls: readonly (WebAclSeed & { readonly id: string; readonly arn: string })[]
  readonly #region: string

  constructor(ipSets: readonly IpSetSeed[], webAcls: readonly WebAclSeed[], region: string) {
    this.#region = region
    for (const seed of ipSets) this.create(seed)
    this.webAcls = webAcls.map((seed) => {
      const { id = idOf(`web ACL ${seed.name}`), name } = seed
      return { ...seed, id, arn: this.#arnOf(`regional/webacl/${name}/${id}`) }
    })
  }

  create(seed: IpSetSeed): IpSet {
    if (this.ipSets.has(seed.name)) {
      throw new AwsError('WAFDuplicateItemException', `There is an IP set ${seed.name}`)
    }
    if (this.ipSets.size >= MOST_IP_SETS) {
      throw new AwsError('WAFLimitsExceededException', `Cannot hold more than ${MOST_IP_SETS} IP sets`)
    }
    const set = new IpSet(seed, (path) => this.#arnOf(path))
    this.ipSets.set(seed.name, set)
    return set
  }

  #arnOf(path: string): string {
    return `arn:aws:wafv2:${this.#region}:${OWNER_ID}:${path}`
  }
}
