import type { Family } from '../core/prefix.ts'
import { familyOf } from '../core/prefix.ts'
import type { ManagedPrefixList, PrefixListReferrer } from './prefix-list.ts'
import type {
  RuleRequest,
  SecurityGroupErrorCode,
  SecurityGroupRule,
  WantedRule,
} from './security-group-rule.ts'
import { permissionKey, SecurityGroupError, wantedRule } from './security-group-rule.ts'

/** What the rules of a group may refer to. */
export interface RuleReferences {
  prefixList(id: string): ManagedPrefixList | undefined
  /** Whether there is such a group; a group always knows itself. */
  hasGroup(id: string): boolean
}

export interface SecurityGroupOptions {
  /** Of the form `sg-` and 8 or 17 hexadecimal digits. */
  readonly id?: string
  /** Inbound rules for each IP family: 60 unless raised (Amazon VPC quotas). */
  readonly rulesQuota?: number
  /** The inbound rules that the group has at first. */
  readonly rules?: readonly RuleRequest[]
  /** The families whose outbound traffic is let out to everywhere; both unless given. The others' is let out nowhere. */
  readonly openEgress?: readonly Family[]
  /** No prefix list and no other group unless given. */
  readonly references?: RuleReferences
}

const FAMILIES: readonly Family[] = [4, 6]

/**
 * The inbound rules of a security group with the semantics of EC2's in a VPC: rules only allow, each is there once,
 * and their number is limited for each family. A request that EC2 would refuse throws a SecurityGroupError and
 * changes nothing.
 */
export class SecurityGroup implements PrefixListReferrer {
  readonly id: string
  readonly rulesQuota: number
  readonly openEgress: readonly Family[]
  /** Told of each change after it was made. */
  onChange: () => void = () => {}
  readonly #references: RuleReferences
  #rules: readonly SecurityGroupRule[] = Object.freeze([])
  #lists: readonly ManagedPrefixList[] = []
  #made = 0

  constructor(options: SecurityGroupOptions = {}) {
    this.id = options.id ?? 'sg-00000000000000000'
    this.rulesQuota = options.rulesQuota ?? 60
    this.openEgress = options.openEgress ?? FAMILIES
    this.#references = options.references ?? { prefixList: () => undefined, hasGroup: () => false }
    if (options.rules !== undefined && options.rules.length > 0) this.authorize(options.rules)
  }

  /** The inbound rules, oldest first. The list is frozen; a change makes another. */
  get rules(): readonly SecurityGroupRule[] {
    return this.#rules
  }

  /** The prefix lists that the rules refer to, each once. A change of the rules makes another list. */
  get lists(): readonly ManagedPrefixList[] {
    return this.#lists
  }

