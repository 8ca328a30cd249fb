import { atOnce } from './core/at-once.ts'
import type { Block } from './core/block.ts'
import type { Prefix } from './core/prefix.ts'
import type { Protection } from './core/protection.ts'

/** What of the ledger says what is desired. A read that fails throws; it never reads as empty. */
export interface DesiredLedger {
  /** Blocks that have not ended, those past their `until` included. */
  openBlocks(): Promise<readonly Block[]>
  protection(): Promise<Protection>
  /** Known-good sources that lie within the prefix. */
  knownGoodWithin(prefix: Prefix, now: number): Promise<readonly Prefix[]>
}

/** One decision for all firewalls of a fence: which blocks are in force, and what must not be blocked. */
export interface Desired {
  /** Blocks that have not ended. */
  readonly open: readonly Block[]
  /** Those of them that are not past their `until`. */
  readonly blocks: readonly Block[]
  /** Why a prefix must not be blocked, or undefined where it may be. */
  readonly protects: (prefix: Prefix) => string | undefined
  /** Whether that is because a source in it has become known-good. Knows the blocks' prefixes only. */
  readonly knownGood: (prefix: Prefix) => boolean
  /** Whether nobody in the prefix is ever blocked, as the settings say. */
  readonly neverBlocked: (prefix: Prefix) => boolean
}

const ASKED_AT_ONCE = 16

/** Reads what is desired, once a round. What protects is read anew: a source may have become known-good since. */
export async function readDesired(ledger: DesiredLedger, now: number): Promise<Desired> {
  const open = await ledger.openBlocks()
  const protection = await ledger.protection()
  const blocks = open.filter(({ until }) => now < until)
  const good = new Map<Prefix, string>()
  await atOnce(ASKED_AT_ONCE, blocks, async ({ prefix }) => {
    const [source] = await ledger.knownGoodWithin(prefix, now)
    if (source !== undefined)
      good.set(prefix, source === prefix ? 'known-good' : `known-good source ${source} in it`)
  })
  return {
    open,
    blocks,
    protects: (prefix) => good.get(prefix) ?? protection.protects(prefix),
    knownGood: (prefix) => good.has(prefix),
    neverBlocked: (prefix) => protection.covers(prefix),
  }
}

/** Sources whose blocks are to be lifted, because something protects them now. A person's block is a person's to lift. */
export function liftedBy({ open, protects }: Desired): ReadonlySet<Prefix> {
  const protectedNow = open.filter(
    ({ origin, prefix }) => origin === 'detector' && protects(prefix) !== undefined,
  )
  return new Set(protectedNow.map(({ prefix }) => prefix))
}
