import type { Family, Prefix } from '../../lib/core/prefix.ts'
import { bitsOf, familyOf, parsePrefix } from '../../lib/core/prefix.ts'
import { AwsError } from './aws-error.ts'
import { idOf } from './sqs-message.ts'

/** An IP set that the local AWS starts with. */
export interface IpSetSeed {
  readonly name: string
  /** A UUID; made from the name unless given. */
  readonly id?: string
  readonly family: Family
  /** CIDRs; none unless given. */
  readonly addresses?: readonly string[]
  readonly description?: string
}

/** AWS WAF quotas: addresses of one IP set. */
const MOST_ADDRESSES = 10_000

/**
 * An IP set of WAFv2 with its checks: CIDRs of one family in canonical form, and a lock token that every change
 * replaces. Refusals are AwsErrors and change nothing.
 */
export class IpSet {
  readonly id: string
  readonly name: string
  readonly arn: string
  readonly family: Family
  #description: string | undefined
  #addresses: readonly Prefix[]
  #changes = 0

  /** @param arnOf the ARN of what has that path */
  constructor(seed: IpSetSeed, arnOf: (path: string) => string) {
    const { name, id = idOf(`ip set ${name}`), family, addresses = [], description } = seed
    this.id = id
    this.name = name
    this.arn = arnOf(`regional/ipset/${name}/${id}`)
    this.family = family
    this.#description = description
    this.#addresses = readAddresses(addresses, family)
  }

  get description(): string | undefined {
    return this.#description
  }

  /** In the order in which they were given last. */
  get addresses(): readonly Prefix[] {
    return this.#addresses
  }

  get lockToken(): string {
    return idOf(`${this.arn} ${this.#changes}`)
  }

  /**
   * UpdateIPSet: the addresses are all of them from now on. That a description which is absent stays as it is, is
   * inferred.
   *
   * @param lockToken absent for another operator, who has just read it
   */
  update(addresses: readonly string[], description?: string, lockToken = this.lockToken): void {
    const read = readAddresses(addresses, this.family)
    if (lockToken !== this.lockToken) {
      const message = 'AWS WAF couldn’t save your changes because someone changed the resource'
      throw new AwsError('WAFOptimisticLockException', `${message}; read it again`)
    }
    this.#addresses = read
    this.#description = description ?? this.#description
    this.#changes++
  }
}

/** Observed: WAFv2 answers an IPv6 address with all of its digits, however it was given. */
export function wafText(prefix: Prefix): string {
  if (familyOf(prefix) === 4) return prefix
  const { bits, length } = bitsOf(prefix)
  const digits = bits.toString(16).padStart(32, '0')
  return `${digits.match(/.{4}/g)!.join(':')}/${length}`
}

/** WAFInvalidParameterException as WAFv2 words it. */
export function invalidWafParameter(field: string, parameter: string): AwsError {
  const reason = 'Error reason: The parameter contains formatting that is not valid.'
  const message = `${reason}, field: ${field}, parameter: ${parameter.slice(0, 60)}`
  return new AwsError('WAFInvalidParameterException', message)
}

/** That an address which is named twice is held once is inferred. */
function readAddresses(texts: readonly string[], family: Family): readonly Prefix[] {
  if (texts.length > MOST_ADDRESSES) {
    const message = `Cannot hold ${texts.length} addresses; expected ${MOST_ADDRESSES} at most`
    throw new AwsError('WAFLimitsExceededException', message)
  }
  return Object.freeze([...new Set(texts.map((text) => readAddress(text, family)))])
}

/** Observed for /0 and for host bits; documented that the length is required; inferred for the other family. */
function readAddress(text: string, family: Family): Prefix {
  const parsed = parsePrefix(text)
  const valid = text.includes('/') && parsed.ok && familyOf(parsed.value) === family
  if (valid && !parsed.value.endsWith('/0')) return parsed.value
  throw invalidWafParameter('IP_ADDRESS', text)
}
