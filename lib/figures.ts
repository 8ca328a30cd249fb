import type { HostSeen, RoundRecord } from './round-record.ts'

/**
 * The six figures that a fence gives CloudWatch, each one series with the fence as its only dimension: what is paid for
 * does not grow with the sources of an attack. docs/runbook.md tells what is alarmed by each.
 */
export const FIGURES = [
  /** Sources whose block says that they are attacking now. By each round. */
  'AttackingSources',
  /** Entries that the fullest network ACL could still hold; negative: blocks that get none. By each round. */
  'FreeEntries',
  /** How much of its traffic the worst sensor does not see, in percent; 100 where it is silent or half-blind. By each round. */
  'UnseenPercent',
  /** 1 while the door is closed, plus 10 while the brake is on, plus 100 while foreign entries stand among ours. By each round. */
  'Safeguards',
  /** Protected sources that flood, each second that they do; nothing while there are none. */
  'ProtectedFloods',
  /** Blocked sources whose packets arrive all the same, each second that they do; nothing while there are none. */
  'BlockedArriving',
] as const

export type Figure = (typeof FIGURES)[number]

/** What `Safeguards` is the sum of. */
const SAFEGUARDS = { lockdown: 1, brake: 10, foreign: 100 } as const

export type RoundFigures = Readonly<Partial<Record<Figure, number>>>

/** Three heartbeats: a sensor that has said nothing for so long is silent. */
export const SILENT_MS = 180_000

/** What a round has to tell. A figure that could not be read is left out: no number is no good news. */
export function figuresOf(
  { attacking, firewalls, sets, lockdown, mode }: RoundRecord,
  hosts: readonly HostSeen[],
  roster: readonly string[],
  now: number,
): RoundFigures {
  const free = firewalls.flatMap((firewall) => firewall.free ?? [])
  const braked = [...firewalls, ...sets].some((place) => place.braked !== null)
  const isForeign = firewalls.some(({ foreign = 0 }) => foreign > 0)
  const closed = lockdown !== null && (lockdown.closed || lockdown.rules.length > 0)
  return {
    AttackingSources: attacking,
    ...(free.length === 0 ? {} : { FreeEntries: Math.min(...free) }),
    ...(mode === 'off' ? {} : { UnseenPercent: unseenPercent(hosts, roster, now) }),
    Safeguards:
      (closed ? SAFEGUARDS.lockdown : 0) +
      (braked ? SAFEGUARDS.brake : 0) +
      (isForeign ? SAFEGUARDS.foreign : 0),
  }
}

function unseenPercent(hosts: readonly HostSeen[], roster: readonly string[], now: number): number {
  const seen = new Map(hosts.map((host) => [host.host, host]))
  const shares = roster.map((id) => {
    const host = seen.get(id)
    return host === undefined || now - host.at >= SILENT_MS || host.halfBlind ? 1 : host.lossFraction
  })
  return Math.round(100 * Math.max(0, ...shares))
}
