import { describe, expect, test } from 'vitest'
import { authorization, type Parts, request, response, START, Talk } from './talk.ts'

const A = '192.0.2.1'
const B = '192.0.2.2'
const DAY = 24 * 3600
const CALL: Parts = { branch: 'z9hG4bK-call', callId: 'the-call', cseq: 1 }
const address = (number: number) => `203.0.113.${number}`

describe('digest success', () => {
  test('makes known-good', () => {
    const talk = new Talk()
    talk.challenge(A, 'n')
    expect(talk.isKnownGood(A)).toBe(false)
    talk.register(A)
    expect(talk.isKnownGood(A)).toBe(true)
    expect(talk.count(A, 'successes')).toBe(1)
  })

  test('keeps what was counted before', () => {
    const talk = new Talk()
    for (let i = 0; i < 7; i++) talk.challenge(A, `n${i}`)
    talk.register(A)
    expect(talk.count(A, 'challenges')).toBe(8)
    expect(talk.traffic.sources.suspects.find(talk.record(A)!.prefix)).toBeUndefined()
  })

  test.each([100, 401, 403, 404, 503])('is not a %i', (status) => {
    const talk = new Talk()
    talk.answer(A, 'n', status, 'alice', talk.challenge(A, 'n'))
    expect(talk.isKnownGood(A)).toBe(false)
  })

  test('is not a 200 to a request without credentials', () => {
    const talk = new Talk()
    for (const method of ['REGISTER', 'OPTIONS', 'INVITE']) {
      talk.toPbx(A, request(method, CALL))
      talk.fromPbx(A, response(200, method, CALL))
    }
    expect(talk.isKnownGood(A)).toBe(false)
  })

  test('is not a 200 to the request of another address', () => {
    const talk = new Talk()
    const parts = { ...talk.challenge(A, 'n'), branch: 'z2', cseq: 2 }
    talk.toPbx(A, request('REGISTER', { ...parts, lines: [authorization('alice', 'n')] }))
    talk.fromPbx(B, response(200, 'REGISTER', parts))
    expect([talk.isKnownGood(A), talk.isKnownGood(B)]).toEqual([false, false])
  })

  test('of one user makes 16 addresses known-good in a day, and not a 17th', () => {
    const talk = new Talk()
    for (let i = 1; i <= 17; i++) talk.register(address(i))
    const known = Array.from({ length: 17 }, (_, i) => talk.isKnownGood(address(i + 1)))
    expect(known).toEqual([...Array(16).fill(true), false])
    talk.register(address(17), 'bob')
    expect(talk.isKnownGood(address(17))).toBe(true)
  })

  test('of one user renews any of his 16 addresses, and frees one a day after its last', () => {
    const talk = new Talk()
    for (let i = 1; i <= 16; i++) talk.register(address(i))
    talk.skip(3600)
    for (let i = 2; i <= 16; i++) talk.register(address(i))
    talk.register(address(17))
    expect(talk.isKnownGood(address(17))).toBe(false)
    talk.skip(DAY - 3600)
    talk.register(address(17))
    expect(talk.isKnownGood(address(17))).toBe(true)
    talk.register(address(18))
    expect(talk.isKnownGood(address(18))).toBe(false)
  })

  // Stock PBXs answer OPTIONS with 200 and look at no credentials, so a forged packet makes any address known-good.
  test('is not a 200 to credentials that the PBX never asked for', () => {
    const talk = new Talk()
    talk.toPbx(A, request('OPTIONS', { ...CALL, lines: [authorization('made up', 'made up')] }))
    talk.fromPbx(A, response(200, 'OPTIONS', CALL))
    expect(talk.isKnownGood(A)).toBe(false)
  })

  // The first credentials name the user that is counted, whichever of them the PBX checks.
  test('of one user makes no 17th address known-good under other names beside his own', () => {
    const talk = new Talk()
    for (let i = 1; i <= 17; i++) {
      const parts = { ...talk.challenge(address(i), `n${i}`), branch: `z${i}`, cseq: 2 }
      const lines = [authorization(`made up ${i}`, 'x'), authorization('alice', `n${i}`)]
      talk.toPbx(address(i), request('REGISTER', { ...parts, lines }))
      talk.fromPbx(address(i), response(200, 'REGISTER', parts))
    }
    expect(talk.isKnownGood(address(17))).toBe(false)
  })

  // Some registrars look up what stands before the @, and some databases ignore case.
  test('of one user makes no 17th address known-good by other spellings of his name', () => {
    const talk = new Talk()
    for (let i = 1; i <= 17; i++) {
      const parts = { ...talk.challenge(address(i), `n${i}`), branch: `z${i}`, cseq: 2 }
      const name = i % 2 === 0 ? `alice@d${i}` : i % 3 === 0 ? 'ALICE' : 'alice'
      talk.toPbx(address(i), request('REGISTER', { ...parts, lines: [authorization(name, `n${i}`)] }))
      talk.fromPbx(address(i), response(200, 'REGISTER', parts))
      expect(talk.isKnownGood(address(i))).toBe(i <= 16)
    }
  })

  test('vouches for nobody where the header is cut off, for other credentials may follow', () => {
    const talk = new Talk()
    const parts = { ...talk.challenge(A, 'n'), branch: 'z2', cseq: 2 }
    const whole = request('REGISTER', { ...parts, lines: [authorization('alice', 'n')] })
    talk.toPbx(A, whole.slice(0, -2))
    talk.fromPbx(A, response(200, 'REGISTER', parts))
    expect(talk.isKnownGood(A)).toBe(false)
  })

  // The first username of a value counts; Kamailio and pjsip take the last one.
  test('of one user makes no 17th address known-good by two names in one value', () => {
    const talk = new Talk()
    for (let i = 1; i <= 17; i++) {
      const parts = { ...talk.challenge(address(i), `n${i}`), branch: `z${i}`, cseq: 2 }
      const value = authorization('alice', `n${i}`).replace('Digest', `Digest username="made up ${i}",`)
      talk.toPbx(address(i), request('REGISTER', { ...parts, lines: [value] }))
      talk.fromPbx(address(i), response(200, 'REGISTER', parts))
    }
    expect(talk.isKnownGood(address(17))).toBe(false)
  })
})

