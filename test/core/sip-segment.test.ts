import { describe, expect, test } from 'vitest'
import { readPayload, readSipSegment } from '../../lib/core/sip-message.ts'
import { PBX, packet, request } from './talk.ts'

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))
const kinds = (text: string) => readSipSegment(bytes(text)).map(({ kind }) => kind)
const callIds = (text: string) =>
  readSipSegment(bytes(text)).map((reading) =>
    reading.kind === 'message' ? reading.message.callId : reading.kind,
  )

const one = request('OPTIONS', { callId: 'one' })
const two = request('OPTIONS', { callId: 'two' })
const withBody = (length: number, body: string) =>
  request('INVITE', { callId: 'body' }).replace('Content-Length: 0', `Content-Length: ${length}`) + body

describe('a segment', () => {
  test.each([
    ['holds one message', one, ['one']],
    ['holds two messages', one + two, ['one', 'two']],
    ['holds keepalives before and between', `\r\n\r\n${one}\r\n\r\n${two}`, ['one', 'two']],
    ['holds a keepalive after a message, which counts for nothing', `${one}\r\n\r\n`, ['one']],
    ['holds a keepalive alone', '\r\n\r\n', ['keepalive']],
    ['holds a body and then a message', withBody(4, 'body') + two, ['body', 'two']],
    ['holds a body that looks like a message', withBody(two.length, two) + one, ['body', 'one']],
    ['claims a longer body than it has, which ends it', withBody(5000, 'body') + two, ['body']],
    [
      'claims a shorter body than it has, whose rest is something else',
      withBody(2, 'v=0\r\n') + two,
      ['body', 'other'],
    ],
    ['ends in the middle of a message', one + two.slice(0, 40), ['one', 'malformed']],
    ['ends in the middle of a method', one + two.slice(0, 3), ['one', 'other']],
    ['begins in the middle of a message', two.slice(60), ['other']],
    [
      'holds a message without Content-Length, which takes the rest',
      one.replace('Content-Length: 0\r\n', '') + two,
      ['one'],
    ],
  ])('%s', (_, text, expected) => {
    expect(callIds(text)).toEqual(expected)
  })

  test('is read no further than 64 messages', () => {
    expect(kinds(one.repeat(70))).toHaveLength(64)
  })

  test('of no bytes holds nothing', () => {
    expect(kinds('')).toEqual([])
  })
})

describe('a payload', () => {
  test('over UDP is one message, whatever follows it', () => {
    expect(readPayload(packet('192.0.2.7', PBX, 0, one + two))).toHaveLength(1)
  })

  test('over TCP is all that the segment holds', () => {
    expect(readPayload(packet('192.0.2.7', PBX, 0, one + two, 'tcp'))).toHaveLength(2)
  })
})
