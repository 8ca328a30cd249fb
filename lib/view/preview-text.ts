import type { PreviewDocument } from '../contract/preview.ts'
import { entries, othersText, reason, ruleText } from './fence-words.ts'
import { counted, entryText, printable, table, wrapped } from './format.ts'

type AclDocument = PreviewDocument['networkAcls'][number]
type PlanDocument = NonNullable<AclDocument['plan']>

/** What `sipfence preview` prints for people: one line for each change, with its reason. */
export function previewText(document: PreviewDocument, width: number): string[] {
  const { fence, region, mode, networkAcls } = document
  const asIf = mode.shown === mode.inForce ? '' : ` as if that were its mode; it is ${mode.inForce}`
  const head = `Fence ${fence} in ${region}, a round in ${mode.shown}${asIf}. Nothing is changed.`
  return [...wrapped(head, width), ...networkAcls.flatMap((acl) => aclLines(acl, width))]
}

function aclLines({ id, problem, plan }: AclDocument, width: number): string[] {
  if (plan === null) return ['', ...wrapped(`${id}: ${reason(problem ?? 'cannot be read')}`, width)]
  const { changes, kept, refused, foreign, shadowedBy, braked } = plan
  const stays = kept === 0 ? '' : `, ${entries(kept)} as they should be`
  const rows = [
    ...changes.map(changeRow),
    ...refused.map(({ prefix, why }) => ['refused', printable(prefix, 50), reason(why)]),
    ...othersText(foreign, shadowedBy).map((words) => ['others', '', words]),
  ]
  return [
    '',
    `${id}: ${changes.length === 0 ? 'no change' : counted(changes.length, 'change')}${stays}`,
    ...(braked === null ? [] : wrapped(`The brake is on, so none of them is made: ${reason(braked)}`, width)),
    ...table(rows, width),
  ]
}

function changeRow({ kind, entry, replaced, why }: PlanDocument['changes'][number]): string[] {
  const instead = replaced === null ? '' : ` instead of ${entryText(replaced)}`
  return [kind, `${ruleText(entry)}${instead}`, reason(why)]
}
