export type Weekday = (typeof WEEK)[number]

const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

/**
 * When people are in the office, by the clock on its wall. `from` is inclusive and `to` exclusive, both
 * HH:MM; `to` may be 24:00. Where `to` is the earlier, the hours go over midnight and belong to the day on
 * which they begin. Where both are the same there are none.
 */
export interface OfficeHours {
  /** A name of the IANA time zone database. */
  readonly timeZone: string
  readonly days: readonly Weekday[]
  readonly from: string
  readonly to: string
}

/**
 * Whether the office is open at the instant (milliseconds since 1970). When the clocks are changed, hours
 * that the wall does not show are left out and those that it shows twice count twice. Throws a RangeError
 * where isTimeZone() denies the zone.
 */
export function isOpen({ timeZone, days, from, to }: OfficeHours, at: number): boolean {
  const { day, minute } = wallClock(timeZone, at)
  const [opens, closes] = [minuteOf(from), minuteOf(to)]
  const isDay = (index: number) => days.includes(WEEK[(index + WEEK.length) % WEEK.length]!)
  if (opens <= closes) return isDay(day) && opens <= minute && minute < closes
  return (isDay(day) && opens <= minute) || (isDay(day - 1) && minute < closes)
}

/**
 * Whether the text names a time zone that this Node knows, in whatever case. An offset such as +01:00 is
 * none: it knows no summer time, and not every Node takes it.
 */
export function isTimeZone(text: string): boolean {
  if (!/^[a-z]/i.test(text)) return false
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: text })
    return true
  } catch {
    return false
  }
}

/** "Mon to Fri 08:00 to 18:00 Europe/Berlin", from Monday on; "never" where there are no hours. */
export function hoursText({ timeZone, days, from, to }: OfficeHours): string {
  const groups: Weekday[][] = []
  for (const [index, day] of WEEK.entries()) {
    if (!days.includes(day)) continue
    const last = groups.at(-1)
    if (last !== undefined && last.at(-1) === WEEK[index - 1]) last.push(day)
    else groups.push([day])
  }
  if (groups.length === 0 || from === to) return 'never'
  return `${groups.map(groupText).join(', ')} ${from} to ${to} ${timeZone}`
}

function groupText(group: readonly Weekday[]): string {
  const [first, last] = [group[0]!, group.at(-1)!]
  return first === last ? capital(first) : `${capital(first)} to ${capital(last)}`
}

function capital(day: Weekday): string {
  return `${day[0]!.toUpperCase()}${day.slice(1)}`
}

/** What the wall shows: the day as an index of the week, and the minute of that day. */
function wallClock(timeZone: string, at: number): { day: number; minute: number } {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const shown = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
  return {
    day: WEEK.findIndex((day) => capital(day) === shown.get('weekday')),
    minute: Number(shown.get('hour')) * 60 + Number(shown.get('minute')),
  }
}

function minuteOf(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))
}
