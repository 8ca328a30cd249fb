import { describe, expect, test } from 'vitest'
import type { Prefix } from '../../lib/core/prefix.ts'
import { authenticate, authorization, type Parts, request, response, Talk } from './talk.ts'

const A = '192.0.2.1'
const B = '192.0.2.2'
const CALL: Parts = { branch: 'z9hG4bK-call', callId: 'the-call', cseq: 1 }

function echo(talk: Talk, source: string, nonces: readonly string[]): void {
  for (const nonce of nonces) talk.answer(source, nonce, 404)
}

describe('echoes of nonces', () => {
  test('three of nonces that were sent to the address alone prove it, two do not', () => {
    const talk = new Talk()
    for (const nonce of ['n1', 'n2', 'n3']) talk.challenge(A, nonce)
    echo(talk, A, ['n1', 'n2'])
    expect(talk.proof(A)).toBe('none')
    echo(talk, A, ['n3'])
    expect(talk.proof(A)).toBe('nonce')
    expect(talk.isKnownGood(A)).toBe(false)
  })

  test('a nonce that was sent to two addresses proves neither', () => {
    const talk = new Talk()
    const nonces = ['n1', 'n2', 'n3', 'n4']
    for (const nonce of nonces) for (const source of [A, B]) talk.challenge(source, nonce)
    echo(talk, A, nonces)
    echo(talk, B, nonces)
    expect([talk.proof(A), talk.proof(B)]).toEqual(['none', 'none'])
  })

  test('a nonce that was sent again to the same address still proves it', () => {
    const talk = new Talk()
    for (let i = 0; i < 3; i++) talk.challenge(A, 'n')
    echo(talk, A, ['n', 'n', 'n'])
    expect(talk.proof(A)).toBe('nonce')
  })

  test('nonces that were sent to another address or to nobody prove nothing', () => {
    const talk = new Talk()
    for (const nonce of ['n1', 'n2', 'n3']) talk.challenge(B, nonce)
    echo(talk, A, ['n1', 'n2', 'n3', 'x1', 'x2', 'x3', ''])
    expect([talk.proof(A), talk.proof(B)]).toEqual(['none', 'none'])
  })

  test('a retransmitted echo counts once', () => {
    const talk = new Talk()
    const parts = talk.challenge(A, 'n')
    for (let i = 0; i < 5; i++)
      talk.toPbx(A, request('REGISTER', { ...parts, lines: [authorization('a', 'n')] }))
    expect(talk.proof(A)).toBe('none')
  })

  // Each Authorization line counts as an echo, so one guessed or overheard nonce in one request is enough.
  test('one request is one echo, however many credentials it carries', () => {
    const talk = new Talk()
    const parts = talk.challenge(A, 'n')
    const lines = Array(4).fill(authorization('alice', 'n'))
    talk.toPbx(A, request('REGISTER', { ...parts, branch: 'z2', cseq: 2, lines }))
    expect(talk.proof(A)).toBe('none')
  })

  test('what a sender wrote and the PBX copied into its reply is no nonce of the PBX', () => {
    const talk = new Talk()
    for (const nonce of ['g1', 'g2', 'g3']) {
      const branch = `${nonce};pad=${'x'.repeat(4100)}\r\n ${authenticate(nonce)}, x=y`
      const parts = { branch, callId: nonce }
      talk.toPbx(A, request('REGISTER', parts))
      talk.fromPbx(A, response(401, 'REGISTER', { ...parts, lines: [authenticate(`real ${nonce}`)] }))
      talk.answer(A, nonce, 401)
    }
    expect(talk.proof(A)).toBe('none')
  })

  // A proxy relays the challenge of whoever was called, who so chooses the nonce.
  test('a nonce that the PBX relays from somebody else proves nothing', () => {
    const talk = new Talk()
    for (const nonce of ['m1', 'm2', 'm3']) {
      const lines = [authenticate(nonce)]
      talk.toPbx(A, request('INVITE', { branch: `a-${nonce}`, callId: nonce }))
      talk.fromPbx(B, request('INVITE', { branch: `p-${nonce}`, callId: nonce }))
      talk.toPbx(B, response(401, 'INVITE', { branch: `p-${nonce}`, callId: nonce, lines }))
      talk.fromPbx(A, response(401, 'INVITE', { branch: `a-${nonce}`, callId: nonce, lines }))
      talk.answer(A, nonce, 401)
    }
    expect(talk.proof(A)).toBe('none')
  })
})

