import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Block } from '../../lib/core/block.ts'
import {
  type Incident,
  type IncidentBook,
  isOver,
  MOST_INCIDENTS,
  type News,
  NO_INCIDENTS,
  QUIET_MS,
  type Seen,
  seen,
} from '../../lib/core/incident.ts'
import {
  CHANGED_MS,
  dueNotices,
  heldBack,
  MOST_A_ROUND,
  MOST_AN_HOUR,
  type Notice,
  withTold,
} from '../../lib/core/incident-notices.ts'
import type { Prefix } from '../../lib/core/prefix.ts'
import type { DetectionClass } from '../../lib/core/suspicion.ts'
import { blockOf as floodOf } from '../contract/firewall.ts'
import { search } from '../search.ts'
import { onePrefix } from './arbitraries.ts'
import { NOW } from './reports.ts'

const MINUTE = 60_000
const MET: Seen['met'] = { mode: 'enforce', without: 0, failing: false, braked: false }

interface Sent extends Notice {
  readonly at: number
}

/** The life of a fence's incidents: rounds, with what stands and what happened. */
class Life {
  book: IncidentBook = NO_INCIDENTS
  readonly sent: Sent[] = []
  #ids = 0

  /** @param reaches whether a notice that is sent arrives */
  round(now: number, found: Partial<Seen>, reaches: (notice: Notice) => boolean = () => true): void {
    const newId = () => `id ${this.#ids++}`
    const book = seen(this.book, { blocks: [], news: [], met: MET, ...found }, now, newId)
    const { notices, held } = dueNotices(book, now)
    this.book = heldBack(book, held)
    for (const notice of notices) {
      if (!reaches(notice)) return
      this.sent.push({ ...notice, at: now })
      this.book = withTold(this.book, notice, now)
    }
  }

  states(): string[] {
    return this.sent.map(({ state, incident }) => `${state} ${incident.name}`)
  }
}

function blockFor(i: number, from: number, minutes: number, more: Partial<Block> = {}): Block {
  const prefix = `198.18.${i >> 8}.${i & 255}/32` as Prefix
  return {
    ...floodOf('192.0.2.1/32'),
    prefix,
    class: 'reflection',
    from,
    until: from + minutes * MINUTE,
    ...more,
  }
}

function alertAt(at: number, more: Partial<Extract<News, { kind: 'trouble' }>> = {}): News {
  return {
    kind: 'trouble',
    at,
    name: 'silent-sensor',
    host: 'i-1',
    source: null,
    why: 'it is silent',
    ...more,
  }
}

