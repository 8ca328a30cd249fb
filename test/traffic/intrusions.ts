import type { Address, Prefix } from '../../lib/core/prefix.ts'
import type { DetectionClass } from '../../lib/core/suspicion.ts'
import { bruteForce, type FloodOptions, flood, nonceFetcher } from './intruder.ts'
import { startWithin } from './office.ts'
import { type Recording, Stage } from './stage.ts'
import { START } from './world.ts'

const INTRUDER = '192.0.2.99' as Address
const FROM_MS = 10_000

/** Two guesses a second over 50 users. */
export function bruteForceManyUsers(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 60 })
  stage.ordinaryPeople()
  breakIn(stage, 2)
  return stage.record()
}

/** The same against a PBX that challenges again instead of refusing, whose nonces the others share. */
export function bruteForceKamailioNonce(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 60, make: 'kamailio' })
  stage.ordinaryPeople()
  const home = stage.fleet('198.18.0.0/24' as Prefix, '198.18.0.1' as Address, {
    phones: 60,
    phone: { registerSeconds: 15 },
  })
  startWithin(stage.world, home, 0, 10_000)
  breakIn(stage, 4)
  return stage.record()
}

/** Guesses on nonces that another address fetched: nothing shows whether their sender gets the answers. */
export function bruteForceBorrowedNonce(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 60, make: 'kamailio' })
  stage.ordinaryPeople()
  const own = { ...stage.peer, socket: { address: '192.0.2.98' as Address, port: 5_060 } }
  stage.never(own.socket.address, 'fetches nonces')
  breakIn(stage, 4, nonceFetcher(stage.world, own))
  stage.truth({
    source: `${INTRUDER}/32` as Prefix,
    role: 'guesses on borrowed nonces',
    verdict: 'may-block',
  })
  return stage.record()
}

/** INVITEs from a SIP stack that acknowledges each refusal and does not try to log in. */
export function floodRealInvite(seed: number): Recording {
  return flooded(seed, { style: 'invite', acknowledges: true, perSecond: 120 }, ['flood', 'reflection'])
}

/** The same from a tool that reads no answers. */
export function floodDeafInvite(seed: number): Recording {
  return flooded(seed, { style: 'invite', acknowledges: false, perSecond: 120 }, ['flood', 'reflection'])
}

/** REGISTERs from a sender who answers one challenge in twenty, and so is proven to be there. */
export function floodProvenRegister(seed: number): Recording {
  const attack = { style: 'register', acknowledges: false, perSecond: 150, answersShare: 0.05 } as const
  return flooded(seed, attack, ['flood', 'brute-force'])
}

function breakIn(stage: Stage, perSecond: number, borrowNonce?: () => string | undefined): void {
  const users = Array.from({ length: 50 }, (_, i) => String(980 + i))
  const attack = {
    ...stage.peer,
    socket: { address: INTRUDER, port: 5_060 },
    perSecond,
    fromMs: FROM_MS,
    users,
  }
  bruteForce(stage.world, borrowNonce === undefined ? attack : { ...attack, borrowNonce })
  stage.must(INTRUDER, 'guesses passwords', { classes: ['brute-force'], from: START + FROM_MS })
}

function flooded(
  seed: number,
  attack: Pick<FloodOptions, 'style' | 'acknowledges' | 'perSecond' | 'answersShare'>,
  classes: readonly DetectionClass[],
): Recording {
  const stage = new Stage({ seed, seconds: 50 })
  stage.ordinaryPeople()
  flood(stage.world, {
    ...stage.peer,
    ...attack,
    socket: { address: INTRUDER, port: 5_071 },
    fromMs: FROM_MS,
  })
  stage.must(INTRUDER, 'floods', { classes, from: START + FROM_MS })
  return stage.record()
}
