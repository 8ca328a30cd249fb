import { describe, expect, test } from 'vitest'
import { authenticate, authorization, type Parts, request, response, START, Talk } from './talk.ts'

const A = '192.0.2.1'
const B = '192.0.2.2'
const CALL: Parts = { branch: 'z9hG4bK-call', callId: 'the-call', cseq: 1 }

describe('counters', () => {
  test.each([
    ['REGISTER', 'register', 'registerWithCredentials'],
    ['INVITE', 'invite', 'inviteWithCredentials'],
    ['OPTIONS', 'options', 'otherWithCredentials'],
    ['SUBSCRIBE', 'subscribe', 'otherWithCredentials'],
    ['MESSAGE', 'otherMethods', 'otherWithCredentials'],
    ['X-NEW', 'otherMethods', 'otherWithCredentials'],
  ] as const)('%s counts as %s, and with credentials as %s', (method, without, withCredentials) => {
    const talk = new Talk()
    talk.toPbx(A, request(method))
    expect([talk.count(A, without), talk.count(A, withCredentials)]).toEqual([1, 0])
    talk.toPbx(A, request(method, { branch: 'z2', lines: [authorization('alice', 'n')] }))
    expect([talk.count(A, without), talk.count(A, withCredentials)]).toEqual([1, 1])
  })

  test('packets and bytes count by direction, for the source and for all', () => {
    const talk = new Talk()
    talk.toPbx(A, 'xx')
    talk.fromPbx(A, 'xxxxx')
    talk.toPbx(B, '\r\n')
    expect(talk.record(A)?.window600(START + 1)).toEqual({
      packetsIn: 1,
      bytesIn: 30,
      packetsOut: 1,
      bytesOut: 33,
      junk: 1,
    })
    expect(talk.traffic.sources.all.window600(START + 1)).toMatchObject({ packetsIn: 2, bytesIn: 60 })
    expect(talk.traffic.totals).toEqual({ packets: 3, sipMessages: 0, malformed: 0, ignored: 3 })
  })

  test('keepalives are no junk, malformed messages and other protocols are, and what the PBX sends never', () => {
    const talk = new Talk()
    for (const payload of ['\r\n\r\n', '\0', 'GET / HTTP/1.1\r\n\r\n', 'INVITE sip:bob SIP/2.0\r\n\r\n']) {
      talk.toPbx(A, payload)
      talk.fromPbx(B, payload)
    }
    expect([talk.count(A, 'junk'), talk.count(B, 'junk')]).toEqual([2, 0])
    expect(talk.traffic.totals).toMatchObject({ malformed: 2, ignored: 6 })
  })

  test('ACK, CANCEL and requests in a dialog that the PBX accepted are not out of dialog', () => {
    const talk = new Talk()
    talk.toPbx(A, request('INVITE', CALL))
    talk.fromPbx(A, response(200, 'INVITE', { ...CALL, toTag: 'b1' }))
    for (const method of ['ACK', 'CANCEL', 'BYE'])
      talk.toPbx(A, request(method, { ...CALL, cseq: 9, toTag: 'b1' }))
    expect([talk.count(A, 'outOfDialog'), talk.count(A, 'acks')]).toEqual([1, 1])
  })

  test('an invented To tag puts nobody into a dialog, and an answer from the PBX excuses one that was not seen', () => {
    const talk = new Talk()
    talk.toPbx(A, request('BYE', { ...CALL, toTag: 'made up' }))
    expect([talk.count(A, 'outOfDialog'), talk.count(A, 'excused')]).toEqual([1, 0])
    talk.fromPbx(A, response(200, 'BYE', { ...CALL, toTag: 'made up' }))
    expect([talk.count(A, 'outOfDialog'), talk.count(A, 'excused')]).toEqual([1, 1])
  })

  test('replies count whatever their status, and finals from 200 on', () => {
    const talk = new Talk()
    for (const status of [100, 180, 200, 404, 503]) talk.fromPbx(A, response(status, 'INVITE', CALL))
    expect([talk.count(A, 'replies'), talk.count(A, 'finals')]).toEqual([5, 3])
  })

  test('a request with credentials that comes again is a retransmission, and no new one', () => {
    const talk = new Talk()
    const again = request('REGISTER', { ...CALL, lines: [authorization('alice', 'n')] })
    for (let i = 0; i < 4; i++) talk.toPbx(A, again)
    expect(talk.count(A, 'retransmissions')).toBe(3)
    expect(talk.count(A, 'registerWithCredentials')).toBe(4)
    talk.toPbx(B, again)
    expect(talk.count(B, 'retransmissions')).toBe(0)
  })

  test('the same branch with another CSeq or method is no retransmission', () => {
    const talk = new Talk()
    talk.toPbx(A, request('INVITE', CALL))
    talk.toPbx(A, request('INVITE', { ...CALL, cseq: 2 }))
    talk.toPbx(A, request('REGISTER', { ...CALL, lines: [authorization('alice', 'n')] }))
    expect(talk.count(A, 'retransmissions')).toBe(0)
  })

  test('a request without credentials that comes again is a retransmission', () => {
    const talk = new Talk()
    for (let i = 0; i < 4; i++) talk.toPbx(A, request('REGISTER', CALL))
    expect(talk.count(A, 'retransmissions')).toBe(3)
  })
})

