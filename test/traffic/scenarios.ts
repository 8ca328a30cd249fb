import * as carriers from './carriers.ts'
import * as everyday from './everyday.ts'
import * as forged from './forgeries.ts'
import * as intrusion from './intrusions.ts'
import type { Recording } from './stage.ts'

/** Every scenario by name. The same seed gives the same packets; each is 30 to 120 s of packet time. */
export const SCENARIOS: Readonly<Record<string, (seed: number) => Recording>> = {
  phones: everyday.phones,
  'nat-office-boot': everyday.natOfficeBoot,
  'nat-office-boot-kamailio': everyday.natOfficeBootKamailio,
  'nat-office-boot-satellite': everyday.natOfficeBootSatellite,
  'pbx-restart': everyday.pbxRestart,
  'pbx-restart-kamailio': everyday.pbxRestartKamailio,
  'trunk-100cps': carriers.trunk100Cps,
  'trunk-without-ringing': carriers.trunkWithoutRinging,
  'trunk-all-refused': carriers.trunkAllRefused,
  'trunk-failover': carriers.trunkFailover,
  'options-peer': carriers.optionsPeer,
  'wrong-password-phone': everyday.wrongPasswordPhone,
  'wrong-password-cold-office': everyday.wrongPasswordColdOffice,
  'wrong-password-cold-busy': everyday.wrongPasswordColdBusy,
  'slow-human': everyday.slowHuman,
  'fleet-reconnect': everyday.fleetReconnect,
  'probes-keepalives-junk': everyday.probesKeepalivesJunk,
  'reflection-unique': forged.reflectionUnique,
  'reflection-constant': forged.reflectionConstant,
  'reflection-invite-stateful': forged.reflectionInviteStateful,
  'reflection-minimal-options': forged.reflectionMinimalOptions,
  'reflection-forged-follow-ups': forged.reflectionForgedFollowUps,
  'reflection-forged-acks': forged.reflectionForgedAcks,
  'reflection-slow': forged.reflectionSlow,
  'reflection-ipv6': forged.reflectionIpv6,
  'reflection-amidst-office': forged.reflectionAmidstOffice,
  'brute-force-many-users': intrusion.bruteForceManyUsers,
  'brute-force-kamailio-nonce': intrusion.bruteForceKamailioNonce,
  'brute-force-borrowed-nonce': intrusion.bruteForceBorrowedNonce,
  'flood-real-invite': intrusion.floodRealInvite,
  'flood-deaf-invite': intrusion.floodDeafInvite,
  'flood-proven-register': intrusion.floodProvenRegister,
  'flood-spoofed-register': forged.floodSpoofedRegister,
  'poisoned-phone': forged.poisonedPhone,
  'poisoned-office': forged.poisonedOffice,
  'poisoned-trunk': forged.poisonedTrunk,
  'framed-phone': forged.framedPhone,
  'random-spoof': forged.randomSpoof,
}
