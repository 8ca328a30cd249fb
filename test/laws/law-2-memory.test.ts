import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import type { Packet } from '../../lib/core/packet.ts'
import { type Address, sourcePrefix } from '../../lib/core/prefix.ts'
import { Traffic } from '../../lib/core/traffic.ts'
import { authenticate, authorization, PBX, packet, request, response } from '../core/talk.ts'
import { numbers } from './law-1-mutate.ts'

const SEED = 2
const START = 1_700_000_000_000
const SUSPECTS = 4_096
const KNOWN_GOOD = 8_192
const MEGABYTES = 150

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function heldMegabytes(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 1e6
}

function pbxTraffic(): Traffic {
  return new Traffic({ pbx: new Set([PBX as Address]), ports: new Set([5060]), key: 0x5eed })
}

/** Any of 2^24 addresses in 10.0.0.0/8. */
function forged(random: (below: number) => number): string {
  return `10.${random(256)}.${random(256)}.${random(256)}`
}

function* flood(packets: number, pad = ''): Generator<Packet> {
  const random = numbers(SEED)
  for (let i = 0; i < packets; i++) {
    const source = forged(random)
    const parts = { branch: `z${i}-${random(1e9)}`, callId: `c${i}-${random(1e9)}@forged`, cseq: random(1e9) }
    const user = `user-${random(1e9)}-${i}`
    const lines = [authorization(user, `nonce-${random(1e9)}`), ...(pad === '' ? [] : [`X: ${pad}`])]
    const method = ['REGISTER', 'INVITE', 'OPTIONS', 'SUBSCRIBE'][i % 4]!
    const at = START + i / 20
    yield packet(source, PBX, at, request(method, { ...parts, lines }))
    if (i % 2 === 0)
      yield packet(PBX, source, at, response(401, method, { ...parts, lines: [authenticate(user)] }))
    if (i % 7 === 0) yield packet(PBX, source, at, request('OPTIONS', { ...parts, branch: `p${i}` }))
    if (i % 9 === 0) yield packet(PBX, source, at, response(200, 'INVITE', { ...parts, toTag: user }))
  }
}

/** Counts with a tick at each second of packet time. */
function countAll(traffic: Traffic, packets: Iterable<Packet>): void {
  let second = START / 1000
  for (const each of packets) {
    while (each.at >= (second + 1) * 1000) traffic.endSecond(++second)
    traffic.count(each)
  }
}

describe('Memory is bounded whatever is sent; the bound and the counting error are documented and reported.', () => {
  test('300,000 packets of forged sources leave every table within its capacity', () => {
    const before = heldMegabytes()
    const traffic = pbxTraffic()
    countAll(traffic, flood(172_000))
    expect(traffic.totals.packets).toBeGreaterThan(300_000)
    expect(traffic.totals.malformed + traffic.totals.ignored).toBe(0)
    expect(traffic.sources.suspects.size).toBe(SUSPECTS)
    expect(traffic.sources.knownGood.size).toBeLessThanOrEqual(KNOWN_GOOD)
    expect([...traffic.sources.records()].length).toBeLessThanOrEqual(SUSPECTS + KNOWN_GOOD)
    expect(heldMegabytes() - before).toBeLessThan(MEGABYTES)
    expect(traffic.totals.packets).toBeGreaterThan(0) // keeps the tables alive until they are measured
  })

  // A user name of 13 characters or more is a slice that keeps the whole message it was cut from.
  test('long messages take no more memory than short ones', () => {
    const before = heldMegabytes()
    const traffic = pbxTraffic()
    countAll(traffic, flood(70_000, 'x'.repeat(4_000)))
    expect(heldMegabytes() - before).toBeLessThan(MEGABYTES)
    expect(traffic.totals.packets).toBeGreaterThan(0)
  })

  test('one source that proves 20,000 addresses fills the known-good table and no more', () => {
    const before = heldMegabytes()
    const traffic = pbxTraffic()
    for (let i = 0; i < 20_000; i++) {
      const address = `10.1.${i >> 8}.${i & 255}`
      const parts = { branch: `z9hG4bKp${i}`, callId: `p${i}` }
      traffic.count(packet(PBX, address, START, request('OPTIONS', parts)))
      traffic.count(packet(address, PBX, START, response(200, 'OPTIONS', parts)))
    }
    expect(traffic.sources.knownGood.size).toBe(KNOWN_GOOD)
    expect(traffic.endSecond(START / 1000 + 1)).toHaveLength(20_000)
    expect(heldMegabytes() - before).toBeLessThan(MEGABYTES)
    expect(traffic.totals.packets).toBe(40_000)
  })

  test('one source that varies everything it can vary stays one record', () => {
    const before = heldMegabytes()
    const traffic = pbxTraffic()
    const sent = [...flood(40_000)].filter(({ destination }) => destination === PBX)
    countAll(
      traffic,
      sent.map((each) => ({ ...each, source: '192.0.2.7' as Address })),
    )
    expect([...traffic.sources.records()]).toHaveLength(1)
    sent.length = 0
    expect(heldMegabytes() - before).toBeLessThan(60)
    expect(traffic.totals.packets).toBe(40_000)
  })

  test('no source hides more packets than the reported counting error, nor is counted above the truth', () => {
    const traffic = pbxTraffic()
    const random = numbers(SEED)
    const truth = new Map<string, number>()
    for (let i = 0; i < 120_000; i++) {
      const source =
        i % 4 === 0
          ? `192.0.2.${random(40)}`
          : i % 4 === 1
            ? `10.0.${random(8)}.${random(256)}`
            : forged(random)
      truth.set(source, (truth.get(source) ?? 0) + 1)
      traffic.count(packet(source, PBX, START, '\r\n'))
    }
    const { suspects, all } = traffic.sources
    const second = START / 1000 + 1
    expect(all.window10(second).packetsIn).toBe(120_000)
    expect(suspects.leastWeight).toBeGreaterThan(0)
    let heavy = 0
    for (const [source, sent] of truth) {
      const counted = suspects.find(sourcePrefix(source as Address))?.window10(second).packetsIn ?? 0
      if (counted > sent || sent - counted > suspects.leastWeight)
        throw new Error(`${source}: ${counted} of ${sent}`)
      if (sent > 500 && counted > 0.95 * sent) heavy++
    }
    expect(heavy).toBe(40)
  })
})
