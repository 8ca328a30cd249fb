import { GetIPSetCommand, type IPSet, UpdateIPSetCommand, type WAFV2Client } from '@aws-sdk/client-wafv2'
import type { Block } from '../core/block.ts'
import { type Family, type Prefix, parsePrefix } from '../core/prefix.ts'
import type { SetChange } from '../core/set-plan.ts'
import type { DenyingSet, SetOutcome, SetState } from '../reconcile-set.ts'
import { failureOf, tellError } from './aws-errors.ts'

export interface IpSetOptions {
  /** `arn:aws:wafv2:REGION:ACCOUNT:regional/ipset/NAME/ID`; it must exist. */
  readonly arn: string
  readonly family: Family
  readonly waf: WAFV2Client
  /** Shared by all IP sets of the fence. */
  readonly pace: Pace
}

/** AWS WAF quotas: addresses in an IP set. */
const MOST_ADDRESSES = 10_000

/**
 * A WAFv2 IP set. A write replaces the whole list, so it is made from what was read and names its lock token: where
 * somebody has written since, WAF refuses it and the caller plans again. Others' addresses and the description go back as they came.
 */
export class IpSet implements DenyingSet {
  readonly id: string
  readonly family: Family
  readonly #options: IpSetOptions
  readonly #place: { readonly Name: string; readonly Id: string; readonly Scope: 'REGIONAL' }
  #description: string | undefined

  constructor(options: IpSetOptions) {
    const [, name, id] = /:regional\/ipset\/([^/]+)\/([^/]+)$/.exec(options.arn) ?? []
    if (name === undefined || id === undefined)
      throw new Error(`Cannot use IP set "${options.arn}": expected the ARN of a regional IP set`)
    this.id = `${name} (IPv${options.family})`
    this.family = options.family
    this.#options = options
    this.#place = { Name: name, Id: id, Scope: 'REGIONAL' }
  }

  /** WAF sees connections: a source that is not proven to be real never makes one, and its owner may be anybody. */
  readonly takes = ({ scope }: Block): boolean => scope !== 'sip-udp'

  async read(): Promise<SetState> {
    const { IPSet: set, LockToken } = await this.#options.waf.send(new GetIPSetCommand(this.#place))
    if (set?.Addresses === undefined || LockToken === undefined)
      throw new Error(`Cannot read IP set ${this.id}: WAF answered without its addresses`)
    if (set.IPAddressVersion !== `IPV${this.family}`)
      throw new Error(
        `Cannot use IP set ${this.id}: it holds ${set.IPAddressVersion} addresses, expected IPV${this.family}`,
      )
    this.#description = set.Description
    return { held: prefixesOf(this.id, set), capacity: MOST_ADDRESSES, version: LockToken }
  }

  async apply(changes: readonly SetChange[], { held, version }: SetState): Promise<SetOutcome> {
    const next = new Set(held)
    for (const { kind, prefix } of changes) {
      if (kind === 'add') next.add(prefix)
      else next.delete(prefix)
    }
    const { waf, pace } = this.#options
    try {
      await pace.turn()
      await waf.send(
        new UpdateIPSetCommand({
          ...this.#place,
          Addresses: [...next],
          LockToken: version,
          ...(this.#description ? { Description: this.#description } : {}),
        }),
      )
    } catch (error) {
      const kind = failureOf(error) === 'conflict' ? 'stale' : 'failed'
      return { done: [], stopped: { kind, reason: tellError(error) } }
    }
    return { done: changes, stopped: null }
  }
}

/** AWS WAF quotas: one request a second for any Create, Put or Update action, for the whole account. */
const BETWEEN_UPDATES_MS = 1_000

/** Lets one update through a second, whichever IP set it is for. */
export class Pace {
  readonly #clock: () => number
  readonly #wait: (ms: number) => Promise<void>
  #last = Number.NEGATIVE_INFINITY

  constructor(clock: () => number, wait: (ms: number) => Promise<void>) {
    this.#clock = clock
    this.#wait = wait
  }

  async turn(): Promise<void> {
    const early = this.#last + BETWEEN_UPDATES_MS - this.#clock()
    if (early > 0) await this.#wait(early)
    this.#last = this.#clock()
  }
}

/** WAF may write an address differently from how it was given. */
function prefixesOf(id: string, { Addresses = [] }: IPSet): Prefix[] {
  return Addresses.map((address) => {
    const parsed = parsePrefix(address)
    if (parsed.ok) return parsed.value
    throw new Error(`Cannot read IP set ${id}: ${parsed.reason}`)
  })
}
