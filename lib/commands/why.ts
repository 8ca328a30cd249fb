import type { Command } from 'commander'
import type { FenceConfig } from '../config.ts'
import type { WhyDocument } from '../contract/why.ts'
import type { Block } from '../core/block.ts'
import { KNOWN_GOOD_SECONDS } from '../core/known-good.ts'
import {
  type Address,
  bitsOf,
  covers,
  familyOf,
  overlaps,
  type Prefix,
  parsePrefix,
  sourcePrefix,
} from '../core/prefix.ts'
import { PrefixIndex } from '../core/prefix-index.ts'
import type { Protection } from '../core/protection.ts'
import type { Mode } from '../reconcile.ts'
import { ruleText } from '../view/fence-words.ts'
import { whyText } from '../view/why-text.ts'
import { aboutFence, type Deployed, isoTime, modeInForce } from './deployed.ts'
import { type DeployedOptions, deployedCommand, printDocument, withDeployed } from './deployed-options.ts'
import { doorIn, FORGOTTEN_SWAPS, type ListRehearsal, rehearseDoor } from './door.ts'
import { factsOf, placesIn } from './placement.ts'
import { type Rehearsed, rehearse } from './rehearsal.ts'
import { UsageError } from './usage-error.ts'

interface WhyOptions extends DeployedOptions {
  readonly json?: boolean
}

export function addWhy(program: Command): void {
  deployedCommand(program, 'why', 'what it knows of an address: its blocks, and in which firewalls they are')
    .argument('<ip>', 'an address or CIDR')
    .option('--json', 'print one JSON document (sipfence.why/1)')
    .action(async (ip: string, options: WhyOptions) => {
      const asked = parsePrefix(ip)
      if (!asked.ok) throw new UsageError(`Cannot look up an address: ${asked.reason}`)
      await withDeployed(options, async (deployed) =>
        printDocument(await whyOf(deployed, asked.value), options.json, whyText),
      )
    })
}

async function whyOf(deployed: Deployed, asked: Prefix): Promise<WhyDocument> {
  const { ledger } = deployed
  const now = deployed.clock()
  const { inForce: mode } = await modeInForce(deployed)
  const source = sourceHolding(asked)
  const subject = source ?? asked
  const rehearsed = await rehearse(deployed, mode, now)
  const good = await ledger.provenWithin(subject, now)
  return {
    schema: 'sipfence.why/1',
    ...aboutFence(deployed, now),
    mode,
    asked,
    source,
    ...protectionOver(subject, await ledger.protection(), deployed.fence),
    knownGood: good.map((each) => ({
      source: each.source,
      provenAt: isoTime(each.at),
      until: isoTime(each.at + KNOWN_GOOD_SECONDS * 1000),
    })),
    blocks: await blocksOver(deployed, subject, rehearsed, { mode, now }),
    foreign: foreignOver(subject, rehearsed),
    unread: [...rehearsed.networkAcls, ...rehearsed.sets].flatMap(({ id, problem }) =>
      problem === null ? [] : [{ place: id, problem }],
    ),
    ...(await trustOf(deployed, asked, { mode, now })),
  }
}

/** A network of which the settings protect a part is not protected: the rest of it may be blocked, source by source. */
function protectionOver(
  subject: Prefix,
  protection: Protection,
  { pbxs, allow, vpcCidrs, healthCheckers }: FenceConfig,
): Pick<WhyDocument, 'protectedBy' | 'protectedParts'> {
  const hit = protection.protects(subject)
  if (hit === undefined) return { protectedBy: null, protectedParts: [] }
  const bits = bitsOf(subject)
  const own = pbxs.flatMap(({ addresses }) => addresses.map(sourcePrefix))
  const named = [...allow, ...vpcCidrs, ...healthCheckers, ...own].filter((prefix) =>
    overlaps(bitsOf(prefix), bits),
  )
  if (named.length === 0 || named.some((prefix) => covers(bitsOf(prefix), bits)))
    return { protectedBy: hit, protectedParts: [] }
  const protectedParts = [...new Set(named)].map((prefix) => ({
    prefix,
    why: protection.protects(prefix) ?? hit,
  }))
  return { protectedBy: null, protectedParts }
}

/** Null where the prefix is wider than one source. */
function sourceHolding(prefix: Prefix): Prefix | null {
  const address = prefix.slice(0, prefix.indexOf('/')) as Address
  const source = sourcePrefix(address)
  return covers(bitsOf(source), bitsOf(prefix)) ? source : null
}

