import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noticeDocument } from '../../lib/contract/notice.ts'
import type { Incident, Standing } from '../../lib/core/incident.ts'
import type { Notice } from '../../lib/core/incident-notices.ts'
import { type IncidentMessage, messageOf } from '../../lib/incidents.ts'
import { NewsJournal } from '../../lib/news.ts'
import type { RoundRecord } from '../../lib/round-record.ts'
import { plain } from '../../lib/view/notice-words.ts'
import { blockOf } from '../contract/firewall.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { search } from '../search.ts'

const NOW = Date.parse('2026-11-22T10:50:00Z')
const MINUTE = 60_000
const ABOUT = { fence: 'pbx', region: 'eu-west-1', runbook: 'docs/runbook.md' }
const ACL = { id: 'acl-0a1b2c3d', entries: 3, refused: 0, braked: null, problem: null, free: 15, foreign: 0 }
const PLACES = { firewalls: [ACL], sets: [] }
const STANDING: Standing = { sources: 3, mode: 'enforce', without: 0, failing: false, braked: false }

const ATTACK: Incident = {
  id: '01KAWVM2Q0000000000000000A',
  kind: 'attack',
  name: 'reflection',
  host: null,
  since: NOW - 7 * MINUTE,
  lastAt: NOW,
  happenedAt: 0,
  peak: 3,
  until: NOW + 15 * MINUTE,
  heaviest: [
    {
      prefix: onePrefix('192.0.2.200/32'),
      weight: 612,
      until: NOW + 15 * MINUTE,
      why: '300 of 300 challenges were never followed up',
    },
  ],
  about: [],
  why: '',
  standing: STANDING,
  told: null,
  held: false,
}

const TROUBLE: Incident = {
  ...ATTACK,
  kind: 'trouble',
  name: 'silent-sensor',
  host: 'i-0123456789abcdef0',
  until: null,
  heaviest: [],
  why: 'the sensor on i-0123456789abcdef0 has not reported since 10:47',
}

function message(
  incident: Incident,
  more: Partial<Notice> = {},
  places: Pick<RoundRecord, 'firewalls' | 'sets'> = PLACES,
): IncidentMessage {
  return messageOf({ state: 'opened', incident, changes: [], last: false, ...more }, places, ABOUT, NOW)
}

describe('the subject of a notice', () => {
  const attack = (standing: Partial<Standing>): Incident => ({
    ...ATTACK,
    standing: { ...STANDING, ...standing },
  })
  test.each<[string, Incident, Partial<Notice>, string]>([
    ['an attack that is blocked', ATTACK, {}, 'BLOCKING reflection: 3 sources, until 11:05 UTC'],
    [
      'one that ends on another day',
      { ...ATTACK, until: NOW + 24 * 60 * MINUTE },
      {},
      'BLOCKING reflection: 3 sources, until 2026-11-23 10:50 UTC',
    ],
    [
      'one that is observed',
      attack({ mode: 'observe', sources: 1 }),
      {},
      'OBSERVED (not blocked) reflection: 1 source',
    ],
    [
      'one while the fence is off',
      attack({ mode: 'off' }),
      {},
      'NOT BLOCKED (fence off) reflection: 3 sources',
    ],
    [
      'one that is over',
      { ...ATTACK, peak: 12_000 },
      { state: 'closed' },
      'CLOSED reflection: 12,000 sources at most, since 10:43 UTC',
    ],
    ['a trouble', TROUBLE, {}, 'TROUBLE silent-sensor i-0123456789abcdef0'],
    [
      'one about sources',
      {
        ...TROUBLE,
        host: null,
        name: 'protected-source-flood',
        about: [1, 2, 3].map((i) => onePrefix(`192.0.2.${i}/32`)),
      },
      {},
      'TROUBLE protected-source-flood 192.0.2.1/32 and 2 more',
    ],
    [
      'one that is over',
      TROUBLE,
      { state: 'closed' },
      'CLOSED silent-sensor i-0123456789abcdef0, after 7 min',
    ],
  ])('says it all of %s', (_, incident, more, words) => {
    expect(message(incident, more).subject).toBe(`[sipfence pbx] ${words}`)
  })

  test.each<[string, object, string]>([
    ['without an entry', { refused: 2, free: -2 }, '3 sources, 2 without entry'],
    ['that fail', { problem: 'UnauthorizedOperation' }, '3 sources'],
    ['under the brake', { braked: 'the plan lifts 12' }, '3 sources'],
  ])('does not call an attack blocked with blocks %s', (_, place, words) => {
    const places = { firewalls: [{ ...ACL, ...place }], sets: [] }
    const { subject, forms } = message(ATTACK, {}, places)
    expect(subject).toBe(`[sipfence pbx] BLOCKING IN PART reflection: ${words}`)
    expect(forms.email).not.toContain('packets/s, blocked until')
  })
})