describe('an attack', () => {
  test('opens with its first block, and closes a quarter of an hour after its last one has ended', () => {
    const life = new Life()
    const blocks = [blockFor(1, NOW, 2)]
    life.round(NOW, { blocks })
    life.round(NOW + MINUTE, { blocks })
    for (let minute = 2; minute < 16; minute++) life.round(NOW + minute * MINUTE, {})
    expect(life.states()).toEqual(['opened reflection'])
    life.round(NOW + 16 * MINUTE, {})
    expect(life.states()).toEqual(['opened reflection', 'closed reflection'])
    expect(life.book.incidents).toEqual([])
  })

  test('goes on where its source is blocked again within that time', () => {
    const life = new Life()
    life.round(NOW, { blocks: [blockFor(1, NOW, 2)] })
    life.round(NOW + 14 * MINUTE, { blocks: [blockFor(1, NOW + 14 * MINUTE, 5)] })
    life.round(NOW + 20 * MINUTE, {})
    expect(life.states()).toEqual(['opened reflection'])
    expect(life.book.incidents).toMatchObject([{ since: NOW, peak: 1 }])
  })

  test('closes though a long block stands, and one that follows is another', () => {
    const life = new Life()
    const long = blockFor(1, NOW, 24 * 60, { scope: 'sip', class: 'brute-force' })
    for (let minute = 0; minute < 75; minute++) life.round(NOW + minute * MINUTE, { blocks: [long] })
    expect(life.states()).toEqual(['opened brute-force', 'closed brute-force'])
    expect(life.sent.at(-1)!.incident).toMatchObject({ until: long.until, standing: { sources: 1 } })
    const other = blockFor(2, NOW + 90 * MINUTE, 10, { scope: 'sip', class: 'brute-force' })
    life.round(NOW + 90 * MINUTE, { blocks: [long, other] })
    expect(life.sent.at(-1)).toMatchObject({
      state: 'opened',
      incident: { standing: { sources: 1 }, heaviest: [{ prefix: other.prefix }] },
    })
  })

  test('goes on while its long block is extended', () => {
    const life = new Life()
    const long = blockFor(1, NOW, 24 * 60, { scope: 'sip', class: 'flood' })
    for (let minute = 0; minute < 180; minute += 1) {
      const at = NOW + minute * MINUTE
      const news: News[] = minute % 45 === 0 ? [{ kind: 'attack', class: 'flood', at }] : []
      life.round(at, { blocks: [long], news })
    }
    expect(life.states()).toEqual(['opened flood'])
  })

  test('of sources of one weight names the lower addresses', () => {
    const life = new Life()
    const blocks = [7, 3, 5, 1, 9, 2].map((i) => blockFor(i, NOW, 2, { weight: 300 }))
    life.round(NOW, { blocks })
    const heaviest = life.sent[0]!.incident.heaviest.map(({ prefix }) => prefix)
    expect(heaviest).toEqual([1, 2, 3, 5, 7].map((i) => `198.18.0.${i}/32`))
  })

  test('of ten thousand sources is one incident, with their number and the heaviest five', () => {
    const life = new Life()
    const blocks = Array.from({ length: 10_000 }, (_, i) => blockFor(i, NOW, 5, { weight: i }))
    life.round(NOW, { blocks })
    expect(life.sent).toMatchObject([{ state: 'opened', incident: { standing: { sources: 10_000 } } }])
    const { heaviest } = life.sent[0]!.incident
    expect(heaviest.map(({ weight }) => weight)).toEqual([9_999, 9_998, 9_997, 9_996, 9_995])
    expect(JSON.stringify(life.book).length).toBeLessThan(5_000)
  })

  test('counts no block that a person made', () => {
    const life = new Life()
    const own = (name: Block['class']) => blockFor(1, NOW, 60, { origin: 'operator', class: name })
    life.round(NOW, { blocks: [own('operator'), own('reflection')] })
    expect(life.sent).toEqual([])
    life.round(NOW, { blocks: [own('reflection'), blockFor(2, NOW, 60)] })
    expect(life.sent).toMatchObject([{ incident: { standing: { sources: 1 } } }])
  })

  test.each<[string, number, Partial<Seen['met']>, Notice['changes']]>([
    ['twice as many sources', 4, {}, ['sources']],
    ['a few more sources', 3, {}, []],
    ['another mode', 2, { mode: 'observe' }, ['mode']],
    ['a block without an entry', 2, { without: 1 }, ['without']],
    ['a change that fails', 2, { failing: true }, ['failing']],
    ['the brake', 2, { braked: true }, ['braked']],
    [
      'all of it',
      9,
      { mode: 'off', without: 3, failing: true, braked: true },
      ['sources', 'mode', 'without', 'failing', 'braked'],
    ],
  ])('is told of again with %s', (_, sources, met, changes) => {
    const life = new Life()
    const blocks = Array.from({ length: sources }, (_, i) => blockFor(i, NOW, 60))
    life.round(NOW, { blocks: blocks.slice(0, 2) })
    life.round(NOW + CHANGED_MS - 1, { blocks, met: { ...MET, ...met } })
    expect(life.sent).toHaveLength(1)
    life.round(NOW + CHANGED_MS, { blocks, met: { ...MET, ...met } })
    expect(life.sent.slice(1).map((each) => each.changes)).toEqual(changes.length === 0 ? [] : [changes])
    life.round(NOW + 3 * CHANGED_MS, { blocks, met: { ...MET, ...met } })
    expect(life.sent).toHaveLength(changes.length === 0 ? 1 : 2)
  })
})

