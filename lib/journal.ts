import type { Block } from './core/block.ts'
import type { Detection } from './core/detection.ts'
import type { LockdownStep } from './core/lockdown.ts'
import type { Change } from './core/plan.ts'
import type { Prefix } from './core/prefix.ts'
import type { RefusalReason } from './core/refusal.ts'
import type { SetChange } from './core/set-plan.ts'

/** An alert is for people: something is going on that sipfence will not or cannot act on. */
export interface Alert {
  readonly at: number
  readonly kind:
    | 'protected-source-flood'
    | 'half-blind'
    | 'shadowed'
    | 'foreign-entry'
    | 'brake'
    | 'no-free-entry'
    | 'host-capped'
    | 'silent-sensor'
    | 'still-arriving'
    | 'late-reports'
    | 'forgotten-firewall'
    | 'lockdown'
    | 'lockdown-refused'
    | 'trusted-peers'
  readonly source: Prefix | null
  /** The host, or the firewall, that it is about, where it is about one. */
  readonly host?: string
  readonly why: string
}

/** What happened, for people and for the record: one line each, in the order of time. */
export type JournalEntry =
  | { readonly kind: 'detection'; readonly detection: Detection }
  | {
      readonly kind: 'refusal'
      readonly at: number
      readonly source: Prefix
      readonly reason: RefusalReason
      readonly why: string
    }
  | { readonly kind: 'alert'; readonly alert: Alert }
  | { readonly kind: 'block'; readonly block: Block; readonly change: 'new' | 'extended' | 'ended' }
  /** A change to a firewall: made, or failed for the reason given. */
  | {
      readonly kind: 'change'
      readonly at: number
      readonly firewall: string
      readonly change: Change
      readonly failed: string | null
    }
  /** Changes to a prefix list or an IP set, as many as one write made, or failed to make. */
  | {
      readonly kind: 'set'
      readonly at: number
      readonly set: string
      readonly changes: readonly SetChange[]
      readonly failed: string | null
    }
  /** A step of a lockdown, or of its end: made, or failed for the reason given. */
  | {
      readonly kind: 'lockdown'
      readonly at: number
      readonly step: LockdownStep
      readonly failed: string | null
    }

export interface Journal {
  write(entry: JournalEntry): Promise<void>
  /** Counts what lasts, each time that it is seen; what is written is told once in a while. */
  count?(what: 'ProtectedFloods' | 'BlockedArriving'): void
  /** An alert that was written before, and still holds; for journals that keep people from hearing it too often. */
  lasts?(alert: Alert): Promise<void>
}

/** What is said again and again while it lasts, by a key; undefined for what happens once. */
export function newsKey(entry: JournalEntry): string | undefined {
  if (entry.kind === 'alert') return `${entry.alert.kind} ${entry.alert.source ?? entry.alert.host ?? ''}`
  if (entry.kind === 'refusal') return `${entry.reason} ${entry.source}`
  // What failed on the way is told again when it is tried again.
  return entry.kind === 'block' ? `${entry.change} ${entry.block.id} ${entry.block.until}` : undefined
}

/** Within this time the same alert or refusal is not news. */
export const NEWS_MS = 600_000
