import type { Dice } from './dice.ts'
import type { DigestAnswer } from './digest.ts'
import type { Socket } from './socket.ts'
import { hostText } from './socket.ts'

/** A From or To value; without a tag outside any dialog. */
export interface Party {
  readonly user: string
  readonly host: string
  readonly tag?: string
}

interface Common {
  readonly via: { readonly host: string; readonly port: number; readonly branch: string }
  readonly from: Party
  readonly to: Party
  readonly callId: string
  readonly cseq: number
  readonly contact?: string
  /** Whole header lines that nothing else here makes. */
  readonly lines?: readonly string[]
  readonly body?: string
}

export interface RequestText extends Common {
  readonly kind: 'request'
  readonly method: string
  readonly uri: string
  readonly userAgent?: string
  readonly answer?: DigestAnswer
  /** Without what a request can do without: rport, so that the answer goes to the Via's port, and Content-Length. */
  readonly isBare?: boolean
}

export interface ResponseText extends Common {
  readonly kind: 'response'
  readonly method: string
  readonly status: number
  readonly server: string
  /** What the server saw the request come from (RFC 3581). */
  readonly seenFrom?: Socket
  readonly challenge?: {
    readonly realm: string
    readonly nonce: string
    readonly stale: boolean
    readonly qop: boolean
  }
}

/** A SIP message before it is text: senders and receivers here need not parse what they wrote. */
export type SipText = RequestText | ResponseText

/** Who asks, whom, about what: enough for any request outside a dialog. */
export interface Asking {
  readonly dice: Dice
  readonly local: Socket
  /** Host of the From and To addresses. */
  readonly domain: string
  readonly user: string
  readonly userAgent: string
  /** Drawn afresh where it is not given. */
  readonly branch?: string
  readonly tag?: string
  readonly callId?: string
  /** 1 unless told. */
  readonly cseq?: number
}

const ALLOW = 'Allow: INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, OPTIONS, INFO, SUBSCRIBE, UPDATE, MESSAGE'

/** A REGISTER of about 450 bytes. `seconds` is what it asks the binding to last; 0 takes it back. */
export function register(asking: Asking, seconds = 3_600): RequestText {
  const request = outOfDialog('REGISTER', asking, `sip:${asking.domain}`, asking.user)
  return { ...request, contact: contactOf(asking), lines: [`Expires: ${seconds}`, ALLOW] }
}

/** An INVITE of about 1,000 bytes with an SDP offer of four codecs. */
export function invite(asking: Asking, number: string): RequestText {
  const request = outOfDialog('INVITE', asking, `sip:${number}@${asking.domain}`, number)
  const lines = [ALLOW, 'Supported: replaces, timer, 100rel', 'Content-Type: application/sdp']
  return { ...request, contact: contactOf(asking), lines, body: offer(asking) }
}

export function options(asking: Asking): RequestText {
  const request = outOfDialog('OPTIONS', asking, `sip:${asking.domain}`, asking.user)
  return { ...request, contact: contactOf(asking), lines: ['Accept: application/sdp'] }
}

/** @param event the event package, such as `message-summary` (RFC 3842) or `dialog` (RFC 4235) */
export function subscribe(asking: Asking, target: string, event: string): RequestText {
  const request = outOfDialog('SUBSCRIBE', asking, `sip:${target}@${asking.domain}`, target)
  return { ...request, contact: contactOf(asking), lines: [`Event: ${event}`, 'Expires: 3600', ALLOW] }
}

/** The shortest request that a PBX still answers: about 140 bytes, a quarter of its answer. */
export function minimal(method: string, { dice, local, user }: Asking): RequestText {
  return {
    kind: 'request',
    method,
    uri: 'sip:a',
    via: { host: local.address, port: local.port, branch: `z9hG4bK${dice.token(4)}` },
    from: { user, host: 'a', tag: dice.token(3) },
    to: { user, host: 'a' },
    callId: dice.token(8),
    cseq: 1,
    isBare: true,
  }
}

/** The ACK to a final response: of the same transaction unless it was a 2xx (RFC 3261 17.1.1.3, 13.2.2.4). */
export function ack(request: RequestText, response: ResponseText, dice: Dice): RequestText {
  const { via, from, callId, cseq, uri } = request
  const accepted = response.status < 300
  return {
    kind: 'request',
    method: 'ACK',
    uri: accepted ? (response.contact ?? uri) : uri,
    via: accepted ? { ...via, branch: newBranch(dice) } : via,
    from,
    to: response.to,
    callId,
    cseq,
  }
}

/** A request in the dialog that `confirmed` opened, from the side that sent `invited` or from the other one. */
export function inDialog(
  method: string,
  { invited, confirmed }: { readonly invited: RequestText; readonly confirmed: ResponseText },
  {
    local,
    fromCallee,
    cseq,
    dice,
  }: { readonly local: Socket; readonly fromCallee: boolean; readonly cseq: number; readonly dice: Dice },
): RequestText {
  const target = fromCallee ? invited.contact : confirmed.contact
  return {
    kind: 'request',
    method,
    uri: target ?? invited.uri,
    via: { host: local.address, port: local.port, branch: newBranch(dice) },
    from: fromCallee ? confirmed.to : invited.from,
    to: fromCallee ? invited.from : confirmed.to,
    callId: invited.callId,
    cseq,
  }
}

/** The response to a request; the To tag is that of the request, or the given one. */
export function respond(
  request: RequestText,
  status: number,
  more: { readonly server: string; readonly tag?: string } & Partial<ResponseText>,
): ResponseText {
  const { tag, ...rest } = more
  const { method, via, from, to, callId, cseq } = request
  const toTag = to.tag ?? tag
  return {
    kind: 'response',
    status,
    method,
    via,
    from,
    to: toTag === undefined || status === 100 ? to : { ...to, tag: toTag },
    callId,
    cseq,
    ...rest,
  }
}

/** The same request once more: next CSeq, another branch, other credentials (RFC 3261 22.2). */
export function again(request: RequestText, dice: Dice, answer: DigestAnswer): RequestText {
  return { ...request, cseq: request.cseq + 1, via: { ...request.via, branch: newBranch(dice) }, answer }
}

export function newBranch(dice: Dice): string {
  return `z9hG4bK${dice.token(16)}`
}

/** Any request that opens no dialog, or opens one. */
export function outOfDialog(method: string, asking: Asking, uri: string, target: string): RequestText {
  const { dice, local, domain, user, userAgent, branch, tag, callId, cseq = 1 } = asking
  return {
    kind: 'request',
    method,
    uri,
    via: { host: local.address, port: local.port, branch: branch ?? newBranch(dice) },
    from: { user, host: domain, tag: tag ?? dice.token(10) },
    to: { user: target, host: domain },
    callId: callId ?? dice.token(24),
    cseq,
    userAgent,
  }
}

function contactOf({ user, local }: Asking): string {
  return `sip:${user}@${hostText(local.address)}:${local.port}`
}

function offer({ local, dice }: Asking): string {
  const session = dice.whole(10_000, 99_999_999)
  const family = local.address.includes(':') ? 'IP6' : 'IP4'
  return `${[
    'v=0',
    `o=- ${session} ${session} IN ${family} ${local.address}`,
    's=call',
    `c=IN ${family} ${local.address}`,
    't=0 0',
    `m=audio ${dice.whole(8_000, 16_000) * 2} RTP/AVP 9 8 0 18 101`,
    'a=rtpmap:9 G722/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:18 G729/8000',
    'a=fmtp:18 annexb=no',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    'a=ptime:20',
    'a=sendrecv',
  ].join('\r\n')}\r\n`
}
