import { describe, expect, test } from 'vitest'
import { readSip, type SipMessage } from '../../lib/core/sip-message.ts'

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))

const FIELDS = {
  via: 'Via: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bKa;rport',
  from: 'From: <sip:alice@example.com>;tag=a1',
  to: 'To: <sip:bob@example.com>',
  callId: 'Call-ID: c1@192.0.2.7',
  cseq: 'CSeq: 7 OPTIONS',
}

/** An OPTIONS with some lines changed, left out (undefined) or added. */
function options(changes: Readonly<Record<string, string | undefined>> = {}, end = '\r\n'): string {
  const lines = Object.values({ ...FIELDS, ...changes }).filter((line) => line !== undefined)
  return ['OPTIONS sip:bob@example.com SIP/2.0', ...lines, '', ''].join(end)
}

function read(text: string): SipMessage {
  const reading = readSip(bytes(text))
  if (reading.kind !== 'message') throw new Error(`${reading.kind}: ${JSON.stringify(reading)}`)
  return reading.message
}

describe('start lines', () => {
  test.each([
    ['OPTIONS sip:bob@example.com SIP/2.0', 'OPTIONS', 'bob', 'example.com'],
    ['REGISTER sip:example.com SIP/2.0', 'REGISTER', '', 'example.com'],
    [
      'INVITE sips:bob:secret@example.com:5061;transport=tls?x=y SIP/2.0',
      'INVITE',
      'bob',
      'example.com:5061',
    ],
    ['INVITE sip:bob@[2001:db8::1]:5060 SIP/2.0', 'INVITE', 'bob', '[2001:db8::1]:5060'],
    ['INVITE sip:[2001:db8::1] SIP/2.0', 'INVITE', '', '[2001:db8::1]'],
    ['INVITE tel:+15551234;phone-context=example.com SIP/2.0', 'INVITE', '+15551234', ''],
    ['INVITE sip:a@b@example.com SIP/2.0', 'INVITE', 'a@b', 'example.com'],
    [`INVITE sip:bob@example.com;x=${'y'.repeat(9_000)} SIP/2.0`, 'INVITE', 'bob', 'example.com'],
    // Only a space ends a URI, not the byte that Latin-1 has for a no-break space.
    ['INVITE sip:b\u00e0\u00a0b@ex\u00a0ample SIP/2.0', 'INVITE', 'b\u00e0\u00a0b', 'ex\u00a0ample'],
    ['X-NEW.method! sip:bob@example.com SIP/2.0', 'X-NEW.method!', 'bob', 'example.com'],
    ['OPTIONS  sip:bob@example.com  SIP/2.0 ', 'OPTIONS', 'bob', 'example.com'],
    ['OPTIONS * SIP/2.0', 'OPTIONS', '', '*'],
  ])('%s is a request', (line, method, user, host) => {
    const message = read(options().replace(/^.*/, line))
    expect(message).toMatchObject({ kind: 'request', method, uri: { user, host } })
  })

  test.each([
    ['SIP/2.0 200 OK', 200],
    ['SIP/2.0 401 Unauthorized', 401],
    ['SIP/2.0 100', 100],
    ['SIP/2.0 699 ', 699],
  ])('%s is a response to what CSeq names', (line, status) => {
    expect(read(options().replace(/^.*/, line))).toMatchObject({
      kind: 'response',
      status,
      method: 'OPTIONS',
    })
  })

  test.each([
    ['a status of four digits', 'SIP/2.0 2000 OK'],
    ['a status above 699', 'SIP/2.0 700 What'],
    ['a status below 100', 'SIP/2.0 099 What'],
    ['no status', 'SIP/2.0 OK'],
    ['another version', 'SIP/3.0 200 OK'],
    ['another version in a request', 'OPTIONS sip:bob@example.com SIP/3.0'],
    ['no version in a request', 'INVITE sip:bob@example.com'],
    ['a blank in the URI', 'INVITE sip:bob and alice@example.com SIP/2.0'],
    ['a method of 40 characters', `${'X'.repeat(40)} sip:bob@example.com SIP/2.0`],
    ['a method with a bracket', 'IN(VITE sip:bob@example.com SIP/2.0'],
  ])('%s is malformed', (_, line) => {
    expect(readSip(bytes(options().replace(/^.*/, line))).kind).toBe('malformed')
  })
})