describe('the text of a notice', () => {
  test('tells of an attack what was seen, what was done, until when, and how to undo it', () => {
    const { email, sms } = message(ATTACK, { changes: ['sources'], last: true }).forms
    for (const words of [
      /^\[sipfence pbx\] BLOCKING reflection: 3 sources, until 11:05 UTC\n/,
      'Sources: 3 now, 3 at most. First seen 10:43 UTC, last 10:50 UTC.',
      '192.0.2.200/32: 612 packets/s, blocked until 11:05 UTC',
      '300 of 300 challenges were never followed up',
      'acl-0a1b2c3d: 3 entries',
      'Told again because the number of sources has at least doubled.',
      'npx sipfence why 192.0.2.200',
      'npx sipfence off',
      'docs/runbook.md#attack-under-way',
      'Incident 01KAWVM2Q0000000000000000A, opened.',
      'More are held back',
    ])
      expect(email).toMatch(words)
    expect(sms).toBe(email.split('\n')[0])
  })

  test('does not say that anything was blocked in observe', () => {
    const { email } = message({ ...ATTACK, standing: { ...STANDING, mode: 'observe' } }).forms
    expect(email).toContain('What was done: nothing, the mode is observe.')
    expect(email).toContain('would be blocked until')
    expect(email).toContain('npx sipfence mode enforce')
    expect(email).not.toMatch(/packets\/s, blocked/)
  })

  test('tells when blocks stand that outlast their attack', () => {
    expect(message(ATTACK, { state: 'closed' }).forms.email).toContain(
      '3 blocks of it still stand, the last until 11:05 UTC.',
    )
    const gone = { ...ATTACK, until: null, standing: { ...STANDING, sources: 0 } }
    expect(message(gone, { state: 'closed' }).forms.email).toContain('None of its blocks stands any more.')
  })

  test('tells of a trouble why, since when, and where to read what to do', () => {
    const { email } = message(TROUBLE).forms
    expect(email).toContain(`${TROUBLE.why}\n\nFirst seen 10:43 UTC, last 10:50 UTC.`)
    expect(email).toContain('docs/runbook.md#sensor-silent')
  })

  test('is for a chat a custom notification in the thread of its incident', () => {
    expect(JSON.parse(message(ATTACK, { state: 'closed' }).forms.https)).toMatchObject({
      version: '1.0',
      source: 'custom',
      content: { title: expect.stringContaining('CLOSED reflection') },
      metadata: { threadId: ATTACK.id },
    })
  })

  test('is for programs a document, and attributes that name the same', () => {
    const { forms, attributes } = message(ATTACK)
    const document = noticeDocument.parse(JSON.parse(forms.default))
    expect(document).toMatchObject({ kind: 'attack', sources: { now: 3, peak: 3 }, severity: 'warning' })
    expect(attributes).toEqual({
      'sipfence.fence': 'pbx',
      incident: ATTACK.id,
      state: 'opened',
      kind: 'attack',
      severity: 'warning',
      schema: 'sipfence.notice/1',
      class: 'reflection',
    })
    expect(message(TROUBLE).attributes).toMatchObject({ alert: 'silent-sensor', severity: 'critical' })
  })
})

