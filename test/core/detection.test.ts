import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/config.ts'
import { judge, NO_HISTORY, type SourceHistory } from '../../lib/core/detection.ts'
import { HyperLogLog } from '../../lib/core/hyper-log-log.ts'
import { keyedHash } from '../../lib/core/keyed-hash.ts'
import type { Observation } from '../../lib/core/source-report.ts'
import { type Circumstances, weigh } from '../../lib/core/suspicion.ts'
import { onePrefix } from './arbitraries.ts'

const STRANGER: Circumstances = { limits: DEFAULTS.limits, knownGood: false, halfBlind: false }
const FRIEND: Circumstances = { ...STRANGER, knownGood: true }
const NOW = 1_800_000_000_000

function users(count: number): string {
  const sketch = new HyperLogLog(64)
  for (let i = 0; i < count; i++) sketch.add(keyedHash(1, `user ${i}`))
  return Array.from(sketch.registers, (rank) => rank.toString(16)).join('')
}

interface Seen extends Partial<Omit<Observation, 'settled'>> {
  readonly settled?: Partial<Observation['settled']>
}

function seen({ settled, ...rest }: Seen): Observation {
  const none = {
    challenges: 0,
    followed: 0,
    challenges60: 0,
    followed60: 0,
    finals: 0,
    acknowledged: 0,
    packetsIn: 10_000,
    bytesIn: 0,
    bytesOut: 0,
  }
  return {
    prefix: onePrefix('192.0.2.7/32'),
    transports: ['udp'],
    w10: {},
    w600: { packetsIn: 10_000 },
    users: users(0),
    proof: 'none',
    knownGoodAt: null,
    ttl: 60,
    ...rest,
    settled: { ...none, requests: 0, excused: 0, ...settled },
  }
}

function fires(observation: Observation, circumstances = STRANGER): string[] {
  return weigh(observation, circumstances).flatMap((each) => (each.points >= 100 ? [each.class] : []))
}

describe('reflection', () => {
  test('fires on 100 challenges in 10 s that nobody followed up, not on 99', () => {
    expect(fires(seen({ settled: { challenges: 100 } }))).toEqual(['reflection'])
    expect(fires(seen({ settled: { challenges: 99 } }))).toEqual([])
  })

  test('fires on 200 in 60 s though no 10 s hold 100', () => {
    expect(fires(seen({ settled: { challenges: 34, challenges60: 200 } }))).toEqual(['reflection'])
    expect(fires(seen({ settled: { challenges: 34, challenges60: 199 } }))).toEqual([])
  })

  test('does not fire where one challenge in fifty is followed up', () => {
    expect(fires(seen({ settled: { challenges: 1_000, followed: 20 } }))).toEqual([])
    expect(fires(seen({ settled: { challenges: 1_000, followed: 19 } }))).toEqual(['reflection'])
  })

  test('fires on 300 final replies in 10 s, whatever was followed up', () => {
    expect(fires(seen({ settled: { finals: 300, bytesIn: 9, bytesOut: 9 } }))).toEqual(['reflection'])
    expect(fires(seen({ settled: { finals: 299, bytesIn: 9, bytesOut: 9 } }))).toEqual([])
  })

  test('fires on 100 replies already where they are three times the bytes that came', () => {
    expect(fires(seen({ settled: { finals: 100, bytesIn: 10_000, bytesOut: 30_000 } }))).toEqual([
      'reflection',
    ])
    expect(fires(seen({ settled: { finals: 100, bytesIn: 10_001, bytesOut: 30_000 } }))).toEqual([])
  })

  test('does not hold replies against a source that has shown to be there, nor anything over TCP', () => {
    for (const proof of ['handshake', 'nonce', 'dialog'] as const) {
      expect(fires(seen({ proof, settled: { finals: 5_000 } }))).toEqual([])
    }
    const over = { proof: 'handshake', settled: { challenges: 5_000, finals: 5_000 } } as const
    expect(fires(seen({ ...over, transports: ['tcp'] }))).toEqual([])
    expect(fires(seen({ ...over, transports: ['tcp', 'udp'] }))).toEqual(['reflection'])
  })

  test('fires on challenges that nobody follows up though a proof was echoed, for others may know the nonce', () => {
    expect(fires(seen({ proof: 'nonce', settled: { challenges: 100, finals: 100 } }))).toEqual(['reflection'])
  })

  test('fires on a known-good source whose challenges nobody follows up, so that somebody is told', () => {
    expect(fires(seen({ proof: 'nonce', settled: { challenges: 100 } }), FRIEND)).toEqual(['reflection'])
  })

  test('does not call a busy known-good trunk a reflection for its replies', () => {
    expect(fires(seen({ settled: { finals: 5_000, bytesOut: 9 } }), FRIEND)).toEqual([])
  })

  test('rests on what is seen going out, so nobody switches it off by making the sensor look half-blind', () => {
    const guilty = seen({ settled: { challenges: 5_000, finals: 5_000 } })
    expect(fires(guilty, { ...STRANGER, halfBlind: true })).toEqual(['reflection'])
  })

  test('does not fire where the requests are not seen: then the sensor misses the follow-ups too', () => {
    expect(fires(seen({ settled: { challenges: 1_100, finals: 1_100, packetsIn: 100 } }))).toEqual([
      'reflection',
    ])
    expect(fires(seen({ settled: { challenges: 1_100, finals: 1_101, packetsIn: 100 } }))).toEqual([])
  })
})

