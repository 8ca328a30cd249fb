import { Chance } from '../../lib/local/chance.ts'

/**
 * What goes wrong with one call:
 * - `before`: it does not take effect; the caller gets an error or, with `drop`, no answer at all;
 * - `after`: it takes effect and the caller gets an error of the server;
 * - `lost`: it takes effect and the caller gets no answer;
 * - `latency`: the request reaches the server late, or, unless `late` says so, the answer the caller;
 * - `throttle`: it does not take effect; the caller gets the throttling error of the API;
 * - `without`: it is answered as ever, but for one element of the answer, which is left out wherever it stands.
 * Where no code is given, the error is the API's own internal one.
 */
export type Fault =
  | { readonly kind: 'none' }
  | { readonly kind: 'before'; readonly drop?: boolean; readonly code?: string; readonly status?: number }
  | { readonly kind: 'after'; readonly code?: string; readonly status?: number }
  | { readonly kind: 'lost' }
  | { readonly kind: 'latency'; readonly ms: number; readonly late?: 'request' | 'answer' }
  | { readonly kind: 'throttle' }
  | { readonly kind: 'without'; readonly element: string }

/** A call as a plan sees it. */
interface PlannedCall {
  readonly service: string
  readonly action: string
  /** Which call of this action it is since the plan began: 1 for the first. Every attempt of a client counts. */
  readonly index: number
}

/** How many milliseconds a call takes beside what the account itself needs. `random` as in a FaultPlan. */
export type DelayPlan = (call: Omit<PlannedCall, 'index'>, random: () => number) => number

/** Decides about one call; undefined is no fault. `random` gives 0 up to, and not including, 1. */
export type FaultPlan = (call: PlannedCall, random: () => number) => Fault | undefined

/** What is absent does not matter. The first rule that applies to a call decides. */
export interface FaultRule {
  readonly service?: string
  readonly action?: string
  /** Which calls of the action, 1 for the first. */
  readonly calls?: readonly number[]
  /** How likely the rule applies to a call that it matches, 0 to 1; certainly where it is absent. */
  readonly probability?: number
  readonly fault: Fault
}

/** What the injector did to a call. */
export interface InjectedFault extends PlannedCall {
  readonly fault: Fault
}

const NONE: Fault = { kind: 'none' }

/**
 * Decides which calls fail and how. The same seed, plan and order of calls give the same faults. It does nothing
 * by itself: whoever carries out the calls asks it first and acts on the answer.
 */
export class FaultInjector {
  readonly #chance: Chance
  readonly #injected: InjectedFault[] = []
  readonly #counts = new Map<string, number>()
  readonly #delayChance: Chance
  #plan: FaultPlan = () => undefined
  #delays: DelayPlan = () => 0

  constructor(seed = 0) {
    this.#chance = new Chance(seed)
    this.#delayChance = new Chance(seed)
  }

  /** From now on every call takes longer, whatever fault it has: half of it before the call takes effect, half after. */
  delay(plan: DelayPlan): void {
    this.#delays = plan
  }

  /** The delay of the next call of this action. Its chance is its own: it changes no fault. */
  delayOf(service: string, action: string): number {
    return this.#delays({ service, action }, () => this.#delayChance.random())
  }

  /** Replaces the plan and counts calls from 1 again. The faults injected so far stay on record. */
  plan(plan: FaultPlan | readonly FaultRule[]): void {
    this.#plan = typeof plan === 'function' ? plan : (call, random) => planned(plan, call, random)
    this.#counts.clear()
  }

  /** From now on nothing fails. */
  clear(): void {
    this.plan([])
  }

  /** The fault of the next call of this action. */
  next(service: string, action: string): Fault {
    const key = `${service} ${action}`
    const index = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, index)
    const call = { service, action, index }
    const fault = this.#plan(call, () => this.#chance.random()) ?? NONE
    if (fault.kind !== 'none') this.#injected.push({ ...call, fault })
    return fault
  }

  /** Every fault that was injected, in the order of the calls; calls without a fault are not in it. */
  injected(): readonly InjectedFault[] {
    return [...this.#injected]
  }
}

/** Draws a number for each rule that matches, so that a rule's luck does not depend on the rules after it. */
function planned(
  rules: readonly FaultRule[],
  { service, action, index }: PlannedCall,
  random: () => number,
): Fault | undefined {
  return rules.find(
    (rule) =>
      (rule.service ?? service) === service &&
      (rule.action ?? action) === action &&
      (rule.calls?.includes(index) ?? true) &&
      (rule.probability === undefined || random() < rule.probability),
  )?.fault
}