interface Moment {
  readonly mode: Mode
  readonly now: number
}

async function blocksOver(
  { ledger, fence }: Deployed,
  subject: Prefix,
  rehearsed: Rehearsed,
  moment: Moment,
): Promise<WhyDocument['blocks']> {
  const bits = bitsOf(subject)
  const open = (await ledger.openBlocks()).filter(({ prefix }) => overlaps(bitsOf(prefix), bits))
  const placesOf = placesIn(rehearsed, { ...moment, ports: fence.ports })
  const standing = open
    .sort((a, b) => b.weight - a.weight)
    .map((block) => ({ ...factsOf(block), endedAt: null, ...placesOf(block) }))
  const ended = await ledger.endedBlock(subject)
  const isOpen = open.some(({ prefix }) => prefix === subject)
  return ended === undefined || isOpen ? standing : [...standing, ...endedBlock(ended)]
}

function endedBlock(block: Block): WhyDocument['blocks'] {
  const { endedAt } = block
  return endedAt === null ? [] : [{ ...factsOf(block), endedAt: isoTime(endedAt), entries: [], sets: [] }]
}

function foreignOver(subject: Prefix, { networkAcls, sets }: Rehearsed): WhyDocument['foreign'] {
  const inner = bitsOf(subject)
  const isOver = (prefix: Prefix) => covers(bitsOf(prefix), inner)
  const entries = networkAcls.flatMap(({ id: place, round }) =>
    (round?.plan.foreign ?? [])
      .filter(({ action, prefix }) => action === 'deny' && isOver(prefix))
      .map((entry) => ({ place, entry: ruleText(entry) })),
  )
  const prefixes = sets.flatMap(({ id: place, round }) =>
    (round?.plan.foreign ?? []).filter(isOver).map((entry) => ({ place, entry })),
  )
  return [...entries, ...prefixes]
}

async function trustOf(
  deployed: Deployed,
  asked: Prefix,
  { mode, now }: Moment,
): Promise<Pick<WhyDocument, 'trusted' | 'lockdown'>> {
  const closed = (await deployed.ledger.swaps()).length > 0
  if (deployed.trusted === undefined) {
    const lockdown = closed ? { closed, desired: false, why: FORGOTTEN_SWAPS } : null
    return { trusted: [], lockdown }
  }
  const door = await doorIn(deployed, mode, now)
  const { lists } = await rehearseDoor(deployed, deployed.trusted, door, now)
  return {
    trusted: lists
      .filter(({ family }) => family === familyOf(asked))
      .map((list) => ({ id: list.id, family: list.family, ...letIn(asked, list, mode) })),
    lockdown: { closed, desired: door.closed, why: door.why },
  }
}

type LetIn = Pick<WhyDocument['trusted'][number], 'heldBy' | 'parts' | 'whyNot'>

/** Packets are matched against what the list holds, whoever put it there. */
function letIn(asked: Prefix, list: ListRehearsal, mode: Mode): LetIn {
  const { round, problem } = list
  if (round === null) return { heldBy: null, parts: [], whyNot: problem }
  const { held } = round
  const heldBy = new PrefixIndex(held).holderOf(asked)
  if (heldBy !== undefined) return { heldBy, parts: [], whyNot: null }
  const bits = bitsOf(asked)
  const parts = held.filter((prefix) => covers(bits, bitsOf(prefix)))
  return { heldBy: null, parts, whyNot: whyNotIn(asked, round, mode, parts.length > 0) }
}

function whyNotIn(
  asked: Prefix,
  { plan, capacity }: NonNullable<ListRehearsal['round']>,
  mode: Mode,
  isInPart: boolean,
): string {
  const bits = bitsOf(asked)
  const isOver = (prefix: Prefix) => covers(bitsOf(prefix), bits)
  if (plan.left.some(isOver)) return `no free entry: the list has room for ${capacity}`
  const coming = plan.changes.find(({ kind, prefix }) => kind === 'add' && isOver(prefix))
  if (coming === undefined)
    return isInPart
      ? 'the rest is neither on the allowlist nor known-good'
      : 'neither on the allowlist nor known-good'
  return mode === 'off' ? 'the mode is off' : `not yet: the next round adds ${coming.prefix}`
}
