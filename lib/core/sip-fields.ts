import { type Challenge, type Credentials, readChallenge, readCredentials } from './sip-header.ts'

/** Header lines that are read: all that 64 KiB can hold, or junk would hide what the PBX reads. */
const MOST_LINES = 32_768
/** Characters of one folded value. */
const LONGEST_VALUE = 4_096
/** Digests of each kind that are kept. */
export const MOST_DIGESTS = 4

/** The header fields of one message that are kept, as text; undefined where there is none. */
export interface Fields {
  via: string | undefined
  from: string | undefined
  to: string | undefined
  callId: string | undefined
  cseq: string | undefined
  userAgent: string | undefined
  contentLength: number | undefined
  readonly credentials: Credentials[]
  readonly challenges: Challenge[]
  bodyAt: number
  /** The blank line that ends the header was seen. */
  whole: boolean
}

/** Header lines up to the blank one: CRLF or a bare LF, folded lines joined (RFC 3261 7.3.1). */
export function readFields(text: string, from: number): Fields {
  const fields: Fields = {
    via: undefined,
    from: undefined,
    to: undefined,
    callId: undefined,
    cseq: undefined,
    userAgent: undefined,
    contentLength: undefined,
    credentials: [],
    challenges: [],
    bodyAt: text.length,
    whole: false,
  }
  let at = from
  for (let count = 0; at < text.length && count < MOST_LINES; count++) {
    let end = endOfLine(text, at)
    let value = trimCarriageReturn(text.slice(at, end))
    if (value === '') {
      fields.bodyAt = end + 1
      fields.whole = true
      break
    }
    while (isFold(text, end + 1) && value.length < LONGEST_VALUE) {
      const next = endOfLine(text, end + 1)
      value += ` ${trimCarriageReturn(text.slice(end + 1, next)).trim()}`
      end = next
    }
    const colon = value.indexOf(':')
    if (colon > 0) keepField(fields, value.slice(0, colon), value.slice(colon + 1, colon + 1 + LONGEST_VALUE))
    at = end + 1
  }
  return fields
}

type FieldName = 'via' | 'from' | 'to' | 'callId' | 'cseq' | 'userAgent'
type Kept = FieldName | 'length' | 'credentials' | 'challenges'

/** The header fields that are read, by their names in small letters and their compact forms (RFC 3261 7.3.3). */
const KEPT = new Map<string, Kept>([
  ['via', 'via'],
  ['v', 'via'],
  ['from', 'from'],
  ['f', 'from'],
  ['to', 'to'],
  ['t', 'to'],
  ['call-id', 'callId'],
  ['i', 'callId'],
  ['cseq', 'cseq'],
  ['user-agent', 'userAgent'],
  ['server', 'userAgent'],
  ['content-length', 'length'],
  ['l', 'length'],
  ['authorization', 'credentials'],
  ['proxy-authorization', 'credentials'],
  ['www-authenticate', 'challenges'],
  ['proxy-authenticate', 'challenges'],
])
const LENGTHS = new Set(Array.from(KEPT.keys(), (name) => name.length))

/** Names are case-insensitive; of Via, From… the first one counts. */
function keepField(fields: Fields, name: string, value: string): void {
  const trimmed = name.trimEnd() // LWS before the colon is legal
  const kept = LENGTHS.has(trimmed.length) ? KEPT.get(trimmed.toLowerCase()) : undefined
  switch (kept) {
    case undefined:
      break
    case 'length':
      if (fields.contentLength === undefined && /^\s*\d{1,9}\s*$/.test(value))
        fields.contentLength = Number(value)
      break
    case 'credentials':
      keepDigest(fields.credentials, readCredentials(value))
      break
    case 'challenges':
      keepDigest(fields.challenges, readChallenge(value))
      break
    default:
      fields[kept] ??= value
  }
}

function keepDigest<T>(list: T[], digest: T | undefined): void {
  if (digest !== undefined && list.length < MOST_DIGESTS) list.push(digest)
}

function endOfLine(text: string, from: number): number {
  const at = text.indexOf('\n', from)
  return at < 0 ? text.length : at
}

function isFold(text: string, at: number): boolean {
  const c = text.charCodeAt(at)
  return c === 32 || c === 9
}

export function trimCarriageReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
