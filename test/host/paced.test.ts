import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Batch, PacketSource } from '../../lib/capture.ts'
import type { Packet } from '../../lib/core/packet.ts'
import type { Address } from '../../lib/core/prefix.ts'
import { paced } from '../../lib/host/paced.ts'

const NOW = 1_900_000_000_000
const HOUR = 3_600_000

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ['setTimeout', 'clearTimeout', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function packetAt(at: number): Packet {
  return {
    at,
    transport: 'udp',
    source: '192.0.2.1' as Address,
    sourcePort: 5060,
    destination: '10.0.0.10' as Address,
    destinationPort: 5060,
    ttl: 64,
    bytes: 100,
    payload: new Uint8Array(),
  }
}

async function* recording(...batches: { readonly at: readonly number[]; readonly ignored?: number }[]) {
  for (const { at, ignored = 0 } of batches) yield { packets: at.map(packetAt), ignored } satisfies Batch
}

interface Seen {
  readonly at: number
  readonly now: number
}

/** Plays it for so long. Times count from the start. */
async function play(source: PacketSource, milliseconds: number, signal?: AbortSignal) {
  const batches: Batch[] = []
  const packets: Seen[] = []
  let ended = Number.NaN
  const clock = () => Date.now()
  const reading = (async () => {
    for await (const batch of paced(source, { clock, ...(signal && { signal }) })) {
      batches.push(batch)
      expect(batch.now).toBe(Date.now())
      for (const { at } of batch.packets) packets.push({ at: at - NOW, now: Date.now() - NOW })
    }
    ended = Date.now() - NOW
  })()
  await vi.advanceTimersByTimeAsync(milliseconds)
  if (!Number.isNaN(ended)) await reading
  return { batches, packets, ended }
}

describe('a recording as if it came now', () => {
  test('its first packet is of this moment, and the others come when they would have', async () => {
    const { packets, ended } = await play(recording({ at: [5000, 5400] }, { at: [6100.5, 8000] }), 10_000)
    expect(packets.map(({ at }) => at)).toEqual([0, 400, 1100.5, 3000])
    for (const { at, now } of packets) {
      expect(now).toBeGreaterThanOrEqual(at)
      expect(now).toBeLessThanOrEqual(at + 10)
    }
    expect(ended).toBeGreaterThanOrEqual(3000)
    expect(ended).toBeLessThanOrEqual(3010)
  })

  test('time passes without packets: a batch comes at least each second', async () => {
    const { batches } = await play(recording({ at: [0, 5000] }), 10_000)
    const times = batches.map(({ now }) => now! - NOW)
    for (const [i, time] of times.entries()) expect(time - (times[i - 1] ?? 0)).toBeLessThanOrEqual(1000)
  })

  test('it is no batch for each packet where they come thick, and none is held back for long', async () => {
    const at = Array.from({ length: 5000 }, (_, i) => i / 5)
    const { batches, packets } = await play(recording({ at }), 2000)
    expect(packets).toHaveLength(5000)
    expect(batches.length).toBeLessThan(220)
    expect(Math.max(...packets.map((each) => each.now - each.at))).toBeLessThanOrEqual(10)
  })

  test('what was ignored is told once', async () => {
    const { batches } = await play(recording({ at: [0, 3000], ignored: 3 }, { at: [], ignored: 4 }), 10_000)
    expect(batches.reduce((sum, { ignored }) => sum + ignored, 0)).toBe(7)
  })

  test('a packet that was recorded over an hour away comes at once, and the pace goes on from there', async () => {
    const leaps = [0, 100, 100 + 2 * HOUR, 300 + 2 * HOUR, 400, 600]
    const { packets } = await play(recording({ at: leaps }), 10_000)
    expect(packets.map(({ at }) => Math.round(at / 100) * 100)).toEqual([0, 100, 100, 300, 300, 500])
  })

  test('packets a little out of order come at once, with their own time', async () => {
    const { packets } = await play(recording({ at: [0, 1000, 900, 1100] }), 10_000)
    expect(packets.map(({ at }) => at)).toEqual([0, 1000, 900, 1100])
  })

  test('an abort ends it at once, between packets too', async () => {
    const ending = new AbortController()
    setTimeout(() => ending.abort(), 1500)
    const { packets, ended } = await play(recording({ at: [0, 60_000] }), 5000, ending.signal)
    expect(packets).toHaveLength(1)
    expect(ended).toBe(1500)
  })

  test('where nothing comes for a while, as from a pipe, time passes all the same', async () => {
    async function* pipe(): PacketSource {
      yield { packets: [packetAt(0)], ignored: 0 }
      await new Promise((resolve) => setTimeout(resolve, 2500))
      yield { packets: [packetAt(2400)], ignored: 0 }
    }
    const { batches, packets } = await play(pipe(), 5000)
    expect(packets.map(({ at }) => at)).toEqual([0, 2400])
    expect(batches.map(({ now }) => now! - NOW)).toEqual([0, 1000, 2000, 2500])
  })

  test('the recording is closed when its reader goes', async () => {
    let closed = false
    async function* file(): PacketSource {
      try {
        yield { packets: [packetAt(0)], ignored: 0 }
        yield { packets: [packetAt(1)], ignored: 0 }
      } finally {
        closed = true
      }
    }
    for await (const _ of paced(file(), { clock: () => Date.now() })) break
    await vi.advanceTimersByTimeAsync(0)
    expect(closed).toBe(true)
  })
})