describe('bytes that are not SIP', () => {
  const stun = Uint8Array.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  const other = Uint8Array.from(stun).fill(0x20, 4, 8)
  test.each<readonly [string, string, Uint8Array]>([
    ['CRLF CRLF is a ping', 'keepalive', bytes('\r\n\r\n')],
    ['CRLF is a pong', 'keepalive', bytes('\r\n')],
    ['one NUL is a keepalive', 'keepalive', bytes('\0')],
    ['four NULs are a keepalive', 'keepalive', bytes('\0\0\0\0')],
    ['blanks are a keepalive', 'keepalive', bytes('  \t ')],
    ['an empty datagram is a keepalive', 'keepalive', bytes('')],
    ['a STUN binding request is a keepalive', 'keepalive', stun],
    ['a STUN binding response is a keepalive', 'keepalive', Uint8Array.from(stun).fill(1, 0, 2)],
    ['what has no magic cookie is not STUN', 'other', other],
    ...[4, 5, 6, 7].map((at) => {
      const wrong = Uint8Array.from(stun).fill(0x20, at, at + 1)
      return [`nor what has another byte ${at} in it`, 'other', wrong] as const
    }),
    ['STUN that is shorter than its header is something else', 'other', stun.subarray(0, 19)],
    ['HTTP is something else', 'other', bytes('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n')],
    ['SSDP is something else', 'other', bytes('M-SEARCH * HTTP/1.1\r\nMAN: "ssdp:discover"\r\n\r\n')],
    ['RTP is something else', 'other', Uint8Array.from([0x80, 0, 0x12, 0x34, 0, 0, 0, 1, 9, 9, 9, 9, 0xff])],
    ['a TLS hello is something else', 'other', Uint8Array.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3])],
    ['one letter is something else', 'other', bytes('x')],
    ['one high byte is something else', 'other', Uint8Array.from([0xff])],
    ['a RTSP request is something else', 'other', bytes('OPTIONS rtsp://example.com RTSP/1.0\r\n\r\n')],
    ['a cut method is something else', 'other', bytes('REGIST')],
    [
      'a start line that stops before the version is malformed',
      'malformed',
      bytes('REGISTER sip:example.com'),
    ],
  ])('%s', (_, kind, payload) => {
    expect(readSip(payload).kind).toBe(kind)
  })
})

describe('header lines', () => {
  const plain = read(options())

  test('the parts are what the lines say', () => {
    expect(plain).toEqual({
      kind: 'request',
      method: 'OPTIONS',
      uri: { user: 'bob', host: 'example.com' },
      via: { transport: 'UDP', sentBy: '192.0.2.7:5062', branch: 'z9hG4bKa' },
      from: { user: 'alice', host: 'example.com', tag: 'a1' },
      to: { user: 'bob', host: 'example.com', tag: '' },
      callId: 'c1@192.0.2.7',
      cseq: 7,
      userAgent: '',
      credentials: [],
      challenges: [],
    })
  })

  const compact = {
    via: FIELDS.via.replace('Via', 'v'),
    from: FIELDS.from.replace('From', 'f'),
    to: FIELDS.to.replace('To', 't'),
    callId: FIELDS.callId.replace('Call-ID', 'i'),
  }
  test.each([
    ['compact names', options(compact)],
    ['names in capitals', options().replaceAll(/^[\w-]+:/gm, (name) => name.toUpperCase())],
    ['names in small letters', options().replaceAll(/^[\w-]+:/gm, (name) => name.toLowerCase())],
    ['blanks before the colon', options().replaceAll(/^([\w-]+):/gm, '$1 \t:')],
    ['no blank after the colon', options().replaceAll(/^([\w-]+): /gm, '$1:')],
    ['bare LF as line ends', options({}, '\n')],
    ['leading line ends', `\r\n\r\n${options()}`],
    ['leading NULs and blanks', `\0\0 \t${options()}`],
    ['a value on a line of its own', options().replaceAll(/^([\w-]+): /gm, '$1:\r\n ')],
    ['a value on a tabbed line after bare LF', options({}, '\n').replaceAll(/^([\w-]+): /gm, '$1:\n\t')],
    ['a fold between parameters', options({ via: FIELDS.via.replace(';branch', '\r\n  ;branch') })],
    ['lines without a colon between', options({ noise: 'this is no header' })],
    ['an empty name between', options({ noise: ': nothing' })],
    ['no blank line at the end', options().trimEnd()],
    ['a second Via line', options({ second: 'Via: SIP/2.0/TCP proxy;branch=z9hG4bKother' })],
    ['a second Via value', options({ via: `${FIELDS.via}, SIP/2.0/TCP proxy;branch=z9hG4bKother` })],
    [
      'second From, To, Call-ID and CSeq lines',
      options({ x: 'From: x\r\nTo: x;tag=x\r\nCall-ID: x\r\nCSeq: 9 X' }),
    ],
  ])('%s read alike', (_, text) => {
    expect(read(text)).toEqual(plain)
  })

  test.each([
    ['no Via', { via: undefined }, 'no readable Via'],
    ['a Via of another version', { via: 'Via: SIP/1.0/UDP host;branch=x' }, 'no readable Via'],
    ['a Via without a host', { via: 'Via: SIP/2.0/UDP ;branch=x' }, 'no readable Via'],
    ['no From', { from: undefined }, 'no From'],
    ['no To', { to: undefined }, 'no To'],
    ['no Call-ID', { callId: undefined }, 'no Call-ID'],
    ['an empty Call-ID', { callId: 'Call-ID:   ' }, 'no Call-ID'],
    ['no CSeq', { cseq: undefined }, 'no readable CSeq'],
    ['a CSeq without a method', { cseq: 'CSeq: 7' }, 'no readable CSeq'],
    ['a CSeq without a number', { cseq: 'CSeq: OPTIONS' }, 'no readable CSeq'],
    ['a CSeq of eleven digits', { cseq: 'CSeq: 12345678901 OPTIONS' }, 'no readable CSeq'],
  ])('%s is malformed', (_, changes, reason) => {
    expect(readSip(bytes(options(changes)))).toEqual({ kind: 'malformed', reason })
  })

  test('User-Agent of a request and Server of a response are kept', () => {
    expect(read(options({ agent: 'User-Agent:  Phone 1.0 ' })).userAgent).toBe('Phone 1.0')
    expect(read(options({ agent: 'Server: PBX' })).userAgent).toBe('PBX')
  })
})

