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
  /** A parameter came twice, of which some PBXs take the first and others the last. */
  readonly ambiguous: boolean
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
  const top = value.includes(',') ? beforeComma(value) : value
  const semicolon = top.indexOf(';')
  const head = semicolon < 0 ? top : top.slice(0, semicolon)
  const match = SENT.exec(head.length > LONGEST ? head.slice(0, LONGEST) : head)
  if (match === null) return undefined
  const params = semicolon < 0 ? '' : top.slice(semicolon)
  return {
    transport: match[1]!.toUpperCase(),
    sentBy: match[2]!.trimEnd(),
    branch: parameter(params, 'branch'),
  }
}

const SENT = /^\s*SIP\s*\/\s*2\.0\s*\/\s*([A-Za-z0-9-]{1,16})\s+(\S.*)$/i

export function readParty(value: string): Party {
  // A display name may hold < and > in quotes; after a bare URI a quote belongs to a parameter.
  const open = value.trimStart().startsWith('"') ? endOfQuoted(value, value.indexOf('"')) : 0
  const angle = value.indexOf('<', open)
  const end = angle < 0 ? value.indexOf(';', open) : value.indexOf('>', angle)
  const uriEnd = end < 0 ? value.length : end
  const { user, host } = readUri(value.slice(angle < 0 ? open : angle + 1, uriEnd))
  return { user, host, tag: parameter(value.slice(uriEnd), 'tag') }
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
  return { user: bounded(user), host: bounded(cutAt(rest.slice(at + 1), /[;?>\t-\r ]/)) }
}

export function readCredentials(value: string): Credentials | undefined {
  const params = digestParameters(value)
  if (params === undefined) return undefined
  return {
    user: params.get('username') ?? '',
    realm: params.get('realm') ?? '',
    nonce: params.get('nonce') ?? '',
    nc: params.get('nc') ?? '',
    ambiguous: params.has(TWICE),
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
    const piece = text.slice(at + 1, next)
    const equals = piece.indexOf('=')
    const found = equals < 0 ? piece : piece.slice(0, equals)
    if (found.trim().toLowerCase() === name) {
      const value = equals < 0 ? '' : piece.slice(equals + 1).trim()
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

const TAB = 9
const BLANK = 32
const QUOTE = 34
const COMMA = 44
const SEMICOLON = 59
const OPEN = 60
const CLOSE = 62
const BACKSLASH = 92

const MOST_PARAMETERS = 32
/** No parameter's name, since names are not empty. */
const TWICE = ''

/** `name=value` pairs parted by commas (RFC 7616 3.4): the first of each name counts, names in small letters. */
function digestParameters(value: string): Map<string, string> | undefined {
  const start = /^\s*Digest\s+/i.exec(value)
  if (start === null) return undefined
  const params = new Map<string, string>()
  for (let at = start[0].length, left = MOST_PARAMETERS; at < value.length && left > 0; left--) {
    const equals = value.indexOf('=', at)
    if (equals < 0) break
    const name = value.slice(at, equals).trim().toLowerCase()
    let from = equals + 1
    while (value.charCodeAt(from) === BLANK || value.charCodeAt(from) === TAB) from++
    const quoted = value.charCodeAt(from) === QUOTE
    const end = quoted ? endOfString(value, from + 1) : endOfToken(value, from)
    if (params.has(name)) params.set(TWICE, '')
    else params.set(name, digestValue(value, quoted ? from + 1 : from, end))
    const comma = value.indexOf(',', end)
    if (comma < 0) break
    at = comma + 1
  }
  return params
}

function digestValue(value: string, from: number, end: number): string {
  const text = bounded(value.slice(from, end))
  return text.includes('\\') ? text.replace(/\\(.)/g, '$1') : text.trimEnd()
}

/** Position of the quote that ends a quoted string, or the end of the text. */
function endOfString(value: string, from: number): number {
  let at = from
  while (at < value.length && value.charCodeAt(at) !== QUOTE) at += value.charCodeAt(at) === BACKSLASH ? 2 : 1
  return Math.min(at, value.length)
}

function endOfToken(value: string, from: number): number {
  const comma = value.indexOf(',', from)
  return comma < 0 ? value.length : comma
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
