import type { Address } from '../../lib/core/prefix.ts'
import { healthProbe } from './background.ts'
import type { PbxOptions } from './pbx-options.ts'
import { type Recording, Stage } from './stage.ts'

/** 100 calls/s from a carrier that needs no credentials, met in the middle of its traffic. */
export function trunk100Cps(seed: number): Recording {
  const address = '192.0.2.40' as Address
  const stage = new Stage({ seed, seconds: 60, unseenSeconds: 20, trunks: [address] })
  stage.trunk({ socket: { address, port: 5_060 }, callsPerSecond: 100, fromMs: -19_000, untilMs: 60_000 })
  return stage.record()
}

/** 100 calls/s that never ring: nothing but 100 Trying until someone answers after 6 to 45 s. */
export function trunkWithoutRinging(seed: number): Recording {
  const address = '192.0.2.40' as Address
  const plan: PbxOptions['plan'] = (_, dice) => {
    return { status: 200, ringMs: undefined, finalMs: dice.between(6_000, 45_000), hangUpMs: undefined }
  }
  const stage = new Stage({ seed, seconds: 50, trunks: [address], pbx: { plan } })
  stage.trunk({ socket: { address, port: 5_060 }, callsPerSecond: 100, fromMs: 1_000, untilMs: 50_000 })
  return stage.record()
}

/** 100 calls/s, all refused, because what lies behind the PBX is down when the sensor starts. */
export function trunkAllRefused(seed: number): Recording {
  const address = '192.0.2.40' as Address
  const plan: PbxOptions['plan'] = (_, dice) => {
    return { status: 503, ringMs: undefined, finalMs: dice.between(20, 900), hangUpMs: undefined }
  }
  const stage = new Stage({
    seed,
    seconds: 40,
    trunks: [address],
    pbx: { plan },
  })
  stage.trunk({ socket: { address, port: 5_060 }, callsPerSecond: 100, fromMs: 1_000, untilMs: 40_000 })
  return stage.record()
}

/** A carrier moves to another address, which calls at the full rate from its first second. */
export function trunkFailover(seed: number): Recording {
  const [first, second] = ['192.0.2.40' as Address, '192.0.2.77' as Address]
  const stage = new Stage({ seed, seconds: 60, trunks: [first, second], pbx: { trunkOptionsSeconds: 15 } })
  stage.trunk({ socket: { address: first, port: 5_060 }, callsPerSecond: 80, fromMs: 0, untilMs: 20_000 })
  stage.trunk({
    socket: { address: second, port: 5_060 },
    callsPerSecond: 80,
    fromMs: 20_500,
    untilMs: 60_000,
  })
  return stage.record()
}

/**
 * Another PBX asks OPTIONS for each of its 2,000 extensions twice a minute, 66 a second, and places a call
 * every twenty seconds; the sensor starts amidst it.
 */
export function optionsPeer(seed: number): Recording {
  const address = '192.0.2.45' as Address
  const stage = new Stage({ seed, seconds: 40, unseenSeconds: 20, trunks: [address] })
  const socket = { address, port: 5_060 }
  stage.trunk({ socket, callsPerSecond: 0.05, fromMs: -19_000, untilMs: 40_000 })
  const ask = { seconds: 1 / 66, userAgent: 'peer', domain: stage.peer.domain }
  healthProbe(stage.world, { ...stage.peer, socket: { address, port: 5_080 } }, ask)
  return stage.record()
}
