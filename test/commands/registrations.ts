import { authenticate, authorization, request, response } from '../core/talk.ts'
import { type CapturedFrame, ethernet, udpPacket, writePcap } from '../traffic/wire.ts'

const START = 1_700_000_100_000

export interface Registrations {
  /** The PBX; 10.0.0.10 unless told. */
  readonly pbx?: string
  /** Beginning of the phones' addresses; `203.0.113.` unless told. */
  readonly network?: string
}

/** A pcap of three phones that register by digest at once, and again each second for so many seconds. */
export function registrations(seconds: number, options: Registrations = {}): Uint8Array {
  const frames: CapturedFrame[] = []
  for (let second = 0; second <= seconds; second++) {
    for (const phone of [1, 2, 3])
      frames.push(...registration(START + second * 1000 + phone, phone, second, options))
  }
  return writePcap(frames.sort((a, b) => a.at - b.at))
}

function registration(
  at: number,
  phone: number,
  round: number,
  { pbx = '10.0.0.10', network = '203.0.113.' }: Registrations,
): CapturedFrame[] {
  const user = `10${phone}`
  const nonce = `n${phone}-${round}`
  const parts = (turn: number, ...lines: string[]) => ({
    branch: `z9hG4bK${phone}-${round}-${turn}`,
    callId: `call-${phone}`,
    cseq: round * 2 + turn,
    lines,
  })
  const frame = (inbound: boolean, after: number, payload: string): CapturedFrame => {
    const [source, destination] = inbound ? [network + phone, pbx] : [pbx, network + phone]
    const packet = { source, sourcePort: 5060, destination, destinationPort: 5060, payload }
    return { at: at + after, frame: ethernet(udpPacket(packet)) }
  }
  return [
    frame(true, 0, request('REGISTER', parts(1))),
    frame(false, 10, response(401, 'REGISTER', { ...parts(1, authenticate(nonce)), toTag: 't' })),
    frame(true, 20, request('REGISTER', parts(2, authorization(user, nonce)))),
    frame(false, 30, response(200, 'REGISTER', { ...parts(2), toTag: 't' })),
  ]
}