describe('a trouble', () => {
  test('is one for each host, goes on while it is told of, and closes twenty minutes after', () => {
    const life = new Life()
    for (let minute = 0; minute < 30; minute++) {
      const at = NOW + minute * MINUTE
      life.round(at, { news: [alertAt(at), ...(minute < 5 ? [alertAt(at, { host: 'i-2' })] : [])] })
    }
    expect(life.sent.map(({ state, incident }) => `${state} ${incident.host}`)).toEqual([
      'opened i-1',
      'opened i-2',
      'closed i-2',
    ])
    expect(life.sent.at(-1)!.at).toBe(NOW + 24 * MINUTE)
  })

  test('about many sources is one, and keeps few of them', () => {
    const life = new Life()
    const news = Array.from({ length: 300 }, (_, i) =>
      alertAt(NOW, { name: 'protected-source-flood', host: null, source: blockFor(i, NOW, 1).prefix }),
    )
    life.round(NOW, { news })
    expect(life.sent).toMatchObject([
      { incident: { name: 'protected-source-flood', standing: { sources: 20 } } },
    ])
  })

  test('of which one hears late is not opened once more', () => {
    const life = new Life()
    life.round(NOW, { news: [alertAt(NOW - QUIET_MS.trouble)] })
    expect(life.sent).toEqual([])
  })

  test('keeps no attack out, however many there are, and no attack keeps it out', () => {
    const life = new Life()
    const news = (at: number) => Array.from({ length: 500 }, (_, i) => alertAt(at, { host: `i-${i}` }))
    for (let minute = 0; minute < 5; minute++)
      life.round(NOW + minute * MINUTE, { news: news(NOW + minute * MINUTE) })
    expect(life.sent.filter(({ at }) => at === NOW)).toHaveLength(MOST_A_ROUND)
    expect(life.sent).toHaveLength(MOST_AN_HOUR)
    expect(life.sent.filter(({ last }) => last)).toHaveLength(1)
    expect(life.sent.at(-1)!.last).toBe(true)
    expect(life.book.incidents).toHaveLength(MOST_INCIDENTS)
    life.round(NOW + 5 * MINUTE, { news: news(NOW), blocks: [blockFor(1, NOW, 60)] })
    expect(life.sent.at(-1)).toMatchObject({ state: 'opened', incident: { name: 'reflection' } })
  })

  test('of the largest kind, a hundred times beside three attacks, fits into one row of DynamoDB', () => {
    const life = new Life()
    const why = '\u3042'.repeat(2_000)
    const news = Array.from({ length: 4_000 }, (_, i) =>
      alertAt(NOW, {
        host: `i-${'0'.repeat(150)}${i % 200}`,
        why,
        source: onePrefix(`2001:db8:${i.toString(16)}::/64`),
      }),
    )
    const blocks = (['reflection', 'flood', 'brute-force'] as const).flatMap((name) =>
      Array.from({ length: 50 }, (_, i) => blockFor(i, NOW, 60, { class: name, why })),
    )
    life.round(NOW, { news, blocks })
    expect(life.book.incidents).toHaveLength(MOST_INCIDENTS)
    expect(Buffer.byteLength(JSON.stringify(life.book))).toBeLessThan(350_000) // documented: 400 KB
  })

  test('that was held back and is over by then is not told of', () => {
    const life = new Life()
    life.round(NOW, { news: Array.from({ length: 50 }, (_, i) => alertAt(NOW, { host: `i-${i}` })) })
    for (let minute = 1; minute < 200; minute++) life.round(NOW + minute * MINUTE, {})
    const of = (state: string) => life.sent.filter((each) => each.state === state).length
    expect([of('opened'), of('closed'), life.book.incidents.length]).toEqual([MOST_AN_HOUR, MOST_AN_HOUR, 0])
  })
})

/** What happens in one minute of a fence. */
const minute = fc.record({
  /** Sources that begin to be blocked, for how long, and as what. */
  blocks: fc.array(
    fc.record({
      i: fc.integer({ min: 0, max: 30 }),
      minutes: fc.constantFrom(2, 5, 60, 600),
      class: fc.constantFrom<DetectionClass>('reflection', 'flood', 'brute-force'),
    }),
    { maxLength: 3 },
  ),
  alerts: fc.array(
    fc.record({
      name: fc.constantFrom('silent-sensor', 'brake'),
      host: fc.constantFrom('i-1', 'i-2', null),
      source: fc.constantFrom(null, onePrefix('192.0.2.1/32'), onePrefix('192.0.2.2/32')),
    }),
    { maxLength: 3 },
  ),
  met: fc.record({
    mode: fc.constantFrom('enforce' as const, 'observe' as const),
    without: fc.constantFrom(0, 0, 2),
    failing: fc.boolean(),
    braked: fc.boolean(),
  }),
  /** After how many notices the topic fails in this round. */
  reaches: fc.constantFrom(0, 1, 99, 99, 99),
  /** The round's last keeping was lost after its notice was sent. */
  crashes: fc.constantFrom(false, false, false, true),
})

/** Hours of quiet after which everything is told. */
const QUIET_MINUTES = 900

type Minute = typeof minute extends fc.Arbitrary<infer T> ? T : never

