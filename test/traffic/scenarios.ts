import * as everyday from './everyday.ts'
import type { Recording } from './stage.ts'
import * as attack from './under-attack.ts'

/** Every scenario by name. The same seed gives the same packets; each is 30 to 120 s of packet time. */
export const SCENARIOS: Readonly<Record<string, (seed: number) => Recording>> = {
  phones: everyday.phones,
  'nat-office-boot': everyday.natOfficeBoot,
  'nat-office-boot-kamailio': everyday.natOfficeBootKamailio,
  'pbx-restart': everyday.pbxRestart,
  'pbx-restart-kamailio': everyday.pbxRestartKamailio,
  'trunk-100cps': everyday.trunk100Cps,
  'trunk-without-ringing': everyday.trunkWithoutRinging,
  'trunk-all-refused': everyday.trunkAllRefused,
  'trunk-failover': everyday.trunkFailover,
  'wrong-password-phone': everyday.wrongPasswordPhone,
  'slow-human': everyday.slowHuman,
  'fleet-reconnect': everyday.fleetReconnect,
  'probes-keepalives-junk': everyday.probesKeepalivesJunk,
  'reflection-unique': attack.reflectionUnique,
  'reflection-constant': attack.reflectionConstant,
  'reflection-invite-stateful': attack.reflectionInviteStateful,
  'reflection-minimal-options': attack.reflectionMinimalOptions,
  'reflection-forged-follow-ups': attack.reflectionForgedFollowUps,
  'reflection-ipv6': attack.reflectionIpv6,
  'reflection-amidst-office': attack.reflectionAmidstOffice,
  'brute-force-many-users': attack.bruteForceManyUsers,
  'brute-force-kamailio-nonce': attack.bruteForceKamailioNonce,
  'brute-force-borrowed-nonce': attack.bruteForceBorrowedNonce,
  'flood-real-invite': attack.floodRealInvite,
  'flood-deaf-invite': attack.floodDeafInvite,
  'flood-proven-register': attack.floodProvenRegister,
  'flood-spoofed-register': attack.floodSpoofedRegister,
  'poisoned-phone': attack.poisonedPhone,
  'poisoned-office': attack.poisonedOffice,
  'poisoned-trunk': attack.poisonedTrunk,
  'framed-phone': attack.framedPhone,
  'random-spoof': attack.randomSpoof,
}
