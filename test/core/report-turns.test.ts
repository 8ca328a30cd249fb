import { expect, test } from 'vitest'
import { DEFAULTS } from '../../lib/config.ts'
import type { Prefix } from '../../lib/core/prefix.ts'
import { ReportWriter } from '../../lib/core/report-writer.ts'
import { Sources } from '../../lib/core/sources.ts'

const GUESSER = '198.51.100.9/32' as Prefix
const BEGIN = 1_700_000_100
const FORGED = [
  'packetsIn',
  'packetsOut',
  'register',
  'outOfDialog',
  'challenges',
  'replies',
  'finals',
] as const
const TRIED = ['packetsIn', 'packetsOut', 'replies', 'failures', 'register'] as const

/** In how many reports of ten minutes somebody who guesses passwords is past his limit, while so many victims are forged. */
function shownAmong(victims: number): number {
  const sources = new Sources(1)
  const reporter = { fence: 'f', host: 'h', boot: 'b' }
  const writer = new ReportWriter(sources, { reporter, limits: DEFAULTS.limits })
  let shown = 0
  for (let second = BEGIN; second < BEGIN + 600; second++) {
    for (let victim = 0; victim < victims; victim++) {
      const record = sources.touch(`203.0.${victim >> 8}.${victim & 255}/32` as Prefix, true)!
      record.lastSecond = second
      record.transports.add('udp')
      for (const counter of FORGED) record.add(counter, second, 15)
    }
    if (second % 30 === 0) guess(sources, second)
    sources.endSecond(second + 1)
    const report = writer.report(second + 1, { lossFraction: 0, clockSkewMs: 0 })
    if (report?.sources.some(({ prefix, w600 }) => prefix === GUESSER && (w600.failures ?? 0) >= 10)) shown++
  }
  return shown
}

/** One more wrong password, each for another user, on a nonce that was sent to him. */
function guess(sources: Sources, second: number): void {
  const record = sources.touch(GUESSER, true)!
  record.lastSecond = second
  record.transports.add('udp')
  record.prove('nonce', second)
  for (const counter of TRIED) record.add(counter, second, 1)
  record.addFailedUser(Math.imul(second, 2_654_435_761) >>> 0, second)
}

test.each([0, 105, 200])('whoever is really there is not hidden by %i victims that are forged', (victims) => {
  expect(shownAmong(victims)).toBeGreaterThan(10)
})
