import type { Sockets } from './core/direction.ts'
import type { Packet } from './core/packet.ts'
import { type CaptureState, type Reporter, ReportWriter } from './core/report-writer.ts'
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
  /** Called at the end of each whole second of packet time, after what it had to report; totals go on changing. */
  endSecond(at: number, totals: CaptureTotals): Promise<void>
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
/** A clock that goes back by no more is waited for. */
const SET_BACK_MS = 5_000

/**
 * Loop 1: packets in, reports out. Counts each packet, and at each whole second of packet time asks what is
 * notable and who has proven what, and hands that to the sink before it takes the next packet. Where the clock of a
 * live source is set back, it begins anew under another boot name: no second would end until the clock caught up.
 */
export async function capture(
  source: PacketSource,
  sink: ReportSink,
  options: CaptureOptions,
): Promise<CaptureTotals> {
  const loss = new Loss()
  const leaps = new Leaps()
  const admits = options.admits ?? (() => true)
  let count = new Count(options)
  let second = 0
  let clockSkewMs = 0

  async function take(packets: Iterable<Packet>, now?: number): Promise<void> {
    for (const packet of packets) {
      if (packet.at >= (second + 1) * 1000) await passTo(Math.floor(packet.at / 1000))
      if (admits(packet)) count.traffic.count(packet)
      if (now !== undefined) clockSkewMs = Math.round(now - packet.at)
    }
  }

  async function passTo(next: number): Promise<void> {
    if (second === 0) second = next
    if (next - second > LONGEST_WINDOW_SECONDS) await tick(next - LONGEST_WINDOW_SECONDS)
    const began = second
    while (second < next) await tick(Math.min(next, second + (second - began > QUIET_SECONDS ? MINUTE : 1)))
  }

  async function tick(at: number, last = false): Promise<void> {
    second = at
    await count.tell(sink, at, { clockSkewMs, lossFraction: loss.fraction }, last)
  }

  for await (const { packets, ignored, now, ...statistics } of source) {
    if (now !== undefined && now < second * 1000 - SET_BACK_MS) {
      count = count.anew()
      second = 0
    }
    await take(now === undefined ? leaps.held(packets, () => second) : notAhead(packets, now), now)
    count.traffic.ignore(ignored + leaps.takeIgnored())
    loss.note(statistics)
    if (now !== undefined) await passTo(Math.floor(now / 1000))
  }
  await take(leaps.last())
  if (second > 0) await tick(second + 1, true)
  return count.traffic.totals
}

/** What is counted since the start, or since the clock was set back. */
class Count {
  readonly traffic: Traffic
  readonly #writer: ReportWriter
  readonly #options: CaptureOptions
  readonly #boots: number

  constructor(options: CaptureOptions, boots = 1) {
    const { reporter } = options
    const boot = boots === 1 ? reporter.boot : `${reporter.boot}.${boots}`
    this.traffic = new Traffic(options)
    this.#writer = new ReportWriter(this.traffic.sources, { ...options, reporter: { ...reporter, boot } })
    this.#options = options
    this.#boots = boots
  }

  /** Knows of no source any more, but of how much there was in all. */
  anew(): Count {
    const next = new Count(this.#options, this.#boots + 1)
    Object.assign(next.traffic.totals, this.traffic.totals)
    return next
  }

  async tell(sink: ReportSink, at: number, state: CaptureState, last: boolean): Promise<void> {
    for (const proofs of this.#writer.proofs(at, this.traffic.endSecond(at))) await sink.proofs(proofs)
    const report = this.#writer.report(at, state, last)
    if (report !== undefined) await sink.report(report)
    await sink.endSecond(at * 1000, this.traffic.totals)
  }
}

/** Packets from before the clock was set back came just now, however late their timestamps are. */
function* notAhead(packets: Iterable<Packet>, now: number): Iterable<Packet> {
  for (const packet of packets) yield packet.at > now + SET_BACK_MS ? { ...packet, at: now } : packet
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

  note({ received, dropped }: Pick<Batch, 'received' | 'dropped'>): void {
    if (received === undefined || dropped === undefined || received <= this.#received) return
    this.fraction = Math.min(1, Math.max(0, (dropped - this.#dropped) / (received - this.#received)))
    this.#received = received
    this.#dropped = dropped
  }
}
