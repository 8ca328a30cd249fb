import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { capture } from '../../lib/capture.ts'
import { defaultFence } from '../../lib/config.ts'
import { replayDocument } from '../../lib/contract/replay.ts'
import { type Address, parseAddress } from '../../lib/core/prefix.ts'
import { readSip } from '../../lib/core/sip-message.ts'
import { openCapture } from '../../lib/host/capture-file.ts'
import { proofLines, reportLines } from '../../lib/view/report-text.ts'
import { runHere } from '../commands/in-process.ts'
import { search } from '../search.ts'
import { ethernet, udpPacket, writePcap } from '../traffic/wire.ts'
import { CLAIMED, expectHarmless, hostileLine, MARK } from './law-10-hostile.ts'

const PBX = '192.0.2.10'
const VICTIM = '203.0.113.7'
const START = 1_700_000_100_000

const folder = mkdtempSync(join(tmpdir(), 'sipfence-wire-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** As many bytes as characters: the low half of each, which may be one that ends a line. */
const asBytes = (text: string) =>
  Buffer.from(text, 'latin1')
    .toString('latin1')
    .replace(/[\r\n]/g, ' ')

/** One hostile text for each place of a message that has a value of its own. */
const textsIn = (encoding: 'utf8' | 'latin1', line: fc.Arbitrary<string>) =>
  fc.record({
    user: line,
    host: line,
    name: line,
    tag: line,
    branch: line,
    callId: line,
    agent: line,
    realm: line,
    nonce: line,
    reason: line,
    encoding: fc.constant(encoding),
  })
/** In UTF-8, or in bytes that are none. */
const texts = fc.oneof(textsIn('utf8', hostileLine), textsIn('latin1', hostileLine.map(asBytes)))
type Texts = typeof texts extends fc.Arbitrary<infer T> ? T : never

const quoted = (text: string) => text.replaceAll('"', "'")
const token = (text: string) => text.replace(/[\s;,<>"]/g, '.')

/** What request and response have in common. Everything but the IP header speaks of an address that is nobody's. */
function headers({ user, host, name, tag, branch, callId }: Texts, turn: number): string[] {
  return [
    `Via: SIP/2.0/UDP ${CLAIMED}:5060;branch=z9hG4bK${turn}${token(branch)};received=${CLAIMED}`,
    `From: "${quoted(name)}" <sip:${token(user)}@${CLAIMED}>;tag=${token(tag)}`,
    `To: "${quoted(name)}" <sip:${token(user)}@${token(host)}>`,
    `Call-ID: ${turn}${token(callId)}@${CLAIMED}`,
    'CSeq: 1 REGISTER',
  ]
}

function request(said: Texts, turn: number): string {
  const { user, host, agent, realm, nonce } = said
  return [
    `REGISTER sip:${token(host)} SIP/2.0`,
    ...headers(said, turn),
    `Contact: <sip:${token(user)}@${CLAIMED}>`,
    `X-Forwarded-For: ${CLAIMED}`,
    `User-Agent: ${agent}`,
    `Authorization: Digest username="${quoted(user)}", realm="${quoted(realm)}", nonce="${quoted(nonce)}", uri="sip:x", response="00"`,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n')
}

function challenge(said: Texts, turn: number): string {
  const { agent, realm, nonce, reason } = said
  return [
    `SIP/2.0 401 ${reason}`,
    ...headers(said, turn),
    `Server: ${agent}`,
    `WWW-Authenticate: Digest realm="${quoted(realm)}", nonce="${quoted(nonce)}${turn}"`,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n')
}

/** 40 challenges a second go to the victim, for 8 s. */
function recording(said: Texts): Uint8Array {
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, said.encoding))
  const packet = (at: number, from: string, to: string, payload: Uint8Array) => ({
    at,
    frame: ethernet(
      udpPacket({ source: from, sourcePort: 5060, destination: to, destinationPort: 5060, payload }),
    ),
  })
  const frames = Array.from({ length: 320 }, (_, turn) => {
    const at = START + turn * 25
    return [
      packet(at, VICTIM, PBX, bytes(request(said, turn))),
      packet(at + 1, PBX, VICTIM, bytes(challenge(said, turn))),
    ]
  })
  return writePcap(frames.flat())
}

/** What a sidecar sends of it, and what a dry run prints. */
async function sidecarOn(file: string) {
  const reports: unknown[] = []
  const lines: string[] = []
  const { limits } = defaultFence('f')
  await capture(
    openCapture(file, () => undefined),
    {
      report: async (report) => {
        reports.push(report)
        lines.push(...reportLines(report, limits, 100))
      },
      proofs: async (report) => {
        reports.push(report)
        lines.push(...proofLines(report, 100))
      },
      endSecond: async () => undefined,
    },
    {
      reporter: { fence: 'f', host: 'h', boot: 'b' },
      limits,
      key: 1,
      pbx: new Set([onlyAddress(PBX)]),
      ports: new Set([5060]),
      heartbeatSeconds: 10,
    },
  )
  return { reports, lines }
}

function onlyAddress(text: string): Address {
  const parsed = parseAddress(text)
  if (!parsed.ok) throw new Error(parsed.reason)
  return parsed.value
}

function expectNothingOfIt(shown: string): void {
  expectHarmless(shown, 1_000_000)
  expect(shown.toLowerCase()).not.toContain(MARK)
  expect(shown).not.toContain(CLAIMED)
  expect(shown).toContain(VICTIM)
}

describe('Anything read from the wire is hostile', () => {
  test('none of it is shown, and addresses to block come only from the IP header', async () => {
    const file = join(folder, 'hostile.pcap')
    const pbx = ['--pbx', PBX]
    await search(
      fc.asyncProperty(texts, async (said) => {
        const { agent, encoding } = said
        const first = readSip(new Uint8Array(Buffer.from(request(said, 0), encoding)))
        expect(first.kind === 'message' && first.message.userAgent).toContain(MARK)
        expect(agent).toContain(MARK)
        writeFileSync(file, recording(said))
        for (const args of [
          ['replay', file, '--json', ...pbx],
          ['replay', file, ...pbx],
        ]) {
          const { code, out, err } = await runHere(args)
          expect(code).toBe(0)
          expectNothingOfIt(out + err)
          if (!args.includes('--json')) continue
          const { blocks } = replayDocument.parse(JSON.parse(out))
          expect(blocks.map(({ prefix }) => prefix)).toEqual([`${VICTIM}/32`])
        }
        const { reports, lines } = await sidecarOn(file)
        expect(reports.length).toBeGreaterThan(5)
        expectNothingOfIt(JSON.stringify(reports) + lines.join('\n'))
      }),
      { seed: 10, numRuns: 5, endOnFailure: true },
    )
  })
})