describe('failures', () => {
  test.each([401, 407, 403])('a %i after credentials on a nonce that was sent there is one', (status) => {
    const talk = new Talk()
    talk.answer(A, 'n', status, 'alice', talk.challenge(A, 'n'))
    expect([talk.count(A, 'failures'), talk.count(A, 'successes')]).toEqual([1, 0])
    expect(
      talk
        .record(A)
        ?.failedUsers(START + 1)
        .some((register) => register > 0),
    ).toBe(true)
  })

  test('credentials on a nonce that was sent elsewhere or nowhere cannot fail', () => {
    const talk = new Talk()
    talk.challenge(B, 'n')
    talk.answer(A, 'n', 401)
    talk.answer(A, 'made up', 403)
    expect([talk.count(A, 'failures'), talk.count(B, 'failures')]).toEqual([0, 0])
  })

  test('a stale challenge is none, because the digest was right', () => {
    const talk = new Talk()
    const parts = { ...talk.challenge(A, 'n'), branch: 'z9', cseq: 2 }
    talk.toPbx(A, request('REGISTER', { ...parts, lines: [authorization('alice', 'n')] }))
    talk.fromPbx(A, response(401, 'REGISTER', { ...parts, lines: [authenticate('n2', true)] }))
    expect([talk.count(A, 'failures'), talk.count(A, 'staleChallenges')]).toEqual([0, 1])
  })

  test('a refusal without credentials is none', () => {
    const talk = new Talk()
    talk.challenge(A, 'n')
    talk.toPbx(A, request('INVITE', CALL))
    talk.fromPbx(A, response(403, 'INVITE', CALL))
    expect(talk.count(A, 'failures')).toBe(0)
  })

  test('another refusal after credentials, as 404 or 486, is none', () => {
    for (const status of [302, 404, 486, 503, 603]) {
      const talk = new Talk()
      talk.answer(A, 'n', status, 'alice', talk.challenge(A, 'n'))
      expect(talk.count(A, 'failures')).toBe(0)
    }
  })

  test('a retransmitted request and its retransmitted reply are one failure', () => {
    const talk = new Talk()
    const parts = { ...talk.challenge(A, 'n'), branch: 'z9', cseq: 2 }
    for (let i = 0; i < 3; i++) {
      talk.toPbx(A, request('REGISTER', { ...parts, lines: [authorization('alice', 'n')] }))
      talk.fromPbx(A, response(403, 'REGISTER', parts))
    }
    expect(talk.count(A, 'failures')).toBe(1)
    expect(talk.count(A, 'retransmissions')).toBe(2)
  })

  test('failed users are distinct', () => {
    const talk = new Talk()
    for (const user of ['alice', 'bob', 'alice', 'bob'])
      talk.answer(A, 'n', 401, user, talk.challenge(A, 'n'))
    const registers = talk.record(A)!.failedUsers(START + 1)
    expect(talk.count(A, 'failures')).toBe(4)
    expect(registers.filter((register) => register > 0)).toHaveLength(2)
  })

  test('failed users are forgotten after 5 to 10 minutes', () => {
    const talk = new Talk()
    talk.answer(A, 'n', 401, 'alice', talk.challenge(A, 'n'))
    const empty = () =>
      talk
        .record(A)!
        .failedUsers(talk.second + 1)
        .every((register) => register === 0)
    talk.skip(299)
    expect(empty()).toBe(false)
    talk.skip(302)
    expect(empty()).toBe(true)
  })
})