describe('whatever somebody else wrote', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 600 }),
    fc.string({ unit: 'grapheme', maxLength: 600 }),
    fc.constantFrom(
      '\u001b[2J\u202eevil\u0000',
      '<!channel> <http://evil.example|bank>',
      '[bank](http://evil.example) @here `x`',
      '\ud800 \u061c \u{e0041}',
      'www.evil.example',
    ),
  )
  const unsafe = /[^\x20-\x7e\n]|[<>[\]&@|`]|:\/\/|www\./i

  test('is plain text in every form, and the whole stays small', () => {
    search(
      fc.property(
        anything,
        anything,
        fc.constantFrom('opened' as const, 'closed' as const),
        (one, other, state) => {
          const [source] = ATTACK.heaviest
          const heaviest = Array.from({ length: 5 }, () => ({ ...source!, why: one }))
          const places = {
            firewalls: Array.from({ length: 12 }, () => ({ ...ACL, id: other, problem: one, braked: other })),
            sets: [],
          }
          for (const { subject, forms } of [
            message({ ...ATTACK, heaviest }, { state, changes: ['sources'] }, places),
            message({ ...TROUBLE, host: other, why: one }, { state }),
          ]) {
            expect(subject).toMatch(/^\[sipfence pbx\] [\x20-\x7e]{0,85}$/)
            noticeDocument.parse(JSON.parse(forms.default))
            for (const text of textsIn([forms.email, JSON.parse(forms.default), JSON.parse(forms.https)]))
              expect(text.replace('[sipfence pbx]', '')).not.toMatch(unsafe)
            expect(JSON.stringify(forms).length).toBeLessThan(20_000)
          }
        },
      ),
      { numRuns: 150 },
    )
  })

  test('is no longer than it may be, and left alone where it is harmless', () => {
    search(
      fc.property(anything, fc.integer({ min: 4, max: 50 }), (text, most) => {
        const once = plain(text, most)
        expect(once.length).toBeLessThanOrEqual(most)
        expect(plain(once, most)).toBe(once)
      }),
    )
    expect(plain('12 of 30 logins from 192.0.2.1/32 (limit 10)', 100)).toBe(
      '12 of 30 logins from 192.0.2.1/32 (limit 10)',
    )
  })
})

test('a usual notice, in all its forms, is below 8 KB', () => {
  const [source] = ATTACK.heaviest
  const heaviest = Array.from({ length: 5 }, () => ({ ...source!, why: 'w'.repeat(200) }))
  expect(JSON.stringify(message({ ...ATTACK, heaviest }).forms).length).toBeLessThan(8_000)
})

/** Every text in a value, keys apart. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

describe('a journal that notes what happens', () => {
  const about = (name: string, source: string | null = null) =>
    ({
      kind: 'alert',
      alert: { at: 0, kind: name as 'brake', source: source === null ? null : onePrefix(source), why: 'so' },
    }) as const

  function open(now = { at: NOW }) {
    const noted: string[] = []
    const written: string[] = []
    let failing = false
    const state = {
      noteNews: async (news: { readonly kind: string; readonly at: number }) => {
        if (failing) throw new Error('no ledger')
        noted.push(`${news.kind} ${'source' in news ? news.source : ''}`)
      },
    }
    const write = async ({ kind }: { readonly kind: string }) => {
      written.push(kind)
    }
    const journal = new NewsJournal({ write }, state, () => now.at)
    const fail = (whether: boolean): void => {
      failing = whether
    }
    return { journal, noted, written, now, fail }
  }

  test('notes an alert once a minute, and hands each one on', async () => {
    const { journal, noted, written, now } = open()
    for (let i = 0; i < 3; i++) await journal.write(about('brake'))
    now.at += MINUTE
    await journal.write(about('brake'))
    expect([noted, written]).toEqual([
      ['trouble null', 'trouble null'],
      ['alert', 'alert', 'alert', 'alert'],
    ])
  })

  test('notes once a minute what lasts', async () => {
    const { journal, noted, now } = open()
    const { alert } = about('protected-source-flood', '192.0.2.1/32')
    for (let i = 0; i < 3; i++) await journal.lasts(alert)
    expect(noted).toEqual(['trouble 192.0.2.1/32'])
    now.at += MINUTE
    await journal.lasts(alert)
    expect(noted).toHaveLength(2)
  })

  test('notes few of many sources in a minute', async () => {
    const { journal, noted } = open()
    for (let i = 0; i < 200; i++) await journal.write(about('protected-source-flood', `192.0.2.${i}/32`))
    expect(noted).toHaveLength(5)
  })

  test('notes blocks that begin or are extended, and none that end or that a person made', async () => {
    const { journal, noted } = open()
    const block = blockOf('192.0.2.1/32')
    await journal.write({ kind: 'block', change: 'ended', block })
    await journal.write({ kind: 'block', change: 'new', block: { ...block, class: 'operator' } })
    expect(noted).toEqual([])
    await journal.write({ kind: 'block', change: 'extended', block })
    await journal.write({ kind: 'block', change: 'new', block: { ...block, class: 'reflection' } })
    expect(noted).toEqual(['attack ', 'attack '])
  })

  test('fails where it cannot note, and notes when it is tried again', async () => {
    const { journal, noted, written, fail } = open()
    fail(true)
    await expect(journal.write(about('brake'))).rejects.toThrow('no ledger')
    expect(written).toEqual([])
    fail(false)
    await journal.write(about('brake'))
    expect(noted).toHaveLength(1)
  })
})
