import type { PortRange } from './entry.ts'
import { type IngressRule, ruleKey, ruleText, sameRule } from './ingress-rule.ts'
import { touchesPorts } from './port-match.ts'
import { bitsOf, type Family, familyOf, type Prefix } from './prefix.ts'

/** A security group on an interface of a PBX, as it was read. */
export interface GroupState {
  readonly id: string
  readonly rules: readonly IngressRule[]
  /** Rules that AWS counts, of each family: a reference to a prefix list counts all that the list may hold. */
  readonly weight: Readonly<Record<Family, number>>
  /** Inbound rules that AWS allows, of each family. */
  readonly rulesQuota: number
  /** Whether everything may go out to everywhere: then what an open rule lets in is not tracked, and is cut at once. */
  readonly opensOut: Readonly<Record<Family, boolean>>
  /** Whether the settings name it. Others are looked at, and never written to. */
  readonly isOurs: boolean
}

/** The list of trusted peers of one family. */
export interface TrustedList {
  readonly id: string
  /** Prefixes that it may hold: what a reference to it counts. */
  readonly capacity: number
  /** Prefixes that it holds now. */
  readonly held: number
  /** Sources that it has no room for. */
  readonly left: readonly Prefix[]
  /** How many of those in it are known-good. */
  readonly knownGood: number
  /** Why it is not up to date, or null: such a list closes nothing, and opens nothing either. */
  readonly problem: string | null
}

/** A public rule that a lockdown takes away, kept until it is back as it was, under another id. */
export interface Swap {
  readonly group: string
  readonly rule: IngressRule
  /** The reference to the trusted peers that stands in for it. */
  readonly standIn: IngressRule
  /** Whether that was made by us. */
  readonly granted: boolean
  /** Whether flows that it had let in live on until they time out. */
  readonly tracked: boolean
}

export interface LockdownStep {
  readonly kind: 'authorize' | 'revoke'
  readonly group: string
  readonly rule: IngressRule
  readonly why: string
}

export interface LockdownInput {
  readonly fence: string
  readonly groups: readonly GroupState[]
  /** What was taken away and is not back yet. */
  readonly swaps: readonly Swap[]
  /** SIP ports. */
  readonly ranges: readonly PortRange[]
  readonly trusted: Readonly<Record<Family, TrustedList>>
  /** Whether the allowlist is enough, although nobody is known-good. */
  readonly allowlistOnly: boolean
  /** How many trusted sources may lose service: whoever owns an account can make some of his choice known-good. */
  readonly lose: number
}

export interface LockdownPlan {
  /** What the ledger must hold before the first step is done. */
  readonly swaps: readonly Swap[]
  /** In their order. A group whose authorizing fails is not revoked from. */
  readonly steps: readonly LockdownStep[]
  /** Why it cannot be done, one line for each reason; then there are no steps. */
  readonly refused: readonly string[]
  /** Whether flows that stand live on until they time out. */
  readonly tracked: boolean
}

/** A prefix is taken for the public where it is wider than a /8, or for IPv6 wider than a /16: no network is that large. */
const PUBLIC_BITS = { 4: 8, 6: 16 } as const
/** A rule that opens more ports than this is for more than SIP; taking it away would cut what it is for. */
const MOST_PORTS = 100

/**
 * Closes the door: in each security group the rules that let the public in on SIP ports give way to one that lets the
 * trusted peers in. The new rule comes first, so that at no moment a trusted peer is out. Nothing is done where it
 * would not do: a group that the settings do not name would leave the door open, a list without room would keep somebody out.
 */
export function planLockdown(input: LockdownInput): LockdownPlan {
  const { groups, swaps } = input
  const found = groups.flatMap((group) => publicRules(group, input).map((rule) => ({ group, rule })))
  const fresh = found.filter(({ group, rule }) => !swaps.some((each) => isSwapOf(each, group.id, rule)))
  const all = [
    ...swaps,
    ...fresh.map(({ group, rule }) => ({
      group: group.id,
      rule,
      standIn: standInFor(rule, input),
      granted: !holdsForeign(group, standInFor(rule, input)),
      tracked: !group.opensOut[familyOfRule(rule)] || !isWholeWorld(rule),
    })),
  ]
  // Where a public rule is to go, trusted peers are let in whatever the group shows: reads lag, and may still show a rule
  // that the end of an earlier lockdown has taken away.
  const shows = ({ group, rule }: LockdownStep) =>
    groups.some(({ id, rules }) => id === group && rules.some((each) => sameRule(each, rule)))
  const closes = new Set(found.map(({ group }) => group.id))
  const granting = distinct(all.filter(({ granted }) => granted).map(letIn)).filter(
    (step) => closes.has(step.group) || !shows(step),
  )
  const refused = [
    ...refusals(
      found,
      granting.filter((step) => !shows(step)),
      input,
    ),
    ...leftOut(found, input),
  ]
  if (all.length === 0)
    refused.push('no security group of the PBXs lets the public in on SIP ports: nothing to close')
  if (refused.length > 0) return { swaps, steps: [], refused, tracked: all.some(({ tracked }) => tracked) }
  const revoking = found.map(
    ({ group, rule }): LockdownStep => ({
      kind: 'revoke',
      group: group.id,
      rule,
      why: 'lockdown: only trusted peers are let in',
    }),
  )
  return {
    swaps: all,
    steps: [...granting, ...revoking],
    refused,
    tracked: all.some(({ tracked }) => tracked),
  }
}

function letIn({ group, standIn: rule }: Swap): LockdownStep {
  return { kind: 'authorize', group, rule, why: 'lockdown: trusted peers are let in' }
}

/**
 * Opens the door again: every rule that was taken away comes back as it was, then what stood in for it goes. It is asked for
 * whatever the groups show, because reads lag behind.
 */
