import fc from 'fast-check'
import type { DeployedFence } from '../../lib/aws/deployed-fence.ts'
import type { FenceConfig } from '../../lib/config.ts'
import type { Block, Scope } from '../../lib/core/block.ts'
import { noOffences } from '../../lib/core/offences.ts'
import { bitsOf, covers, isOneSource, type Prefix } from '../../lib/core/prefix.ts'
import type { Mode } from '../../lib/reconcile.ts'
import { fenceRound, throwProblems } from '../../lib/round.ts'
import { roundOptions } from '../../lib/settings/round-options.ts'
import type { Fault } from '../aws/faults.ts'
import type { FenceAccount } from '../aws/fence-account.ts'
import { blockOf } from '../contract/firewall.ts'
import { NOW, proofsOf } from '../core/reports.ts'

/** Where a process dies: before the nth call of a round, or the nth that changes a firewall; or right after it. */
export interface Death {
  readonly of: 'calls' | 'writes'
  readonly n: number
  readonly tookEffect: boolean
}

export type Step =
  | { readonly kind: 'round'; readonly death: Death | null }
  | { readonly kind: 'restart' }
  | {
      readonly kind: 'deploy'
      readonly ports: readonly number[]
      readonly reserve: number
      readonly mode: 'enforce' | 'observe'
    }
  | { readonly kind: 'mode'; readonly mode: Mode }
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'block'; readonly which: number; readonly minutes: number }
  | { readonly kind: 'good'; readonly which: number }
  | { readonly kind: 'door'; readonly closed: boolean }

const mode = fc.constantFrom<Mode>('enforce', 'enforce', 'observe', 'off')
const which = fc.nat({ max: 6 })

/** @param mostCalls that a round makes, about */
export function stepOf(mostCalls: number): fc.Arbitrary<Step> {
  const death = fc.oneof(
    fc.record({
      of: fc.constant('calls' as const),
      n: fc.integer({ min: 1, max: mostCalls }),
      tookEffect: fc.boolean(),
    }),
    fc.record({
      of: fc.constant('writes' as const),
      n: fc.integer({ min: 1, max: 8 }),
      tookEffect: fc.boolean(),
    }),
  )
  const deploy = fc.record({
    kind: fc.constant('deploy' as const),
    ports: fc.constantFrom<readonly number[]>([5060], [5060, 5061], [5060, 5062], [5059, 5060], [5058, 5060]),
    reserve: fc.integer({ min: 0, max: 4 }),
    mode: fc.constantFrom('enforce' as const, 'enforce' as const, 'enforce' as const, 'observe' as const),
  })
  const seconds = fc.constantFrom(1, 20, 61, 400)
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('round' as const), death: fc.constant(null) }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('round' as const), death }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
    { weight: 5, arbitrary: deploy },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('mode' as const), mode }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds }) },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('block' as const),
        which,
        minutes: fc.integer({ min: 1, max: 30 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('good' as const), which }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('door' as const), closed: fc.boolean() }) },
  )
}

/** Whom the ledger may block: lighter and heavier ones, wider ones, and of both families. Together they find room. */
const WHOM: readonly (readonly [string, number, Scope])[] = [
  ['192.0.2.1/32', 100, 'sip-udp'],
  ['192.0.2.2/32', 300, 'sip'],
  ['203.0.113.0/30', 50, 'sip-udp'],
  ['203.0.113.2/32', 150, 'sip-udp'],
  ['198.51.100.9/32', 900, 'sip-udp'],
  ['2001:db8:5::/64', 200, 'sip'],
  ['2001:db8:6::/64', 400, 'sip-udp'],
]

const GONE: Fault = { kind: 'before', drop: true }

/** A place where blocks are in force, as it really is in the account. */
export interface Place {
  readonly name: string
  /** What of the block it is to deny while the PBX has these ports, one name each. */
  wants(block: Block, ports: readonly number[]): readonly string[]
  /** Whether it denies what the name says. */
  denies(block: Block, what: string): boolean
}

/** One fence from its first start on, its processes coming and going, and what was wrong at any moment. */
export class Life {
  readonly wrongs = new Set<string>()
  readonly #account: FenceAccount
  readonly #places: readonly Place[]
  readonly #alsoWrong: () => readonly string[]
  readonly #blocks = new Map<Prefix, Block>()
  readonly #good = new Set<Prefix>()
  /** What was denied in a place at some moment since the fence enforces. */
  #placed: ReadonlySet<string> = new Set()
  #settings: FenceConfig
  #fence: DeployedFence
  #modeSet: Mode | undefined

