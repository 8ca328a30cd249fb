import { onTestFinished, vi } from 'vitest'

/** Lets Date stand still until the test is over, while timers go on; returns where it stands. */
export function stillDate(): number {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  return Date.now()
}