describe('follow-ups', () => {
  const judged = (talk: Talk, source: string) => talk.record(source)!.settled(START + 10)

  test('an echo excuses the challenge and the request that drew it', () => {
    const talk = new Talk()
    talk.answer(A, 'n', 401, 'alice', talk.challenge(A, 'n'))
    expect(judged(talk, A)).toMatchObject({ challenges: 2, followed: 1, requests: 2, excused: 1 })
  })

  test('an echo from another address, by its Call-ID, excuses the challenged one and proves neither', () => {
    const talk = new Talk()
    for (let i = 0; i < 5; i++) {
      const parts = { ...talk.challenge(A, `n${i}`), branch: `z${i}`, cseq: 2 }
      talk.toPbx(B, request('REGISTER', { ...parts, lines: [authorization('alice', `n${i}`)] }))
    }
    expect(judged(talk, A)).toMatchObject({ challenges: 5, followed: 5, excused: 5 })
    expect(judged(talk, B)).toMatchObject({ followed: 0, excused: 0 })
    expect([talk.proof(A), talk.proof(B)]).toEqual(['none', 'none'])
  })

  test('an echo counts in the second of the challenge, not in its own', () => {
    const talk = new Talk()
    const parts = talk.challenge(A, 'n')
    talk.wait(8)
    talk.answer(A, 'n', 200, 'alice', parts)
    expect(talk.record(A)!.settled(START + 3)).toMatchObject({ challenges: 1, followed: 1 })
  })

  test('one challenge is followed once, however often its nonce comes back', () => {
    const talk = new Talk()
    const parts = talk.challenge(A, 'n')
    for (let i = 0; i < 5; i++) talk.answer(A, 'n', 200, 'alice', { ...parts, branch: `z${i}` })
    expect(judged(talk, A)).toMatchObject({ challenges: 1, followed: 1 })
  })

  test('an echo of a nonce that was never sent, or under another Call-ID, excuses nothing', () => {
    const talk = new Talk()
    const parts = talk.challenge(A, 'n')
    talk.answer(A, 'other', 200, 'alice', parts)
    talk.answer(A, 'n', 200, 'alice')
    expect(judged(talk, A)).toMatchObject({ challenges: 1, followed: 0 })
  })

  test('a nonce of his own follows up nobody else, whose Call-IDs an attacker knows because he chose them', () => {
    const talk = new Talk()
    talk.challenge(B, 'his own')
    for (let i = 0; i < 5; i++) {
      const parts = { ...talk.challenge(A, `n${i}`), branch: `z${i}`, cseq: 2 }
      talk.toPbx(B, request('REGISTER', { ...parts, lines: [authorization('mallory', 'his own')] }))
    }
    expect(judged(talk, A)).toMatchObject({ challenges: 5, followed: 0, excused: 0 })
  })

  test('an ACK to a challenged INVITE is a follow-up, and no proof', () => {
    const talk = new Talk()
    for (let i = 0; i < 5; i++) {
      const parts = talk.challenge(A, `n${i}`, { method: 'INVITE' })
      talk.toPbx(A, request('ACK', { ...parts, toTag: 'p1' }))
    }
    expect(judged(talk, A)).toMatchObject({ challenges: 5, followed: 5 })
    expect(talk.proof(A)).toBe('none')
    expect(talk.isKnownGood(A)).toBe(false)
  })

  test.each([
    ['another To tag', A, 'p2'],
    ['no To tag', A, undefined],
    ['another address', B, 'p1'],
  ])('an ACK with %s is no follow-up', (_, source, tag) => {
    const talk = new Talk()
    const parts = talk.challenge(A, 'n', { method: 'INVITE' })
    talk.toPbx(source, request('ACK', { ...parts, ...(tag === undefined ? {} : { toTag: tag }) }))
    expect(judged(talk, A)).toMatchObject({ challenges: 1, followed: 0 })
  })

  test('a call that rings or is accepted is excused, one that is refused is not', () => {
    for (const [status, excused] of [
      [100, 0],
      [180, 1],
      [183, 1],
      [200, 1],
      [404, 0],
      [503, 0],
    ] as const) {
      const talk = new Talk()
      talk.toPbx(A, request('INVITE', CALL))
      talk.wait(3)
      for (let i = 0; i < 2; i++) talk.fromPbx(A, response(status, 'INVITE', { ...CALL, toTag: 'p1' }))
      expect(judged(talk, A)).toMatchObject({ requests: 1, excused })
    }
  })
})
