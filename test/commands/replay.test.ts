import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ReplayDocument, replayDocument } from '../../lib/contract/replay.ts'
import { SCENARIOS } from '../traffic/scenarios.ts'
import { writePcap } from '../traffic/wire.ts'
import { type Ended, RECORDING, sipfence } from './cli.ts'
import { runHere } from './in-process.ts'

/** The recording's ground truth, as its README tells it. */
const STARTS = Date.parse('2026-11-22T10:43:07.391Z')
const FLOOD_BEGINS = STARTS + 11_731
const VICTIM = '192.0.2.200/32'
const POISONED = '203.0.113.15/32'

const folder = mkdtempSync(join(tmpdir(), 'sipfence-replay-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

async function document(...args: string[]): Promise<ReplayDocument> {
  return documentIn(await runHere(['replay', '--json', ...args]))
}

function documentIn({ code, out, err }: Ended): ReplayDocument {
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return replayDocument.parse(JSON.parse(out))
}

describe('sipfence replay of the recorded attack', () => {
  let told: ReplayDocument
  beforeAll(async () => {
    told = documentIn(await sipfence(['replay', '--json', RECORDING]))
  })

  test('counts every packet, and finds the PBX', () => {
    expect(told.pbx).toEqual(['10.0.0.10'])
    expect(told.capture).toMatchObject({ packets: 19_566, sipMessages: 19_566, malformed: 0, ignored: 0 })
    expect(told.capture.from).toBe('2026-11-22T10:43:07.391Z')
  })

  test('makes one reflection block, UDP only, within 5 s of packet time after the flood begins', () => {
    expect(told.blocks).toHaveLength(1)
    expect(told.blocks[0]).toMatchObject({ prefix: VICTIM, class: 'reflection', scope: 'sip-udp', level: 1 })
    const delay = Date.parse(told.blocks[0]!.from) - FLOOD_BEGINS
    expect(delay).toBeGreaterThan(0)
    expect(delay).toBeLessThanOrEqual(5_000)
    expect(Date.parse(told.blocks[0]!.until) - Date.parse(told.blocks[0]!.from)).toBeGreaterThanOrEqual(
      120_000,
    )
  })

  test('blocks no phone, and alerts about the one whose address is forged', () => {
    expect(told.blocks.filter(({ prefix }) => prefix.startsWith('203.0.113.'))).toEqual([])
    expect(told.alerts).toMatchObject([{ kind: 'protected-source-flood', source: POISONED }])
    expect(told.refused.map(({ source }) => source)).toEqual([POISONED])
  })

  test('holds one entry for it, and drops most of the flood and of the replies to the victim', () => {
    const ports = { from: 5060, to: 5060 }
    const entry = { ruleNumber: 20, prefix: VICTIM, protocol: 17, ports, action: 'deny' }
    expect(told.entries).toEqual({ at: told.capture.to, networkAcl: [entry], peak: [entry] })
    expect(told.effect.packetsDropped).toBeGreaterThan(0.8 * 7_200)
    expect(told.effect.repliesPrevented).toBe(told.effect.packetsDropped)
  })

  test('prints the same document again', async () => {
    expect(await document(RECORDING)).toEqual(told)
  })

  test('reads the same from standard input', async () => {
    const { out } = await sipfence(['replay', '-', '--json'], gunzipSync(readFileSync(RECORDING)))
    expect(JSON.parse(out)).toEqual(told)
  })

  test('drops nothing with --observe, and decides the same', async () => {
    const observed = await document(RECORDING, '--observe')
    expect(observed.mode).toBe('observe')
    expect(observed.effect).toEqual({ packetsDropped: 0, bytesDropped: 0, repliesPrevented: 0 })
    expect(observed.entries.peak).toEqual([])
    expect(observed.blocks[0]).toMatchObject({ prefix: VICTIM, from: told.blocks[0]!.from })
  })

  test('does not block what --allow or the settings file allows, and alerts instead', async () => {
    const settings = file(
      'allow.json',
      JSON.stringify({ version: 1, fences: [{ id: 'x', allow: ['192.0.2.0/24'] }] }),
    )
    for (const args of [
      ['--allow', '192.0.2.200'],
      ['--config', settings],
    ]) {
      const allowed = await document(RECORDING, ...args)
      expect(allowed.blocks).toEqual([])
      expect(allowed.alerts.map(({ source }) => source)).toEqual([VICTIM, POISONED])
    }
  })

  test('--learned judges as a fence that knows its people', async () => {
    const { frames, pbx } = SCENARIOS['brute-force-many-users']!(7)
    const guesses = file('guesses.pcap', writePcap(frames))
    const args = [guesses, '--pbx', pbx[0]!]
    const fresh = await document(...args)
    expect(fresh.blocks).toEqual([])
    expect(fresh.refused[0]?.why).toContain('learning')
    expect((await runHere(['replay', ...args])).out).toContain('--learned shows')
    expect((await document(...args, '--learned')).blocks).toMatchObject([{ class: 'brute-force' }])
  })

  test('--lockdown-after tells what closing the door would have cut, and lets the phones in', async () => {
    const { lockdown, effect } = await document(
      RECORDING,
      '--lockdown-after',
      '11s',
      '--enforcement-delay',
      '10m',
    )
    expect(lockdown).toMatchObject({
      refused: [],
      entries: { ipv4: 6, ipv6: 0 },
      extra: { ipv4: 0, ipv6: 0 },
    })
    expect(Date.parse(lockdown!.closedAt!) - STARTS).toBeLessThan(14_000)
    expect(lockdown!.packetsDropped).toBeGreaterThan(5_000) // the network ACL does not deny anything yet
    expect(effect.packetsDropped).toBe(lockdown!.packetsDropped)
    const { out } = await runHere(['replay', RECORDING, '--lockdown-after', '11s'])
    expect(out).toMatch(/Lockdown at 10:43:1\d: only 6 entries of trusted peers/)
    const open = await document(RECORDING)
    expect(open.lockdown).toBeNull()
  })

  test('with a longer enforcement delay more of the flood comes through', async () => {
    const late = await document(RECORDING, '--enforcement-delay', '12s')
    expect(late.effect.packetsDropped).toBeLessThan(told.effect.packetsDropped - 2_000)
    const at_once = await document(RECORDING, '--enforcement-delay', '0s')
    expect(at_once.effect.packetsDropped).toBeGreaterThan(told.effect.packetsDropped)
  })

  test('tells people the same', async () => {
    const { code, out } = await runHere(['replay', RECORDING])
    expect(code).toBe(0)
    for (const words of [
      'PBX 10.0.0.10 (inferred',
      VICTIM,
      POISONED,
      'rule 20  deny udp 5060',
      'denied upstream',
    ]) {
      expect(out).toContain(words)
    }
  })
})

describe('sipfence replay says what is wrong, with exit code', () => {
  test.each([
    [1, 'a file that is not there', ['replay', 'nowhere.pcap'], /nowhere\.pcap/],
    [1, 'a file that is no capture', ['replay', 'package.json'], /package\.json.*pcap/],
    [2, 'no file', ['replay'], /missing required argument 'file'/],
    [2, 'an unknown option', ['replay', RECORDING, '--jsn'], /unknown option '--jsn'/],
    [2, 'a bad address', ['replay', RECORDING, '--pbx', '10.0.0'], /--pbx: "10\.0\.0" is not an IPv4/],
    [2, 'a bad prefix', ['replay', RECORDING, '--allow', '10.0.0.1/8'], /--allow.*host bits.*10\.0\.0\.0\/8/],
    [2, 'a bad port', ['replay', RECORDING, '--ports', '5060,99999'], /--ports "5060,99999": "99999"/],
    [
      2,
      'a bad time',
      ['replay', RECORDING, '--enforcement-delay', '2'],
      /--enforcement-delay "2"; it should be like/,
    ],
    [2, 'settings that are not there', ['replay', RECORDING, '--config', 'nowhere.json'], /nowhere\.json/],
    [2, 'an unknown command', ['relpay'], /unknown command 'relpay'/],
  ])('%i for %s', async (code, _, args, message) => {
    const ended = await runHere(args)
    expect(ended.err).toMatch(message)
    expect(ended).toMatchObject({ code, out: '' })
  })

  test('1 and 2 of the process, too', async () => {
    expect(await sipfence(['replay', 'nowhere.pcap'])).toMatchObject({ code: 1, out: '' })
    expect(await sipfence(['relpay'])).toMatchObject({ code: 2, out: '' })
  })

  test('2 where it cannot tell who the PBX is, and says how to', async () => {
    const { udpPacket, ethernet } = await import('../traffic/wire.ts')
    const options = (source: string, destination: string) =>
      ethernet(
        udpPacket({
          source,
          sourcePort: 5060,
          destination,
          destinationPort: 5060,
          payload: `OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP ${source};branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: ${source}\r\nCSeq: 1 OPTIONS\r\n\r\n`,
        }),
      )
    const frames = [options('192.0.2.1', '192.0.2.2'), options('192.0.2.2', '192.0.2.1')]
    const path = file('two.pcap', writePcap(frames.map((frame, i) => ({ at: 1_800_000_000_000 + i, frame }))))
    const ended = await runHere(['replay', path])
    expect(ended).toMatchObject({ code: 2, out: '', err: expect.stringContaining('--pbx') })
    expect(await runHere(['replay', path, '--pbx', '192.0.2.1'])).toMatchObject({ code: 0 })
  })

  test('0 for a capture that says less than it seems to, with a doubt', async () => {
    const wrong = await runHere(['replay', RECORDING, '--pbx', '9.9.9.9'])
    expect(wrong).toMatchObject({
      code: 0,
      out: expect.stringContaining('No SIP message goes to or from 9.9.9.9'),
    })
    const { udpPacket, ethernet } = await import('../traffic/wire.ts')
    const ends = { source: '192.0.2.1', sourcePort: 5060, destination: '192.0.2.2', destinationPort: 5060 }
    const text = `OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n`
    const frame = ethernet(udpPacket({ ...ends, payload: text }))
    const one = file('one.pcap', writePcap([{ at: 1_800_000_000_000, frame }]))
    expect((await runHere(['replay', one])).out).toMatch(/Record\s+both\s+directions/)
    const cut = file('cut.pcap', writePcap([{ at: 1_800_000_000_000, frame }], { snaplen: 96 }))
    expect((await runHere(['replay', cut])).out).toMatch(/tcpdump\s+-s\s+0/)
  })

  test('0 for a capture without SIP', async () => {
    const { udpPacket, ethernet } = await import('../traffic/wire.ts')
    const ends = { source: '192.0.2.1', sourcePort: 53, destination: '192.0.2.2', destinationPort: 5353 }
    const frame = ethernet(udpPacket({ ...ends, payload: 'nothing' }))
    const path = file('none.pcap', writePcap([{ at: 1_800_000_000_000, frame }]))
    expect((await document(path)).capture).toMatchObject({ packets: 1, sipMessages: 0, ignored: 1 })
  })
})

test('a capture name with terminal escapes is shown harmless', async () => {
  const ended = await runHere(['replay', 'evil\u001b[2J\u202e.pcap'])
  expect(ended.err).toContain('evil\\u001b[2J\\u202e.pcap')
})

test('every command has --help', async () => {
  for (const args of [['--help'], ['demo', '--help'], ['replay', '--help'], ['sidecar', '--help']]) {
    expect(await runHere(args)).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/^Usage: sipfence/),
    })
  }
})
