import type { Address, Prefix } from '../../lib/core/prefix.ts'
import { healthProbe, type Noise, noise } from './background.ts'
import { startWithin } from './office.ts'
import type { PhoneOptions } from './phone.ts'
import type { Socket } from './socket.ts'
import { type Recording, Stage, type StageOptions } from './stage.ts'

/** Homes and offices that the sensor meets in the middle of their day, with keepalives, calls and registrations. */
export function phones(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 90, unseenSeconds: 60 })
  const phone = { optionsSeconds: 20, crlfSeconds: 15, callSeconds: 40, registerSeconds: 60 }
  const home = stage.fleet('198.18.0.0/24' as Prefix, '198.18.0.1' as Address, { phones: 30, phone })
  const careful = { ...phone, reusesNonce: true, subscriptions: 4 }
  const office = stage.office('198.51.100.7' as Address, { phones: 20, phone: careful })
  startWithin(stage.world, [...home, ...office], -58_000, -5_000)
  return stage.record()
}

/** 300 phones boot within 10 s and ask for mailbox and 21 keys each: some 6,900 challenged requests. */
export function natOfficeBoot(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 40 })
  bootOffice(stage, '198.51.100.7' as Address)
  return stage.record()
}

/** The same with nonces that everybody who asks in one second shares, and others who do ask. */
export function natOfficeBootKamailio(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 40, make: 'kamailio' })
  bootOffice(stage, '198.51.100.7' as Address)
  const home = stage.fleet('198.18.0.0/24' as Prefix, '198.18.0.1' as Address, { phones: 60 })
  startWithin(stage.world, home, 0, 12_000)
  return stage.record()
}

/** An office boots over a satellite: round trips of 1.5 s and losses, so that every request is sent again. */
export function natOfficeBootSatellite(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 40 })
  const address = '198.51.100.7' as Address
  const phone = { subscriptions: 22, subscribeSeconds: 0.31 }
  const office = stage.office(address, { phones: 120, phone })
  stage.world.setPath(address, { latencyMs: 700, jitterMs: 200, loss: 0.02, ttl: 50 })
  startWithin(stage.world, office, 0, 3_000)
  return stage.record()
}

/** The PBX restarts and takes no nonce from before: an office that the sensor knows, and one that it does not. */
export function pbxRestart(seed: number): Recording {
  return afterRestart({ seed, seconds: 60 })
}

/** The same where an old nonce is not called stale, so that every phone's first attempt looks like a failure. */
export function pbxRestartKamailio(seed: number): Recording {
  return afterRestart({ seed, seconds: 60, make: 'kamailio' })
}

/** A phone at home that tries its wrong password every second, and an office with four of the kind. */
export function wrongPasswordPhone(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 90 })
  const home = '198.18.0.1' as Address
  const phone = brokenAt({ address: home, port: 5_060 })
  const alone = stage.fleet('198.18.0.1/32' as Prefix, home, { phones: 1, phone })
  const address = '198.51.100.7' as Address
  const office = stage.office(address, { phones: 20, phone: { registerSeconds: 30 } })
  startWithin(stage.world, [...alone, ...office], 0, 5_000)
  const wrong = [5_070, 5_071, 5_072, 5_073].flatMap((port) =>
    stage.fleet('198.51.100.7/32' as Prefix, address, { phones: 1, phone: brokenAt({ address, port }) }),
  )
  startWithin(stage.world, wrong, 5_000, 8_000)
  return stage.record()
}

/** Four such phones in an office whose other phones registered before the sensor started and do not again. */
export function wrongPasswordColdOffice(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 60, unseenSeconds: 20, pbx: { phoneOptionsSeconds: 0 } })
  coldOffice(stage)
  return stage.record()
}

/** The same on a PBX where a trunk is busy from the first second that the sensor sees. */
export function wrongPasswordColdBusy(seed: number): Recording {
  const trunk = '192.0.2.40' as Address
  const pbx = { phoneOptionsSeconds: 0 }
  const stage = new Stage({ seed, seconds: 60, unseenSeconds: 20, trunks: [trunk], pbx })
  const socket = { address: trunk, port: 5_060 }
  stage.trunk({ socket, callsPerSecond: 20, fromMs: -19_000, untilMs: 60_000 })
  coldOffice(stage)
  return stage.record()
}

