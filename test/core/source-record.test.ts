import { expect, test } from 'vitest'
import { type Counter, type Settled, SourceRecord } from '../../lib/core/source-record.ts'
import { onePrefix } from './arbitraries.ts'

const END = 1_800_000_000

/** Which seconds before the end the settled count has in it, the oldest and the newest. */
function window(counter: Counter, settled: keyof Settled): readonly number[] {
  const back = Array.from({ length: 80 }, (_, i) => i).filter((seconds) => {
    const record = new SourceRecord(onePrefix('192.0.2.1/32'))
    record.add(counter, END - seconds)
    record.add(counter, END) // time has gone on to the end
    return record.settled(END)[settled] > 0
  })
  return [back.at(-1)!, back[0]!]
}

test.each([
  ['challenges', 'challenges', [12, 3]],
  ['followed', 'followed', [12, 3]],
  ['challenges', 'challenges60', [62, 3]],
  ['followed', 'followed60', [62, 3]],
  ['finals', 'finals', [12, 3]],
  ['acknowledged', 'acknowledged', [12, 3]],
  ['packetsIn', 'packetsIn', [12, 3]],
  ['bytesIn', 'bytesIn', [12, 3]],
  ['bytesOut', 'bytesOut', [12, 3]],
  ['outOfDialog', 'requests', [15, 6]],
  ['excused', 'excused', [15, 6]],
] as const)('%s are settled as %s from %j s before the end', (counter, settled, expected) => {
  expect(window(counter, settled)).toEqual(expected)
})