describe('lengths', () => {
  test.each([
    ['no Content-Length takes the rest', undefined, 'body', 4],
    ['a right one ends at its end', '4', 'bodyREST', 4],
    ['zero ends at the blank line', '0', 'REST', 0],
    ['one that is too long ends with the bytes', '999999999', 'body', 4],
    ['a negative one takes the rest', '-4', 'body', 4],
    ['one that is no number takes the rest', '4x', 'body', 4],
    ['one of ten digits takes the rest', '4000000000', 'body', 4],
    ['the first of two counts', '2\r\nl: 4', 'body', 2],
    ['an unreadable first one does not count', 'x\r\nl: 2', 'body', 2],
  ])('Content-Length: %s', (_, value, body, taken) => {
    const head = options(value === undefined ? {} : { length: `Content-Length: ${value}` })
    const reading = readSip(bytes(head + body))
    expect(reading).toMatchObject({ kind: 'message', length: head.length + taken })
  })

  test('leading line ends are part of the length', () => {
    const text = `\r\n\r\n${options({ length: 'l: 2' })}`
    expect(readSip(bytes(`${text}xyREST`))).toMatchObject({ kind: 'message', length: text.length + 2 })
  })

  test('a message cut at any byte reads as the same message, as malformed, or as something else', () => {
    const whole = options({ length: 'Content-Length: 4' })
    const wholeReading = readSip(bytes(`${whole}body`))
    const kinds: string[] = []
    for (let length = 1; length < whole.length + 4; length++) {
      const reading = readSip(bytes(`${whole}body`).subarray(0, length))
      kinds.push(reading.kind)
      if (length >= whole.length) expect(reading).toEqual({ ...wholeReading, length })
      else if (reading.kind === 'message') expect(reading.length).toBeLessThanOrEqual(length)
    }
    const firstMalformed = kinds.indexOf('malformed')
    const firstMessage = kinds.indexOf('message')
    expect(kinds.slice(0, firstMalformed).every((kind) => kind === 'other')).toBe(true)
    expect(kinds.slice(firstMalformed, firstMessage).every((kind) => kind === 'malformed')).toBe(true)
    expect(kinds.slice(firstMessage).every((kind) => kind === 'message')).toBe(true)
    expect(firstMessage).toBe(whole.indexOf('CSeq: 7 O') + 'CSeq: 7 O'.length - 1)
  })
})