describe('an accepted call', () => {
  function call(talk: Talk, tag: string, ackTag: string | undefined): void {
    talk.toPbx(A, request('INVITE', CALL))
    talk.fromPbx(A, response(200, 'INVITE', { ...CALL, toTag: tag }))
    talk.toPbx(
      A,
      request('ACK', { ...CALL, branch: 'z2', ...(ackTag === undefined ? {} : { toTag: ackTag }) }),
    )
  }

  test("makes known-good by the ACK with the PBX's To tag", () => {
    const talk = new Talk()
    call(talk, 'p1', 'p1')
    expect([talk.isKnownGood(A), talk.proof(A)]).toEqual([true, 'dialog'])
  })

  test.each([
    ['a guessed To tag', 'p2'],
    ['no To tag', undefined],
  ])('does not by an ACK with %s', (_, tag) => {
    const talk = new Talk()
    call(talk, 'p1', tag)
    expect([talk.isKnownGood(A), talk.proof(A)]).toEqual([false, 'none'])
  })

  // A proxy relays the To tag of whoever was called; that one can tell it to a sender who forges the caller.
  test('by a To tag that the called party chose proves nothing, and makes 16 addresses a day known-good', () => {
    const talk = new Talk()
    for (let caller = 1; caller <= 17; caller++) {
      const call = { ...CALL, callId: `call ${caller}`, branch: `z9hG4bK${caller}` }
      const relayed = { ...call, branch: `z9hG4bK-proxy${caller}` }
      const address = `203.0.113.${caller}`
      talk.toPbx(address, request('INVITE', call))
      talk.fromPbx(B, request('INVITE', relayed))
      talk.toPbx(B, response(200, 'INVITE', { ...relayed, toTag: 'chosen' }))
      talk.fromPbx(address, response(200, 'INVITE', { ...call, toTag: 'chosen' }))
      talk.toPbx(address, request('ACK', { ...call, branch: 'z2', toTag: 'chosen' }))
      expect([talk.isKnownGood(address), talk.proof(address)]).toEqual([caller <= 16, 'none'])
    }
  })
})

describe('a call that a proxy relays', () => {
  test('is vouched for by whom the PBX asked, and by nobody who only says that he was', () => {
    const talk = new Talk()
    let good = 0
    for (let caller = 1; caller <= 60; caller++) {
      const call = { ...CALL, callId: `call ${caller}`, branch: `z9hG4bK${caller}` }
      const relayed = { ...call, branch: `z9hG4bK-proxy${caller}` }
      const forgedCallee = `100.64.0.${caller}`
      talk.toPbx(address(caller), request('INVITE', call))
      talk.fromPbx(B, request('INVITE', relayed))
      talk.toPbx(forgedCallee, response(200, 'INVITE', { ...relayed, toTag: 'chosen' }))
      talk.fromPbx(address(caller), response(200, 'INVITE', { ...call, toTag: 'chosen' }))
      talk.toPbx(address(caller), request('ACK', { ...call, branch: 'z2', toTag: 'chosen' }))
      if (talk.isKnownGood(address(caller))) good++
    }
    expect(good).toBe(16)
  })
})

