type Outcome<T> =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'item'; readonly value: T }
  | { readonly kind: 'end' }
  | { readonly kind: 'error'; readonly error: unknown }

/**
 * The items of `source`, and undefined each time that `milliseconds` pass without one. Ends at once, without an
 * error, when `signal` aborts. The next item is asked for only when the reader comes back, so nothing piles up.
 * The source is not closed: its owner must end it, because it may be waiting for bytes that never come.
 */
export async function* withIdleTicks<T>(
  source: AsyncIterable<T>,
  milliseconds: number,
  signal?: AbortSignal,
): AsyncGenerator<T | undefined> {
  const slot = new Slot(source[Symbol.asyncIterator]())
  const isAborted = () => signal?.aborted === true
  const wake = () => slot.wake()
  signal?.addEventListener('abort', wake)
  try {
    slot.ask()
    while (!isAborted()) {
      const outcome = await slot.wait(milliseconds)
      if (isAborted() || outcome.kind === 'end') return
      if (outcome.kind === 'error') throw outcome.error
      yield outcome.kind === 'item' ? outcome.value : undefined
      if (outcome.kind === 'item') slot.ask()
    }
  } finally {
    signal?.removeEventListener('abort', wake)
  }
}

/** Room for one item. Not Promise.race: over days it would keep a reaction for each wait on a quiet source. */
class Slot<T> {
  readonly #iterator: AsyncIterator<T>
  #outcome: Outcome<T> = { kind: 'waiting' }
  #woken: (() => void) | undefined

  constructor(iterator: AsyncIterator<T>) {
    this.#iterator = iterator
  }

  ask(): void {
    this.#outcome = { kind: 'waiting' }
    this.#iterator.next().then(
      (result) =>
        this.#arrive(result.done === true ? { kind: 'end' } : { kind: 'item', value: result.value }),
      (error: unknown) => this.#arrive({ kind: 'error', error }),
    )
  }

  wake(): void {
    this.#woken?.()
  }

  async wait(milliseconds: number): Promise<Outcome<T>> {
    if (this.#outcome.kind === 'waiting') {
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        this.#woken = resolve
        timer = setTimeout(resolve, milliseconds)
      })
      clearTimeout(timer)
      this.#woken = undefined
    }
    return this.#outcome
  }

  #arrive(outcome: Outcome<T>): void {
    this.#outcome = outcome
    this.wake()
  }
}
