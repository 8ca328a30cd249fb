import type { StatusDocument } from '../contract/status.ts'
import { ago, entries, LATE_MS, moment, othersText, prefixesText, reason, standing } from './fence-words.ts'
import { count, counted, printable, table } from './format.ts'
import { doorReasons, doorRows, trustedRows } from './lockdown-words.ts'

type LastRound = NonNullable<StatusDocument['lastRound']>

/** What `sipfence status` prints for people. */
export function statusText(document: StatusDocument, width: number): string[] {
  const { fence, region, at, networkAcls, sets, trusted, lockdown, topic } = document
  return [
    `Fence ${fence} in ${region}, ${moment(at)} UTC`,
    '',
    ...table(
      [
        ['Mode', modeWords(document)],
        ...approvalRows(document),
        ['Blocks', blocksWords(document)],
        ...incidentRows(document),
        ...networkAcls.flatMap(aclRows),
        ...sets.flatMap(setRows),
        ...trustedRows(trusted),
        ...(lockdown === null ? [] : doorRows(lockdown)),
        ...roundRows(document),
        ...hostRows(document),
        ['Queues', queueWords(document)],
        ['Notices', `go to ${printable(topic, 200)}`],
      ],
      width,
      '',
    ),
  ]
}

function modeWords({ mode: { inForce, settings, set }, at }: StatusDocument): string {
  const who = set === null ? 'by the settings' : `set ${ago(set.at, at)} by ${printable(set.by, 150)}`
  if (inForce === settings) return `${inForce}, ${who}`
  const next =
    set === null ? 'deploy it to put that in force' : `that waits until somebody sets it (sipfence mode)`
  return `${inForce}, ${who}; the settings file says ${settings}: ${next}`
}

function blocksWords({ blocks: { total, byClass, noRoom, nowhere } }: StatusDocument): string {
  const parts = Object.entries(byClass)
    .filter(([, number]) => number > 0)
    .map(([name, number]) => `${count(number)} ${name}`)
  if (total === 0) return 'none stands'
  const outside = noRoom.map(({ place, blocks }) => `${count(blocks)} of them not in ${place}`)
  const room =
    outside.length === 0
      ? ''
      : `; for want of room ${[...outside, `${count(nowhere)} in no firewall`].join(', ')}`
  return `${standing(total)}: ${parts.join(', ')}${room}`
}

const NAMED_INCIDENTS = 10

/** What notices are about, without the fence's name before it. */
function incidentRows({ incidents, at }: StatusDocument): string[][] {
  const rows = incidents.slice(0, NAMED_INCIDENTS).map(({ id, since, subject, told }) => {
    const words = printable(subject.replace(/^\[[^\]]*\] /, ''), 100)
    const untold = told === null ? '; nobody was told yet' : ''
    return `${words}; it began ${ago(since, at)} (${id})${untold}`
  })
  const more = incidents.length - rows.length
  const all = more > 0 ? [...rows, `and ${count(more)} more: sipfence status --json has them`] : rows
  return all.map((words, i) => [i === 0 ? 'Incidents' : '', words])
}

function aclRows({
  id,
  firstRule,
  lastRule,
  problem,
  holds,
}: StatusDocument['networkAcls'][number]): string[][] {
  const title = 'Network ACL'
  if (holds === null) return [[title, `${id}: ${reason(problem ?? 'cannot be read')}`]]
  const { own, free, foreign, shadowedBy, rulesQuota } = holds
  const room = `${free.ipv4} free for IPv4, ${free.ipv6} for IPv6 (quota ${rulesQuota}, rules ${firstRule} to ${lastRule})`
  return [
    [title, `${id}: ${entries(own)} of ours, ${room}`],
    ...othersText(foreign, shadowedBy).map((words) => ['', words]),
  ]
}

function approvalRows({ approval }: StatusDocument): string[][] {
  if (approval === null) return []
  const { until, by } = approval
  return [['Brake', `off until ${moment(until)} UTC, approved by ${printable(by, 150)}`]]
}

const SET_TITLE = { 'prefix-list': 'Deny list', 'ip-set': 'IP set' } as const

function setRows({ id, kind, family, problem, holds }: StatusDocument['sets'][number]): string[][] {
  const title = SET_TITLE[kind]
  if (holds === null) return [[title, `${id}: ${reason(problem ?? 'cannot be read')}`]]
  const { own, held, capacity, foreign } = holds
  const free = `${count(Math.max(0, capacity - held))} free for IPv${family}`
  return [
    [title, `${id}: ${entries(own)} of ours, ${free}`],
    ...(foreign.length === 0 ? [] : [['', prefixesText(foreign)]]),
  ]
}

function roundRows({ lastRound, lockdown: now, blocks, at }: StatusDocument): string[][] {
  const title = 'Last round'
  const see = "see the reconcile function's log"
  if (lastRound === null) return [[title, `none yet; one should begin each minute: ${see}`]]
  const late = Date.parse(at) - Date.parse(lastRound.at) > LATE_MS
  const said = now === null ? [] : doorReasons(now)
  const told = troubleIn(lastRound, new Set(said)).map((words) => ['', words])
  const isWell = troubleIn(lastRound, new Set()).length === 0 && blocks.noRoom.length === 0
  const words = [
    `${ago(lastRound.at, at)}, in mode ${lastRound.mode}`,
    ...(isWell ? ['no problem'] : []),
    ...(late ? [`one should begin each minute: ${see}`] : []),
  ]
  return [[title, words.join('; ')], ...told]
}

/**
 * What went wrong in any tier. Lists of trusted peers are not kept in mode off: that is no trouble.
 *
 * @param said reasons of the door that are given elsewhere
 */
function troubleIn(
  { mode, networkAcls, sets, trusted, lockdown }: LastRound,
  said: ReadonlySet<string>,
): string[] {
  const places = [...networkAcls, ...sets, ...(mode === 'off' ? [] : trusted)].flatMap(
    ({ id, problem, braked }) =>
      [problem, braked].flatMap((words) => (words === null ? [] : [`${id}: ${reason(words)}`])),
  )
  const { problem = null, refused = [] } = lockdown ?? {}
  const door = [...(problem === null ? [] : [problem]), ...refused].filter((words) => !said.has(words))
  return [...places, ...door.map((words) => `lockdown: ${reason(words)}`)]
}

function hostRows({ hosts, at }: StatusDocument): string[][] {
  if (hosts.length === 0) return [['Hosts', 'none: the settings name no PBX with an instance id']]
  return hosts.map(({ host, reported }, i) => {
    const title = i === 0 ? 'Hosts' : ''
    if (reported === null) return [title, `${host}: has never reported; see to the sidecar there`]
    const silent = Date.parse(at) - Date.parse(reported.at) > LATE_MS
    const words = [
      `${host}: reported ${ago(reported.at, at)}`,
      ...(silent ? ['nothing of its traffic is judged: see to the sidecar there'] : []),
      ...(reported.halfBlind ? ['half-blind: it does not see what the PBX sends'] : []),
      ...(reported.lossFraction > 0
        ? [`it lost ${(reported.lossFraction * 100).toFixed(1)} % of packets`]
        : []),
    ]
    return [title, words.join('; ')]
  })
}

function queueWords({ queues: { reports, reportsDead, wakeUps } }: StatusDocument): string {
  const waiting = `${counted(reports, 'report')} and ${counted(wakeUps, 'wake-up')} in work or waiting`
  if (reportsDead === 0) return `${waiting}, none given up`
  return `${waiting}; ${count(reportsDead)} given up after five tries, in the dead-letter queue: see the analyze function's log`
}
