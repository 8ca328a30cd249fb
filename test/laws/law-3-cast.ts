import { defaultFence, type FenceConfig } from '../../lib/config.ts'
import { type Address, type Family, type Prefix, sourcePrefix } from '../../lib/core/prefix.ts'

/** Everybody that law 3 speaks of, in one family of addresses. */
export interface Cast {
  readonly pbx: Address
  /** Known-good because their phones have logged in: two at home, each with an account, and an office. */
  readonly phone: Address
  readonly neighbour: Address
  readonly office: Address
  /** Known-good because it has answered the PBX; on no list. */
  readonly peer: Address
  readonly carrier: Address
  readonly healthChecker: Address
  readonly eip: Address
  readonly inVpc: Address
  readonly vpc: Prefix
  /** The resolver, the time service, link-local and loopback. */
  readonly special: readonly Address[]
  /** Other hosts of a site whose phone is known-good: the same source to the fence, an IPv6 /64. */
  readonly sameSite: readonly Address[]
  /** Whom nobody protects; some are next to somebody who is protected, so that one entry could hold both. */
  readonly strangers: readonly Address[]
  /** The adversary's own host, whose password he knows. */
  readonly hisHost: Address
  /** Another one of his, to which the PBX speaks TLS. */
  readonly overTls: Address
}

const at = (text: string) => text as Address

const FOUR: Cast = {
  pbx: at('203.0.113.10'),
  phone: at('198.18.0.1'),
  neighbour: at('198.18.0.5'),
  office: at('198.51.100.7'),
  peer: at('192.0.2.50'),
  carrier: at('192.0.2.40'),
  healthChecker: at('192.0.2.77'),
  eip: at('203.0.113.99'),
  inVpc: at('10.0.7.7'),
  vpc: '10.0.0.0/16' as Prefix,
  special: ['169.254.169.253', '169.254.169.123', '169.254.7.7', '127.0.0.1'].map(at),
  sameSite: [],
  strangers: ['192.0.2.200', '198.18.0.0', '198.18.0.2', '198.18.0.4', '192.0.2.41'].map(at),
  hisHost: at('198.18.99.99'),
  overTls: at('198.18.98.98'),
}

const SIX: Cast = {
  pbx: at('2001:db8:10::5060'),
  phone: at('2001:db8:70:1::10'),
  neighbour: at('2001:db8:70:5::10'),
  office: at('2001:db8:80::7'),
  peer: at('2001:db8:50::1'),
  carrier: at('2001:db8:40::1'),
  healthChecker: at('2001:db8:77::1'),
  eip: at('2001:db8:ffff::99'),
  inVpc: at('2001:db8:10:7::7'),
  vpc: '2001:db8:10::/48' as Prefix,
  special: ['fd00:ec2::253', 'fd00:ec2::123', 'fe80::7', '::1'].map(at),
  sameSite: ['2001:db8:70:1::bad', '2001:db8:80:0:ffff::1'].map(at),
  strangers: ['2001:db8:200::1', '2001:db8:70::10', '2001:db8:70:2::10', '2001:db8:70:4::1'].map(at),
  hisHost: at('2001:db8:99::99'),
  overTls: at('2001:db8:98::98'),
}

export const CASTS: Readonly<Record<Family, Cast>> = { 4: FOUR, 6: SIX }

/** Known-good sources, which logins and answers have made so, and no setting. */
function knownGoodOf({ phone, neighbour, office, peer }: Cast): readonly Address[] {
  return [phone, neighbour, office, peer]
}

/** Whoever must never be blocked, whoever claims to be them. */
export function protectedOf(cast: Cast): readonly Address[] {
  const { pbx, carrier, healthChecker, eip, inVpc, special, sameSite } = cast
  return [...knownGoodOf(cast), carrier, healthChecker, eip, inVpc, ...special, ...sameSite, pbx]
}

/** Whoever must be let in while the door is closed to the public. */
export function trustedOf(cast: Cast): readonly Address[] {
  return [...knownGoodOf(cast), cast.carrier, cast.healthChecker, cast.inVpc, ...cast.sameSite]
}

export function fenceOf({ carrier, healthChecker, eip, vpc }: Cast): FenceConfig {
  return {
    ...defaultFence('law'),
    learningSeconds: 0,
    allow: [sourcePrefix(carrier)],
    healthCheckers: [sourcePrefix(healthChecker)],
    vpcCidrs: [vpc],
    pbxs: [{ addresses: [eip] }],
  }
}
