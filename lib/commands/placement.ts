import type { BlocksDocument } from '../contract/blocks.ts'
import type { Block } from '../core/block.ts'
import { familyOf, type Prefix } from '../core/prefix.ts'
import { PrefixIndex } from '../core/prefix-index.ts'
import { denialKey, denialsOf, portRanges } from '../core/wanted.ts'
import type { Mode } from '../reconcile.ts'
import type { DenialRound } from '../reconcile-set.ts'
import { isoTime } from './deployed.ts'
import { ownEntries } from './holding.ts'
import type { Rehearsal, Rehearsed, SetRehearsal } from './rehearsal.ts'

type BlockDocument = BlocksDocument['blocks'][number]
type Places = Pick<BlockDocument, 'entries' | 'sets'>

/** When a block is looked at, and in what mode. */
export interface Moment {
  readonly mode: Mode
  readonly now: number
  /** SIP ports of the fence. */
  readonly ports: readonly number[]
}

/** What a block is, for whoever asks. */
export function factsOf(block: Block): Omit<BlockDocument, keyof Places> {
  const { id, prefix, scope, class: name, origin, level, weight, from, until, why } = block
  const times = { from: isoTime(from), until: isoTime(until) }
  return { id, prefix, scope, class: name, origin, level, weight, ...times, why }
}

/** Tells where a block stands in every place that denies and is of its family, and why not where it does not. */
export function placesIn({ networkAcls, sets }: Rehearsed, moment: Moment): (block: Block) => Places {
  const acls = networkAcls.map((each) => inNetworkAcl(each, moment))
  const lists = sets.map((each) => ({ family: each.family, placeOf: inSet(each, moment) }))
  return (block) => {
    const family = familyOf(block.prefix)
    const own = lists.filter((list) => list.family === family)
    return { entries: acls.map((placeOf) => placeOf(block)), sets: own.map(({ placeOf }) => placeOf(block)) }
  }
}

function inNetworkAcl({ id, round, problem }: Rehearsal, moment: Moment) {
  if (round === null) return () => ({ networkAcl: id, ruleNumbers: [], whyNot: problem })
  const own = ownEntries(round.plan)
  const whyNot = reasonsIn(round, moment)
  return (block: Block): Places['entries'][number] => {
    const wanted = new Set(denialsOf(block.prefix, block.scope, portRanges(moment.ports)).map(denialKey))
    const held = own.filter((entry) => wanted.has(denialKey(entry)))
    const ruleNumbers = held.map(({ ruleNumber }) => ruleNumber)
    return { networkAcl: id, ruleNumbers, whyNot: whyNot(block, held.length === wanted.size) }
  }
}

function inSet({ id, kind, takes, round, problem }: SetRehearsal, moment: Moment) {
  if (round === null) return () => ({ set: id, heldBy: null, whyNot: problem })
  const own = new PrefixIndex(ownPrefixes(round))
  const whyNot = reasonsIn(round, moment)
  return (block: Block): Places['sets'][number] => {
    const heldBy = own.holderOf(block.prefix) ?? null
    return { set: id, heldBy, whyNot: takes(block) ? whyNot(block, heldBy !== null) : NOT_TAKEN[kind] }
  }
}

const NOT_TAKEN = {
  'prefix-list': 'not for this list',
  'ip-set':
    'not for this tier: WAF sees only who makes connections, and this source is not proven to be real',
} as const

/** The prefixes of ours that the set held when the plan was made. */
export function ownPrefixes({ plan }: DenialRound): Prefix[] {
  const leaving = plan.changes.filter(({ kind }) => kind === 'remove')
  return [...plan.kept, ...leaving.map(({ prefix }) => prefix)]
}

interface Planned {
  readonly plan: { readonly refused: readonly { readonly block: Block; readonly why: string }[] }
  readonly braked: string | undefined
}

/** Why a block is not in force in a place, or about to go from it; null where it is in force. */
function reasonsIn({ plan, braked }: Planned, { mode, now }: Moment) {
  const refused = new Map(plan.refused.map(({ block, why }) => [block.id, why]))
  return ({ id, until }: Block, held: boolean): string | null => {
    if (now >= until) return 'it is over'
    const refusal = refused.get(id)
    if (refusal !== undefined) return refusal
    if (mode !== 'enforce') return `the mode is ${mode}`
    if (held) return null
    return braked ?? 'not yet: the next round puts it in force'
  }
}
