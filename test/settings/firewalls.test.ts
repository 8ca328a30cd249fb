import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DEFAULTS, readConfig } from '../../lib/config.ts'

const GROUPS = ['sg-0a1b2c3d']
const [ONE, TWO, THREE] = ['sg-00000001', 'sg-00000002', 'sg-00000000000000003']
const HOURS = { timeZone: 'Europe/Berlin', from: '08:00', to: '18:00' }

function read(...fences: readonly object[]) {
  const named = fences.map((firewalls, i) => ({ id: 'abc'[i], firewalls }))
  return readConfig('test', JSON.stringify({ version: 1, fences: named })).fences
}

function problems(...fences: readonly object[]): string[] {
  try {
    read(...fences)
    return []
  } catch (error) {
    return (error as Error).message.split('\n').slice(1)
  }
}

const trusted = (securityGroups: readonly string[], more: object = {}) => ({
  trustedPeers: { securityGroups, ...more },
})
const office = (more: object) => trusted(GROUPS, { officeHours: { ...HOURS, ...more } })

describe('firewalls', () => {
  test('what is not named is not used', () => {
    expect(read({})[0]!.firewalls).toEqual({})
  })

  test('what is named has defaults for all but ids and office hours', () => {
    expect(read({ denyList: {}, ipSets: {}, ...trusted(GROUPS) })[0]!.firewalls).toEqual({
      denyList: { maxEntries: 500 },
      ipSets: { action: 'count' },
      trustedPeers: { securityGroups: GROUPS, maxEntries: 20, widest: { ipv4: 16, ipv6: 32 } },
    })
    expect(read(office({}))[0]!.firewalls.trustedPeers?.officeHours).toEqual({
      ...HOURS,
      days: ['mon', 'tue', 'wed', 'thu', 'fri'],
    })
  })

  test.each<[object, string]>([
    [{ denyList: { maxEntries: 1_001 } }, 'denyList.maxEntries: should be at most 1000; it is 1001'],
    [{ denyList: { maxEntries: 0 } }, 'denyList.maxEntries: should be at least 1; it is 0'],
    [{ ipSets: { action: 'allow' } }, 'ipSets.action: should be "count" or "block"; it is "allow"'],
    [
      trusted(['acl-1']),
      'trustedPeers.securityGroups[0]: should be a security group id such as "sg-0a1b2c3d"',
    ],
    [
      trusted(['sg-0a1b2c3']),
      'trustedPeers.securityGroups[0]: should be a security group id such as "sg-0a1b2c3d"; it is "sg-0a1b2c3"',
    ],
    [trusted([]), 'trustedPeers.securityGroups: should be at least 1 long'],
    [trusted(GROUPS, { widest: { ipv4: 7 } }), 'trustedPeers.widest.ipv4: should be at least 8; it is 7'],
    [
      office({ timeZone: '+01:00' }),
      'trustedPeers.officeHours.timeZone: should be an IANA time zone such as "Europe/Berlin"',
    ],
    [
      office({ from: '8:00' }),
      'trustedPeers.officeHours.from: should be a time such as "08:00", at most 23:59; it is "8:00"',
    ],
    [
      office({ from: '24:00' }),
      'trustedPeers.officeHours.from: should be a time such as "08:00", at most 23:59; it is "24:00"',
    ],
    [
      office({ to: '24:01' }),
      'trustedPeers.officeHours.to: should be a time such as "18:00", at most 24:00; it is "24:01"',
    ],
    [
      office({ to: '08:00' }),
      'trustedPeers.officeHours: should end at another time than they begin: else there are none, and the door is always closed',
    ],
  ])('refuses %j', (firewalls, words) => {
    expect(problems(firewalls).map((line) => line.trim().replace('fences[0].firewalls.', ''))).toEqual([
      expect.stringContaining(words),
    ])
  })
})

test('office hours may last until the end of the day, and all day', () => {
  expect(problems(office({ to: '24:00' }), {})).toEqual([])
  expect(problems(office({ from: '00:00', to: '24:00' }))).toEqual([])
})

describe('security groups that are named twice', () => {
  const PATH = 'firewalls.trustedPeers.securityGroups'

  test('are refused in two fences: one lockdown would not know what another took away', () => {
    expect(problems(trusted([ONE]), {}, trusted([TWO, ONE]))).toEqual([
      `  fences[2].${PATH}[1]: should be a security group of no other fence; "sg-00000001" belongs to fence "a"`,
    ])
  })

  test('are refused in one fence', () => {
    expect(problems(trusted([ONE, ONE]))).toEqual([
      `  fences[0].${PATH}[1]: should be named once; "sg-00000001" is named before`,
    ])
  })

  test('are no matter where each is another one', () => {
    expect(problems(trusted([ONE, TWO]), trusted([THREE]))).toEqual([])
  })
})

describe('docs/settings.md', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/settings.md'), 'utf8')
  const { denyList, trustedPeers } = DEFAULTS

  test.each([
    ['denyList.maxEntries', denyList.maxEntries],
    ['ipSets.action', '`count`'],
    ['trustedPeers.maxEntries', trustedPeers.maxEntries],
    ['trustedPeers.widest.ipv4', trustedPeers.widest.ipv4],
    ['trustedPeers.widest.ipv6', trustedPeers.widest.ipv6],
    ['trustedPeers.officeHours.days', trustedPeers.days.join(', ')],
  ])('tells of firewalls.%s that it is %s', (key, value) => {
    expect(text).toContain(`| \`firewalls.${key}\` | ${value} |`)
  })

  test('shows every tier in its example, office hours too', () => {
    const example = text.split('\n').filter((line) => line.startsWith('    '))
    const { firewalls } = readConfig('example', example.join('\n')).fences[0]!
    expect(firewalls).toEqual({
      denyList: { maxEntries: denyList.maxEntries },
      ipSets: { action: 'count' },
      trustedPeers: {
        securityGroups: [expect.stringMatching(/^sg-/)],
        maxEntries: trustedPeers.maxEntries,
        widest: trustedPeers.widest,
        officeHours: { ...HOURS, days: [...trustedPeers.days] },
      },
    })
  })

  test.each([
    'denyList',
    'ipSets',
    'trustedPeers',
    'trustedPeers.securityGroups',
    'trustedPeers.officeHours',
  ])('tells of firewalls.%s', (key) => {
    expect(text).toContain(`| \`firewalls.${key}\` |`)
  })
})
