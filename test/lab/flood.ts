import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { CapturedFrame } from '../traffic/wire.ts'
import { ethernet, udpPacket, writePcap } from '../traffic/wire.ts'

const PBX = '10.0.0.10'

/** One flood of REGISTER requests without credentials, all with the same forged source. */
interface Flood {
  readonly source: string
  readonly sourcePort: number
  /** The user it asks for; random extensions where absent. */
  readonly user: string | undefined
  readonly perSecond: number
  readonly seconds: number
  readonly seed: number
}

/** Frames at random moments, `perSecond * seconds` of them exactly; the first is at 0. */
function framesOf(flood: Flood): CapturedFrame[] {
  const random = randomFrom(flood.seed)
  const total = flood.perSecond * flood.seconds
  const moments = Array.from({ length: total }, (_, index) =>
    index === 0 ? 0 : random() * flood.seconds * 1000,
  ).sort((a, b) => a - b)
  return moments.map((at, index) => ({ at, frame: frameOf(flood, index, random) }))
}

function frameOf(flood: Flood, index: number, random: () => number): Uint8Array {
  const { source, sourcePort } = flood
  const payload = register(flood, random)
  const id = index & 0xffff
  return ethernet(udpPacket({ source, sourcePort, destination: PBX, destinationPort: 5060, id, payload }))
}

function register(flood: Flood, random: () => number): string {
  const user = flood.user ?? String(1000 + Math.floor(random() * 9000))
  const here = `${flood.source}:${flood.sourcePort}`
  return [
    `REGISTER sip:${PBX} SIP/2.0`,
    `Via: SIP/2.0/UDP ${here};rport;branch=z9hG4bKPj${word(random, 12)}`,
    'Max-Forwards: 70',
    `From: <sip:${user}@${PBX}>;tag=${word(random, 8)}`,
    `To: <sip:${user}@${PBX}>`,
    `Call-ID: ${word(random, 12)}`,
    'CSeq: 1 REGISTER',
    'User-Agent: MicroSIP/3.21.3',
    `Contact: <sip:${user}@${here};ob>`,
    'Expires: 300',
    'Allow: PRACK, INVITE, ACK, BYE, CANCEL, UPDATE, MESSAGE, OPTIONS',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n')
}

function word(random: () => number, length: number): string {
  return Array.from({ length }, () => Math.floor(random() * 36).toString(36)).join('')
}

/** Marsaglia's xorshift of 32 bits, from 0 up to 1: the same seed gives the same flood on every machine. */
function randomFrom(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      source: { type: 'string' },
      'source-port': { type: 'string', default: '5060' },
      user: { type: 'string' },
      rate: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string', default: '1' },
    },
  })
  const [file] = positionals
  if (file === undefined || values.source === undefined) {
    throw new Error('Cannot write a flood: expected --source ADDRESS --rate N --seconds N FILE')
  }
  const frames = framesOf({
    source: values.source,
    sourcePort: Number(values['source-port']),
    user: values.user,
    perSecond: Number(values.rate),
    seconds: Number(values.seconds),
    seed: Number(values.seed),
  })
  writeFileSync(file, writePcap(frames))
  console.log(`${file}: ${frames.length} packets`)
}

main()