describe("a reply to the PBX's own request", () => {
  const OWN: Parts = { branch: 'z9hG4bK-own', callId: 'own', cseq: 5 }

  test.each(['OPTIONS', 'INVITE', 'REGISTER'])('%s makes known-good, whatever its final status', (method) => {
    for (const status of [200, 404, 486]) {
      const talk = new Talk()
      talk.fromPbx(A, request(method, OWN))
      talk.toPbx(A, response(status, method, OWN))
      expect([talk.isKnownGood(A), talk.proof(A)]).toEqual([true, 'dialog'])
    }
  })

  test('that is provisional, or to NOTIFY, proves the address and no more', () => {
    for (const [method, status] of [
      ['INVITE', 180],
      ['NOTIFY', 200],
    ] as const) {
      const talk = new Talk()
      talk.fromPbx(A, request(method, OWN))
      talk.toPbx(A, response(status, method, OWN))
      expect([talk.isKnownGood(A), talk.proof(A)]).toEqual([false, 'dialog'])
    }
  })

  test.each<readonly [string, string, Parts, string]>([
    ['from another address', B, OWN, 'OPTIONS'],
    ['with a wrong branch', A, { ...OWN, branch: 'z9hG4bK-guess' }, 'OPTIONS'],
    ['without a branch', A, { ...OWN, branch: '' }, 'OPTIONS'],
    ['with another CSeq', A, { ...OWN, cseq: 6 }, 'OPTIONS'],
    ['to another method', A, OWN, 'INVITE'],
  ])('%s proves nothing', (_, source, parts, method) => {
    const talk = new Talk()
    talk.fromPbx(A, request('OPTIONS', OWN))
    talk.fromPbx(A, request('OPTIONS', { ...OWN, branch: '' }))
    talk.toPbx(source, response(200, method, parts))
    expect(talk.isKnownGood(source)).toBe(false)
    expect(talk.proof(source) ?? 'none').toBe('none')
  })

  test('that the PBX never sent proves nothing', () => {
    const talk = new Talk()
    talk.toPbx(A, request('OPTIONS', OWN))
    talk.toPbx(A, response(200, 'OPTIONS', OWN))
    expect(talk.isKnownGood(A)).toBe(false)
  })
})

describe('time', () => {
  test('known-good ends 24 h after the last proof', () => {
    const talk = new Talk()
    talk.register(A)
    talk.skip(3600)
    talk.register(A)
    talk.register(B, 'bob')
    talk.skip(DAY - 1)
    expect([talk.isKnownGood(A), talk.isKnownGood(B)]).toEqual([true, true])
    talk.skip(1)
    expect([talk.isKnownGood(A), talk.isKnownGood(B)]).toEqual([false, false])
    expect(talk.traffic.sources.knownGood.size).toBe(0)
  })

  test('known-good is news at once, and again with a proof an hour later', () => {
    const talk = new Talk()
    for (const pause of [0, 1800, 3600, 3599]) {
      talk.skip(pause)
      talk.register(A)
      talk.skip(0)
    }
    // Proof that has faded and comes again is news too, with the time of before.
    const times = talk.news.map(({ knownGoodAt }) => knownGoodAt! / 1000 - START)
    expect([...new Set(times)]).toEqual([0, 5400])
  })

  // Each proof moves the time that the hour is counted from, so one that comes every minute is news only once.
  test('known-good that is proven every minute is news every hour', () => {
    const talk = new Talk()
    for (let minute = 0; minute < 180; minute++) {
      talk.register(A)
      talk.skip(60)
    }
    const hours = talk.news.map(({ knownGoodAt }) => Math.floor((knownGoodAt! / 1000 - START) / 3600))
    expect(new Set(hours)).toEqual(new Set([0, 1, 2]))
  })

  test('known-good is an IPv6 /64', () => {
    const talk = new Talk()
    talk.register('2001:db8:1:2::1')
    expect(talk.isKnownGood('2001:db8:1:2:ffff::9')).toBe(true)
    expect(talk.isKnownGood('2001:db8:1:3::1')).toBe(false)
  })
})
