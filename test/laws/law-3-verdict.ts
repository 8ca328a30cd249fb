import type { Packet } from '../../lib/core/packet.ts'
import { type Address, type Prefix, sourcePrefix } from '../../lib/core/prefix.ts'
import { START } from '../traffic/world.ts'
import { CASTS, type Cast, fenceOf, protectedOf, trustedOf } from './law-3-cast.ts'
import { packetsOf } from './law-3-play.ts'
import { QUIET_MS, type Situation } from './law-3-situation.ts'
import { TieredFence } from './law-3-tiers.ts'

const HOUR_MS = 3_600_000

/** Plays it before a fence with every tier, and says of each wrong what is wrong. */
export async function wrongsOf(given: Situation): Promise<string[]> {
  const cast = CASTS[given.family]
  return await wrongsIn(packetsOf(given, cast), given, cast)
}

/** The same of packets that are there already. */
export async function wrongsIn(
  packets: readonly Packet[],
  { closed, gapHours, restarts }: Pick<Situation, 'closed' | 'gapHours' | 'restarts'>,
  cast: Cast,
): Promise<string[]> {
  const fence = new TieredFence(fenceOf(cast), cast.pbx)
  const wrongs = new Set<string>()
  const began = START + QUIET_MS
  const looked = (at: number): void => {
    // The door lets in who is trusted as soon as it is closed; before that nobody has logged in.
    const trusted = at > began + gapHours * HOUR_MS ? new Set(trustedOf(cast)) : new Set<Address>()
    for (const address of new Set([...protectedOf(cast), ...trusted])) {
      for (const by of fence.deniedBy(address, at)) {
        if (by !== 'the closed door' || trusted.has(address)) wrongs.add(`${address} is denied by ${by}`)
      }
    }
  }
  const boots = restarts
    ? [packets.filter(({ at }) => at < began), packets.filter(({ at }) => at >= began)]
    : [packets]
  for (const each of boots) await fence.run(each, closed, looked)
  const never = new Set<Prefix>(protectedOf(cast).map(sourcePrefix))
  const forged = new Set<Prefix>(cast.strangers.map(sourcePrefix))
  for (const { prefix, scope, why } of fence.blocks) {
    if (never.has(prefix)) wrongs.add(`${prefix} is blocked: ${why}`)
    if (forged.has(prefix) && scope !== 'sip-udp')
      wrongs.add(`${prefix} is nobody's and loses TCP too: ${why}`)
  }
  return [...wrongs]
}
