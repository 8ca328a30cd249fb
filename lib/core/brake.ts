import type { Plan } from './plan.ts'

/** How much one round may do by itself. */
export interface Brake {
  /** Addresses (IPv6: /64s) that no entry denied before. */
  readonly newlyCovered: number
  /** Entries lifted before their block's `until`. */
  readonly lifted: number
}

/**
 * Why a plan is too big to apply without a person's approval, or undefined. Each added single address counts one,
 * so that adds within an ACL's capacity never reach the limit; due expiries are not counted at all.
 */
export function brakeOf({ newlyCovered, lifted }: Plan, limits: Brake): string | undefined {
  if (newlyCovered > limits.newlyCovered) {
    return `the plan would newly deny ${newlyCovered} addresses at once (limit ${limits.newlyCovered}); nothing was added; narrow the blocks, or let it pass with sipfence approve`
  }
  if (lifted > limits.lifted) {
    return `the plan would lift ${lifted} denials before their time (limit ${limits.lifted}); nothing was lifted; restore the settings that protect them, or let it pass with sipfence approve`
  }
  return undefined
}
