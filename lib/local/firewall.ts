import type { Change } from '../core/plan.ts'
import type { RuleWindow } from '../core/plan-input.ts'
import type { Firewall, FirewallState, Outcome } from '../reconcile.ts'
import { NetworkAclError, requestOf } from './acl-entry.ts'
import type { NetworkAcl } from './network-acl.ts'

/** The firewall port over an embedded network ACL: inbound entries, one call for each change, as on EC2. */
export class LocalFirewall implements Firewall {
  readonly id: string
  readonly window: RuleWindow
  readonly #acl: NetworkAcl

  constructor(acl: NetworkAcl, window: RuleWindow) {
    this.id = acl.id
    this.window = window
    this.#acl = acl
  }

  async read(): Promise<FirewallState> {
    const entries = this.#acl.describe().filter(({ egress }) => !egress)
    return { entries, rulesQuota: this.#acl.rulesQuota }
  }

  async apply(changes: readonly Change[]): Promise<readonly Outcome[]> {
    return changes.map((change): Outcome => {
      try {
        this.#apply(change)
        return { change, ok: true }
      } catch (error) {
        if (!(error instanceof NetworkAclError)) throw error
        return { change, ok: false, reason: `${error.code}: ${error.message}` }
      }
    })
  }

  #apply({ kind, entry }: Change): void {
    if (kind === 'add') this.#acl.create(requestOf({ ...entry, egress: false }))
    else if (kind === 'replace') this.#acl.replace(requestOf({ ...entry, egress: false }))
    else if (kind === 'remove') this.#acl.remove(entry.ruleNumber, false)
  }
}
