import { type PortRange, TCP, UDP } from './entry.ts'
import type { IngressRule } from './ingress-rule.ts'
import { type GroupState, isPublic, planLockdown, type TrustedList } from './lockdown.ts'
import { touchesPorts } from './port-match.ts'
import type { Family } from './prefix.ts'

/**
 * Where PBXs listen: 5060 and 5061 (RFC 3261), FreeSWITCH's external profile on 5080 and 5081, and FreePBX's second
 * driver on 5160 and 5161.
 */
const USUAL_PORTS = [5060, 5061, 5080, 5081, 5160, 5161] as const
/** A rule that opens more ports than this is not about SIP alone, and tells nothing of where SIP is. */
const NARROW = 100
/** A rule that somebody described as SIP's is taken at its word up to this many ports. */
const DESCRIBED = 4
/** As many as the settings take. */
const MOST_PORTS = 20

/** The SIP ports that rules of the groups are about; empty where none tells. */
export function portsIn(groups: readonly GroupState[]): readonly number[] {
  const rules = groups.flatMap((group) => group.rules)
  const ports = rules.flatMap((rule) => [...usualPorts(rule), ...describedPorts(rule)])
  return [...new Set(ports)].sort((a, b) => a - b).slice(0, MOST_PORTS)
}

function usualPorts({ protocol, ports }: IngressRule): number[] {
  if ((protocol !== UDP && protocol !== TCP) || ports === null || ports.to - ports.from >= NARROW) return []
  return USUAL_PORTS.filter((port) => port >= ports.from && port <= ports.to)
}

function describedPorts({ protocol, ports, description }: IngressRule): number[] {
  if ((protocol !== UDP && protocol !== TCP) || ports === null) return []
  const { from, to } = ports
  if (to - from >= DESCRIBED || from < 1 || !/\bsips?\b/i.test(description)) return []
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

export interface GroupRule {
  readonly group: string
  readonly rule: IngressRule
}

/** Who is let in on SIP ports by the security groups, which count together. */
export interface Openings {
  /** Rules that let the public in. */
  readonly everybody: readonly GroupRule[]
  /** Rules that let others in: networks, groups, prefix lists. */
  readonly some: readonly GroupRule[]
}

export function sipOpenings(groups: readonly GroupState[], ranges: readonly PortRange[]): Openings {
  const all = groups.flatMap(({ id, rules }) =>
    rules.filter((rule) => touchesPorts(rule, ranges)).map((rule) => ({ group: id, rule })),
  )
  return {
    everybody: all.filter(({ rule }) => isPublic(rule)),
    some: all.filter(({ rule }) => !isPublic(rule)),
  }
}

/** What a lockdown could close here. */
export interface LockdownProposal {
  /** The groups that let the public in on SIP ports; none where there is nothing to close. */
  readonly groups: readonly string[]
  /** Prefixes that the list of trusted peers may hold, so that the groups have room for it. */
  readonly maxEntries: number
  /** Why a lockdown would be refused as the groups are now. */
  readonly refused: readonly string[]
}

/**
 * @param usual how many prefixes the list may hold where the groups have room for them: a rule that refers to a list
 *   counts all that it may hold
 */
export function proposeLockdown(
  groups: readonly GroupState[],
  ranges: readonly PortRange[],
  usual: number,
): LockdownProposal {
  const closes = [...new Set(sipOpenings(groups, ranges).everybody.map(({ group }) => group))]
  if (closes.length === 0) return { groups: [], maxEntries: usual, refused: [] }
  for (let maxEntries = usual; maxEntries > 0; maxEntries--)
    if (refusals(groups, ranges, maxEntries).length === 0) return { groups: closes, maxEntries, refused: [] }
  return { groups: closes, maxEntries: usual, refused: refusals(groups, ranges, usual) }
}

/** As if the settings named every group, and the lists of trusted peers were filled. */
function refusals(
  groups: readonly GroupState[],
  ranges: readonly PortRange[],
  capacity: number,
): readonly string[] {
  const { refused } = planLockdown({
    fence: 'proposal',
    groups: groups.map((group) => ({ ...group, isOurs: true })),
    swaps: [],
    ranges,
    trusted: { 4: listOf(4, capacity), 6: listOf(6, capacity) },
    allowlistOnly: true,
    lose: 0,
  })
  return refused
}

function listOf(family: Family, capacity: number): TrustedList {
  const id = `the IPv${family} list of trusted peers`
  return { id, capacity, held: 1, left: [], knownGood: 0, problem: null }
}
