import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Vitals } from './vitals.ts'

/** What does not change while the sidecar runs. */
export interface Identity {
  readonly version: string
  readonly fence: string
  readonly host: string
}

type Reading = () => number | null | undefined

/**
 * The sidecar in the text format of Prometheus, read when asked: some twenty series of its own and those of the
 * process. No series is about one source: whoever forges sources would choose how many there are.
 */
export function metricsOf(vitals: Vitals, identity: Identity): Registry {
  const registry = new Registry()
  const counter = (name: string, help: string, read: Reading) => addCounter(registry, name, help, read)
  const gauge = (name: string, help: string, read: Reading) => addGauge(registry, name, help, read)
  const labelNames = Object.keys(identity)
  new Gauge({ name: 'sipfence_sidecar', help: 'Who this is; always 1', labelNames, registers: [registry] })
    .labels({ ...identity })
    .set(1)

  counter('packets_total', 'Frames and packets seen', () => vitals.totals?.packets)
  counter('sip_messages_total', 'SIP messages read', () => vitals.totals?.sipMessages)
  counter('malformed_total', 'Looked like SIP and did not parse', () => vitals.totals?.malformed)
  counter('ignored_total', 'Seen and neither of the two', () => vitals.totals?.ignored)
  gauge('sources', 'Distinct sources in 10 s, as last reported', () => vitals.sources)
  gauge('known_good', 'Sources known to be good, as last reported', () => vitals.knownGood)
  gauge('loss_fraction', 'Share of packets lost to the capture, as last reported', () => vitals.lossFraction)
  gauge('half_blind', '1 where one direction seems not to be seen', () => Number(vitals.halfBlind))
  gauge('healthy', '1 where /healthz says so', () => Number(vitals.health().ok))
  gauge('tick_age_seconds', 'Since the last second was counted', () => vitals.health().tickAgeSeconds)
  if (vitals.sending !== undefined) {
    counter('reports_sent_total', 'Reports that the queue took', () => vitals.sending?.sent)
    counter('reports_refused_total', 'Reports that the queue will never take', () => vitals.sending?.refused)
    counter('reports_failed_total', 'Attempts to be made again', () => vitals.sending?.failed)
    counter('reports_spooled_total', 'Reports that had to wait', () => vitals.sending?.spooled)
    counter('reports_lost_total', 'Reports dropped for lack of room', () => vitals.sending?.lost.report)
    counter('proofs_lost_total', 'Proof reports dropped for lack of room', () => vitals.sending?.lost.proofs)
    gauge('spool_reports', 'Reports that wait now', () => vitals.sending?.waiting)
    gauge(
      'sent_age_seconds',
      'Since the queue took a report, or the start',
      () => vitals.health().sentAgeSeconds,
    )
  }
  collectDefaultMetrics({ register: registry })
  return registry
}

function addCounter(registry: Registry, name: string, help: string, read: Reading): void {
  new Counter({
    name: `sipfence_${name}`,
    help,
    registers: [registry],
    collect() {
      this.reset()
      this.inc(read() ?? 0)
    },
  })
}

function addGauge(registry: Registry, name: string, help: string, read: Reading): void {
  new Gauge({
    name: `sipfence_${name}`,
    help,
    registers: [registry],
    collect() {
      this.set(read() ?? 0)
    },
  })
}
