import type { Block } from './block.ts'
import type { Entry, PortRange } from './entry.ts'
import { bitsOf, covers, type Prefix } from './prefix.ts'

/** Rule numbers that are ours to use, both included. */
export interface RuleWindow {
  readonly firstRule: number
  readonly lastRule: number
}

/** EC2 reads are eventually consistent; after this long a read that differs is drift, not lag. */
export const READ_LAG_MS = 300_000

/** An entry that we wrote, or were about to write. */
export interface Claim {
  readonly entry: Entry
  /** When it was last about to be written, in milliseconds. */
  readonly at: number
}

export interface PlanInput {
  readonly desired: readonly Block[]
  /** All inbound entries of the network ACL, the default `*` rules included. */
  readonly current: readonly Entry[]
  readonly claims: readonly Claim[]
  /** Inbound rules that AWS allows for each family, the `*` rule included. */
  readonly rulesQuota: number
  /** Entries of each family that are left free for people. */
  readonly reserve: number
  readonly window: RuleWindow
  readonly ranges: readonly PortRange[]
  /** Why a prefix must not be blocked, or undefined where it may be. */
  readonly protects: (prefix: Prefix) => string | undefined
  /** Whether that is because a source in it has become known-good, which no mistake in the settings can cause. */
  readonly knownGood?: (prefix: Prefix) => boolean
  /** Whether nobody in the prefix is ever blocked: an allow that lets in only such does not keep a denial from its work. */
  readonly neverBlocked?: (prefix: Prefix) => boolean
  readonly now: number
  /** Why all that is ours is given up, where it is; then nothing is desired. */
  readonly givenUp?: string
}

export function isWithin({ firstRule, lastRule }: RuleWindow, ruleNumber: number): boolean {
  return ruleNumber >= firstRule && ruleNumber <= lastRule
}

/** When the newest entry was written that denies the source; null where none does. */
export function deniedSince(claims: readonly Claim[], source: Prefix): number | null {
  const inner = bitsOf(source)
  const denials = claims.filter(({ entry }) => covers(bitsOf(entry.prefix), inner))
  return denials.length === 0 ? null : Math.max(...denials.map(({ at }) => at))
}
