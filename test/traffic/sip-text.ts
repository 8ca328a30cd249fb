import type { Dice } from './dice.ts'
import type { DigestAnswer } from './digest.ts'
import type { Socket } from './world.ts'

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

const REASONS: Record<number, string> = {
  100: 'Trying',
  180: 'Ringing',
  200: 'OK',
  202: 'Accepted',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  407: 'Proxy Authentication Required',
  481: 'Call/Transaction Does Not Exist',
  486: 'Busy Here',
  487: 'Request Terminated',
  503: 'Service Unavailable',
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
export function minimal(method: string, asking: Asking): RequestText {
  const request = outOfDialog(method, asking, `sip:${asking.domain}`, asking.user)
  const { userAgent: _, ...rest } = request
  return rest
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

/** The message as it goes over the wire. */
export function textOf(message: SipText): string {
  const { from, to, callId, cseq, contact, lines = [], body = '' } = message
  const head = [
    ...(message.kind === 'request' ? requestLines(message) : responseLines(message)),
    `From: ${partyText(from)}`,
    `To: ${partyText(to)}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${message.method}`,
    ...(contact === undefined ? [] : [`Contact: <${contact}>`]),
    ...digestLines(message),
    ...lines,
    `Content-Length: ${body.length}`,
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

export function newBranch(dice: Dice): string {
  return `z9hG4bK${dice.token(16)}`
}

function outOfDialog(method: string, asking: Asking, uri: string, target: string): RequestText {
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

function requestLines({ method, uri, via, userAgent }: RequestText): string[] {
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${hostText(via.host)}:${via.port};branch=${via.branch};rport`,
    ...(userAgent === undefined ? [] : ['Max-Forwards: 70', `User-Agent: ${userAgent}`]),
  ]
}

function responseLines({ status, via, seenFrom, server }: ResponseText): string[] {
  const seen = seenFrom === undefined ? '' : `;received=${seenFrom.address};rport=${seenFrom.port}`
  return [
    `SIP/2.0 ${status} ${REASONS[status] ?? 'Unknown'}`,
    `Via: SIP/2.0/UDP ${hostText(via.host)}:${via.port};branch=${via.branch}${seen}`,
    `Server: ${server}`,
  ]
}

function digestLines(message: SipText): string[] {
  if (message.kind === 'request') {
    if (message.answer === undefined) return []
    const { user, realm, nonce, uri, response, cnonce, nc } = message.answer
    const qop = cnonce === undefined ? '' : `, qop=auth, cnonce="${cnonce}", nc=${nc}`
    const name = message.method === 'REGISTER' ? 'Authorization' : 'Proxy-Authorization'
    const said = `username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}"`
    return [`${name}: Digest ${said}, algorithm=MD5${qop}`]
  }
  if (message.challenge === undefined) return []
  const { realm, nonce, stale, qop } = message.challenge
  const name = message.status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate'
  const said = `realm="${realm}", nonce="${nonce}"${stale ? ', stale=true' : ''}, algorithm=MD5`
  return [`${name}: Digest ${said}${qop ? ', qop="auth"' : ''}`]
}

function partyText({ user, host, tag }: Party): string {
  return `<sip:${user}@${hostText(host)}>${tag === undefined ? '' : `;tag=${tag}`}`
}

function contactOf({ user, local }: Asking): string {
  return `sip:${user}@${hostText(local.address)}:${local.port}`
}

function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host
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
