import type { Detection } from './detection.ts'
import type { Prefix } from './prefix.ts'
import type { Protection } from './protection.ts'

/** Why a detection becomes no block, or a block no entry. */
export type RefusalReason = 'protected' | 'known-good' | 'learning' | 'host-capped' | 'no-free-entry'

export interface Refused {
  readonly reason: RefusalReason
  readonly why: string
}

/** Why this detection must not become a block, or undefined where it may. */
export type Refusal = (detection: Detection) => Refused | undefined

/** What protects a source, as it is known when its detection is judged. */
export interface Shelter {
  readonly protection: Protection
  readonly knownGood: boolean
  readonly learning: boolean
}

export function refusalOf(source: Prefix, { protection, knownGood, learning }: Shelter): Refusal {
  const protectedBy = protection.protects(source)
  return (detection) => {
    if (protectedBy !== undefined) return { reason: 'protected', why: `never blocked: ${protectedBy}` }
    if (knownGood) {
      const why = 'never blocked: known-good, so somebody forges its address or it misbehaves itself'
      return { reason: 'known-good', why }
    }
    if (learning && detection.class !== 'reflection') {
      return { reason: 'learning', why: 'not blocked while learning who is known-good' }
    }
    return undefined
  }
}
