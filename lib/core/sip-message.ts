import type { Packet } from './packet.ts'
import { type Fields, readFields, trimCarriageReturn } from './sip-fields.ts'
import {
  bounded,
  type Challenge,
  type Credentials,
  type Party,
  readCSeq,
  readParty,
  readUri,
  readVia,
  type Via,
} from './sip-header.ts'

/** The parts of a SIP message (RFC 3261 section 7) that telling sources apart needs. */
interface Headers {
  /** The method of the request, or of the request that a response answers. */
  readonly method: string
  readonly via: Via
  readonly from: Party
  readonly to: Party
  readonly callId: string
  readonly cseq: number
  /** User-Agent of a request, Server of a response; hostile text, empty where there is none. */
  readonly userAgent: string
  /** Digest answers, from Authorization and Proxy-Authorization; at most 4 are kept. */
  readonly credentials: readonly Credentials[]
  /** Digest questions, from WWW-Authenticate and Proxy-Authenticate; at most 4 are kept. */
  readonly challenges: readonly Challenge[]
}

export interface SipRequest extends Headers {
  readonly kind: 'request'
  readonly uri: { readonly user: string; readonly host: string }
}

export interface SipResponse extends Headers {
  readonly kind: 'response'
  /** 100 to 699. */
  readonly status: number
}

export type SipMessage = SipRequest | SipResponse

/** What some bytes on a SIP port are. */
export type Reading =
  /** `length` is where the message ends: its body is counted by Content-Length where there is one. */
  | { readonly kind: 'message'; readonly message: SipMessage; readonly length: number }
  /** CRLF, NUL or blanks only (RFC 5626 3.5.1), or STUN on the SIP port (RFC 5626 3.5.2). */
  | { readonly kind: 'keepalive' }
  /** Looks like SIP and cannot be read as it. */
  | { readonly kind: 'malformed'; readonly reason: string }
  /** Something else: HTTP, SSDP, RTP, one stray byte. */
  | { readonly kind: 'other' }

/** Bytes of header that are read; what comes after is taken for body. */
const LONGEST_HEADER = 65_536

const latin1 = new TextDecoder('latin1') // one character a byte, so that offsets are byte offsets

/**
 * Reads one datagram or the start of a stream segment. Never throws, whatever the bytes, and looks at each
 * byte a bounded number of times. A message cut by the capture's snap length is read as far as it goes.
 */
export function readSip(bytes: Uint8Array): Reading {
  const start = firstByte(bytes)
  if (start === bytes.length || isStun(bytes)) return { kind: 'keepalive' }
  const text = latin1.decode(bytes.subarray(start, start + LONGEST_HEADER))
  const lineEnd = text.indexOf('\n')
  const line = trimCarriageReturn(lineEnd < 0 ? text : text.slice(0, lineEnd))
  const startLine = readStartLine(line)
  if (startLine.kind === 'other' || startLine.kind === 'malformed') return startLine
  const fields = readFields(text, lineEnd < 0 ? text.length : lineEnd + 1)
  const message = messageOf(startLine, fields)
  if (typeof message === 'string') return { kind: 'malformed', reason: message }
  const length = Math.min(bytes.length, start + fields.bodyAt + Math.max(0, fields.contentLength ?? 0))
  return {
    kind: 'message',
    message,
    length: fields.contentLength === undefined ? bytes.length : length,
  }
}

/** Reads the whole messages that one TCP segment carries, one after the other (RFC 3261 18.3); at most 64. */
export function readSipSegment(bytes: Uint8Array): Reading[] {
  const readings: Reading[] = []
  for (let at = 0; at < bytes.length && readings.length < 64; ) {
    const reading = readSip(bytes.subarray(at))
    readings.push(reading)
    if (reading.kind !== 'message') break
    at += Math.max(1, reading.length)
  }
  if (readings.length > 1 && readings.at(-1)!.kind === 'keepalive') readings.pop()
  return readings
}

/** What a packet's payload holds: one message in a datagram, several in a segment. */
export function readPayload({ transport, payload }: Packet): Reading[] {
  return transport === 'udp' ? [readSip(payload)] : readSipSegment(payload)
}

