import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hoursText, isOpen, isTimeZone, type OfficeHours, type Weekday } from '../../lib/core/office-hours.ts'
import { search } from '../search.ts'

const SEED = 61
const WEEK: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const WORKDAYS = WEEK.slice(0, 5)
const MINUTE = 60_000

function hours(more: Partial<OfficeHours> = {}): OfficeHours {
  return { timeZone: 'UTC', days: WORKDAYS, from: '08:00', to: '18:00', ...more }
}

/** Whether it is open at each of the instants, given in UTC. */
function openAt(office: OfficeHours, ...instants: string[]): boolean[] {
  return instants.map((instant) => isOpen(office, Date.parse(instant)))
}

/** When it opens and closes between the two instants, looked at every five minutes. */
function changes(office: OfficeHours, from: string, to: string): string[] {
  const found: string[] = []
  let before = isOpen(office, Date.parse(from) - 5 * MINUTE)
  for (let at = Date.parse(from); at < Date.parse(to); at += 5 * MINUTE) {
    const now = isOpen(office, at)
    if (now !== before) found.push(`${new Date(at).toISOString().slice(0, 16)} ${now ? 'opens' : 'closes'}`)
    before = now
  }
  return found
}

// 2026-03-02 is a Monday.
describe('isOpen()', () => {
  test('opens at the first instant of its hours and closes at the first after them', () => {
    expect(
      openAt(
        hours(),
        '2026-03-02T07:59:59.999Z',
        '2026-03-02T08:00:00.000Z',
        '2026-03-02T17:59:59.999Z',
        '2026-03-02T18:00:00.000Z',
      ),
    ).toEqual([false, true, true, false])
  })

  test('is closed on days that are not its own', () => {
    const noons = WEEK.map((_, i) => `2026-03-0${i + 2}T12:00:00Z`)
    expect(openAt(hours(), ...noons)).toEqual([true, true, true, true, true, false, false])
    for (const [i, day] of WEEK.entries()) {
      expect(openAt(hours({ days: [day] }), ...noons)).toEqual(WEEK.map((_, j) => i === j))
    }
    expect(openAt(hours({ days: [] }), ...noons)).not.toContain(true)
  })

  test('goes by the day of its zone, not of UTC', () => {
    const auckland = hours({ timeZone: 'Pacific/Auckland', days: ['mon'] })
    expect(changes(auckland, '2026-03-01T00:00Z', '2026-03-03T00:00Z')).toEqual([
      '2026-03-01T19:00 opens',
      '2026-03-02T05:00 closes',
    ])
  })

  test('knows zones that are half an hour off', () => {
    expect(changes(hours({ timeZone: 'Asia/Kolkata' }), '2026-03-02T00:00Z', '2026-03-03T00:00Z')).toEqual([
      '2026-03-02T02:30 opens',
      '2026-03-02T12:30 closes',
    ])
  })

  test('until 24:00 is until the day ends, and from 00:00 from where it begins', () => {
    const late = hours({ days: ['mon'], to: '24:00' })
    expect(changes(late, '2026-03-01T00:00Z', '2026-03-04T00:00Z')).toEqual([
      '2026-03-02T08:00 opens',
      '2026-03-03T00:00 closes',
    ])
    expect(changes({ ...late, to: '00:00' }, '2026-03-01T00:00Z', '2026-03-04T00:00Z')).toEqual([
      '2026-03-02T08:00 opens',
      '2026-03-03T00:00 closes',
    ])
    expect(changes({ ...late, from: '00:00' }, '2026-03-01T00:00Z', '2026-03-04T00:00Z')).toEqual([
      '2026-03-02T00:00 opens',
      '2026-03-03T00:00 closes',
    ])
  })

  test('hours over midnight belong to the day on which they begin', () => {
    const night = hours({ days: ['fri', 'sun'], from: '22:00', to: '06:30' })
    expect(changes(night, '2026-03-02T12:00Z', '2026-03-09T12:00Z')).toEqual([
      '2026-03-06T22:00 opens',
      '2026-03-07T06:30 closes',
      '2026-03-08T22:00 opens',
      '2026-03-09T06:30 closes',
    ])
  })

  test('hours that begin when they end are none', () => {
    expect(changes(hours({ days: WEEK, to: '08:00' }), '2026-03-02T00:00Z', '2026-03-04T00:00Z')).toEqual([])
  })

  test('keeps to the wall when the clocks of Berlin go forward and back', () => {
    const berlin = hours({ timeZone: 'Europe/Berlin', days: WEEK })
    expect(changes(berlin, '2026-03-28T00:00Z', '2026-03-30T00:00Z')).toEqual([
      '2026-03-28T07:00 opens',
      '2026-03-28T17:00 closes',
      '2026-03-29T06:00 opens',
      '2026-03-29T16:00 closes',
    ])
    expect(changes(berlin, '2026-10-24T00:00Z', '2026-10-26T00:00Z')).toEqual([
      '2026-10-24T06:00 opens',
      '2026-10-24T16:00 closes',
      '2026-10-25T07:00 opens',
      '2026-10-25T17:00 closes',
    ])
  })

  test('leaves out what the wall leaves out, and has twice what it shows twice', () => {
    const early = hours({ timeZone: 'Europe/Berlin', days: ['sun'], from: '02:30', to: '04:00' })
    expect(changes(early, '2026-03-29T00:00Z', '2026-03-29T12:00Z')).toEqual([
      '2026-03-29T01:00 opens',
      '2026-03-29T02:00 closes',
    ])
    expect(changes(early, '2026-10-25T00:00Z', '2026-10-25T12:00Z')).toEqual([
      '2026-10-25T00:30 opens',
      '2026-10-25T01:00 closes',
      '2026-10-25T01:30 opens',
      '2026-10-25T03:00 closes',
    ])
    const within = { ...early, from: '02:00', to: '03:00' }
    expect(changes(within, '2026-03-29T00:00Z', '2026-03-29T12:00Z')).toEqual([])
  })

  test('a night over a change of clocks ends when the wall says so', () => {
    const night = hours({ timeZone: 'Europe/Berlin', days: ['sat'], from: '22:00', to: '06:00' })
    expect(changes(night, '2026-03-28T12:00Z', '2026-03-29T12:00Z')).toEqual([
      '2026-03-28T21:00 opens',
      '2026-03-29T04:00 closes',
    ])
    expect(changes(night, '2026-10-24T12:00Z', '2026-10-25T12:00Z')).toEqual([
      '2026-10-24T20:00 opens',
      '2026-10-25T05:00 closes',
    ])
  })

  test('in UTC it agrees with arithmetic, at whatever instant', () => {
    const clock = fc.nat(1_439)
    const text = (minute: number) =>
      `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
    search(
      fc.property(fc.subarray([...WEEK]), clock, clock, fc.nat(4e12), (days, from, to, at) => {
        // 1970-01-01 was a Thursday. Hours last a day at most, so that they began today or yesterday.
        const today = Math.floor(at / (1_440 * MINUTE))
        const inOneOf = [today - 1, today].some((day) => {
          const begin = (day * 1_440 + from) * MINUTE
          const length = (to < from ? to + 1_440 - from : to - from) * MINUTE
          return days.includes(WEEK[(day + 3) % 7]!) && begin <= at && at < begin + length
        })
        expect(isOpen(hours({ days, from: text(from), to: text(to) }), at)).toBe(inOneOf)
      }),
      { seed: SEED, numRuns: 2_000 },
    )
  })
})

describe('isTimeZone()', () => {
  test.each([
    'Europe/Berlin',
    'UTC',
    'Asia/Kolkata',
    'America/Argentina/Buenos_Aires',
    'Etc/GMT+1',
    'europe/berlin',
  ])('%s is one', (text) => {
    expect(isTimeZone(text)).toBe(true)
  })

  test.each([
    '',
    'Europe/Atlantis',
    'Berlin',
    '+01:00',
    '-0530',
    ' UTC',
    'UTC\n',
    'Europe/Berlin/',
    '1',
    'local',
  ])('"%s" is none', (text) => {
    expect(isTimeZone(text)).toBe(false)
  })
})

describe('hoursText()', () => {
  test.each([
    [WORKDAYS, 'Mon to Fri 08:00 to 18:00 Europe/Berlin'],
    [WEEK, 'Mon to Sun 08:00 to 18:00 Europe/Berlin'],
    [['sat'], 'Sat 08:00 to 18:00 Europe/Berlin'],
    [['sun', 'wed', 'mon', 'tue', 'fri', 'sat'], 'Mon to Wed, Fri to Sun 08:00 to 18:00 Europe/Berlin'],
    [['sun', 'mon', 'sun'], 'Mon, Sun 08:00 to 18:00 Europe/Berlin'],
    [[], 'never'],
  ] as const)('of %j is "%s"', (days, text) => {
    expect(hoursText(hours({ timeZone: 'Europe/Berlin', days }))).toBe(text)
  })

  test('of hours that are none is "never"', () => {
    expect(hoursText(hours({ to: '08:00' }))).toBe('never')
  })

  test('over midnight is told as it was given', () => {
    expect(hoursText(hours({ days: ['fri'], from: '22:00', to: '06:00' }))).toBe('Fri 22:00 to 06:00 UTC')
  })
})