  /** @param alsoWrong whatever else must hold at every moment, and does not */
  constructor(account: FenceAccount, places: readonly Place[], alsoWrong: () => readonly string[]) {
    this.#account = account
    this.#places = places
    this.#alsoWrong = alsoWrong
    this.#settings = account.fence
    this.#fence = account.restart(1)
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'round':
        await this.#round(step.death)
        break
      case 'restart':
        this.#restart()
        break
      case 'deploy':
        this.#settings = {
          ...this.#settings,
          ports: [...step.ports],
          reserve: step.reserve,
          mode: step.mode,
        }
        this.#restart()
        break
      case 'mode':
        await this.setMode(step.mode)
        break
      case 'pass':
        this.#account.now += step.seconds * 1000
        break
      case 'block':
        await this.#block(step.which, step.minutes)
        break
      case 'good':
        await this.#prove(step.which)
        break
      case 'door':
        await this.wishDoor(step.closed)
    }
    if (this.#mode() !== 'enforce') this.#placed = new Set()
    this.#look()
  }

  async setMode(set: Mode): Promise<void> {
    this.#modeSet = set
    await this.#account.state.setMode({ mode: set, at: this.#account.now, by: 'somebody' })
  }

  async wishDoor(closed: boolean): Promise<void> {
    const { now, state } = this.#account
    const until = closed ? { until: now + 3_600_000 } : null
    await state.setLockdown({ standing: 'off', closed: until, at: now, by: 'somebody' })
  }

  /** A start with nothing in memory, two minutes later. */
  startAnew(): void {
    this.#account.now += 120_000
    this.#restart()
  }

  /** A round in which nothing fails; what it leaves undone makes it fail. */
  async cleanRound(): Promise<void> {
    this.#account.now += 1_000
    throwProblems(await this.#run())
  }

  /** The blocks that are in force now, and are not to be lifted: they touch nobody who is known-good. */
  desired(): readonly Block[] {
    const { now } = this.#account
    const isGood = (prefix: Prefix) => [...this.#good].some((good) => covers(bitsOf(prefix), bitsOf(good)))
    return [...this.#blocks.values()].filter(({ prefix, until }) => now < until && !isGood(prefix))
  }

  /** What is desired and not denied in a place. */
  missing(): string[] {
    return this.desired().flatMap((block) =>
      this.#places.flatMap((place) =>
        place
          .wants(block, this.ports)
          .filter((what) => !place.denies(block, what))
          .map((what) => `${block.prefix} ${what} in ${place.name}`),
      ),
    )
  }

  get ports(): readonly number[] {
    return this.#settings.ports
  }

  #mode(): Mode {
    return this.#modeSet ?? this.#settings.mode
  }

  #restart(): void {
    this.#fence = this.#account.restart(1, this.#settings)
  }

  async #block(number: number, minutes: number): Promise<void> {
    const { now, ledger } = this.#account
    const [text, weight, scope] = WHOM[number]!
    const fresh = blockOf(text, weight, scope)
    const until = Math.max(now + minutes * 60_000, this.#blocks.get(fresh.prefix)?.until ?? 0)
    const block = { ...fresh, from: now, until, id: `${text} ${now}` }
    this.#blocks.set(block.prefix, block)
    await ledger.changeOffences(block.prefix, () => ({ ...noOffences(block.prefix, 1), block }))
  }

  async #prove(number: number): Promise<void> {
    const { prefix } = blockOf(WHOM[number]![0])
    if (!isOneSource(prefix)) return
    this.#good.add(prefix)
    await this.#account.ledger.keepProofs(proofsOf('h', (this.#account.now - NOW) / 1000, prefix))
  }

  /** The next process starts after the lease of one that has died is over. */
  async #round(death: Death | null): Promise<void> {
    const { faults } = this.#account.aws
    this.#account.now += 1_000
    let count = 0
    let isDead = false
    faults.plan(({ service, action }) => {
      this.#look()
      if (isDead) return GONE
      const writes = service !== 'dynamodb' && !/^(Describe|Get)/.test(action)
      if (death === null || (death.of === 'writes' && !writes) || ++count < death.n) return undefined
      isDead = true
      return death.tookEffect ? { kind: 'lost' } : GONE
    })
    await this.#run().catch(() => undefined)
    faults.clear()
    if (!isDead) return
    this.#look()
    this.#account.now += 61_000
    this.#restart()
  }

  async #run() {
    const { now } = this.#account
    const options = { ...roundOptions(this.#settings), roster: [], owner: `round ${now}` }
    const journal = { write: async () => undefined }
    return await fenceRound({ ...this.#fence, journal }, options, now)
  }

  #look(): void {
    for (const wrong of this.#alsoWrong()) this.wrongs.add(wrong)
    if (this.#mode() !== 'enforce') return
    const now = new Set<string>()
    for (const block of this.desired()) {
      for (const place of this.#places) {
        for (const what of place.wants(block, this.ports)) {
          const key = `${block.prefix} ${what} in ${place.name}`
          const isDenied = place.denies(block, what)
          if (isDenied) now.add(key)
          else if (this.#placed.has(key)) this.wrongs.add(`${key} is let in for a moment`)
        }
      }
    }
    this.#placed = now
  }
}
