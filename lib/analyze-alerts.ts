import type { Block } from './core/block.ts'
import type { Detection } from './core/detection.ts'
import type { Prefix } from './core/prefix.ts'
import type { Refused } from './core/refusal.ts'
import type { SourceReport } from './core/source-report.ts'
import type { Alert, Journal } from './journal.ts'

/** What of a report people are told of, beside blocks. */

interface Telling {
  readonly journal: Journal
}

interface Denials {
  deniedSince(source: Prefix): Promise<number | null>
}

/** The windows of a report look back 10 s, and reads of EC2 lag: what arrives later has not been stopped. */
const STOPPED_MS = 60_000

/** A backlog after an outage, or a clock that is slow: people must know that this host's reports block nobody. */
export async function alertLate({ at, host }: SourceReport, { journal }: Telling): Promise<void> {
  const why = `reports of ${host} come more than a minute after their time, so they make no blocks: it sends what it kept while it could not send, or its clock is slow`
  await journal.write({ kind: 'alert', alert: { at, kind: 'late-reports', source: null, host, why } })
}

export async function alertHalfBlind({ at, host }: SourceReport, { journal }: Telling): Promise<void> {
  const why = `the sensor on ${host} sees one direction only, or the PBX answers hardly anybody; floods are not judged`
  await journal.write({ kind: 'alert', alert: { at, kind: 'half-blind', source: null, host, why } })
}

/** Writes down why a detection makes no block, and raises an alert unless the fence only learns. */
export async function announce(detection: Detection, refused: Refused, { journal }: Telling): Promise<void> {
  const { at, source } = detection
  const { reason, why } = refused
  const told = `${why}; ${detection.why}`
  await journal.write({ kind: 'refusal', at, source, reason, why: told })
  if (reason === 'learning') return
  await journal.write({ kind: 'alert', alert: protectedFlood(detection, refused) })
}

/** Counts a flood in the name of somebody protected, and says again what was said when it began: it lasts. */
export async function tellOfProtected(
  detection: Detection,
  refused: Refused,
  { journal }: Telling,
): Promise<void> {
  journal.count?.('ProtectedFloods')
  await journal.lasts?.(protectedFlood(detection, refused))
}

function protectedFlood({ at, source, why }: Detection, refused: Refused): Alert {
  return { at, kind: 'protected-source-flood', source, why: `${refused.why}; ${why}` }
}

/** Whoever is denied and arrives all the same comes by another way: an ACL of another subnet, or an allow before ours. */
export async function tellIfArriving(
  { prefix, from }: Block,
  host: string,
  at: number,
  { ledger, journal }: Telling & { readonly ledger: Denials },
): Promise<void> {
  if (at - from < STOPPED_MS) return
  const since = await ledger.deniedSince(prefix)
  if (since === null || at - since < STOPPED_MS) return
  journal.count?.('BlockedArriving')
  const why = `${prefix} has been denied since ${new Date(since).toISOString()} and still reaches ${host}: see whether the network ACL of its subnet is in the settings, and whether a rule lets it in before ours`
  await journal.write({ kind: 'alert', alert: { at, kind: 'still-arriving', source: prefix, host, why } })
}
