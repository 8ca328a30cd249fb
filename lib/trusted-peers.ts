import type { TrustedList } from './core/lockdown.ts'
import { type Family, familyOf, type Prefix } from './core/prefix.ts'
import { planTrusted, type TrustedPlan } from './core/trusted-plan.ts'
import type { Journal } from './journal.ts'
import { type PrefixSet, type SetLedger, type SetRound, settleSet } from './reconcile-set.ts'

export interface TrustedLedger extends SetLedger {
  /** Every source that is known-good. Throws where it cannot be read as a whole. */
  knownGood(now: number): Promise<readonly Prefix[]>
}

export interface TrustedPorts {
  readonly ledger: TrustedLedger
  /** One list for each family. */
  readonly lists: Readonly<Record<Family, PrefixSet>>
  readonly journal: Journal
}

export interface TrustedOptions {
  /** The allowlist, and who watches the PBXs' health. */
  readonly allow: readonly Prefix[]
  /** Bits of the widest prefix that may stand for several sources. */
  readonly widest: Readonly<Record<Family, number>>
  /** Whether only these are let in now. */
  readonly closed: boolean
  readonly approved: boolean
  /** False is preview: it reads and plans, and writes nothing. */
  readonly apply: boolean
}

export interface TrustedRound extends SetRound<TrustedPlan> {
  /** Sources of the family that are known-good, whether the list has room for them or not. */
  readonly knownGood: number
}

/**
 * Keeps the lists of trusted peers current: the allowlist and whoever is known-good. It does so in observe, too, because a list lets
 * nobody in by itself, and what refers to it must not change with the mode.
 */
export async function keepTrusted(
  { ledger, lists, journal }: TrustedPorts,
  { allow, widest, closed, approved, apply }: TrustedOptions,
  now: number,
): Promise<Record<Family, TrustedRound>> {
  const good = await ledger.knownGood(now)
  const roundOf = async (family: Family): Promise<TrustedRound> => {
    const set = lists[family]
    const sources = [...allow, ...good].filter((prefix) => familyOf(prefix) === family)
    const knownGood = good.filter((prefix) => familyOf(prefix) === family).length
    const options = { sources, widest: widest[family], keepsAll: closed, approved }
    const round = await settleSet(
      { ledger, set, journal },
      (contents) => planTrusted({ ...contents, ...options }),
      (_, plan) => plan,
      apply,
      now,
    )
    if (apply) await tell(set.id, round, journal, now)
    return { ...round, knownGood }
  }
  return { 4: await roundOf(4), 6: await roundOf(6) }
}

/** What a lockdown must know of a list. */
export function trustedList(id: string, round: TrustedRound): TrustedList {
  const { plan, held, capacity, knownGood, problem } = round
  return { id, capacity, held: held.length, left: plan.left, knownGood, problem }
}

async function tell(
  set: string,
  { plan, capacity }: SetRound<TrustedPlan>,
  journal: Journal,
  at: number,
): Promise<void> {
  const about = { at, kind: 'trusted-peers', source: null } as const
  if (plan.left.length > 0) {
    const why = `${plan.left.length} trusted sources do not fit into the ${capacity} entries of ${set} (${plan.left[0]} is one); make the list larger (docs/tiers.md), or allow their networks: a lockdown would keep them out`
    await journal.write({ kind: 'alert', alert: { ...about, host: `${set} full`, why } })
  }
  if (plan.withheld.length > 0) {
    const why = `${plan.withheld.length} of ${plan.kept.length} prefixes of ${set} have nobody left in them at once: they stay; look whether the sensors report, or let them go with sipfence approve`
    await journal.write({ kind: 'alert', alert: { ...about, host: `${set} emptied`, why } })
  }
}
