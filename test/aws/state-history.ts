/** How many states are kept; a read that asks for an older one gets the oldest. */
const KEPT_STATES = 1000

/** The states that something had, for reads that are behind. */
export class StateHistory<State> {
  readonly #states: { readonly at: number; readonly state: State }[] = []

  /**
   * From that instant, in milliseconds, on. An instant in the future is what will be if nothing else happens; what is
   * recorded later counts more from its own instant on.
   */
  record(at: number, state: State): void {
    this.#states.push({ at, state })
    if (this.#states.length <= KEPT_STATES) return
    const { at: since } = this.#states.shift()!
    this.#states[0] = { at: since, state: this.#states[0]!.state }
  }

  /** Undefined where it was not there yet. */
  at(instant: number): State | undefined {
    return this.#states.findLast(({ at }) => at <= instant)?.state
  }
}
