import { setTimeout as sleep } from 'node:timers/promises'

/** How often a poll that waits by the timer looks again, so that it sees when a clock of the test has moved. */
const LOOK_MS = 50

export interface Waiting {
  readonly now: () => number
  /** A timer unless given. */
  readonly wait: ((ms: number) => Promise<void>) | undefined
}

/** Wakes the polls that wait whenever some queue has changed. */
export class Bell {
  #ring: () => void = () => {}
  #rung = new Promise<void>((resolve) => {
    this.#ring = resolve
  })

  ring(): void {
    const ring = this.#ring
    this.#rung = new Promise((resolve) => {
      this.#ring = resolve
    })
    ring()
  }

  rung(): Promise<void> {
    return this.#rung
  }
}

/**
 * Looks until there is something, that many seconds are over or the caller is gone, for whom it takes nothing.
 * A wait ends when the bell rings or the next message becomes visible, of which `next` tells the instant.
 */
export async function poll<Found>(
  seconds: number,
  look: () => readonly Found[],
  next: () => number,
  bell: Bell,
  gone: AbortSignal,
  { now, wait }: Waiting,
): Promise<readonly Found[]> {
  let leftMs = seconds * 1000
  while (!gone.aborted) {
    const found = look()
    if (found.length > 0 || leftMs <= 0) return found
    const untilNext = Math.max(1, next() - now())
    const step = Math.min(leftMs, untilNext, wait === undefined ? LOOK_MS : Infinity)
    const began = performance.now()
    const over = await firstOf(step, bell, gone, wait)
    leftMs -= over ? step : performance.now() - began
  }
  return []
}

/** Whether the wait was over before the bell rang and before the caller was gone. */
async function firstOf(ms: number, bell: Bell, gone: AbortSignal, wait: Waiting['wait']): Promise<boolean> {
  const ended = new AbortController()
  const hangUp = new Promise<false>((resolve) => {
    gone.addEventListener('abort', () => resolve(false), { once: true, signal: ended.signal })
  })
  const timer = wait?.(ms) ?? sleep(ms, undefined, { signal: ended.signal }).catch(() => {}) // waits: between two looks, or as long as the caller lets the poll last
  try {
    return await Promise.race([timer.then(() => true), bell.rung().then(() => false), hangUp])
  } finally {
    ended.abort()
  }
}
