import { describe, expect, test } from 'vitest'
import {
  LONGEST,
  readChallenge,
  readCredentials,
  readCSeq,
  readParty,
  readUri,
  readVia,
} from '../../lib/core/sip-header.ts'
import { readSip } from '../../lib/core/sip-message.ts'
import { request } from './talk.ts'

describe('Via', () => {
  test.each([
    ['SIP/2.0/UDP host', 'UDP', 'host', ''],
    ['  SIP / 2.0 / tcp   host:5070 ;branch=x', 'TCP', 'host:5070', 'x'],
    ['sip/2.0/wss h ; BRANCH = x', 'WSS', 'h', 'x'],
    ['SIP/2.0/UDP [2001:db8::1]:5060;branch=x', 'UDP', '[2001:db8::1]:5060', 'x'],
    ['SIP/2.0/UDP h;rport=5071;received=192.0.2.7;branch=x', 'UDP', 'h', 'x'],
    ['SIP/2.0/UDP h;branch="x"', 'UDP', 'h', 'x'],
    ['SIP/2.0/UDP h;x="a;branch=no,";branch=yes', 'UDP', 'h', 'yes'],
    ['SIP/2.0/UDP h;branch="xy', 'UDP', 'h', 'xy'],
    ['SIP/2.0/UDP h;x=<a,b>;branch=yes', 'UDP', 'h', ''],
    ['SIP/2.0/UDP h;x=<a>,SIP/2.0/UDP i;branch=second', 'UDP', 'h', ''],
    ['SIP/2.0/UDP h;branch=one;branch=two', 'UDP', 'h', 'one'],
    ['SIP/2.0/UDP h;branch', 'UDP', 'h', ''],
    ['SIP/2.0/UDP h;notbranch=x;;branch=y', 'UDP', 'h', 'y'],
    ['SIP/2.0/UDP h,SIP/2.0/UDP i;branch=second', 'UDP', 'h', ''],
  ])('%s', (value, transport, sentBy, branch) => {
    expect(readVia(value)).toEqual({ transport, sentBy, branch })
  })

  test.each(['', 'SIP/2.0', 'SIP/2.0/UDP', 'HTTP/1.1 proxy', 'SIP/2.0/ host', ', SIP/2.0/UDP host'])(
    '"%s" cannot be read',
    (value) => expect(readVia(value)).toBeUndefined(),
  )
})

describe('From and To', () => {
  test.each([
    ['<sip:a@h>', 'a', 'h', ''],
    ['<sip:a@h>;tag=1', 'a', 'h', '1'],
    ['sip:a@h;tag=1', 'a', 'h', '1'],
    ['sip:a@h', 'a', 'h', ''],
    ['Alice <sip:a@h>;x=y;TAG=1', 'a', 'h', '1'],
    ['"A, B <sip:no@no>;tag=no" <sip:a@h>;tag=1', 'a', 'h', '1'],
    ['"A \\"quoted\\" <" <sip:a@h>;tag=1', 'a', 'h', '1'],
    ['"" <sip:a@h>;tag=1', 'a', 'h', '1'],
    ['<sip:a@h;tag=no>;tag=1', 'a', 'h', '1'],
    ['<sip:a@h?x="y">;tag=1', 'a', 'h', '1'],
    ['<sip:a@[2001:db8::1]:5060;transport=udp>;tag=1', 'a', '[2001:db8::1]:5060', '1'],
    ['<sips:a:password@h:5061>', 'a', 'h:5061', ''],
    ['<tel:+1555;x=y>;tag=1', '+1555', '', '1'],
    ['<sip:h>', '', 'h', ''],
    ['<sip:a@h', 'a', 'h', ''],
    ['"never closed <sip:a@h>;tag=1', 'a', 'h', '1'],
    ['<>', '', '', ''],
    ['', '', '', ''],
    ['<sip:a@h>;x="a;tag=no";tag=1', 'a', 'h', '1'],
    ['<sip:a@h>;tag', 'a', 'h', ''],
    ['<sip:a@h> ; tag = 1 ', 'a', 'h', '1'],
  ])('%s', (value, user, host, tag) => {
    expect(readParty(value)).toEqual({ user, host, tag })
  })

  // A quoted parameter without angle brackets is taken for a display name, and what is before it is skipped.
  test('a quoted parameter after a bare URI hides neither the user nor the tag', () => {
    expect(readParty('sip:a@h;tag=1;x="y"')).toEqual({ user: 'a', host: 'h', tag: '1' })
  })

  test('a URI without a scheme has no user', () => {
    expect(readUri(' host ')).toEqual({ user: '', host: 'host' })
    expect(readUri('SIP:A@H')).toEqual({ user: 'A', host: 'H' })
  })
})