export function planOpening(swaps: readonly Swap[]): LockdownPlan {
  const restoring = swaps.map(
    ({ group, rule }): LockdownStep => ({ kind: 'authorize', group, rule, why: 'the lockdown is over' }),
  )
  const standIns = swaps
    .filter(({ granted }) => granted)
    .map(
      ({ group, standIn: rule }): LockdownStep => ({
        kind: 'revoke',
        group,
        rule,
        why: 'the lockdown is over',
      }),
    )
  return { swaps, steps: [...restoring, ...distinct(standIns)], refused: [], tracked: false }
}

/** What stands in for a public rule: the same, for the trusted peers of its family. */
function standInFor(rule: IngressRule, { fence, trusted }: LockdownInput): IngressRule {
  const { id } = trusted[familyOfRule(rule)]
  return {
    protocol: rule.protocol,
    ports: rule.ports,
    source: { kind: 'prefix-list', id },
    description: `sipfence ${fence}: trusted peers, while locked down`,
    tags: {},
  }
}

function publicRules({ rules }: GroupState, { ranges }: LockdownInput): IngressRule[] {
  return rules.filter((rule) => isPublic(rule) && touchesPorts(rule, ranges))
}

/** Whether it lets in a prefix so wide that it is no network but everybody. */
export function isPublic({ source }: IngressRule): boolean {
  if (source.kind !== 'prefix') return false
  const { family, length } = bitsOf(source.prefix)
  return length < PUBLIC_BITS[family]
}

function isWholeWorld({ source }: IngressRule): boolean {
  return source.kind === 'prefix' && source.prefix.endsWith('/0')
}

type Found = readonly { readonly group: GroupState; readonly rule: IngressRule }[]

/** Why the groups cannot be closed. */
function refusals(found: Found, granting: readonly LockdownStep[], { trusted }: LockdownInput): string[] {
  const reasons = found.flatMap(({ group, rule }) => {
    if (!group.isOurs)
      return [
        `${group.id} lets the public in (${ruleText(rule)}) and is not among trustedPeers.securityGroups: name it, or take the rule away`,
      ]
    if (rule.ports === null || rule.ports.to - rule.ports.from >= MOST_PORTS)
      return [
        `the rule "${ruleText(rule)}" of ${group.id} is for more than SIP: give SIP a rule of its own of at most ${MOST_PORTS} ports`,
      ]
    return []
  })
  const groups = [...new Map(found.map(({ group }) => [group.id, group])).values()]
  const full = groups.flatMap((group) =>
    ([4, 6] as const).flatMap((family) => {
      const added = granting.filter(
        (step) => step.group === group.id && isReferenceTo(step.rule, trusted[family].id),
      )
      const needed = added.length * trusted[family].capacity
      if (needed === 0 || group.weight[family] + needed <= group.rulesQuota) return []
      return [
        `${group.id} has room for ${group.rulesQuota - group.weight[family]} IPv${family} rules and would need ${needed}: ${added.length} references to ${trusted[family].id}, each of which counts its ${trusted[family].capacity} entries; make the list smaller (docs/tiers.md), or ask AWS for more rules per security group`,
      ]
    }),
  )
  return [...reasons, ...full]
}

const NAMED = 10

/** Sensors that see nothing must not lead to a closed door. */
const NOBODY_KNOWN =
  'nobody is known-good, so every phone that no setting names would lose service: see with sipfence status whether the sensors report, or let the allowlist be enough with sipfence lockdown on --allowlist-only'

/** Who would lose service, by name. */
function leftOut(found: Found, { trusted, allowlistOnly, lose }: LockdownInput): string[] {
  const families = [...new Set(found.map(({ rule }) => familyOfRule(rule)))]
  const all = families.reduce((sum, family) => sum + trusted[family].left.length, 0)
  const reasons = families.flatMap((family) => {
    const { id, left, capacity, problem } = trusted[family]
    if (problem !== null) return [`the list of trusted peers ${id} is not up to date: ${problem}`]
    if (left.length === 0 || all <= lose) return []
    const named = left.slice(0, NAMED).join(', ')
    const more = left.length > NAMED ? ` and ${left.length - NAMED} more` : ''
    return [
      `${left.length} trusted sources do not fit into the ${capacity} entries of ${id} and would lose service: ${named}${more}; make the list larger (docs/tiers.md), allow their networks, or let them go with sipfence lockdown on --lose ${all}`,
    ]
  })
  const lists = families.map((family) => trusted[family])
  if (lists.length === 0 || lists.some(({ problem }) => problem !== null)) return reasons
  if (lists.every(({ held }) => held === 0))
    return [...reasons, 'the lists of trusted peers are empty: nobody would be let in']
  if (!allowlistOnly && Object.values(trusted).every(({ knownGood }) => knownGood === 0))
    return [...reasons, NOBODY_KNOWN]
  return reasons
}

function isReferenceTo({ source }: IngressRule, id: string): boolean {
  return source.kind === 'prefix-list' && source.id === id
}

/** Somebody else's own reference does the same, and stays when the lockdown is over. */
function holdsForeign({ rules }: GroupState, rule: IngressRule): boolean {
  return rules.some((each) => sameRule(each, rule) && each.description !== rule.description)
}

function isSwapOf(swap: Swap, group: string, rule: IngressRule): boolean {
  return swap.group === group && sameRule(swap.rule, rule)
}

function distinct(steps: readonly LockdownStep[]): LockdownStep[] {
  return [...new Map(steps.map((step) => [`${step.group} ${ruleKey(step.rule)}`, step])).values()]
}

function familyOfRule({ source }: IngressRule): Family {
  return source.kind === 'prefix' ? familyOf(source.prefix) : 4
}
