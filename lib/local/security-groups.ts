import type { IngressRule } from '../core/ingress-rule.ts'
import type { GroupState, LockdownStep } from '../core/lockdown.ts'
import type { SecurityGroups, StepOutcome } from '../lockdown.ts'
import type { SecurityGroup } from './security-group.ts'
import {
  type RuleRequest,
  ruleRequestOf,
  SecurityGroupError,
  type SecurityGroupRule,
} from './security-group-rule.ts'

/** The lockdown's port over embedded security groups. */
export class LocalSecurityGroups implements SecurityGroups {
  readonly #groups: readonly SecurityGroup[]
  readonly #ours: readonly string[]

  /** @param ours ids of those that may be written to; all of them unless told */
  constructor(groups: readonly SecurityGroup[], ours = groups.map(({ id }) => id)) {
    this.#groups = groups
    this.#ours = ours
  }

  async read(): Promise<readonly GroupState[]> {
    return this.#groups.map((group) => ({
      id: group.id,
      rules: group.rules.map(ruleOf),
      weight: { 4: group.weight(4), 6: group.weight(6) },
      rulesQuota: group.rulesQuota,
      opensOut: { 4: group.openEgress.includes(4), 6: group.openEgress.includes(6) },
      isOurs: this.#ours.includes(group.id),
    }))
  }

  async apply({ kind, group: id, rule }: LockdownStep): Promise<StepOutcome> {
    const group = this.#groups.find((each) => each.id === id)
    if (group === undefined) return { kind: 'gone' }
    try {
      if (kind === 'authorize') group.authorize([requestOf(rule)], rule.tags)
      else group.revoke([requestOf(rule)])
      return { kind: 'done' }
    } catch (error) {
      if (!(error instanceof SecurityGroupError)) throw error
      const already = kind === 'authorize' ? 'InvalidPermission.Duplicate' : 'InvalidPermission.NotFound'
      if (error.code === already) return { kind: 'already' }
      return { kind: 'failed', reason: `${error.code}: ${error.message}` }
    }
  }
}

function ruleOf({ protocol, ports, source, description = '', tags }: SecurityGroupRule): IngressRule {
  const from = source.kind === 'prefixList' ? { kind: 'prefix-list' as const, id: source.id } : source
  return { protocol, ports, source: from, description, tags }
}

function requestOf({ source, description, ...rule }: IngressRule): RuleRequest {
  const from = source.kind === 'prefix-list' ? { kind: 'prefixList' as const, id: source.id } : source
  return ruleRequestOf({ ...rule, source: from, ...(description === '' ? {} : { description }) })
}