describe('TCP', () => {
  test('payload from the PBX proves the handshake', () => {
    const talk = new Talk()
    talk.fromPbx(A, '\r\n', 'tcp')
    expect(talk.proof(A)).toBe('handshake')
    expect(talk.isKnownGood(A)).toBe(false)
  })

  test('payload to the PBX proves nothing, nor does UDP in either direction', () => {
    const talk = new Talk()
    talk.toPbx(A, request('OPTIONS'), 'tcp')
    talk.toPbx(B, request('OPTIONS'))
    talk.fromPbx(B, response(200, 'OPTIONS'))
    expect([talk.proof(A), talk.proof(B)]).toEqual(['none', 'none'])
  })
})

describe('dialogs', () => {
  function accepted(talk: Talk, tag = 'p1'): void {
    talk.toPbx(A, request('INVITE', CALL))
    talk.fromPbx(A, response(200, 'INVITE', { ...CALL, toTag: tag }))
  }

  test('a request that names the To tag of a 2xx proves its sender', () => {
    const talk = new Talk()
    accepted(talk)
    expect(talk.proof(A)).toBe('none')
    talk.toPbx(A, request('BYE', { callId: CALL.callId!, branch: 'z2', cseq: 2, toTag: 'p1' }))
    expect(talk.proof(A)).toBe('dialog')
    expect(talk.isKnownGood(A)).toBe(false)
  })

  test.each([
    ['a guessed To tag', A, 'p2', 'the-call'],
    ['no To tag', A, undefined, 'the-call'],
    ['another Call-ID', A, 'p1', 'other-call'],
    ['another address', B, 'p1', 'the-call'],
  ])('a request and an ACK with %s prove nothing', (_, source, tag, callId) => {
    const talk = new Talk()
    accepted(talk)
    for (const method of ['BYE', 'ACK']) {
      talk.toPbx(source, request(method, { callId, cseq: 1, ...(tag === undefined ? {} : { toTag: tag }) }))
    }
    expect(talk.proof(source)).toBe('none')
    expect(talk.isKnownGood(source)).toBe(false)
  })

  test.each([180, 404, 486])('the To tag of a %i proves nothing', (status) => {
    const talk = new Talk()
    talk.toPbx(A, request('INVITE', CALL))
    talk.fromPbx(A, response(status, 'INVITE', { ...CALL, toTag: 'p1' }))
    talk.toPbx(A, request('ACK', { ...CALL, toTag: 'p1' }))
    expect([talk.proof(A), talk.isKnownGood(A)]).toEqual(['none', false])
  })

  test('the To tag of a 2xx to anything but INVITE proves nothing', () => {
    const talk = new Talk()
    talk.toPbx(A, request('OPTIONS', CALL))
    talk.fromPbx(A, response(200, 'OPTIONS', { ...CALL, toTag: 'p1' }))
    talk.toPbx(A, request('ACK', { ...CALL, toTag: 'p1' }))
    expect(talk.proof(A)).toBe('none')
  })
})

describe('time', () => {
  test('a proof fades after 10 minutes, and a later one renews it', () => {
    const talk = new Talk()
    talk.fromPbx(A, '\r\n', 'tcp')
    talk.skip(600)
    expect(talk.proof(A)).toBe('handshake')
    talk.fromPbx(A, '\r\n', 'tcp')
    talk.skip(600)
    expect(talk.proof(A)).toBe('handshake')
    talk.skip(1)
    expect(talk.proof(A)).toBe('none')
  })

  test('a stronger proof is news, the same again and a weaker one are not', () => {
    const talk = new Talk()
    talk.fromPbx(A, '\r\n', 'tcp')
    talk.fromPbx(A, '\r\n', 'tcp')
    talk.wait(1)
    const news = { source: `${A}/32` as Prefix, proof: 'handshake', knownGoodAt: null }
    expect(talk.news).toEqual([news])
    for (const nonce of ['n1', 'n2', 'n3', 'n4']) talk.challenge(A, nonce)
    echo(talk, A, ['n1', 'n2', 'n3', 'n4'])
    talk.fromPbx(A, '\r\n', 'tcp')
    talk.wait(1)
    expect(talk.news).toEqual([news, { ...news, proof: 'nonce' }])
  })
})

describe('IPv6', () => {
  test('is one source by /64: what one address proves, its neighbours share', () => {
    const talk = new Talk()
    for (const nonce of ['n1', 'n2', 'n3']) talk.challenge('2001:db8:1:2::1', nonce)
    echo(talk, '2001:db8:1:2:ffff::9', ['n1', 'n2', 'n3'])
    expect(talk.proof('2001:db8:1:2::77')).toBe('nonce')
    expect(talk.record('2001:db8:1:2::77')?.prefix).toBe('2001:db8:1:2::/64')
    expect(talk.record('2001:db8:1:3::1')).toBeUndefined()
  })
})