  /**
   * AuthorizeSecurityGroupIngress: all of the rules or none of them, each with the tags.
   *
   * @returns the new rules
   */
  authorize(
    requests: readonly RuleRequest[],
    tags: Readonly<Record<string, string>> = {},
  ): readonly SecurityGroupRule[] {
    const wanted = requests.map(wantedRule)
    for (const rule of wanted) this.#requireReference(rule)
    this.#requireNew(wanted)
    this.#requireRoom([...this.#rules, ...wanted])
    const added = wanted.map((rule) => Object.freeze({ id: this.#newId(), ...rule, tags }))
    this.#hold([...this.#rules, ...added])
    return added
  }

  /**
   * RevokeSecurityGroupIngress by what the rules let in. Documented for a group outside the default VPC: a rule that
   * is not there refuses the whole request. Descriptions do not count.
   *
   * @returns the rules that are gone
   */
  revoke(requests: readonly RuleRequest[]): readonly SecurityGroupRule[] {
    const held = new Map(this.#rules.map((rule) => [permissionKey(rule), rule]))
    return this.#drop(
      requests.map((request) => {
        const key = permissionKey(wantedRule(request))
        return held.get(key) ?? refuse('InvalidPermission.NotFound', `Cannot find ${key} in ${this.id}`)
      }),
    )
  }

  /** RevokeSecurityGroupIngress by the ids of the rules. */
  revokeById(ids: readonly string[]): readonly SecurityGroupRule[] {
    const held = new Map(this.#rules.map((rule) => [rule.id, rule]))
    return this.#drop(
      ids.map((id) => {
        const missing = `Cannot find rule ${id.slice(0, 60)} in ${this.id}`
        return held.get(id) ?? refuse('InvalidSecurityGroupRuleId.NotFound', missing)
      }),
    )
  }

  /** How much of the quota the rules take in one family. */
  weight(family: Family): number {
    return this.#weigh(this.#rules, family, (list) => list.maxEntries)
  }

  bears(listId: string, maxEntries: number): boolean {
    const sizeOf = (list: ManagedPrefixList) => (list.id === listId ? maxEntries : list.maxEntries)
    return FAMILIES.every((family) => this.#weigh(this.#rules, family, sizeOf) <= this.rulesQuota)
  }

  #requireReference({ source }: WantedRule): void {
    if (source.kind === 'prefixList' && this.#references.prefixList(source.id) === undefined) {
      refuse('InvalidPrefixListID.NotFound', `Cannot find prefix list ${source.id.slice(0, 60)}`)
    }
    if (source.kind === 'group' && source.id !== this.id && !this.#references.hasGroup(source.id)) {
      refuse('InvalidGroup.NotFound', `Cannot find security group ${source.id.slice(0, 60)}`)
    }
  }

  /** Observed: a rule that is twice in one request is another error than one that the group has. */
  #requireNew(wanted: readonly WantedRule[]): void {
    const held = new Set(this.#rules.map(permissionKey))
    const asked = new Set<string>()
    for (const key of wanted.map(permissionKey)) {
      if (asked.has(key)) refuse('InvalidParameterValue', `Cannot take ${key} twice in one request`)
      if (held.has(key)) refuse('InvalidPermission.Duplicate', `Cannot add ${key}: ${this.id} has it`)
      asked.add(key)
    }
  }

  #requireRoom(rules: readonly WantedRule[]): void {
    for (const family of FAMILIES) {
      const weight = this.#weigh(rules, family, (list) => list.maxEntries)
      if (weight <= this.rulesQuota) continue
      const over = `they would count as ${weight} IPv${family} rules`
      const message = `Cannot add rules to ${this.id}: ${over}; the quota is ${this.rulesQuota}`
      refuse('RulesPerSecurityGroupLimitExceeded', message)
    }
  }

  /**
   * Documented (Amazon VPC quotas): the families are counted apart, a reference to a prefix list counts as its
   * maximum of entries, and one to a security group as one rule of each family.
   */
  #weigh(rules: readonly WantedRule[], family: Family, sizeOf: (list: ManagedPrefixList) => number): number {
    return rules.reduce((sum, { source }) => {
      if (source.kind === 'group') return sum + 1
      if (source.kind === 'prefix') return sum + (familyOf(source.prefix) === family ? 1 : 0)
      const list = this.#references.prefixList(source.id)
      return sum + (list?.family === family ? sizeOf(list) : 0)
    }, 0)
  }

  #drop(doomed: readonly SecurityGroupRule[]): readonly SecurityGroupRule[] {
    const gone = new Set(doomed)
    this.#hold(this.#rules.filter((rule) => !gone.has(rule)))
    return [...gone]
  }

  #hold(rules: readonly SecurityGroupRule[]): void {
    const ids = new Set(rules.flatMap(({ source }) => (source.kind === 'prefixList' ? [source.id] : [])))
    const lists = [...ids].flatMap((id) => this.#references.prefixList(id) ?? [])
    for (const list of this.#lists) list.referrers.delete(this)
    for (const list of lists) list.referrers.add(this)
    this.#lists = lists
    this.#rules = Object.freeze(rules)
    this.onChange()
  }

  /** Ids of one group count up, and those of two groups differ as the groups' own ids do. */
  #newId(): string {
    const own = this.id.replace(/^sg-/, '').slice(-12)
    return `sgr-${own}${(++this.#made).toString(16).padStart(5, '0')}`.padEnd(21, '0')
  }
}

function refuse(code: SecurityGroupErrorCode, message: string): never {
  throw new SecurityGroupError(code, message)
}
