import { describe, expect, test } from 'vitest'
import { ConfigError, DEFAULTS, defaultFence, readConfig } from '../lib/config.ts'

function problems(value: unknown): string[] {
  try {
    readConfig('sipfence.json', typeof value === 'string' ? value : JSON.stringify(value))
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as Error).message.split('\n').map((line) => line.trim())
  }
  return []
}

describe('readConfig()', () => {
  test('reads the least there is, with every default', () => {
    const { fences } = readConfig('sipfence.json', '{"version":1,"fences":[{"id":"pbx"}]}')
    expect(fences[0]).toEqual(defaultFence('pbx'))
    expect(fences[0]).toMatchObject({ mode: 'observe', ports: [5060], limits: DEFAULTS.limits })
  })

  test('tells all problems at once, each with its path and what was found', () => {
    const told = problems({
      version: 2,
      fences: [
        {
          id: 'PBX',
          ports: [0],
          allow: ['010.0.0.1', '192.0.2.1/24'],
          limits: { challenges10: '9', chalenges60: 9 },
        },
        { id: 'b', networkAcls: [{ id: 'acl-1', firstRule: 50, lastRule: 40 }], mode: 'block' },
        { id: 'b', pbxs: [{ addresses: ['nowhere'] }], ladders: { unreachableSeconds: [7_200] } },
      ],
    })
    expect(told[0]).toBe('Cannot use settings "sipfence.json":')
    for (const path of [
      'version: should be 1; it is 2',
      'fences[0].id: ',
      'fences[0].ports[0]: ',
      'fences[0].allow[0]: "010.0.0.1" is not an address or CIDR',
      'fences[0].allow[1]: "192.0.2.1/24" has host bits set; the prefix is 192.0.2.0/24',
      'fences[0].limits.challenges10: ',
      'fences[0].limits: has no setting "chalenges60"',
      'fences[1].networkAcls[0]: firstRule should not be above lastRule',
      'fences[1].mode: ',
      'fences[2].pbxs[0].addresses[0]: "nowhere" is not an IPv4 or IPv6 address',
      'fences[2].ladders.unreachableSeconds[0]: ',
    ]) {
      expect(
        told.some((line) => line.startsWith(path)),
        path,
      ).toBe(true)
    }
  })

  test('refuses a fence id that is used twice', () => {
    expect(problems({ version: 1, fences: [{ id: 'a' }, { id: 'a' }] })[1]).toMatch(
      /^fences\[1\]\.id: is used twice/,
    )
  })

  test('says of text that is not JSON what the parser said', () => {
    expect(problems('{"version":1,')[0]).toMatch(/^Cannot read settings "sipfence.json": not JSON: /)
  })
})
