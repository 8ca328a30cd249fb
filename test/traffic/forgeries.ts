import type { Address, Prefix } from '../../lib/core/prefix.ts'
import { type ForgeryOptions, forge, forgeAtRandom } from './attacks.ts'
import { bootOffice } from './everyday.ts'
import { nonceFetcher } from './intruder.ts'
import { startWithin } from './office.ts'
import { type Recording, Stage } from './stage.ts'
import { START } from './world.ts'

const VICTIM = '192.0.2.66' as Address
/** Where the sender has an address of his own, and uses it. */
const SENDER = '192.0.2.99' as Address
const FROM_MS = 10_000

type Forged = Partial<ForgeryOptions> & Pick<ForgeryOptions, 'styles' | 'perSecond'>

/** REGISTERs in the name of somebody who is not there, each with a Call-ID and branch of its own. */
export function reflectionUnique(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 40 })
  stage.ordinaryPeople()
  reflect(stage, { styles: ['register'], perSecond: 300 })
  return stage.record()
}

/** One REGISTER, sent 300 times a second: the PBX takes it for one that is repeated, and repeats its answer. */
export function reflectionConstant(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 40 })
  stage.ordinaryPeople()
  reflect(stage, { styles: ['register-constant'], perSecond: 300 })
  return stage.record()
}

/** INVITEs, whose refusals a stateful PBX sends eleven times because nobody acknowledges them. */
export function reflectionInviteStateful(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 75 })
  stage.ordinaryPeople()
  reflect(stage, { styles: ['invite'], perSecond: 40, untilMs: 40_000 })
  return stage.record()
}

/** The shortest questions with the longest answers. */
export function reflectionMinimalOptions(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 40 })
  stage.ordinaryPeople()
  reflect(stage, { styles: ['options-minimal', 'register-minimal'], perSecond: 60, randomPorts: true })
  return stage.record()
}

/** The sender answers each challenge to his victim with a nonce that he got in his own name. */
export function reflectionForgedFollowUps(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 40, make: 'kamailio' })
  stage.ordinaryPeople()
  const own = { ...stage.peer, socket: { address: SENDER, port: 5_060 } }
  stage.truth({ source: `${SENDER}/32` as Prefix, role: 'fetches nonces', verdict: 'may-block' })
  const borrowNonce = nonceFetcher(stage.world, own)
  reflect(stage, { styles: ['register'], perSecond: 100, borrowNonce })
  // What goes on in the victim's name looks like guessed passwords too; either name spares it the answers.
  const classes = ['reflection', 'brute-force'] as const
  stage.must(VICTIM, 'victim', { classes, from: START + FROM_MS })
  return stage.record()
}

/** The sender acknowledges each refusal that his victim gets, as a caller would who had seen it. */
export function reflectionForgedAcks(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 40 })
  stage.ordinaryPeople()
  reflect(stage, { styles: ['invite'], perSecond: 180, extras: ['ack'] })
  return stage.record()
}

/** Eight REGISTERs a second, which no limit of ten seconds notices. */
export function reflectionSlow(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 60 })
  stage.ordinaryPeople()
  reflect(stage, { styles: ['register'], perSecond: 8 })
  stage.must(VICTIM, 'victim', { classes: ['reflection'], from: START + FROM_MS, withinSeconds: 30 })
  return stage.record()
}

/** The victim is an IPv6 host. */
export function reflectionIpv6(seed: number): Recording {
  const address = '2001:db8:0:10::5060' as Address
  const stage = new Stage({ seed, seconds: 40, pbx: { address } })
  const victim = '2001:db8:66:1::7' as Address
  reflect(stage, { styles: ['register'], perSecond: 200, victim: { address: victim, port: 5_060 } })
  return stage.record()
}

/** A reflection hides behind an office that boots at the same moment. */
export function reflectionAmidstOffice(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 30 })
  bootOffice(stage, '198.51.100.7' as Address)
  reflect(stage, { styles: ['register'], perSecond: 150, fromMs: 2_000 })
  return stage.record()
}

/** As many REGISTERs as one sender can forge. */
export function floodSpoofedRegister(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 30 })
  stage.ordinaryPeople()
  reflect(stage, { styles: ['register'], perSecond: 800, randomPorts: true })
  return stage.record()
}

