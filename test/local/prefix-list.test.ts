import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Prefix } from '../../lib/core/prefix.ts'
import type { PrefixListOptions } from '../../lib/local/prefix-list.ts'
import { ManagedPrefixList } from '../../lib/local/prefix-list.ts'
import type { PrefixListChange } from '../../lib/local/prefix-list-change.ts'
import { PrefixListError } from '../../lib/local/prefix-list-change.ts'
import { search } from '../search.ts'

function listOf(texts: readonly string[] = [], over: Partial<PrefixListOptions> = {}): ManagedPrefixList {
  return new ManagedPrefixList({ family: 4, entries: entriesOf(texts), ...over })
}

function entriesOf(texts: readonly string[]): { prefix: Prefix }[] {
  return texts.map((prefix) => ({ prefix: prefix as Prefix }))
}

function adding(...cidrs: string[]): PrefixListChange {
  return { add: cidrs.map((cidr) => ({ cidr })) }
}

function held({ entries }: ManagedPrefixList): string[] {
  return entries.map(({ prefix }) => prefix)
}

/** `count` networks, each another. */
function many(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`)
}

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof PrefixListError) return error.code
    throw error
  }
  return 'accepted'
}

describe('a change of entries', () => {
  test('is a new version with what was added after what is left', () => {
    const list = listOf(['192.0.2.0/24', '198.51.100.0/24'])
    list.modify({ currentVersion: 1, ...adding('203.0.113.7/32'), remove: ['192.0.2.0/24'] })
    expect(held(list)).toEqual(['198.51.100.0/24', '203.0.113.7/32'])
    expect(list.describe()).toEqual({
      name: 'sip',
      maxEntries: 1000,
      version: 2,
      state: 'modify-complete',
    })
  })

  test('takes descriptions, a new one for an entry that is there too, and keeps the entry in its place', () => {
    const list = listOf(['192.0.2.0/24', '198.51.100.0/24'])
    list.modify({ add: [{ cidr: '192.0.2.0/24', description: 'a block' }] })
    expect(list.entries).toEqual([
      { prefix: '192.0.2.0/24', description: 'a block' },
      { prefix: '198.51.100.0/24' },
    ])
  })

  test('of IPv6 is held in canonical text', () => {
    const list = listOf([], { family: 6 })
    list.modify(adding('2001:DB8:0:0::/64'))
    expect(held(list)).toEqual(['2001:db8::/64'])
    expect(refusal(() => list.modify(adding('2001:db8::/64')))).toBe('InvalidPrefixListModification')
  })

  test('leaves the list of the version before as it was', () => {
    const list = listOf(['192.0.2.0/24'])
    const before = list.entries
    list.modify(adding('198.51.100.0/24'))
    expect(before).toEqual([{ prefix: '192.0.2.0/24' }])
    expect(Object.isFrozen(before)).toBe(true)
    expect(list.entriesOf(1)).toBe(before)
  })

  test('takes 100 to add and 100 to remove, and no more of either', () => {
    const list = listOf(many(101))
    const more = Array.from({ length: 101 }, (_, i) => `192.0.2.${i}/32`)
    expect(refusal(() => list.modify(adding(...more)))).toBe('InvalidParameterValue')
    expect(refusal(() => list.modify({ remove: many(101) }))).toBe('InvalidParameterValue')
    expect(list.version).toBe(1)
    list.modify({ ...adding(...more.slice(1)), remove: many(100) })
    expect(list.entries).toHaveLength(101)
  })

  test('may fill the list to its maximum and not beyond, counting what it removes', () => {
    const list = listOf(many(2), { maxEntries: 3 })
    list.modify(adding('192.0.2.0/24'))
    expect(refusal(() => list.modify(adding('198.51.100.0/24')))).toBe('PrefixListMaxEntriesExceeded')
    expect(refusal(() => list.modify({ ...adding('198.51.100.0/24'), remove: ['192.0.2.0/24'] }))).toBe(
      'accepted',
    )
    expect(list.version).toBe(3)
  })

  test('may add the description of an entry in a list that is full', () => {
    const list = listOf(many(1), { maxEntries: 1 })
    list.modify({ add: [{ cidr: '10.0.0.0/24', description: 'x'.repeat(255) }] })
    expect(list.entries[0]!.description).toHaveLength(255)
  })
})

describe('a change that is refused', () => {
  test.each<[string, PrefixListChange, string]>([
    ['of another version', { ...adding('192.0.2.0/24'), currentVersion: 2 }, 'PrefixListVersionMismatch'],
    ['of version 0', { ...adding('192.0.2.0/24'), currentVersion: 0 }, 'InvalidParameterValue'],
    ['that removes what is not there', { remove: ['192.0.2.0/24'] }, 'InvalidPrefixListModification'],
    ['that adds what is there', adding('10.0.0.0/24'), 'InvalidPrefixListModification'],
    [
      'that adds and removes the same',
      { ...adding('10.0.0.0/24'), remove: ['10.0.0.0/24'] },
      'InvalidParameterValue',
    ],
    ['that adds the same twice', adding('192.0.2.0/24', '192.0.2.0/24'), 'InvalidParameterValue'],
    ['that removes the same twice', { remove: ['10.0.0.0/24', '10.0.0.0/24'] }, 'InvalidParameterValue'],
    ['of the other family', adding('2001:db8::/64'), 'InvalidParameterValue'],
    ['with host bits', adding('192.0.2.7/24'), 'InvalidParameterValue'],
    ['without a length', adding('192.0.2.7'), 'InvalidParameterValue'],
    ['of what is no CIDR', adding('999.1.1.1/32'), 'InvalidParameterValue'],
    ['of an empty CIDR', { remove: [''] }, 'InvalidParameterValue'],
    [
      'with 256 characters of description',
      { add: [{ cidr: '192.0.2.0/24', description: 'x'.repeat(256) }] },
      'InvalidParameterValue',
    ],
    ['of entries and maximum', { ...adding('192.0.2.0/24'), maxEntries: 10 }, 'InvalidParameterCombination'],
    ['of nothing', { currentVersion: 1 }, 'InvalidRequest'],
    ['to a maximum of 0', { maxEntries: 0 }, 'InvalidParameterValue'],
    ['to a maximum of 1001', { maxEntries: 1001 }, 'InvalidParameterValue'],
    ['to a maximum below what is there', { maxEntries: 1 }, 'PrefixListMaxEntriesExceeded'],
    ['to a name as AWS has', { name: 'com.amazonaws.x' }, 'InvalidParameterValue'],
    ['of entries with an empty name', { ...adding('192.0.2.0/24'), name: '' }, 'InvalidParameterValue'],
  ])('%s changes nothing', (_name, change, code) => {
    const list = listOf(many(2))
    const told: number[] = []
    list.onChange = (at) => told.push(at)
    const before = [list.entries, list.describe()]
    expect(refusal(() => list.modify(change))).toBe(code)
    expect([list.entries, list.describe(), told]).toEqual([...before, []])
  })

  test('says what was refused, cut and escaped', () => {
    expect(() => listOf().modify(adding(`\u001b${'9'.repeat(5000)}`))).toThrow(
      /^Cannot take CIDR "\\u001b9{59}"; expected an IPv4 network/,
    )
  })

  test('is refused at the start too', () => {
    expect(refusal(() => listOf(['192.0.2.0/24', '192.0.2.0/24']))).toBe('InvalidParameterValue')
    expect(refusal(() => listOf(['192.0.2.1/24']))).toBe('InvalidParameterValue')
    expect(refusal(() => listOf(many(2), { maxEntries: 1 }))).toBe('PrefixListMaxEntriesExceeded')
    expect(listOf(many(1000)).entries).toHaveLength(1000)
  })
})

describe('versions', () => {
  test('a version that is restored is a new one', () => {
    const list = listOf(['192.0.2.0/24'])
    list.modify(adding('198.51.100.0/24'))
    list.restore(1, 2)
    expect([list.version, held(list), list.describe().state]).toEqual([
      3,
      ['192.0.2.0/24'],
      'restore-complete',
    ])
  })

  test('a restore names the version that is and one that was', () => {
    const list = listOf(['192.0.2.0/24'])
    list.modify(adding('198.51.100.0/24'))
    expect(refusal(() => list.restore(1, 1))).toBe('PrefixListVersionMismatch')
    expect(refusal(() => list.restore(3, 2))).toBe('InvalidParameterValue')
    expect(refusal(() => list.restore(0, 2))).toBe('InvalidParameterValue')
    expect(list.version).toBe(2)
  })

  test('a restore that the maximum has become too small for is refused', () => {
    const list = listOf(many(2))
    list.modify({ remove: ['10.0.0.0/24'] })
    list.modify({ maxEntries: 1 })
    expect(refusal(() => list.restore(1, 2))).toBe('PrefixListMaxEntriesExceeded')
  })

  test('the newest 1,000 are kept', () => {
    const list = listOf()
    for (let i = 0; i < 500; i++) {
      list.modify(adding('192.0.2.0/24'))
      list.modify({ remove: ['192.0.2.0/24'] })
    }
    expect(list.version).toBe(1001)
    expect(refusal(() => list.entriesOf(1))).toBe('InvalidParameterValue')
    expect(list.entriesOf(2)).toEqual([{ prefix: '192.0.2.0/24' }])
    expect(refusal(() => list.entriesOf(1002))).toBe('InvalidParameterValue')
  })

  test('a name and a maximum are no new version', () => {
    const list = listOf()
    list.modify({ name: 'other', maxEntries: 7 })
    expect(list.describe()).toEqual({ name: 'other', maxEntries: 7, version: 1, state: 'modify-complete' })
  })
})

describe('a change that takes time', () => {
  let now = 0
  const slow = (texts: readonly string[] = []) => {
    now = 1000
    return listOf(texts, { settleMs: 500, now: () => now })
  }

  test('shows the old version until it is in force', () => {
    const list = slow(['192.0.2.0/24'])
    const told: number[] = []
    list.onChange = (at) => told.push(at)
    list.modify(adding('198.51.100.0/24'))
    now = 1499
    expect(list.describe()).toMatchObject({ version: 1, state: 'modify-in-progress' })
    expect([held(list), refusal(() => list.entriesOf(2))]).toEqual([
      ['192.0.2.0/24'],
      'InvalidParameterValue',
    ])
    expect(list.describe(1500)).toMatchObject({ version: 2, state: 'modify-complete' })
    now = 1500
    expect(list.describe()).toMatchObject({ version: 2, state: 'modify-complete' })
    expect([held(list), told]).toEqual([['192.0.2.0/24', '198.51.100.0/24'], [1500]])
  })

  test('refuses the next one until then, whatever its version, but for the name', () => {
    const list = slow()
    list.modify({ ...adding('192.0.2.0/24'), currentVersion: 1 })
    const next = { ...adding('198.51.100.0/24'), currentVersion: 2 }
    expect(refusal(() => list.modify(next))).toBe('IncorrectState')
    expect(refusal(() => list.modify({ ...next, currentVersion: 1 }))).toBe('IncorrectState')
    expect(refusal(() => list.restore(1, 1))).toBe('IncorrectState')
    expect(refusal(() => list.modify({ maxEntries: 5 }))).toBe('IncorrectState')
    list.modify({ name: 'other' })
    expect(list.describe()).toMatchObject({ name: 'other', state: 'modify-in-progress' })
    now = 1500
    expect(list.describe()).toMatchObject({ name: 'other', version: 2, state: 'modify-complete' })
    expect(refusal(() => list.modify(next))).toBe('accepted')
  })

  test('a list that was only just made is in progress', () => {
    now = 0
    const list = listOf(['192.0.2.0/24'], { fresh: true, settleMs: 500, now: () => now })
    expect(list.describe()).toMatchObject({ state: 'create-in-progress', version: 1 })
    expect(refusal(() => list.modify(adding('198.51.100.0/24')))).toBe('IncorrectState')
    now = 500
    expect(list.describe()).toMatchObject({ state: 'create-complete', version: 1 })
  })
})

describe('a resize', () => {
  const referrer = (id: string, most: number) => ({ id, bears: (_: string, size: number) => size <= most })

  test('fails later where who refers to the list cannot pay, and says who, up to ten', () => {
    const list = listOf(many(2), { maxEntries: 5 })
    for (let i = 10; i < 22; i++) list.referrers.add(referrer(`sg-${i}`, 9))
    list.referrers.add(referrer('sg-rich', 99))
    expect(refusal(() => list.modify({ maxEntries: 10 }))).toBe('accepted')
    expect(list.describe()).toMatchObject({ state: 'modify-failed', maxEntries: 5, version: 1 })
    expect(list.describe().stateMessage).toMatch(/^10 entries .* sg-10, .*, sg-19$/)
  })

  test('that all can pay for succeeds, and the reason of a failure goes with the next change', () => {
    const list = listOf(many(2), { maxEntries: 5 })
    list.referrers.add(referrer('sg-1', 9))
    list.modify({ maxEntries: 10 })
    list.modify({ maxEntries: 9 })
    expect(list.describe()).toEqual({ name: 'sip', maxEntries: 9, version: 1, state: 'modify-complete' })
  })
})

const step = fc.record({
  add: fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { maxLength: 3 }),
  remove: fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { maxLength: 3 }),
})
const network = (i: number) => `10.0.${i}.0/24`

describe('laws', () => {
  test('accepted changes in order make what a set makes of them, refused ones nothing', () => {
    search(
      fc.property(fc.array(step, { maxLength: 20 }), fc.integer({ min: 1, max: 8 }), (steps, maxEntries) => {
        const list = listOf([], { maxEntries })
        let model = new Set<string>()
        let version = 1
        for (const { add, remove } of steps) {
          const change = { ...adding(...add.map(network)), remove: remove.map(network) }
          const next = new Set([...model].filter((text) => !change.remove.includes(text)))
          for (const { cidr } of change.add!) next.add(cidr)
          const fits =
            change.remove.every((text) => model.has(text)) &&
            change.add!.every(({ cidr }) => !model.has(cidr) && !change.remove.includes(cidr)) &&
            next.size <= maxEntries &&
            add.length + remove.length > 0
          expect(refusal(() => list.modify({ ...change, currentVersion: version })) === 'accepted').toBe(fits)
          if (fits) {
            model = next
            version++
          }
          expect([new Set(held(list)), list.version]).toEqual([model, version])
        }
      }),
    )
  })
})
