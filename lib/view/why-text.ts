import type { WhyDocument } from '../contract/why.ts'
import { blockLines, blockWords } from './blocks-text.ts'
import { ago, moment, reason } from './fence-words.ts'
import { printable, table, wrapped } from './format.ts'

const MOST_KNOWN_GOOD = 20

/** What `sipfence why` prints for people. */
export function whyText(document: WhyDocument, width: number): string[] {
  const { fence, region, mode, asked, source } = document
  const whose = source === null || source === asked ? '' : `, which is part of source ${source}`
  const head = `${asked}${whose}: what fence ${fence} in ${region} knows of it, in mode ${mode}`
  const rows = isUnknown(document) ? [['Nothing', NOTHING]] : knownRows(document)
  const all = [...rows, ...trustRows(document), ...unreadRows(document)]
  return [...wrapped(head, width), '', ...table(all, width, '')]
}

const NOTHING =
  'is known of it: no block, standing or ended, covers it; it is not known-good, and no setting protects it'

function isUnknown(document: WhyDocument): boolean {
  const { protectedBy, protectedParts, knownGood, blocks, foreign, trusted } = document
  const letIn = trusted.filter(({ heldBy, parts }) => heldBy !== null || parts.length > 0)
  const lists = [protectedParts, knownGood, blocks, foreign, letIn]
  return protectedBy === null && lists.every((list) => list.length === 0)
}

function knownRows(document: WhyDocument): string[][] {
  const { protectedBy, protectedParts, foreign } = document
  return [
    ...(protectedBy === null ? [] : [['Protected', `never blocked: ${reason(protectedBy)}`]]),
    ...someOf(protectedParts).map((part) => ['Protected', partText(part)]),
    ...knownGoodRows(document),
    ...blockRows(document),
    ...foreign.map(({ place, entry }) => ['Others', `${place}: ${printable(entry, 200)} is not the fence's`]),
  ]
}

function knownGoodRows({ knownGood, source, at }: WhyDocument): string[][] {
  const who = source === null ? 'no source in it has' : 'it has not'
  if (knownGood.length === 0) return [['Known-good', `no: ${who} proven itself within 24 hours`]]
  const rows = knownGood.slice(0, MOST_KNOWN_GOOD).map(({ source: each, provenAt, until }) => {
    const which = source === null ? `${each}: ` : ''
    const words = `${which}never blocked until ${moment(until)} UTC, as it proved itself ${ago(provenAt, at)}`
    return ['Known-good', words]
  })
  const more = knownGood.length - rows.length
  return more === 0 ? rows : [...rows, ['', `and ${more} more (--json has all)`]]
}

function blockRows({ blocks, source, at }: WhyDocument): string[][] {
  if (blocks.length === 0) return [['Block', 'none stands, and none that has ended is remembered']]
  return blocks.flatMap((block) => {
    const { prefix, endedAt, from, why } = block
    const lines =
      endedAt === null
        ? blockLines(block, at)
        : [blockWords(block), `over: from ${moment(from)} until ${moment(endedAt)} UTC`, reason(why)]
    const which = prefix === source ? lines : [printable(prefix, 50), ...lines]
    return which.map((line, i) => [i === 0 ? (endedAt === null ? 'Block' : 'Ended') : '', line])
  })
}

function trustRows({ trusted, lockdown }: WhyDocument): string[][] {
  const peers = trusted.map((list) => ['Trusted', trustedText(list)])
  if (lockdown === null) return peers
  const { closed, desired, why } = lockdown
  const change = closed === desired ? '' : `, and should be ${desired ? 'closed' : 'open'}`
  return [...peers, ['Lockdown', `the door is ${closed ? 'closed' : 'open'}${change}: ${reason(why)}`]]
}

function trustedText({ id, heldBy, parts, whyNot }: WhyDocument['trusted'][number]): string {
  if (heldBy !== null) return `in ${id}: ${heldBy}, let in while the door is closed`
  if (parts.length === 0) return `not in ${id}: ${reason(whyNot ?? '')}`
  const more = parts.length - someOf(parts).length
  const named = `${someOf(parts).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
  return `part of it in ${id}: ${named}, let in while the door is closed; ${reason(whyNot ?? '')}`
}

function partText({ prefix, why }: WhyDocument['protectedParts'][number]): string {
  return `part of it: ${prefix}, ${reason(why)}`
}

function someOf<T>(parts: readonly T[]): readonly T[] {
  return parts.slice(0, MOST_KNOWN_GOOD)
}

function unreadRows({ unread }: WhyDocument): string[][] {
  return unread.map(({ place, problem }) => ['Not read', `${place}: ${reason(problem)}`])
}