/** Somebody forges the address of a phone that is registered, with everything that might make it look guilty. */
export function poisonedPhone(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 60 })
  stage.ordinaryPeople()
  const address = '198.18.0.1' as Address
  const phone = { optionsSeconds: 15, registerSeconds: 30 }
  const phones = stage.fleet('198.18.0.1/32' as Prefix, address, { phones: 1, phone })
  startWithin(stage.world, phones, 0, 2_000)
  poison(stage, address, { styles: ['register', 'register', 'invite'], perSecond: 60 })
  return stage.record()
}

/** The same in the name of an office of sixty phones. */
export function poisonedOffice(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 60 })
  const address = '198.51.100.7' as Address
  const phone = { optionsSeconds: 20, registerSeconds: 40, callSeconds: 30, subscriptions: 5 }
  startWithin(stage.world, stage.office(address, { phones: 60, phone }), 0, 5_000)
  const styles = ['register', 'options', 'register', 'options', 'invite'] as const
  poison(stage, address, { styles, perSecond: 120, untilMs: 35_000 })
  return stage.record()
}

/** Somebody fakes failed logins of a phone, with a nonce that it shares with all who ask in the same second. */
export function framedPhone(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 60, make: 'kamailio' })
  stage.ordinaryPeople()
  const address = '198.18.0.1' as Address
  const phones = stage.fleet('198.18.0.1/32' as Prefix, address, {
    phones: 1,
    phone: { registerSeconds: 30 },
  })
  startWithin(stage.world, phones, 0, 2_000)
  const own = { ...stage.peer, socket: { address: SENDER, port: 5_060 } }
  stage.truth({ source: `${SENDER}/32` as Prefix, role: 'fetches nonces', verdict: 'may-block' })
  const borrowNonce = nonceFetcher(stage.world, own)
  poison(stage, address, { styles: ['register'], perSecond: 12, extras: [], borrowNonce })
  return stage.record()
}

/** Calls in the name of a carrier that needs no credentials: the PBX takes them for real. */
export function poisonedTrunk(seed: number): Recording {
  const address = '192.0.2.40' as Address
  const stage = new Stage({ seed, seconds: 60, trunks: [address] })
  stage.trunk({ socket: { address, port: 5_060 }, callsPerSecond: 5, fromMs: 0, untilMs: 60_000 })
  poison(stage, address, { styles: ['invite'], perSecond: 60, extras: ['ack', 'bye'], untilMs: 40_000 })
  stage.never(address, 'trunk whose address is forged', { from: START + FROM_MS })
  return stage.record()
}

/** 500 packets a second, each from another address. */
export function randomSpoof(seed: number): Recording {
  const stage = new Stage({ seed, seconds: 45 })
  stage.ordinaryPeople()
  stage.truth({ source: '0.0.0.0/0' as Prefix, role: 'forged once', verdict: 'never-block' })
  const styles = ['register', 'options', 'register', 'options', 'invite'] as const
  const attack = { ...stage.peer, perSecond: 500, fromMs: FROM_MS, untilMs: 25_000, styles }
  forgeAtRandom(stage.world, attack)
  return stage.record()
}

function reflect(stage: Stage, forged: Forged): void {
  const victim = forged.victim ?? { address: VICTIM, port: 5_060 }
  const attack = { ...stage.peer, fromMs: FROM_MS, victim, ...forged }
  forge(stage.world, attack)
  stage.must(victim.address, 'victim', { classes: ['reflection'], from: START + attack.fromMs })
}

/** Forges a source that must not be blocked for it, and asks for an alert instead. */
function poison(stage: Stage, address: Address, forged: Forged): void {
  const extras = ['junk-authorization', 'ack', 'bye'] as const
  const attack = { ...stage.peer, extras, fromMs: FROM_MS, victim: { address, port: 5_060 }, ...forged }
  forge(stage.world, attack)
  // Every other request goes without the forged Authorization, as the first of a login does.
  forge(stage.world, { ...attack, extras: [] })
  stage.never(address, 'somebody forges its address', { from: START + attack.fromMs, alert: true })
}
