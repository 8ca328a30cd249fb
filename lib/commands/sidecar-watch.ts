import { jsonText } from '../core/escape.ts'
import { type Answer, serveOnLoopback } from '../host/loopback-server.ts'
import type { Identity } from '../host/metrics.ts'
import { notifySystemd } from '../host/systemd-notify.ts'
import type { Vitals } from '../host/vitals.ts'
import type { Listen } from './options.ts'
import { tellPeople } from './terminal.ts'

/** systemd hears of the capture only while a second has ended within this time. */
const ALIVE_MS = 10_000

/**
 * Lets others see how the sidecar is: systemd where it runs the sidecar, and whoever asks on this host, where told to
 * listen. Whatever fails here is told, and stops no counting. Returns what ends it.
 */
export async function letWatch(
  vitals: Vitals,
  identity: Identity,
  listen: Listen | undefined,
): Promise<() => void> {
  const silence = notifySystemd({
    isAlive: () => vitals.tickedWithin(ALIVE_MS),
    status: () => vitals.health().problems.join('; ') || 'Counting',
    tell: tellPeople,
  })
  const close = listen === undefined ? () => undefined : await answerOn(listen, vitals, identity)
  return () => {
    silence()
    close()
  }
}

async function answerOn({ host, port }: Listen, vitals: Vitals, identity: Identity): Promise<() => void> {
  // Loaded here, because it begins to measure this process.
  const { metricsOf } = await import('../host/metrics.ts')
  const registry = metricsOf(vitals, identity)
  try {
    const server = await serveOnLoopback(host, port, {
      '/healthz': () => healthAnswer(vitals, identity),
      '/metrics': async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() }),
    })
    return server.close
  } catch (error) {
    tellPeople(`${error instanceof Error ? error.message : error}; counting goes on without`)
    return () => undefined
  }
}

function healthAnswer(vitals: Vitals, identity: Identity): Answer {
  const health = vitals.health()
  const body = `${jsonText({ ...health, ...identity }, 2)}\n`
  return { status: health.ok ? 200 : 503, type: 'application/json', body }
}
