import type { Packet, Transport } from '../../lib/core/packet.ts'
import type { Address } from '../../lib/core/prefix.ts'
import { sourcePrefix } from '../../lib/core/prefix.ts'
import type { Counter, Proof, SourceRecord } from '../../lib/core/source-record.ts'
import type { ProofNews } from '../../lib/core/sources.ts'
import { Traffic } from '../../lib/core/traffic.ts'

export const PBX = '198.51.100.1'
const PBX_SIX = '2001:db8:ffff::1'
/** Second at which a talk begins: a whole minute and a whole spell of failed users. */
export const START = 1_700_000_100

/** The parts of a message that tests tell apart; each has a default. */
export interface Parts {
  readonly branch?: string
  readonly callId?: string
  readonly cseq?: number
  readonly toTag?: string
  /** Whole header lines without line ends. */
  readonly lines?: readonly string[]
}

export function request(method: string, parts: Parts = {}): string {
  return message(`${method} sip:bob@pbx.example SIP/2.0`, method, parts)
}

/** The response to a request of `method` with the same parts. */
export function response(status: number, method: string, parts: Parts = {}): string {
  return message(`SIP/2.0 ${status} Reason`, method, parts)
}

function message(startLine: string, method: string, parts: Parts): string {
  const { branch = 'z9hG4bK1', callId = 'call-1', cseq = 1, toTag, lines = [] } = parts
  return [
    startLine,
    `Via: SIP/2.0/UDP phone.example:5060;branch=${branch};rport`,
    'From: "Alice" <sip:alice@pbx.example>;tag=a1',
    `To: <sip:bob@pbx.example>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    ...lines,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n')
}

export function authorization(user: string, nonce: string): string {
  return `Authorization: Digest username="${user}", realm="pbx.example", nonce="${nonce}", uri="sip:pbx.example", response="00"`
}

export function authenticate(nonce: string, stale = false): string {
  return `WWW-Authenticate: Digest realm="pbx.example", nonce="${nonce}"${stale ? ', stale=true' : ''}`
}

/** A packet between the PBX and a source; both of one family. */
export function packet(
  from: string,
  to: string,
  at: number,
  payload: string | Uint8Array,
  transport: Transport = 'udp',
): Packet {
  const bytes = typeof payload === 'string' ? new Uint8Array(Buffer.from(payload, 'latin1')) : payload
  return {
    at,
    transport,
    source: from as Address,
    sourcePort: 5060,
    destination: to as Address,
    destinationPort: 5060,
    ttl: 64,
    bytes: bytes.length + 28,
    payload: bytes,
  }
}

/** A PBX and those who talk to it, in packet time that moves only when told to. */
export class Talk {
  readonly traffic = new Traffic({
    pbx: new Set([PBX as Address, PBX_SIX as Address]),
    ports: new Set([5060]),
    key: 0x5eed,
  })
  readonly news: ProofNews[] = []
  second = START
  #number = 0

  toPbx(from: string, payload: string, transport: Transport = 'udp'): void {
    this.traffic.count(packet(from, pbxFor(from), this.second * 1000, payload, transport))
  }

  fromPbx(to: string, payload: string, transport: Transport = 'udp'): void {
    this.traffic.count(packet(pbxFor(to), to, this.second * 1000, payload, transport))
  }

  /** Lets whole seconds pass, each with its tick. */
  wait(seconds: number): void {
    for (let i = 0; i < seconds; i++) this.news.push(...this.traffic.endSecond(++this.second))
  }

  /** Lets time pass with one tick at its end. */
  skip(seconds: number): void {
    this.second += seconds
    this.news.push(...this.traffic.endSecond(this.second))
  }

  /** A request without credentials, and the challenge it draws, with To tag p1. Returns the parts that a follow-up keeps. */
  challenge(source: string, nonce: string, { method = 'REGISTER', stale = false } = {}): Parts {
    const parts = this.#fresh()
    this.toPbx(source, request(method, parts))
    this.fromPbx(
      source,
      response(401, method, { ...parts, toTag: 'p1', lines: [authenticate(nonce, stale)] }),
    )
    return parts
  }

  /** A request with credentials on the nonce, and the PBX's reply. */
  answer(source: string, nonce: string, status: number, user = 'alice', parts = this.#fresh()): void {
    const next = { ...parts, branch: `${parts.branch}b`, cseq: 2 }
    this.toPbx(source, request('REGISTER', { ...next, lines: [authorization(user, nonce)] }))
    const lines = status === 401 ? [authenticate(`${nonce} again`)] : []
    this.fromPbx(source, response(status, 'REGISTER', { ...next, lines }))
  }

  /** A registration as a phone does it. */
  register(source: string, user = 'alice'): void {
    const nonce = `nonce-${++this.#number}`
    this.answer(source, nonce, 200, user, this.challenge(source, nonce))
  }

  record(source: string): SourceRecord | undefined {
    return this.traffic.sources.find(sourcePrefix(source as Address))
  }

  proof(source: string): Proof | undefined {
    return this.record(source)?.proof(this.second)
  }

  isKnownGood(source: string): boolean {
    return this.traffic.sources.knownGood.find(sourcePrefix(source as Address)) !== undefined
  }

  /** What the source did in the last 10 minutes, this second included. */
  count(source: string, counter: Counter): number {
    return this.record(source)?.window600(this.second + 1)[counter] ?? 0
  }

  #fresh(): Parts {
    const number = ++this.#number
    return { branch: `z9hG4bK-${number}`, callId: `call-${number}`, cseq: 1 }
  }
}

function pbxFor(peer: string): string {
  return peer.includes(':') ? PBX_SIX : PBX
}