const METHODS =
  /^(INVITE|ACK|BYE|CANCEL|OPTIONS|REGISTER|PRACK|SUBSCRIBE|NOTIFY|PUBLISH|INFO|REFER|MESSAGE|UPDATE) /
const REQUEST_LINE = /^([A-Za-z0-9\-.!%*_+`'~]{1,32}) +([^\t-\r ]+) +SIP\/2\.0\s*$/
const HEADER_LINE = /^[A-Za-z][A-Za-z-]*\s*:/
const STATUS_LINE = /^SIP\/2\.0 +([1-6]\d\d)(?: |$)/

interface RequestLine {
  readonly kind: 'request'
  readonly method: string
  readonly uri: { readonly user: string; readonly host: string }
}

interface StatusLine {
  readonly kind: 'response'
  readonly status: number
}

type NoStartLine = { readonly kind: 'malformed'; readonly reason: string } | { readonly kind: 'other' }

function readStartLine(line: string): RequestLine | StatusLine | NoStartLine {
  if (line.startsWith('SIP/')) {
    const status = STATUS_LINE.exec(line)
    if (status === null) return { kind: 'malformed', reason: 'status line is not "SIP/2.0 CODE REASON"' }
    return { kind: 'response', status: Number(status[1]) }
  }
  const request = REQUEST_LINE.exec(line)
  if (request !== null) return { kind: 'request', method: request[1]!, uri: readUri(request[2]!) }
  if (HEADER_LINE.test(line)) return { kind: 'other' } // the rest of a message whose start was in another packet
  const looksLikeSip = /\bSIP\/\d/.test(line) || (METHODS.test(line) && /^\S+ +sips?:/i.test(line))
  if (!looksLikeSip) return { kind: 'other' }
  return { kind: 'malformed', reason: 'request line is not "METHOD URI SIP/2.0"' }
}

/** The message, or the reason why it is malformed: these fields every message must have (RFC 3261 8.1.1). */
function messageOf(start: RequestLine | StatusLine, fields: Fields): SipMessage | string {
  const via = fields.via === undefined ? undefined : readVia(fields.via)
  if (via === undefined) return 'no readable Via'
  if (fields.from === undefined) return 'no From'
  if (fields.to === undefined) return 'no To'
  const callId = bounded(fields.callId?.trim() ?? '')
  if (callId === '') return 'no Call-ID'
  const cseq = fields.cseq === undefined ? undefined : readCSeq(fields.cseq)
  if (cseq === undefined) return 'no readable CSeq'
  const from = readParty(fields.from)
  const to = readParty(fields.to)
  const userAgent = bounded(fields.userAgent?.trim() ?? '')
  const { challenges, whole } = fields
  // Where the header is cut off, other credentials may follow that the PBX reads and we do not.
  const credentials = whole
    ? fields.credentials
    : fields.credentials.map((each) => ({ ...each, ambiguous: true }))
  // Written out twice: spreading one object into another costs as much as all the parsing before it.
  if (start.kind === 'request') {
    const { kind, method, uri } = start
    return { kind, method, uri, via, from, to, callId, cseq: cseq.number, userAgent, credentials, challenges }
  }
  const { kind, status } = start
  const { method } = cseq
  return {
    kind,
    method,
    status,
    via,
    from,
    to,
    callId,
    cseq: cseq.number,
    userAgent,
    credentials,
    challenges,
  }
}

/** First byte that is not a line end, blank, tab or NUL. */
function firstByte(bytes: Uint8Array): number {
  let at = 0
  while (
    at < bytes.length &&
    (bytes[at] === 13 || bytes[at] === 10 || bytes[at]! === 32 || bytes[at]! === 9 || bytes[at] === 0)
  )
    at++
  return at
}

/** RFC 8489 section 5: two zero bits, then the magic cookie in bytes 4 to 7. */
function isStun(bytes: Uint8Array): boolean {
  if (bytes.length < 20 || bytes[0]! > 3) return false
  return bytes[4] === 0x21 && bytes[5] === 0x12 && bytes[6] === 0xa4 && bytes[7] === 0x42
}
