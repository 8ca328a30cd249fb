import type { BlocksDocument } from '../contract/blocks.ts'
import { moment, placeName, reason, standing } from './fence-words.ts'
import { count, duration, printable, table } from './format.ts'

type BlockDocument = BlocksDocument['blocks'][number]

const SCOPE = { 'sip-udp': 'UDP SIP ports', sip: 'UDP and TCP SIP ports', all: 'all traffic' } as const

/** What `sipfence blocks` prints for people: a few lines for each block, the heaviest first. */
export function blocksText({ fence, region, mode, at, blocks }: BlocksDocument, width: number): string[] {
  const head = `Fence ${fence} in ${region}, mode ${mode}: ${standing(blocks.length)}`
  const rows = blocks.flatMap((block) => rowsOf(block, at))
  return [head, ...table(rows, width, '')]
}

function rowsOf(block: BlockDocument, at: string): string[][] {
  const [first = '', ...more] = blockLines(block, at)
  return [['', ''], [printable(block.prefix, 50), first], ...more.map((line) => ['', line])]
}

/** What a block is, how long it still stands, where, and why. */
export function blockLines(block: BlockDocument, at: string): string[] {
  const { from, until, why } = block
  const left = duration(Math.max(0, Date.parse(until) - Date.parse(at)))
  return [
    blockWords(block),
    `since ${moment(from)}, until ${moment(until)} UTC, ${left} left`,
    ...block.entries.map(entryPlaceText),
    ...block.sets.map(setPlaceText),
    reason(why),
  ]
}

/** `reflection, level 1: UDP SIP ports, 1,300 packets/s`. */
export function blockWords({
  scope,
  class: name,
  level,
  weight,
}: Pick<BlockDocument, 'scope' | 'class' | 'level' | 'weight'>): string {
  return `${name}, level ${level}: ${SCOPE[scope]}, ${count(weight)} packets/s`
}

function entryPlaceText({ networkAcl, ruleNumbers, whyNot }: BlockDocument['entries'][number]): string {
  const rules = ruleNumbers.length === 1 ? `rule ${ruleNumbers[0]}` : `rules ${ruleNumbers.join(', ')}`
  if (whyNot === null) return `network ACL ${networkAcl}: ${rules}`
  const held = ruleNumbers.length === 0 ? 'no entry' : `${rules} for now`
  return `network ACL ${networkAcl}: ${held}; ${reason(whyNot)}`
}

function setPlaceText({ set, heldBy, whyNot }: BlockDocument['sets'][number]): string {
  const place = placeName(set)
  if (whyNot === null) return `${place}: ${heldBy}`
  const held = heldBy === null ? 'no entry' : `${heldBy} for now`
  return `${place}: ${held}; ${reason(whyNot)}`
}
