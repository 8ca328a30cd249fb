import type { PreviewDocument } from '../contract/preview.ts'
import { entries, othersText, placeName, prefixesText, reason, ruleText } from './fence-words.ts'
import { count, counted, entryText, printable, table, wrapped } from './format.ts'
import { flowsText } from './lockdown-words.ts'

type AclDocument = PreviewDocument['networkAcls'][number]
type PlanDocument = NonNullable<AclDocument['plan']>
type SetDocument = PreviewDocument['sets'][number]
type ListDocument = PreviewDocument['trusted'][number]

/** A list may hold thousands. */
const MOST_ROWS = 40

/** What `sipfence preview` prints for people: one line for each change, with its reason. */
export function previewText(document: PreviewDocument, width: number): string[] {
  const { fence, region, mode, networkAcls, sets, trusted, lockdown } = document
  const asIf = mode.shown === mode.inForce ? '' : ` as if that were its mode; it is ${mode.inForce}`
  const head = `Fence ${fence} in ${region}, a round in ${mode.shown}${asIf}. Nothing is changed.`
  return [
    ...wrapped(head, width),
    ...networkAcls.flatMap((acl) => aclLines(acl, width)),
    ...sets.flatMap((set) => setLines(set, width)),
    ...trusted.flatMap((list) => listLines(list, width)),
    ...(lockdown === null ? [] : lockdownLines(lockdown, width)),
  ]
}

function aclLines({ id, problem, plan }: AclDocument, width: number): string[] {
  const name = placeName(id)
  if (plan === null) return unread(name, problem, width)
  const { changes, kept, refused, foreign, shadowedBy, braked } = plan
  return [
    '',
    ...wrapped(changesText(name, changes.length, kept), width),
    ...(braked === null ? [] : wrapped(`The brake is on, so none of them is made: ${reason(braked)}`, width)),
    ...fitted(
      [
        ...changes.map(changeRow),
        ...refusedRows(refused),
        ...othersText(foreign, shadowedBy).map((words) => ['others', '', words]),
      ],
      width,
    ),
  ]
}

function changeRow({ kind, entry, replaced, why }: PlanDocument['changes'][number]): string[] {
  const instead = replaced === null ? '' : `instead of ${entryText(replaced)}: `
  return [kind, ruleText(entry), `${instead}${reason(why)}`]
}

function setLines({ id, family, problem, plan }: SetDocument, width: number): string[] {
  const name = placeName(id, family)
  if (plan === null) return unread(name, problem, width)
  const { changes, kept, refused, foreign, braked } = plan
  const brake = `The brake is on, so not all of them are made: ${reason(braked ?? '')}`
  return [
    '',
    ...wrapped(changesText(name, changes.length, kept), width),
    ...(braked === null ? [] : wrapped(brake, width)),
    ...fitted([...few(changes.map(prefixRow)), ...few(refusedRows(refused)), ...foreignRows(foreign)], width),
  ]
}

function listLines({ id, problem, plan }: ListDocument, width: number): string[] {
  const name = `trusted peers ${id}`
  if (plan === null) return unread(name, problem, width)
  const { changes, kept, foreign, capacity, left, withheld, extra } = plan
  const rows = [
    ...few(changes.map(prefixRow)),
    ...few(left.map((prefix) => ['left out', printable(prefix, 50), `no room beside ${capacity} entries`])),
    ...few(withheld.map((prefix) => ['stays', printable(prefix, 50), WITHHELD])),
    ...foreignRows(foreign),
  ]
  const wider = `Its entries let in ${count(extra)} further ${extra === 1 ? 'address' : 'addresses'}.`
  return [
    '',
    ...wrapped(changesText(name, changes.length, kept), width),
    ...(extra === 0 ? [] : wrapped(wider, width)),
    ...fitted(rows, width),
  ]
}

const WITHHELD = 'nobody in it is trusted any more, nor in many others at once: look whether sensors report'

function lockdownLines(
  { closed, why, steps, refused, tracked, problem }: NonNullable<PreviewDocument['lockdown']>,
  width: number,
): string[] {
  const isRefused = refused.length > 0 || problem !== null
  const stands = closed ? (isRefused ? 'open, should be closed' : 'closed') : 'open'
  const name = `Lockdown, ${stands} (${reason(why)})`
  const cuts = closed && steps.length > 0 ? wrapped(flowsText(tracked), width) : []
  return [
    '',
    ...wrapped(problem === null ? changesText(name, steps.length, 0) : `${name}: ${reason(problem)}`, width),
    ...cuts,
    ...fitted(
      [
        ...steps.map((step) => [step.kind, `${step.group}: ${printable(step.rule, 200)}`, reason(step.why)]),
        ...refused.map((words) => ['refused', '', reason(words)]),
      ],
      width,
    ),
  ]
}

/** Where the middle column leaves no room for the reasons, it becomes a part of them. */
function fitted(rows: readonly string[][], width: number): string[] {
  const middle = Math.max(0, ...rows.map(([, what = '']) => what.length))
  const first = Math.max(0, ...rows.map(([kind = '']) => kind.length))
  if (first + middle + ROOM <= width) return table(rows, width)
  const folded = rows.map(([kind = '', what = '', why = '']) => [kind, what === '' ? why : `${what}: ${why}`])
  return table(folded, width)
}

/** For a reason, and what stands between columns. */
const ROOM = 36

function unread(name: string, problem: string | null, width: number): string[] {
  return ['', ...wrapped(`${name}: ${reason(problem ?? 'cannot be read')}`, width)]
}

function changesText(name: string, changes: number, kept: number): string {
  const stays = kept === 0 ? '' : `, ${entries(kept)} as they should be`
  return `${name}: ${changes === 0 ? 'no change' : counted(changes, 'change')}${stays}`
}

function prefixRow({ kind, prefix, why }: { kind: string; prefix: string; why: string }): string[] {
  return [kind, printable(prefix, 50), reason(why)]
}

function refusedRows(refused: PlanDocument['refused']): string[][] {
  return refused.map(({ prefix, why }) => ['refused', printable(prefix, 50), reason(why)])
}

function foreignRows(foreign: readonly string[]): string[][] {
  return foreign.length === 0 ? [] : [['others', '', prefixesText(foreign)]]
}

function few(rows: string[][]): string[][] {
  if (rows.length <= MOST_ROWS) return rows
  return [...rows.slice(0, MOST_ROWS), ['', '', `and ${rows.length - MOST_ROWS} more (--json has all)`]]
}
