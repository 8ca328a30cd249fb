import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { PacketSource } from '../../lib/capture.ts'
import { captureFilter, tcpdumpArguments, tcpdumpSource } from '../../lib/host/tcpdump.ts'
import { statisticsIn } from '../../lib/host/tcpdump-words.ts'
import { lacks } from '../skips.ts'
import { ethernet, udpPacket, writePcap } from '../traffic/wire.ts'

const PORT = 45_060
const directory = mkdtempSync(join(tmpdir(), 'sipfence-tcpdump-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** A program in tcpdump's place that runs the given JavaScript. */
function standIn(name: string, script: string): string {
  const path = join(directory, name)
  writeFileSync(path, `#!${process.execPath}\n${script}\n`, { mode: 0o755 })
  return path
}

function complaining(name: string, words: string): string {
  return standIn(name, `process.stderr.write(${JSON.stringify(words)}); process.exitCode = 1`)
}

function source(command: string, more: { device?: string; clock?: () => number; signal?: AbortSignal } = {}) {
  const { device = 'lo', clock = () => 0, signal } = more
  return tcpdumpSource({ interface: device, ports: [PORT], clock, command, ...(signal && { signal }) })
}

async function drain(batches: PacketSource): Promise<void> {
  for await (const _ of batches);
}

const FILE = writePcap([
  {
    at: 5000,
    frame: ethernet(
      udpPacket({
        source: '192.0.2.7',
        sourcePort: 5060,
        destination: '198.51.100.1',
        destinationPort: PORT,
        payload: 'OPTIONS',
      }),
    ),
  },
])
const HEADER = JSON.stringify(Buffer.from(FILE.subarray(0, 24)).toString('base64'))
const RECORD = JSON.stringify(Buffer.from(FILE.subarray(24)).toString('base64'))
const LISTENING = `process.stderr.write('tcpdump: listening on lo, link-type EN10MB\\n')
process.stdout.write(Buffer.from(${HEADER}, 'base64'))
const packet = () => process.stdout.write(Buffer.from(${RECORD}, 'base64'))`
const UNTIL_ENDED = 'setInterval(() => {}, 1e9)' // waits: to be ended; what stands in for tcpdump has nothing else to do
const ANSWERING = `${LISTENING}
process.on('SIGUSR1', () => process.stderr.write(
  'tcpdump: 5 packets captured, 6 packets received by filter, 42 packets dropped by kernel\\n', packet))
packet()
${UNTIL_ENDED}`

describe('what tcpdump is told', () => {
  test('the filter has each port, plain and behind a VLAN tag', () => {
    expect(captureFilter([5060, 5061], false)).toBe('(udp or tcp) and (port 5060 or port 5061)')
    expect(captureFilter([5060], true)).toBe(
      '((udp or tcp) and (port 5060)) or (vlan and (udp or tcp) and (port 5060))',
    )
  })

  test('the interface is an argument of its own and "any" has no VLAN filter, which tcpdump refuses there', () => {
    const written = tcpdumpArguments({ interface: 'any', ports: [5060] })
    expect(written.join(' ')).toBe('-i any -nn -s 0 -B 16384 -U -w - (udp or tcp) and (port 5060)')
    expect(tcpdumpArguments({ interface: '$(reboot) -w x', ports: [5060] })[1]).toBe('$(reboot) -w x')
  })
})

describe('what tcpdump says', () => {
  test.each([
    [
      'tcpdump: 3 packets captured, 6 packets received by filter, 17 packets dropped by kernel',
      { received: 6, dropped: 17 },
    ],
    [
      'tcpdump: 1 packet captured, 1 packet received by filter, 1 packet dropped by kernel',
      { received: 1, dropped: 1 },
    ],
    [
      'tcpdump: 1 packet captured, 1 packet received by filter, 2 packets dropped by kernel, 9 packets dropped by interface',
      { received: 1, dropped: 2 },
    ],
    ['tcpdump: listening on lo, link-type EN10MB (Ethernet), snapshot length 262144 bytes', undefined],
  ])('"%s"', (line, statistics) => {
    expect(statisticsIn(line)).toEqual(statistics)
  })

  test('each minute it is asked for its statistics and they arrive in the batches', async () => {
    let minutes = 0
    const clock = () => minutes++ * 60_000
    const seen: { readonly packets: readonly string[]; readonly dropped?: number }[] = []
    for await (const batch of source(standIn('answering', ANSWERING), { clock })) {
      seen.push({ ...batch, packets: Array.from(batch.packets, (packet) => packet.source) })
      if (batch.dropped !== undefined) break
    }
    const full = seen.find(({ packets }) => packets.length > 0)
    expect(full).toEqual({ packets: ['192.0.2.7'], ignored: 0, now: expect.any(Number) })
    expect(seen.at(-1)).toMatchObject({ received: 6, dropped: 42 })
  })

  test('it is not asked before the minute is over', async () => {
    const command = standIn('strict', `${ANSWERING}\nprocess.on('SIGUSR1', () => process.exit(3))`)
    const batches = source(command)
    const seen: number[] = []
    for await (const { packets } of batches) {
      seen.push([...packets].length)
      if (seen.includes(1) && seen.at(-1) === 0) break
    }
    expect(seen.filter((count) => count > 0)).toEqual([1])
  })
})

describe('when it fails', () => {
  test('a missing program names the package', async () => {
    const missing = join(directory, 'missing')
    await expect(drain(source(missing))).rejects.toThrow(
      `Cannot capture on "lo": there is no program "${missing}"; install the package tcpdump`,
    )
  })

  test('a program that does not run names the package too', async () => {
    const locked = join(directory, 'locked')
    writeFileSync(locked, '', { mode: 0o644 })
    await expect(drain(source(locked))).rejects.toThrow(
      `Cannot capture on "lo": "${locked}" does not run; install the package tcpdump`,
    )
  })

  test('a missing permission names the capability', async () => {
    const words =
      "tcpdump: lo: You don't have permission to perform this capture on that device\n(socket: x)\n"
    await expect(drain(source(complaining('forbidden', words)))).rejects.toThrow(
      /^Cannot capture on "lo": this process may not; run as root or with the capability CAP_NET_RAW \(tcpdump: lo: You/,
    )
  })

  test('a missing interface lists those that there are', async () => {
    const command = complaining(
      'no-device',
      'tcpdump: nope0: No such device exists\n(No such device exists)\n',
    )
    await expect(drain(source(command, { device: 'nope0' }))).rejects.toThrow(
      /^Cannot capture on "nope0": no such interface; there are .*any \(tcpdump: nope0: No such device exists/,
    )
  })

  test('anything else carries its own words', async () => {
    const command = complaining('other', 'tcpdump: lo: That device is not up\n')
    await expect(drain(source(command))).rejects.toThrow(
      /ended by itself with exit code 1; .* \(tcpdump: lo: That device is not up\)/,
    )
  })

  test('ending by itself after packets is an error too', async () => {
    const seen: number[] = []
    async function take(batches: PacketSource): Promise<void> {
      for await (const { packets } of batches) for (const { at } of packets) seen.push(at)
    }
    const taking = take(source(standIn('short', `${LISTENING}\npacket()`)))
    await expect(taking).rejects.toThrow(/ended by itself with exit code 0.*said nothing/)
    expect(seen).toEqual([5000])
  })
})

test('an abort ends the child and the source without an error', async () => {
  const abort = new AbortController()
  const command = standIn('waiting', `${LISTENING}\npacket(); ${UNTIL_ENDED}`)
  let batches = 0
  for await (const _ of source(command, { signal: abort.signal })) {
    batches++
    abort.abort()
  }
  expect(batches).toBe(1)
  await drain(source(command, { signal: abort.signal }))
})

describe.skipIf(lacks('the real tcpdump', 'root', 'tcpdump'))('the real tcpdump', () => {
  test('sees datagrams on loopback, tells its statistics, and ends when aborted', async () => {
    const abort = new AbortController()
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    let minutes = 0
    const seen = new Set<string>()
    let dropped: number | undefined
    for await (const batch of source('tcpdump', { clock: () => minutes++ * 60_000, signal: abort.signal })) {
      for (const packet of batch.packets) {
        expect(packet).toMatchObject({ transport: 'udp', source: '127.0.0.1', destinationPort: PORT })
        expect(packet.sourcePort).toBe(socket.address().port)
        seen.add(Buffer.from(packet.payload).toString())
      }
      dropped ??= batch.dropped
      if (seen.size === 3 && dropped !== undefined) abort.abort()
      else for (const text of ['one', 'two', 'three']) socket.send(text, PORT, '127.0.0.1')
    }
    socket.close()
    expect([...seen].sort()).toEqual(['one', 'three', 'two'])
    expect(dropped).toBe(0)
  })

  test('refuses a missing interface', async () => {
    await expect(drain(source('tcpdump', { device: 'nope0' }))).rejects.toThrow(
      /no such interface; there are .*lo/,
    )
  })
})