/** Sixty people at one address start their softphones and type the password, which takes them 5 to 55 s. */
export function slowHuman(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 90 })
  const address = '198.51.100.7' as Address
  stage.never(address, 'people')
  const port = stage.world.dice.whole(30_000, 40_000)
  for (let i = 0; i < 60; i++) {
    const humanSeconds = i === 0 ? 45 : stage.world.dice.between(5, 55)
    const phone = { humanSeconds, socket: { address, port: port + i } }
    startWithin(
      stage.world,
      stage.fleet('198.51.100.7/32' as Prefix, address, { phones: 1, phone }),
      0,
      15_000,
    )
  }
  return stage.record()
}

/** A thousand phones lose the PBX for 20 s, repeat their REGISTERs, and all get through at once. */
export function fleetReconnect(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 60, unseenSeconds: 30, make: 'kamailio' })
  const phones = stage.fleet('198.18.0.0/21' as Prefix, '198.18.0.1' as Address, { phones: 1_000 })
  startWithin(stage.world, phones, -29_000, 4_000)
  stage.world.at(5_000, () => stage.pbx.restart(20_000))
  for (const phone of phones)
    stage.world.at(stage.world.dice.between(6_000, 9_000), () => phone.registerAgain())
  return stage.record()
}

/** What else arrives on a SIP port: monitoring, keepalives, strays and scanners of other protocols. */
export function probesKeepalivesJunk(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 120 })
  stage.ordinaryPeople()
  const noises: readonly (readonly [Noise, number])[] = [
    ['crlf', 0.5],
    ['nul', 1],
    ['stun', 2],
    ['one-byte', 5],
    ['http', 1],
    ['ssdp', 3],
    ['rtp', 50],
    ['broken-sip', 20],
  ]
  for (const [index, [kind, perSecond]] of noises.entries()) {
    const address = `192.0.2.${100 + index}` as Address
    stage.never(address, `sender of ${kind}`)
    noise(stage.world, kind, { ...stage.peer, socket: { address, port: 40_000 } }, perSecond)
  }
  for (const [index, seconds] of [10, 60, 1].entries()) {
    const address = `192.0.2.${120 + index}` as Address
    stage.never(address, `asks for health every ${seconds} s`)
    const userAgent = index === 1 ? 'sipsak 0.9.8' : 'health-check'
    const sender = { ...stage.peer, socket: { address, port: 5_060 } }
    healthProbe(stage.world, sender, { seconds, userAgent, domain: stage.peer.domain })
  }
  return stage.record()
}

function coldOffice(stage: Stage): void {
  const address = '198.51.100.7' as Address
  startWithin(stage.world, stage.office(address, { phones: 20 }), -19_000, -10_000)
  const wrong = [5_070, 5_071, 5_072, 5_073].flatMap((port) =>
    stage.fleet('198.51.100.7/32' as Prefix, address, { phones: 1, phone: brokenAt({ address, port }) }),
  )
  startWithin(stage.world, wrong, -9_000, -5_000)
}

function brokenAt(socket: Socket): Partial<PhoneOptions> {
  return { socket, password: 'changed-last-week', retrySeconds: 1 }
}

/** 300 phones start within 3 s and subscribe during the 7 s after that. */
export function bootOffice(stage: Stage, address: Address): void {
  const phone = { subscriptions: 22, subscribeSeconds: 0.31, reusesNonce: false }
  startWithin(stage.world, stage.office(address, { phones: 300, phone }, 'office that boots'), 0, 3_000)
}

function afterRestart(options: StageOptions): Recording {
  const stage = new Stage(options)
  const { world } = stage
  const phone = { reusesNonce: true, subscriptions: 3 }
  const known = stage.office('198.51.100.7' as Address, { phones: 120, phone }, 'office known to the sensor')
  startWithin(world, known, 0, 6_000)
  world.at(20_000, () => stage.pbx.restart(3_000))
  for (const each of known) world.at(world.dice.between(24_000, 30_000), () => each.registerAgain())
  const oldNonce = '69a53f00c4ca4238a0b923820dcc509a6f75849b'
  const unknown = stage.office(
    '198.51.100.8' as Address,
    { phones: 200, phone: { ...phone, oldNonce } },
    'office unknown to the sensor',
  )
  startWithin(world, unknown, 24_000, 32_000)
  return stage.record()
}
