/**
 * Reading of the header field values that sipfence needs (RFC 3261 section 20 and 25, RFC 7616 for digest).
 * Every function takes any text, never throws, and keeps at most LONGEST characters of anything.
 */

/** Longest piece of hostile text that is kept: names, hosts, nonces, Call-IDs, User-Agents. */
export const LONGEST = 256

export interface Via {
  /** `UDP`, `TCP`, `TLS`, `WS`, `WSS` in capitals as sent, or another token. */
  readonly transport: string
  readonly sentBy: string
  /** The transaction's name (RFC 3261 17.1.3); empty where the sender gave none. */
  readonly branch: string
  readonly received: string
  readonly rport: string
}

/** A From or To value (RFC 3261 20.20, 20.39). */
export interface Party {
  readonly user: string
  readonly host: string
  /** Empty where there is none: a request without a To tag is outside any dialog. */
  readonly tag: string
}

/** Digest answer of a client: Authorization or Proxy-Authorization. */
export interface Credentials {
  readonly user: string
  readonly realm: string
  readonly nonce: string
  readonly nc: string
  readonly algorithm: string
}

/** Digest question of a server: WWW-Authenticate or Proxy-Authenticate. */
export interface Challenge {
  readonly realm: string
  readonly nonce: string
  /** True where the server says that the nonce was too old but the digest right (RFC 7616 3.3). */
  readonly stale: boolean
  readonly algorithm: string
}

export function readVia(value: string): Via | undefined {
  const top = beforeComma(value)
  const semicolon = top.indexOf(';')
  const head = semicolon < 0 ? top : top.slice(0, semicolon)
  const match = /^\s*SIP\s*\/\s*2\.0\s*\/\s*([A-Za-z0-9-]{1,16})\s+(\S.*)$/i.exec(head.slice(0, LONGEST))
  if (match === null) return undefined
  const params = semicolon < 0 ? '' : top.slice(semicolon)
  return {
    transport: match[1]!.toUpperCase(),
    sentBy: match[2]!.trimEnd(),
    branch: parameter(params, 'branch'),
    received: parameter(params, 'received'),
    rport: parameter(params, 'rport'),
  }
}

export function readParty(value: string): Party {
  const open = endOfQuoted(value, value.indexOf('"')) // a display name may hold < and > in quotes
  const angle = value.indexOf('<', open)
  if (angle >= 0) {
    const close = value.indexOf('>', angle)
    const end = close < 0 ? value.length : close
    return { ...readUri(value.slice(angle + 1, end)), tag: parameter(value.slice(end), 'tag') }
  }
  const semicolon = value.indexOf(';', open)
  const uri = semicolon < 0 ? value.slice(open) : value.slice(open, semicolon)
  return { ...readUri(uri), tag: semicolon < 0 ? '' : parameter(value.slice(semicolon), 'tag') }
}

/** User and host of a sip:, sips: or tel: URI; empty text for what is not there. */
export function readUri(uri: string): { user: string; host: string } {
  const text = uri.trim()
  const colon = text.indexOf(':')
  if (colon < 0) return { user: '', host: bounded(text) }
  if (/^tel$/i.test(text.slice(0, colon)))
    return { user: bounded(cutAt(text.slice(colon + 1), /[;?]/)), host: '' }
  const rest = text.slice(colon + 1)
  const at = rest.lastIndexOf('@')
  const user = at < 0 ? '' : cutAt(rest.slice(0, at), /[:;]/)
  return { user: bounded(user), host: bounded(cutAt(rest.slice(at + 1), /[;?>\s]/)) }
}

export function readCredentials(value: string): Credentials | undefined {
  const params = digestParameters(value)
  if (params === undefined) return undefined
  return {
    user: params.get('username') ?? '',
    realm: params.get('realm') ?? '',
    nonce: params.get('nonce') ?? '',
    nc: params.get('nc') ?? '',
    algorithm: params.get('algorithm') ?? 'MD5',
  }
}

