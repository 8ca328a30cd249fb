import { type CapturedFrame, ethernet, udpPacket } from '../traffic/wire.ts'

/** The PBX that is flooded. */
export const PBX = '10.0.0.10'

const PORT = 5060

/** A REGISTER in the source's name, or the 401 that the PBX answers it with. `at` is in milliseconds since 1970. */
export function floodFrame(source: string, id: number, answer: boolean, at: number): CapturedFrame {
  const ends = { sourcePort: PORT, destinationPort: PORT }
  const way = answer ? { source: PBX, destination: source } : { source, destination: PBX }
  return { at, frame: ethernet(udpPacket({ ...ends, ...way, payload: message(id, answer) })) }
}

function message(id: number, answer: boolean): string {
  const start = answer ? 'SIP/2.0 401 Unauthorized' : 'REGISTER sip:pbx.example.com SIP/2.0'
  const last = answer
    ? `WWW-Authenticate: Digest realm="pbx.example.com", nonce="${id.toString(16).padStart(32, '0')}"\r\nServer: kamailio`
    : 'Max-Forwards: 70\r\nContact: <sip:100@198.18.0.1:5060>\r\nUser-Agent: softphone 1.0\r\nExpires: 3600'
  return [
    start,
    `Via: SIP/2.0/UDP 198.18.0.1:5060;branch=z9hG4bK${id};rport`,
    `From: "100" <sip:100@pbx.example.com>;tag=${id}`,
    'To: <sip:100@pbx.example.com>',
    `Call-ID: ${id}@198.18.0.1`,
    `CSeq: ${id} REGISTER`,
    last,
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n')
}
