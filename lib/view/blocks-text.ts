import type { BlocksDocument } from '../contract/blocks.ts'
import { moment, reason, standing } from './fence-words.ts'
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
  const { prefix, scope, class: name, level, weight, from, until, why, entries } = block
  const left = duration(Math.max(0, Date.parse(until) - Date.parse(at)))
  return [
    ['', ''],
    [printable(prefix, 50), `${name}, level ${level}: ${SCOPE[scope]}, ${count(weight)} packets/s`],
    ['', `since ${moment(from)}, until ${moment(until)} UTC, still ${left}`],
    ...entries.map((place) => ['', placeText(place)]),
    ['', reason(why)],
  ]
}

function placeText({ networkAcl, ruleNumbers, whyNot }: BlockDocument['entries'][number]): string {
  const rules = ruleNumbers.length === 1 ? `rule ${ruleNumbers[0]}` : `rules ${ruleNumbers.join(', ')}`
  if (whyNot === null) return `${networkAcl}: ${rules}`
  const held = ruleNumbers.length === 0 ? 'no entry' : `${rules} for now`
  return `${networkAcl}: ${held}; ${reason(whyNot)}`
}