export function readChallenge(value: string): Challenge | undefined {
  const params = digestParameters(value)
  if (params === undefined) return undefined
  return {
    realm: params.get('realm') ?? '',
    nonce: params.get('nonce') ?? '',
    stale: params.get('stale')?.toLowerCase() === 'true',
    algorithm: params.get('algorithm') ?? 'MD5',
  }
}

/** `314159 INVITE` (RFC 3261 20.16). */
export function readCSeq(value: string): { number: number; method: string } | undefined {
  const match = /^\s*(\d{1,10})\s+([A-Za-z0-9\-.!%*_+`'~]{1,32})\s*$/.exec(value)
  return match === null ? undefined : { number: Number(match[1]), method: match[2]! }
}

/** `;name=value` of a header, RFC 3261 7.3.1; names are case-insensitive, a quoted value loses its quotes. */
function parameter(text: string, name: string): string {
  for (let at = text.indexOf(';'); at >= 0; ) {
    const next = endOfParameter(text, at + 1)
    const equals = text.indexOf('=', at)
    const nameEnd = equals < 0 || equals > next ? next : equals
    if (
      text
        .slice(at + 1, nameEnd)
        .trim()
        .toLowerCase() === name
    ) {
      const value = text.slice(Math.min(nameEnd + 1, next), next).trim()
      return bounded(value.startsWith('"') ? value.slice(1, value.endsWith('"') ? -1 : undefined) : value)
    }
    at = text[next] === ';' ? next : -1
  }
  return ''
}

/** Position of the `;`, `,` or `>` that ends the parameter, or the end; quotes hide all of them. */
function endOfParameter(text: string, from: number): number {
  let quoted = false
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === QUOTE) quoted = !quoted
    else if (c === BACKSLASH && quoted) i++
    else if (!quoted && (c === SEMICOLON || c === COMMA || c === CLOSE)) return i
  }
  return text.length
}

const QUOTE = 34
const COMMA = 44
const SEMICOLON = 59
const OPEN = 60
const CLOSE = 62
const BACKSLASH = 92

const DIGEST_PARAMETER =
  /([A-Za-z][A-Za-z0-9_-]{0,31})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)\s*/y

function digestParameters(value: string): Map<string, string> | undefined {
  const start = /^\s*Digest\s+/i.exec(value)
  if (start === null) return undefined
  const params = new Map<string, string>()
  DIGEST_PARAMETER.lastIndex = start[0].length
  for (let count = 0; count < 32; count++) {
    const match = DIGEST_PARAMETER.exec(value)
    if (match === null) break
    const name = match[1]!.toLowerCase()
    if (!params.has(name)) params.set(name, bounded(match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? ''))
  }
  return params
}

/** The first of several values that are joined by commas; a comma within quotes or <> does not part them. */
function beforeComma(value: string): string {
  let quoted = false
  let angled = false
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (c === BACKSLASH && quoted) i++
    else if (c === QUOTE) quoted = !quoted
    else if (c === OPEN && !quoted) angled = true
    else if (c === CLOSE && !quoted) angled = false
    else if (c === COMMA && !quoted && !angled) return value.slice(0, i)
  }
  return value
}

/** Position just after the quoted string that opens at `quote`, or 0 where none opens before a `<`. */
function endOfQuoted(value: string, quote: number): number {
  const angle = value.indexOf('<')
  if (quote < 0 || (angle >= 0 && angle < quote)) return 0
  for (let i = quote + 1; i < value.length; i++) {
    if (value[i] === '\\') i++
    else if (value[i] === '"') return i + 1
  }
  return 0
}

function cutAt(text: string, end: RegExp): string {
  const at = text.search(end)
  return at < 0 ? text : text.slice(0, at)
}

export function bounded(text: string): string {
  return text.length > LONGEST ? text.slice(0, LONGEST) : text
}