describe('flood', () => {
  const flood = (requests: number, excused: number, now = requests) =>
    seen({ proof: 'nonce', w10: { outOfDialog: now, replies: 1 }, settled: { requests, excused } })

  test('fires on 50 requests/s that came to nothing, not on 49.9', () => {
    expect(fires(flood(500, 0))).toEqual(['flood'])
    expect(fires(flood(499, 0))).toEqual([])
    expect(fires(flood(1_000, 501))).toEqual([])
  })

  test('says nothing while the sensor is half-blind, or sees no reply to the source', () => {
    expect(fires(flood(5_000, 0), { ...STRANGER, halfBlind: true })).toEqual([])
    expect(fires({ ...flood(5_000, 0), w10: { outOfDialog: 5_000 } })).toEqual([])
  })

  test('a handshake over TCP does not make a flood over UDP anybody’s own', () => {
    const tcpPeer = { ...flood(1_000, 0), proof: 'handshake' as const }
    const reachable = (transports: Observation['transports']) => {
      const first = judge({ ...tcpPeer, transports }, NOW, NO_HISTORY, STRANGER)
      return judge({ ...tcpPeer, transports }, NOW + 1_000, first.history, STRANGER).opened[0]?.reachable
    }
    expect(reachable(['tcp'])).toBe(true)
    expect(reachable(['tcp', 'udp'])).toBe(false)
    const guesser = seen({
      proof: 'handshake',
      transports: ['tcp', 'udp'],
      w600: { failures: 20 },
      users: users(5),
    })
    const first = judge(guesser, NOW, NO_HISTORY, STRANGER)
    expect(judge(guesser, NOW + 1_000, first.history, STRANGER).opened[0]?.reachable).toBe(false)
  })

  test('does not fire on a source that has stopped', () => {
    expect(fires(flood(5_000, 0, 0))).toEqual([])
  })

  test('is not told of the packets that are a reflection already', () => {
    const both = seen({ w10: { outOfDialog: 900 }, settled: { requests: 900, challenges: 900 } })
    expect(fires(both)).toEqual(['reflection'])
  })
})

test('what may still be a reflection, at forty points, is not called a flood too', () => {
  const classes = (challenges: number) => {
    const both = seen({ w10: { replies: 1, outOfDialog: 600 }, settled: { challenges, requests: 600 } })
    return weigh(both, STRANGER).map((each) => each.class)
  }
  expect(classes(40)).toEqual(['reflection'])
  expect(classes(39)).toEqual(['reflection', 'flood'])
})

