import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Looks again and again until there is something, and returns it: as long as that takes on this machine. What never
 * comes is ended by the timeout of the test.
 */
export async function eventually<Found>(
  look: () => Promise<Found | undefined | false> | Found | undefined | false,
  pauseMs = 50,
): Promise<Found> {
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    await sleep(pauseMs) // waits: between two looks; no verdict hangs on it
  }
}
