import type { Party, RequestText, ResponseText, SipText } from './sip-text.ts'
import { hostText } from './socket.ts'

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
    ...(message.kind === 'request' && message.isBare === true ? [] : [`Content-Length: ${body.length}`]),
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

function requestLines({ method, uri, via, userAgent, isBare = false }: RequestText): string[] {
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${hostText(via.host)}:${via.port};branch=${via.branch}${isBare ? '' : ';rport'}`,
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