describe('brute-force', () => {
  test('fires on 10 failures over 3 users in 10 minutes', () => {
    expect(fires(seen({ w600: { failures: 10 }, users: users(3) }))).toEqual(['brute-force'])
    expect(fires(seen({ w600: { failures: 9 }, users: users(3) }))).toEqual([])
    expect(fires(seen({ w600: { failures: 10 }, users: users(2) }))).toEqual([])
  })

  test('spares a phone with a wrong password every second', () => {
    expect(fires(seen({ w10: { failures: 10 }, w600: { failures: 600 }, users: users(1) }))).toEqual([])
  })

  test('fires on five failures a second on one user', () => {
    expect(fires(seen({ w10: { failures: 50 }, w600: { failures: 50 }, users: users(1) }))).toEqual([
      'brute-force',
    ])
  })

  test('spares an office where at least as many logins succeed as fail', () => {
    const office = (successes: number) => seen({ w600: { failures: 10, successes }, users: users(3) })
    expect(fires(office(10))).toEqual([])
    expect(fires(office(9))).toEqual(['brute-force'])
  })

  test('still says so while the sensor is half-blind, for it rests on what was seen', () => {
    const guilty = seen({ w600: { failures: 10 }, users: users(3) })
    expect(fires(guilty, { ...STRANGER, halfBlind: true })).toEqual(['brute-force'])
  })
})

describe('judge()', () => {
  const hot = seen({ w600: { failures: 20 }, users: users(5) })
  const warm = seen({ w600: { failures: 4 }, users: users(5) })
  const cold = seen({ w600: { failures: 3 }, users: users(5) })

  /** Judges ticks at seconds, each with the observation given; tells at which a detection opened. */
  function opened(ticks: readonly (readonly [number, Observation])[]): number[] {
    let history: SourceHistory = NO_HISTORY
    const at: number[] = []
    for (const [second, observation] of ticks) {
      const verdict = judge(observation, NOW + second * 1000, history, STRANGER)
      history = verdict.history
      if (verdict.opened.length > 0) at.push(second)
    }
    return at
  }

  test('opens a reflection with its first hot tick', () => {
    expect(opened([[0, seen({ settled: { challenges: 100 } })]])).toEqual([0])
  })

  test('opens other classes with the second hot tick within 10 s', () => {
    expect(
      opened([
        [0, hot],
        [1, hot],
        [2, hot],
      ]),
    ).toEqual([1])
    expect(
      opened([
        [0, hot],
        [9, hot],
      ]),
    ).toEqual([9])
    expect(
      opened([
        [0, hot],
        [10, hot],
      ]),
    ).toEqual([])
  })

  test('opens once, stays open down to 40 points, and opens anew after that', () => {
    expect(
      opened([
        [0, hot],
        [1, hot],
        [2, warm],
        [3, hot],
        [4, hot],
      ]),
    ).toEqual([1])
    expect(
      opened([
        [0, hot],
        [1, hot],
        [2, cold],
        [13, hot],
        [14, hot],
      ]),
    ).toEqual([1, 14])
  })

  test('opens the same whether two reports come in order or not, and once where one comes twice', () => {
    expect(
      opened([
        [0, hot],
        [1, hot],
      ]),
    ).toHaveLength(1)
    expect(
      opened([
        [1, hot],
        [0, hot],
      ]),
    ).toHaveLength(1)
    expect(
      opened([
        [0, hot],
        [0, hot],
      ]),
    ).toEqual([])
  })

  test('forgets a source that was silent for a minute', () => {
    expect(
      opened([
        [0, hot],
        [1, hot],
        [62, hot],
        [63, hot],
      ]),
    ).toEqual([1, 63])
  })

  test('gives every detection a reason, evidence and a weight', () => {
    const { opened: found } = judge(
      seen({ w10: { packetsIn: 900, packetsOut: 900 }, settled: { challenges: 900 } }),
      NOW,
      NO_HISTORY,
      STRANGER,
    )
    expect(found[0]).toMatchObject({ class: 'reflection', weight: 180, knownGood: false, proof: 'none' })
    expect(found[0]?.evidence[0]).toEqual({
      code: 'challenges-unfollowed-10s',
      value: 900,
      limit: 100,
      unit: 'challenges',
      points: 131,
    })
    expect(found[0]?.why).toContain(
      '900 of 900 challenges to 192.0.2.7/32 in 10 s were never followed up (limit 100)',
    )
  })
})
