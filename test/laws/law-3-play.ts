import type { Packet } from '../../lib/core/packet.ts'
import type { Address } from '../../lib/core/prefix.ts'
import { forge } from '../traffic/attacks.ts'
import { digestAnswer } from '../traffic/digest.ts'
import { bruteForce, nonceFetcher } from '../traffic/intruder.ts'
import { startWithin } from '../traffic/office.ts'
import { register } from '../traffic/sip-text.ts'
import { Stage } from '../traffic/stage.ts'
import { START } from '../traffic/world.ts'
import type { Cast } from './law-3-cast.ts'
import { type Campaign, QUIET_MS, type Situation, targetOf } from './law-3-situation.ts'

const SECONDS = 20
const HOUR_MS = 3_600_000

/** People who use the PBX for real, and the adversary. */
export function packetsOf(given: Situation, cast: Cast): Packet[] {
  const { campaigns, guesses, fetches, gapHours } = given
  const stage = staged(given, cast)
  const own = { ...stage.peer, socket: { address: cast.hisHost, port: 5_060 } }
  const fetched = fetchNonces(stage, own, cast.overTls, fetches)
  for (const each of campaigns) attack(stage, each, targetOf(each, cast), fetched)
  const users = ['1000', '1001', '1002', '1003']
  const socket = { ...own.socket, port: 5_071 }
  if (guesses) bruteForce(stage.world, { ...own, socket, perSecond: 4, fromMs: 5_000, users })
  const packets = stage.record().frames.map(({ packet }) => packet)
  return later(packets, gapHours)
}

/** Two phones at home, an office and somebody whom the PBX asks by OPTIONS: they are known-good before it is 2 s. */
function staged({ seed, make, silent }: Pick<Situation, 'seed' | 'make' | 'silent'>, cast: Cast): Stage {
  const { pbx: address, carrier, peer } = cast
  const stage = new Stage({
    seed,
    seconds: SECONDS,
    make,
    trunks: [carrier, peer],
    pbx: { address, trunkOptionsSeconds: 60, phoneOptionsSeconds: silent ? 0 : 30 },
  })
  const active = { registerSeconds: 15, optionsSeconds: 8, subscriptions: 1 }
  const phone = silent ? { registerSeconds: 1_800 } : active
  const phones = [
    ...stage.office(cast.phone, { phones: 1, phone }),
    ...stage.office(cast.neighbour, { phones: 1, phone }),
    ...stage.office(cast.office, { phones: 4, phone }),
  ]
  const untilMs = silent ? 0 : SECONDS * 1000
  stage.trunk({ socket: { address: peer, port: 5_060 }, callsPerSecond: 0.2, fromMs: 0, untilMs })
  for (const who of [cast.phone, cast.neighbour, cast.office, peer]) stage.world.setPath(who, { loss: 0 })
  startWithin(stage.world, phones, 0, 1_000)
  return stage
}

function fetchNonces(
  stage: Stage,
  own: Parameters<typeof nonceFetcher>[1],
  hidden: Address,
  fetches: Situation['fetches'],
): () => string | undefined {
  if (fetches === 'seen') return nonceFetcher(stage.world, own)
  stage.world.hide(hidden)
  return nonceFetcher(stage.world, { ...own, socket: { address: hidden, port: 5_061 } })
}

/** Lets hours pass between what is said while it is quiet and the rest. */
function later(packets: readonly Packet[], gapHours: number): Packet[] {
  const from = START + QUIET_MS
  return packets.map((packet) =>
    packet.at < from ? packet : { ...packet, at: packet.at + gapHours * HOUR_MS },
  )
}

function attack(stage: Stage, given: Campaign, address: Address, fetched: () => string | undefined): void {
  const { target: _, borrows, forMs, ...how } = given
  const victim = { address, port: 5_060 }
  const borrowNonce = borrows === 'nonces' ? { borrowNonce: fetched } : {}
  const untilMs = how.fromMs + forMs
  forge(stage.world, { ...stage.peer, ...how, ...borrowNonce, untilMs, victim })
  if (borrows === 'nonces and his own account') logInAs(stage, address, fetched)
}

/** Logs in with his own account and a nonce of his own, from an address that is not his. */
function logInAs(stage: Stage, target: Address, fetched: () => string | undefined): void {
  const { world, peer } = stage
  const logIn = () => {
    const nonce = fetched()
    if (nonce === undefined) return
    const local = { address: target, port: 5_060 }
    const asking = { dice: world.dice, local, domain: peer.domain, user: '2001', userAgent: 'softphone' }
    const request = register(asking)
    const question = { user: '2001', password: 'Rq7-2001-vN2', realm: peer.domain, nonce }
    const answer = digestAnswer({ ...question, method: request.method, uri: request.uri })
    const path = { latencyMs: 20, jitterMs: 2, loss: 0, ttl: 50 }
    world.send({ from: local, to: peer.pbx, content: { ...request, answer } }, path)
  }
  world.at(4_000, () => world.repeat(() => 900, peer.untilMs, logIn))
}

/** So many companies share the PBX, each with the same three extensions; a flood comes in the name of the last. */
export function tenantsOf(cast: Cast, offices: readonly Address[]): Packet[] {
  const pbx = { address: cast.pbx, hasTenants: true, phoneOptionsSeconds: 0 }
  const stage = new Stage({ seed: 1, seconds: SECONDS, pbx })
  for (const [i, office] of offices.entries()) {
    const domain = `tenant-${i}.example.com`
    const phones = stage.office(office, { phones: 3, firstUser: 1_000, domain })
    stage.world.setPath(office, { loss: 0 })
    const fromMs = i === offices.length - 1 ? 2_500 : 0 // when all the others have logged in
    startWithin(stage.world, phones, fromMs, fromMs + 500)
  }
  flood(stage, offices.at(-1)!, 'register')
  return stage.record().frames.map(({ packet }) => packet)
}

/** The same flood in each of the names, none of whom says anything but for what makes people known-good. */
export function floodsIn(names: readonly Address[], style: 'register' | 'options', cast: Cast): Packet[] {
  const stage = staged({ seed: 5, make: 'freeswitch', silent: true }, cast)
  for (const name of names) flood(stage, name, style)
  return stage.record().frames.map(({ packet }) => packet)
}

function flood(stage: Stage, address: Address, style: 'register' | 'options'): void {
  const victim = { address, port: 5_060 }
  const perSecond = style === 'register' ? 15 : 120
  forge(stage.world, { ...stage.peer, victim, styles: [style], perSecond, fromMs: 4_000 })
}
