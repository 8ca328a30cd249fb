import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DEFAULTS, readConfig } from '../../lib/config.ts'

const GROUPS = ['sg-0a1b2c3d']
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
    [trusted([]), 'trustedPeers.securityGroups: should be at least 1 long'],
    [trusted(GROUPS, { widest: { ipv4: 7 } }), 'trustedPeers.widest.ipv4: should be at least 8; it is 7'],
    [
      office({ timeZone: '+01:00' }),
      'trustedPeers.officeHours.timeZone: should be an IANA time zone such as "Europe/Berlin"',
    ],
    [office({ from: '8:00' }), 'trustedPeers.officeHours.from: should be a time such as "08:00"'],
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

describe('security groups that are named twice', () => {
  const PATH = 'firewalls.trustedPeers.securityGroups'

  test('are refused in two fences: one lockdown would not know what another took away', () => {
    expect(problems(trusted(['sg-1']), {}, trusted(['sg-2', 'sg-1']))).toEqual([
      `  fences[2].${PATH}[1]: should be a security group of no other fence; "sg-1" belongs to fence "a"`,
    ])
  })

  test('are refused in one fence', () => {
    expect(problems(trusted(['sg-1', 'sg-1']))).toEqual([
      `  fences[0].${PATH}[1]: should be named once; "sg-1" is named before`,
    ])
  })

  test('are no matter where each is another one', () => {
    expect(problems(trusted(['sg-1', 'sg-2']), trusted(['sg-3']))).toEqual([])
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
