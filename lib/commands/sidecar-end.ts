/** How a sidecar is asked to end. Neither signal is ever taken back. */
export interface End {
  /** Once asked: counting stops, and there is time to send the last reports. */
  readonly asked: AbortSignal
  /** Asked again: nothing is sent any more, and what is left is spooled at once. */
  readonly pressed: AbortSignal
}

/**
 * Hears SIGINT, SIGTERM and SIGHUP from now on. The first asks, and any later one presses; none ends this process, for it
 * holds reports that would be lost. It imports nothing, so that it can run before anything slow has been loaded.
 */
export function hearSignals(): End {
  const asked = new AbortController()
  const pressed = new AbortController()
  const hear = () => (asked.signal.aborted ? pressed : asked).abort()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, hear)
  return { asked: asked.signal, pressed: pressed.signal }
}
