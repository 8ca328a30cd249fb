import type { DeployedFence } from '../aws/deployed-fence.ts'
import { capacityOf } from '../core/choice.ts'
import type { Entry } from '../core/entry.ts'
import { makePlan, type Plan } from '../core/plan.ts'
import type { PlanInput } from '../core/plan-input.ts'
import { type Family, familyOf } from '../core/prefix.ts'
import { portRanges } from '../core/wanted.ts'

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