describe('digest', () => {
  const whole = { user: 'alice', realm: 'r', nonce: 'n', nc: '00000001', algorithm: 'MD5' }
  test.each([
    ['Digest username="alice", realm="r", nonce="n", nc=00000001', whole],
    ['digest   nc=00000001 , nonce = "n" ,realm="r",username="alice"', whole],
    ['Digest username="alice",realm="r",nonce="n",nc=00000001', whole],
    ['DIGEST USERNAME="alice",REALM="r",NONCE="n",NC="00000001"', whole],
    ['Digest username=alice,realm=r,nonce=n,nc=00000001', whole],
    ['Digest username="alice",realm="r",nonce="n",nc=00000001,x="a,b=\\"c\\""', whole],
    ['Digest x="a,nonce=no",username="alice",realm="r",nonce="n",nc=00000001', whole],
    ['Digest username="alice",username="bob",realm="r",nonce="n",nc=00000001', whole],
    [
      'Digest username="alice",realm="r",nonce="n",nc=00000001,algorithm=SHA-256',
      { ...whole, algorithm: 'SHA-256' },
    ],
    ['Digest username="al\\"i\\\\ce"', { user: 'al"i\\ce', realm: '', nonce: '', nc: '', algorithm: 'MD5' }],
    ['Digest nonce="', { user: '', realm: '', nonce: '', nc: '', algorithm: 'MD5' }],
    ['Digest nonce=""', { user: '', realm: '', nonce: '', nc: '', algorithm: 'MD5' }],
    ['Digest ,', { user: '', realm: '', nonce: '', nc: '', algorithm: 'MD5' }],
    ['Digest nonce="n", broken, realm="r"', { user: '', realm: '', nonce: 'n', nc: '', algorithm: 'MD5' }],
  ])('the answer %s', (value, credentials) => {
    expect(readCredentials(value)).toMatchObject(credentials)
  })

  test.each([
    ['Digest realm="r",nonce="n"', false],
    ['Digest nonce="n",realm="r",stale=true', true],
    ['Digest stale="TRUE",nonce="n",realm="r"', true],
    ['Digest nonce="n",realm="r",stale=false', false],
    ['Digest nonce="n",realm="r",stale=truely', false],
    ['Digest nonce="n",realm="r",opaque="stale=true"', false],
  ])('the question %s', (value, stale) => {
    expect(readChallenge(value)).toEqual({ realm: 'r', nonce: 'n', stale, algorithm: 'MD5' })
  })

  // Only blanks are skipped there, so the nonce keeps its tab and quotes and is nobody's.
  test('a tab after the equals sign is white space (RFC 3261 25.1)', () => {
    expect(readCredentials('Digest\tnonce\t=\t"n"')).toMatchObject({ nonce: 'n' })
  })

  test.each(['', 'Basic YWxpY2U=', 'Digest', 'Digestnonce="n"', 'Bearer Digest nonce="n"'])(
    '"%s" is no digest',
    (value) => {
      expect(readCredentials(value)).toBeUndefined()
      expect(readChallenge(value)).toBeUndefined()
    },
  )

  test('of many Authorization and Proxy-Authorization lines the first four digests are kept', () => {
    const lines = Array.from({ length: 6 }, (_, i) =>
      i % 2 === 0 ? `Authorization: Digest nonce="n${i}"` : `proxy-authorization : digest nonce="n${i}"`,
    )
    const reading = readSip(
      Buffer.from(request('REGISTER', { lines: ['Authorization: Basic eA==', ...lines] })),
    )
    if (reading.kind !== 'message') throw new Error(reading.kind)
    expect(reading.message.credentials.map(({ nonce }) => nonce)).toEqual(['n0', 'n1', 'n2', 'n3'])
    expect(reading.message.challenges).toEqual([])
  })
})

describe('bounds', () => {
  const long = 'x'.repeat(20_000)

  test('what is kept of absurdly long values is short', () => {
    const lines = [`User-Agent: ${long}`, `Authorization: Digest username="${'u'.repeat(3000)}", nonce="n"`]
    const text = request('REGISTER', {
      callId: 'c'.repeat(3000),
      branch: 'b'.repeat(3000),
      toTag: 't'.repeat(3000),
      lines,
    })
    const reading = readSip(Buffer.from(text))
    if (reading.kind !== 'message') throw new Error(reading.kind)
    const { callId, via, to, userAgent, credentials } = reading.message
    const kept = [callId, via.branch, to.tag, userAgent, credentials[0]?.user]
    expect(kept.map((piece) => piece?.length)).toEqual(kept.map(() => LONGEST))
  })

  test('a value that is longer than is read does not hide the lines after it', () => {
    const reading = readSip(
      Buffer.from(request('REGISTER', { lines: [`X: ${'x'.repeat(20_000)}`, 'User-Agent: end'] })),
    )
    expect(reading).toMatchObject({ kind: 'message', message: { userAgent: 'end' } })
  })

  test('a folded line is never a header, however long the value before it', () => {
    const folded = `Via: SIP/2.0/UDP h;pad=${'x'.repeat(5000)}\r\n WWW-Authenticate: Digest nonce="forged"`
    const reading = readSip(Buffer.from(request('REGISTER', { lines: [folded] })))
    expect(reading).toMatchObject({ kind: 'message', message: { challenges: [] } })
  })

  test('junk lines hide nothing that comes after them', () => {
    const many = (count: number) =>
      readSip(Buffer.from(request('REGISTER', { lines: [...Array(count).fill('X: y'), 'User-Agent: end'] })))
    expect(many(240)).toMatchObject({ kind: 'message', message: { userAgent: 'end' } })
    expect(many(9_000)).toMatchObject({ kind: 'message', message: { userAgent: 'end' } })
  })

  test.each([
    ['314159 INVITE', { number: 314159, method: 'INVITE' }],
    ['  1\t X!  ', { number: 1, method: 'X!' }],
    ['1INVITE', undefined],
    ['-1 INVITE', undefined],
    [`1 ${'X'.repeat(33)}`, undefined],
  ])('CSeq: %s', (value, cseq) => {
    expect(readCSeq(value)).toEqual(cseq)
  })
})
