import type { DeployedFence } from '../aws/deployed-fence.ts'
import { capacityOf } from '../core/choice.ts'
import type { Entry } from '../core/entry.ts'
import { makePlan, type Plan } from '../core/plan.ts'
import type { PlanInput } from '../core/plan-input.ts'
import { type Family, familyOf, type Prefix } from '../core/prefix.ts'
import { ownAndForeign } from '../core/set-plan.ts'
import { portRanges } from '../core/wanted.ts'
import type { PrefixSet } from '../reconcile-set.ts'

/** What a network ACL holds, and for how much more there is room. */
export interface Holding {
  readonly own: readonly Entry[]
  /** Entries in our window that are not ours. */
  readonly foreign: readonly Entry[]
  readonly shadowedBy: Entry | undefined
  /** Entries that are left for us, of each family. */
  readonly free: Readonly<Record<Family, number>>
  readonly rulesQuota: number
}

/** Reads one network ACL of the fence and tells whose its entries are. Throws where it cannot be read. */
export async function holdingOf(
  { fence, ledger }: DeployedFence,
  firewall: DeployedFence['firewalls'][number],
  now: number,
): Promise<Holding> {
  const claims = await ledger.claims(firewall.id)
  const { entries: current, rulesQuota } = await firewall.read()
  const { window } = firewall
  const input: PlanInput = {
    desired: [],
    current,
    claims,
    rulesQuota,
    reserve: fence.reserve,
    window,
    ranges: portRanges(fence.ports),
    protects: () => undefined,
    now,
  }
  const plan = makePlan(input)
  const own = ownEntries(plan)
  const { foreign, shadowedBy } = plan
  return { own, foreign, shadowedBy, free: free(capacityOf(input, own, foreign), own), rulesQuota }
}

/** What a prefix list or an IP set holds, and how much it can. */
export interface SetHolding {
  readonly own: readonly Prefix[]
  readonly foreign: readonly Prefix[]
  readonly held: readonly Prefix[]
  readonly capacity: number
}

/** Reads a set and tells whose its prefixes are. Throws where it cannot be read. */
export async function setHoldingOf({ ledger }: DeployedFence, set: PrefixSet): Promise<SetHolding> {
  const claims = await ledger.setClaims(set.id)
  const { held, capacity } = await set.read()
  return { ...ownAndForeign({ family: set.family, held, claims, capacity }), held, capacity }
}

/** AWS names prefix lists `pl-…`. */
export function setKind(id: string): 'prefix-list' | 'ip-set' {
  return id.startsWith('pl-') ? 'prefix-list' : 'ip-set'
}

export function setNoun(id: string): string {
  return setKind(id) === 'prefix-list' ? 'prefix list' : 'IP set'
}

/** The entries of ours that the firewall held when the plan was made. */
export function ownEntries({ changes }: Plan): Entry[] {
  return changes.flatMap((change) => {
    if (change.kind === 'add') return []
    return [change.kind === 'replace' ? change.replaced : change.entry]
  })
}

/** Both families share the numbers of the window. */
function free(capacity: ReturnType<typeof capacityOf>, own: readonly Entry[]): Record<Family, number> {
  const numbers = capacity.numbers - own.length
  const left = (family: Family) => {
    const held = own.filter(({ prefix }) => familyOf(prefix) === family).length
    return Math.max(0, Math.min(capacity[family] - held, numbers))
  }
  return { 4: left(4), 6: left(6) }
}
