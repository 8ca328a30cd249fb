import type { Batch, PacketSource } from '../capture.ts'
import type { Packet } from '../core/packet.ts'
import { withIdleTicks } from './idle-ticks.ts'

export interface PaceOptions {
  /** Milliseconds since 1970. */
  readonly clock: () => number
  /** Ends the source. */
  readonly signal?: AbortSignal
}

const IDLE_MS = 1_000
/** Packets that come within so long of each other go out together. */
const STEP_MS = 10
/** A packet that is this far from the others was recorded another time, or with a wrong clock. */
const LEAP_MS = 3_600_000

/**
 * A recording as if it came now: the first packet is of this moment, and the others come at the pace at which they
 * were recorded. Each batch has `now`, and one comes at least each second, as from a live source. A packet over an hour
 * away from the one before it comes at once, and the pace goes on from there. Ends with the recording, or when
 * the signal aborts.
 */
export async function* paced(recording: PacketSource, { clock, signal }: PaceOptions): PacketSource {
  const pace = new Pace(clock)
  const batches = recording[Symbol.asyncIterator]()
  try {
    const arrivals = withIdleTicks({ [Symbol.asyncIterator]: () => batches }, IDLE_MS, signal)
    for await (const batch of arrivals)
      yield* inTime(batch ?? { packets: [], ignored: 0 }, pace, clock, signal)
  } finally {
    // Not awaited: standard input may never say another word.
    batches.return?.().catch(() => undefined)
  }
}

async function* inTime(
  { packets, ...batch }: Batch,
  pace: Pace,
  clock: () => number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Batch> {
  let { ignored } = batch
  let due: Packet[] = []
  for (const packet of packets) {
    const at = pace.shifted(packet.at)
    for (let early = at - clock(); early > 0; early = at - clock()) {
      yield { packets: due, ignored, now: clock() }
      due = []
      ignored = 0
      if (await isAborted(Math.min(IDLE_MS, Math.max(STEP_MS, early)), signal)) return
    }
    due.push({ ...packet, at })
  }
  yield { packets: due, ignored, now: clock() }
}

class Pace {
  readonly #clock: () => number
  #shift: number | undefined
  #last = 0

  constructor(clock: () => number) {
    this.#clock = clock
  }

  shifted(at: number): number {
    if (this.#shift === undefined || Math.abs(at - this.#last) > LEAP_MS) this.#shift = this.#clock() - at
    this.#last = at
    return at + this.#shift
  }
}

/** Whether the signal aborts within so long; then it ends at once. */
async function isAborted(milliseconds: number, signal: AbortSignal | undefined): Promise<boolean> {
  if (signal?.aborted !== true) {
    let timer: NodeJS.Timeout | undefined
    let wake = () => {}
    await new Promise<void>((resolve) => {
      wake = resolve
      signal?.addEventListener('abort', wake)
      timer = setTimeout(wake, milliseconds)
    })
    clearTimeout(timer)
    signal?.removeEventListener('abort', wake)
  }
  return signal?.aborted === true
}