function live(minutes: readonly Minute[], crashing: boolean): Life {
  const life = new Life()
  let blocks: Block[] = []
  for (const [i, { blocks: begun, alerts, met, reaches, crashes }] of minutes.entries()) {
    const now = NOW + i * MINUTE
    const fresh = begun.map((each) =>
      blockFor(each.i, now, each.minutes, {
        class: each.class,
        scope: each.minutes > 60 ? 'sip' : 'sip-udp',
      }),
    )
    blocks = [...blocks.filter(({ until }) => now < until), ...fresh]
    const news = alerts.map((each) => alertAt(now, each))
    let left = reaches
    let before = life.book
    const watched = () => {
      before = life.book
      return left-- > 0
    }
    const count = life.sent.length
    life.round(now, { blocks, news, met }, watched)
    if (crashing && crashes && life.sent.length > count) life.book = before
  }
  for (let i = 0; i < QUIET_MINUTES; i++) {
    const now = NOW + (minutes.length + i) * MINUTE
    blocks = blocks.filter(({ until }) => now < until)
    life.round(now, { blocks })
  }
  return life
}

describe('what people are told', () => {
  const lives = fc.array(minute, { minLength: 1, maxLength: 60 })

  test('opens each incident once and closes it once after that, whatever fails to be sent', () => {
    search(
      fc.property(lives, (minutes) => {
        const { sent, book } = live(minutes, false)
        expect(book.incidents).toEqual([])
        for (const told of byIncident(sent)) {
          const states = told.map(({ state }) => state)
          expect(states[0]).toBe('opened')
          expect(states.at(-1)).toBe('closed')
          expect(states.slice(1, -1).every((state) => state === 'changed')).toBe(true)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('is every block and every alert', () => {
    search(
      fc.property(lives, (minutes) => {
        const { sent } = live(minutes, false)
        const opened = new Set(
          sent
            .filter(({ state }) => state === 'opened')
            .map(({ incident }) => `${incident.name} ${incident.host}`),
        )
        for (const { blocks, alerts } of minutes) {
          for (const each of blocks) expect(opened).toContain(`${each.class} null`)
          for (const { name, host } of alerts) expect(opened).toContain(`${name} ${host}`)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('comes at most once in ten minutes of an incident that goes on, and never too often in an hour', () => {
    search(
      fc.property(lives, (minutes) => {
        const { sent } = live(minutes, false)
        for (const told of byIncident(sent)) {
          for (const [i, { state, at }] of told.entries())
            if (state === 'changed') expect(at - told[i - 1]!.at).toBeGreaterThanOrEqual(CHANGED_MS)
        }
        for (const { at, incident } of sent) {
          const same = sent.filter((each) => each.incident.kind === incident.kind)
          const hour = same.filter((each) => each.at <= at && at - each.at < 60 * MINUTE)
          expect(hour.length).toBeLessThanOrEqual(MOST_AN_HOUR)
          expect(same.filter((each) => each.at === at).length).toBeLessThanOrEqual(MOST_A_ROUND)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('is repeated once where a round crashes after it was sent, with the same id, and no other', () => {
    search(
      fc.property(lives, (minutes) => {
        const { sent, book } = live(minutes, true)
        expect(book.incidents).toEqual([])
        const crashes = minutes.filter((each) => each.crashes).length
        const once = (state: string) => {
          const told = sent.filter((each) => each.state === state).map(({ incident }) => incident.id)
          return told.length - new Set(told).size
        }
        expect(once('opened') + once('closed')).toBeLessThanOrEqual(crashes)
      }),
      { numRuns: 60 },
    )
  })

  test('is the same when a round sees the same again', () => {
    search(
      fc.property(fc.array(minute, { maxLength: 5 }), (minutes) => {
        const newId = (): string => 'id'
        let book = NO_INCIDENTS
        for (const [i, { blocks, alerts, met }] of minutes.entries()) {
          const now = NOW + i * MINUTE
          const found = {
            blocks: blocks.map((each) => blockFor(each.i, now, each.minutes, { class: each.class })),
            news: alerts.map((each) => alertAt(now, each)),
            met,
          }
          book = seen(book, found, now, newId)
          expect(seen(book, found, now, newId)).toEqual(book)
        }
      }),
    )
  })
})

function byIncident(sent: readonly Sent[]): readonly Sent[][] {
  const found = new Map<string, Sent[]>()
  for (const each of sent) found.set(each.incident.id, [...(found.get(each.incident.id) ?? []), each])
  return [...found.values()]
}

test('an incident is over after its quiet time and not before', () => {
  const incident = { kind: 'trouble', lastAt: NOW } as Incident
  expect(isOver(incident, NOW + QUIET_MS.trouble - 1)).toBe(false)
  expect(isOver(incident, NOW + QUIET_MS.trouble)).toBe(true)
})
