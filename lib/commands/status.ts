import type { Command } from 'commander'
import type { StatusDocument } from '../contract/status.ts'
import type { Block } from '../core/block.ts'
import { familyOf } from '../core/prefix.ts'
import { subjectOf } from '../incident-document.ts'
import type { RoundRecord } from '../round-record.ts'
import { statusText } from '../view/status-text.ts'
import { aboutFence, type Deployed, firewallProblem, isoTime, modeInForce } from './deployed.ts'
import { type DeployedOptions, deployedCommand, printDocument, withDeployed } from './deployed-options.ts'
import { type Holding, holdingOf, setHoldingOf, setKind, setNoun } from './holding.ts'
import { hostsOf } from './hosts.ts'
import { doorStatus } from './lockdown-document.ts'
import { type Rehearsed, rehearse } from './rehearsal.ts'

interface StatusOptions extends DeployedOptions {
  readonly json?: boolean
}

export function addStatus(program: Command): void {
  deployedCommand(program, 'status', 'its mode, what it holds, and whether all of it works')
    .option('--json', 'print one JSON document (sipfence.status/1)')
    .action((options: StatusOptions) =>
      withDeployed(options, async (deployed) =>
        printDocument(await statusOf(deployed), options.json, statusText),
      ),
    )
}

async function statusOf(deployed: Deployed): Promise<StatusDocument> {
  const { fence, ledger, state, topic, clock } = deployed
  const now = clock()
  const { inForce, set } = await modeInForce(deployed)
  const standing = (await ledger.openBlocks()).filter(({ until }) => now < until)
  const round = await state.round()
  const networkAcls: StatusDocument['networkAcls'][number][] = []
  for (const firewall of deployed.firewalls) networkAcls.push(await aclStatus(deployed, firewall, now))
  const sets: StatusDocument['sets'][number][] = []
  for (const set of deployed.sets) sets.push(await setStatus(deployed, set))
  return {
    schema: 'sipfence.status/1',
    ...aboutFence(deployed, now),
    mode: {
      inForce,
      settings: fence.mode,
      set: set === undefined ? null : { at: isoTime(set.at), by: set.by },
    },
    blocks: {
      total: standing.length,
      byClass: countsByClass(standing),
      ...roomFor(standing, await rehearse(deployed, inForce, now)),
    },
    incidents: await incidentsOf(deployed, round, now),
    approval: await approvalOf(deployed, now),
    networkAcls,
    sets,
    ...(await doorStatus(deployed)),
    lastRound: round === undefined ? null : roundOf(round),
    hosts: await hostsOf(deployed),
    queues: await deployed.queues(),
    topic,
  }
}

async function aclStatus(
  deployed: Deployed,
  firewall: Deployed['firewalls'][number],
  now: number,
): Promise<StatusDocument['networkAcls'][number]> {
  const whose = { id: firewall.id, ...firewall.window }
  try {
    return { ...whose, problem: null, holds: holdsOf(await holdingOf(deployed, firewall, now)) }
  } catch (error) {
    const problem = firewallProblem(error)
    if (problem === undefined) throw error
    return { ...whose, problem, holds: null }
  }
}

function holdsOf({ own, free, foreign, shadowedBy, rulesQuota }: Holding) {
  return {
    own: own.length,
    free: { ipv4: free[4], ipv6: free[6] },
    foreign: [...foreign],
    shadowedBy: shadowedBy ?? null,
    rulesQuota,
  }
}

async function setStatus(
  deployed: Deployed,
  set: Deployed['sets'][number],
): Promise<StatusDocument['sets'][number]> {
  const { id, family } = set
  const whose = { id, kind: setKind(id), family }
  try {
    const { own, held, capacity, foreign } = await setHoldingOf(deployed, set)
    const holds = { own: own.length, held: held.length, capacity, foreign: [...foreign] }
    return { ...whose, problem: null, holds }
  } catch (error) {
    const problem = firewallProblem(error, setNoun(id))
    if (problem === undefined) throw error
    return { ...whose, problem, holds: null }
  }
}

async function incidentsOf(
  { state, fence: { id: fence, notify }, region }: Deployed,
  round: RoundRecord | undefined,
  now: number,
): Promise<StatusDocument['incidents']> {
  const { book } = await state.incidents()
  const places = round ?? { firewalls: [], sets: [] }
  return book.incidents.map((incident) => ({
    id: incident.id,
    kind: incident.kind,
    since: isoTime(incident.since),
    last: isoTime(incident.lastAt),
    subject: subjectOf(incident, places, { fence, region, runbook: notify.runbook }, now),
    told: incident.told === null ? null : isoTime(incident.told.at),
  }))
}

async function approvalOf({ state }: Deployed, now: number): Promise<StatusDocument['approval']> {
  const approval = await state.approval()
  if (approval === undefined || now >= approval.until) return null
  return { until: isoTime(approval.until), by: approval.by }
}

function countsByClass(blocks: readonly Block[]): StatusDocument['blocks']['byClass'] {
  const counts = { reflection: 0, flood: 0, 'brute-force': 0, operator: 0 }
  for (const block of blocks) counts[block.class]++
  return counts
}

/** What cannot be read says nothing of room. */
function roomFor(standing: readonly Block[], { networkAcls, sets }: Rehearsed) {
  const places = [
    ...networkAcls.map((acl) => ({ ...acl, takes: () => true })),
    ...sets.map((set) => ({
      ...set,
      takes: (block: Block) => familyOf(block.prefix) === set.family && set.takes(block),
    })),
  ].flatMap(({ id, round, takes }) => (round === null ? [] : [{ id, takes, full: leftOut(round) }]))
  const noRoom = places.map(({ id, full }) => ({
    place: id,
    blocks: standing.filter((block) => full.has(block.id)).length,
  }))
  const nowhere = standing.filter((block) => {
    const own = places.filter(({ takes }) => takes(block))
    return own.length > 0 && own.every(({ full }) => full.has(block.id))
  })
  return { noRoom: noRoom.filter(({ blocks }) => blocks > 0), nowhere: nowhere.length }
}

/** Blocks that the place has no room for. */
function leftOut({ plan }: NonNullable<Rehearsed['networkAcls' | 'sets'][number]['round']>): Set<string> {
  const full = plan.refused.filter(({ reason }) => reason === 'no-free-entry')
  return new Set(full.map(({ block }) => block.id))
}

function roundOf({ at, mode, firewalls, sets, trusted, lockdown }: RoundRecord): StatusDocument['lastRound'] {
  return {
    at: isoTime(at),
    mode,
    networkAcls: firewalls.map(placed),
    sets: sets.map(placed),
    trusted: trusted.map(placed),
    lockdown: lockdown === null ? null : doorOf(lockdown),
  }
}

function placed({ id, entries, refused, braked, problem }: RoundRecord['firewalls'][number]) {
  return { id, entries, refused, braked, problem }
}

function doorOf({ closed, why, rules, refused, problem }: NonNullable<RoundRecord['lockdown']>) {
  return { closed, why, rules: [...rules], refused: [...refused], problem }
}
