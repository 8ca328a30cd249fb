import type { Address } from '../../lib/core/prefix.ts'
import { Phone, type PhoneOptions } from './phone.ts'
import type { Socket } from './socket.ts'
import { drawPath, type World } from './world.ts'

const USER_AGENTS = [
  'Yealink SIP-T46S 66.86.0.15',
  'PolycomVVX-VVX_411-UA/6.3.1.8427',
  'Grandstream GXP2170 1.0.11.23',
  'snomD785/10.1.73.14',
  'Linphone Desktop/4.4.1',
]

/** What the phones of an office, or of a fleet, have in common, and whom they belong to. */
export interface Company extends Pick<PhoneOptions, 'pbx' | 'domain'> {
  readonly passwordOf: (user: string) => string
  /** The extension of the first phone; the others count on. */
  readonly firstUser: number
  readonly phones: number
  readonly phone?: Partial<PhoneOptions>
}

/** `phones` phones behind one address, each on its own port of the NAT. None has been started. */
export function natOffice(world: World, address: Address, company: Company): Phone[] {
  world.setPath(address, drawPath(world.dice))
  return Array.from({ length: company.phones }, (_, i) => {
    const local: Socket = { address: `192.168.${1 + (i >> 7)}.${10 + (i & 127)}` as Address, port: 5_060 }
    return phoneOf(world, company, i, { socket: { address, port: 20_000 + i }, local })
  })
}

/** `phones` phones at consecutive addresses, each with a path of its own. None has been started. */
export function fleet(world: World, firstAddress: Address, company: Company): Phone[] {
  return Array.from({ length: company.phones }, (_, i) =>
    phoneOf(world, company, i, { socket: { address: addressAfter(firstAddress, i), port: 5_060 } }),
  )
}

/** Starts each phone at a moment of its own within that span of milliseconds after the start of the capture. */
export function startWithin(world: World, phones: readonly Phone[], fromMs: number, untilMs: number): void {
  for (const phone of phones) world.at(world.dice.between(fromMs, untilMs), () => phone.start())
}

/** The IPv4 address that many after another. */
export function addressAfter(first: Address, count: number): Address {
  const value = first.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) + count
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.') as Address
}

function phoneOf(
  world: World,
  { pbx, domain, passwordOf, firstUser, phone }: Company,
  index: number,
  sockets: Pick<PhoneOptions, 'socket' | 'local'>,
): Phone {
  const user = String(firstUser + index)
  const userAgent = USER_AGENTS[index % USER_AGENTS.length]!
  return new Phone(world, { pbx, domain, user, password: passwordOf(user), userAgent, ...sockets, ...phone })
}
