import type { Address, Prefix } from '../../lib/core/prefix.ts'
import { forge, forgeAtRandom } from './attacks.ts'
import { addressAfter, startWithin } from './office.ts'
import { type Recording, Stage } from './stage.ts'

/** Networks of six Internet access providers, each a /19: where most of a company's people are. */
const PROVIDERS = ['203.0.128.0', '185.20.32.0', '82.113.96.0', '91.64.192.0', '176.4.0.0', '37.24.64.0']
const FLOOD_FROM_MS = 60_000

/** When the door is closed: the flood has gone on for twenty seconds. */
export const CLOSED_AFTER_MS = 80_000

export interface LockdownStory extends Recording {
  readonly phones: ReadonlySet<Address>
}

/** 300 phones in the networks of six providers register and call; then a flood comes in which every source is another. */
export function phonesOfFewProviders(seed: number): LockdownStory {
  return floodAmong(seed, (i, dice) =>
    addressAfter(
      PROVIDERS[i % PROVIDERS.length]! as Address,
      1 + Math.floor(i / PROVIDERS.length) * 150 + dice(100),
    ),
  )
}

/** The same where no two phones are in one network of 65,536 addresses. */
export function scatteredPhones(seed: number): LockdownStory {
  return floodAmong(
    seed,
    (i, dice) => `${20 + (i >> 3)}.${16 * (i & 7) + dice(16)}.${dice(250)}.${1 + dice(250)}` as Address,
  )
}

/** One address that floods from a second before the door is closed on, so that its flow is known by then. */
export const FLOODER = '185.180.143.7' as Address

export function oneFlooder(seed: number): LockdownStory {
  const stage = new Stage({ seed, seconds: 130 })
  const phones = new Set(['203.0.128.5' as Address])
  const phone = { registerSeconds: 60, callSeconds: 40 }
  for (const address of phones)
    startWithin(stage.world, stage.fleet(`${address}/32` as Prefix, address, { phones: 1, phone }), 0, 100)
  const victim = { address: FLOODER, port: 5_060 }
  const attack = { ...stage.peer, victim, perSecond: 200, fromMs: CLOSED_AFTER_MS - 1_000, untilMs: 125_000 }
  forge(stage.world, { ...attack, styles: ['register'] })
  return { ...stage.record(), phones }
}

type Places = (index: number, dice: (below: number) => number) => Address

function floodAmong(seed: number, placeOf: Places): LockdownStory {
  const stage = new Stage({ seed, seconds: 140 })
  const { world } = stage
  const phone = { registerSeconds: 60, callSeconds: 40 }
  const phones = new Set<Address>()
  for (let i = 0; i < 300; i++) {
    const address = placeOf(i, (below) => world.dice.whole(0, below - 1))
    phones.add(address)
    startWithin(world, stage.fleet(`${address}/32` as Prefix, address, { phones: 1, phone }), 0, 40_000)
  }
  stage.truth({ source: '0.0.0.0/0' as Prefix, role: 'forged once', verdict: 'never-block' })
  const attack = { ...stage.peer, perSecond: 400, fromMs: FLOOD_FROM_MS, untilMs: 135_000 }
  forgeAtRandom(world, { ...attack, styles: ['register', 'options', 'register'] })
  return { ...stage.record(), phones }
}
