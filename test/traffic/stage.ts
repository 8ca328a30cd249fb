import type { Address, Prefix } from '../../lib/core/prefix.ts'
import { sourcePrefix } from '../../lib/core/prefix.ts'
import type { Dice } from './dice.ts'
import { type Company, fleet, natOffice, startWithin } from './office.ts'
import { Pbx } from './pbx.ts'
import type { CallPlan, PbxOptions } from './pbx-options.ts'
import { Trunk, type TrunkOptions } from './trunk.ts'
import { type Truth, type WireFrame, World } from './world.ts'

/** What a scenario ends in. */
export interface Recording {
  /** In the order of time. */
  readonly frames: readonly WireFrame[]
  readonly truth: readonly Truth[]
  readonly pbx: readonly Address[]
}

export interface StageOptions {
  readonly seed: number
  /** How long the sensor watches. */
  readonly seconds: number
  readonly unseenSeconds?: number
  /** `freeswitch`: a nonce each, 403, stateful. `kamailio`: one nonce a second, 401, stateless refusals. */
  readonly make?: 'freeswitch' | 'kamailio'
  readonly trunks?: readonly Address[]
  readonly pbx?: Partial<PbxOptions>
}

/** Who has phones on the PBX; a tenant with a domain of his own may give out extensions that others have too. */
type Tenant = Pick<Company, 'phones' | 'phone'> & Partial<Pick<Company, 'domain' | 'firstUser'>>

const DOMAIN = 'pbx.example.com'
const VERBOSE = [
  'Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, REGISTER, REFER, NOTIFY, PUBLISH, SUBSCRIBE',
  'Supported: timer, path, replaces',
]
const PBX = '203.0.113.10' as Address

/** A world with one PBX, and the ways to put people on it and to say what is true of them. */
export class Stage {
  readonly world: World
  readonly pbx: Pbx
  readonly untilMs: number
  #users = 1_000

  constructor(options: StageOptions) {
    this.world = new World({ seed: options.seed, unseenMs: (options.unseenSeconds ?? 0) * 1000 })
    this.untilMs = options.seconds * 1000
    this.pbx = new Pbx(this.world, pbxOptions(options))
  }

  /** Who is at the other end, for anything that speaks to the PBX. */
  get peer(): Pick<Company, 'pbx' | 'domain'> & { readonly untilMs: number } {
    return { pbx: this.pbx.socket, domain: DOMAIN, untilMs: this.untilMs }
  }

  office(address: Address, company: Tenant, role = 'office') {
    this.never(address, role)
    return natOffice(this.world, address, this.#company(company))
  }

  /** @param prefix holds all of the fleet's addresses */
  fleet(prefix: Prefix, first: Address, company: Pick<Company, 'phones' | 'phone'>) {
    this.truth({ source: prefix, role: 'phones', verdict: 'never-block' })
    return fleet(this.world, first, this.#company(company))
  }

  /** Six phones at home and an office of eight, which register at the start and call now and then. */
  ordinaryPeople(): void {
    const phone = { optionsSeconds: 20, callSeconds: 25, registerSeconds: 60 }
    const home = this.fleet('198.18.200.0/24' as Prefix, '198.18.200.1' as Address, { phones: 6, phone })
    const office = this.office('198.51.100.20' as Address, {
      phones: 8,
      phone: { ...phone, subscriptions: 3 },
    })
    startWithin(this.world, [...home, ...office], 0, 3_000)
  }

  trunk(options: Pick<TrunkOptions, 'socket' | 'callsPerSecond' | 'fromMs' | 'untilMs'>): void {
    this.never(options.socket.address, 'trunk')
    this.world.setPath(options.socket.address, { latencyMs: 8, jitterMs: 2, loss: 0.0002, ttl: 57 })
    const holdMs = () => this.world.dice.between(4_000, 40_000)
    new Trunk(this.world, { ...options, ...this.peer, untilMs: options.untilMs, holdMs })
    this.pbx.watchTrunk(options.socket, options)
  }

  never(address: Address, role: string, more: Partial<Truth> = {}): void {
    this.truth({ source: sourcePrefix(address), role, verdict: 'never-block', ...more })
  }

  must(address: Address, role: string, more: Partial<Truth>): void {
    this.truth({ source: sourcePrefix(address), role, verdict: 'must-block', ...more })
  }

  /** Replaces what was said of the same source before. */
  truth(truth: Truth): void {
    const { truth: all } = this.world
    const at = all.findIndex(({ source }) => source === truth.source)
    if (at < 0) all.push(truth)
    else all[at] = truth
  }

  record(): Recording {
    this.world.run(this.untilMs)
    return { frames: this.world.frames, truth: this.world.truth, pbx: [this.pbx.socket.address] }
  }

  #company(company: Tenant): Company {
    const firstUser = this.#users
    this.#users += company.phones
    return { firstUser, passwordOf, pbx: this.pbx.socket, domain: DOMAIN, ...company }
  }
}

function pbxOptions({ make = 'freeswitch', trunks = [], pbx = {} }: StageOptions): PbxOptions {
  const kamailio = make === 'kamailio'
  return {
    address: PBX,
    realm: DOMAIN,
    server: kamailio ? 'kamailio (5.7.4 (x86_64/linux))' : 'FreeSWITCH-mod_sofia/1.10.11',
    nonces: kamailio ? 'per-second' : 'per-request',
    refusal: kamailio ? 401 : 403,
    stateful: !kamailio,
    refusalLines: kamailio ? [] : VERBOSE,
    trunks: new Set(trunks),
    passwordOf: (user) => (/^[12]\d{3}$/.test(user) ? passwordOf(user) : undefined),
    plan: ordinaryCall,
    phoneOptionsSeconds: 30,
    trunkOptionsSeconds: 0,
    ...pbx,
  }
}

function passwordOf(user: string): string {
  return `Rq7-${user}-vN2`
}

/** One call in six fails; the rest ring after 0.4 to 6 s and are answered 2 to 45 s after they were placed. */
function ordinaryCall(_: string, dice: Dice): CallPlan {
  const ringMs = dice.between(400, 6_000)
  if (dice.chance(1 / 6)) {
    return { status: dice.pick([404, 486, 503]), ringMs: undefined, finalMs: ringMs, hangUpMs: undefined }
  }
  const finalMs = Math.max(ringMs + 500, dice.between(2_000, 45_000))
  return {
    status: 200,
    ringMs,
    finalMs,
    hangUpMs: dice.chance(0.4) ? dice.between(3_000, 30_000) : undefined,
  }
}
