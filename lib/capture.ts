import type { Sockets } from './core/direction.ts'
import type { Packet } from './core/packet.ts'
import { type Reporter, ReportWriter } from './core/report-writer.ts'
import type { ProofReport, SourceReport } from './core/source-report.ts'
import type { DetectionLimits } from './core/suspicion.ts'
import { type CaptureTotals, Traffic } from './core/traffic.ts'

/**
 * What a packet source hands over at once. Live sources hand over an empty batch each second in which nothing
 * came, so that time passes without traffic.
 */
export interface Batch {
  /** Packets in the order seen. May be lazy: the loop takes one, finishes with it, then takes the next. */
  readonly packets: Iterable<Packet>
  /** Frames that were read for this batch and hold no packet that sipfence reads. */
  readonly ignored: number
  /** Live sources only: the clock's time in milliseconds when the batch was handed over. */
  readonly now?: number
  /** Live sources only: packets that matched the filter, and how many of them the kernel dropped, since the start. */
  readonly received?: number
  readonly dropped?: number
}

export type PacketSource = AsyncIterable<Batch>

/** Where reports go. A sink that cannot deliver keeps or drops them itself; an error ends the capture. */
export interface ReportSink {
  report(report: SourceReport): Promise<void>
  proofs(report: ProofReport): Promise<void>
  /** Called at the end of each whole second of packet time, after what it had to report. */
  endSecond(at: number): Promise<void>
}

export interface CaptureOptions extends Sockets {
  readonly reporter: Reporter
  readonly limits: DetectionLimits
  /** Secret 32-bit number, drawn afresh at each start. */
  readonly key: number
  /** Whether a packet reaches the sensor; asked after every second before it has ended. All do unless told. */
  readonly admits?: (packet: Packet) => boolean
  /** A report comes at least this often, notable or not; 60 unless said otherwise. */
  readonly heartbeatSeconds?: number
}

/** After this long without a packet every window is empty, so the seconds between need no tick each. */
const LONGEST_WINDOW_SECONDS = 660
/** After this long without a packet only the 10-minute window holds anything, and a tick a minute will do. */
const QUIET_SECONDS = 70
const MINUTE = 60

/**
 * Loop 1: packets in, reports out. Counts each packet, and at each whole second of packet time asks what is
 * notable and who has proven what, and hands that to the sink before it takes the next packet.
 */
export async function capture(
  source: PacketSource,
  sink: ReportSink,
  options: CaptureOptions,
): Promise<CaptureTotals> {
  const traffic = new Traffic(options)
  const writer = new ReportWriter(traffic.sources, options)
  const loss = new Loss()
  const leaps = new Leaps()
  const admits = options.admits ?? (() => true)
  let second = 0
  let clockSkewMs = 0

  async function passTo(next: number): Promise<void> {
    if (second === 0) second = next
    if (next - second > LONGEST_WINDOW_SECONDS) await tick(next - LONGEST_WINDOW_SECONDS)
    const began = second
    while (second < next) await tick(Math.min(next, second + (second - began > QUIET_SECONDS ? MINUTE : 1)))
  }

  async function tick(at: number, last = false): Promise<void> {
    second = at
    for (const proofs of writer.proofs(at, traffic.endSecond(at))) await sink.proofs(proofs)
    const report = writer.report(at, { clockSkewMs, lossFraction: loss.fraction }, last)
    if (report !== undefined) await sink.report(report)
    await sink.endSecond(at * 1000)
  }

  for await (const batch of source) {
    for (const packet of batch.now === undefined ? leaps.held(batch.packets, () => second) : batch.packets) {
      if (packet.at >= (second + 1) * 1000) await passTo(Math.floor(packet.at / 1000))
      if (admits(packet)) traffic.count(packet)
      if (batch.now !== undefined) clockSkewMs = Math.round(batch.now - packet.at)
    }
    traffic.ignore(batch.ignored + leaps.takeIgnored())
    loss.note(batch)
    if (batch.now !== undefined) await passTo(Math.floor(batch.now / 1000))
  }
  for (const packet of leaps.last()) {
    await passTo(Math.floor(packet.at / 1000))
    if (admits(packet)) traffic.count(packet)
  }
  if (second > 0) await tick(second + 1, true)
  return traffic.totals
}

const LEAP_MS = 3_600_000

/**
 * Holds back a packet whose time leaps over an hour until the next one confirms it: one wrong timestamp in a capture
 * would otherwise move packet time for good, and nothing after it would ever end a second. What is not confirmed
 * counts as ignored.
 */
class Leaps {
  #held: Packet | undefined
  #ignored = 0

  takeIgnored(): number {
    const ignored = this.#ignored
    this.#ignored = 0
    return ignored
  }

  *held(packets: Iterable<Packet>, second: () => number): Iterable<Packet> {
    for (const packet of packets) {
      const earlier = this.#held
      const leaps = second() > 0 && packet.at > second() * 1000 + LEAP_MS
      const confirmed = earlier !== undefined && leaps && Math.abs(packet.at - earlier.at) < LEAP_MS
      if (earlier !== undefined && !confirmed) this.#ignored++
      this.#held = leaps && !confirmed ? packet : undefined
      if (confirmed) yield earlier
      if (this.#held === undefined) yield packet
    }
  }

  /** The capture's very last packet has nobody to confirm it. */
  last(): Packet[] {
    return this.#held === undefined ? [] : [this.#held]
  }
}

/** Share of packets that the kernel dropped, between one statistic and the next. */
class Loss {
  fraction = 0
  #received = 0
  #dropped = 0

  note({ received, dropped }: Batch): void {
    if (received === undefined || dropped === undefined || received <= this.#received) return
    this.fraction = Math.min(1, Math.max(0, (dropped - this.#dropped) / (received - this.#received)))
    this.#received = received
    this.#dropped = dropped
  }
}
