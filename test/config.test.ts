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

/** Something in every key that has no default. */
const full = {
  $schema: './sipfence.schema.json',
  version: 1,
  fences: [
    {
      id: 'pbx',
      account: '123456789012',
      region: 'eu-west-1',
      vpc: 'vpc-0a1b2c3d',
      vpcCidrs: ['10.0.0.0/16', '2001:db8::/56'],
      instanceRole: 'pbx_role@1',
      pbxs: [{ id: 'i-0123456789abcdef0', addresses: ['10.0.0.10', '::ffff:198.51.100.10'] }],
      allow: ['192.0.2.7', '2001:db8:1::/48'],
      healthCheckers: ['192.0.2.8/32'],
      networkAcls: [{ id: 'acl-0a1b2c3d', lastRule: 40 }],
    },
  ],
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

  test('reads again what it has read: settings that a bundle takes along are the same settings', () => {
    const read = readConfig('first', JSON.stringify(full))
    expect(readConfig('again', JSON.stringify(read))).toEqual(read)
  })

  test('takes the name of a role and refuses its ARN', () => {
    const fences = [{ id: 'a', instanceRole: 'arn:aws:iam::123456789012:role/pbx' }]
    expect(problems({ version: 1, fences })[1]).toMatch(
      /^fences\[0\]\.instanceRole: should be the name of an IAM role, not its ARN; it is "arn:/,
    )
    expect(readConfig('full', JSON.stringify(full)).fences[0]).toMatchObject({ instanceRole: 'pbx_role@1' })
  })

  test('gives one host 1,000 blocks and 10,000 proofs an hour', () => {
    expect(defaultFence('x').perHostHour).toEqual({ blocks: 1_000, proofs: 10_000 })
    const fences = [{ id: 'a', perHostHour: { blocks: 0 } }]
    expect(problems({ version: 1, fences })[1]).toBe(
      'fences[0].perHostHour.blocks: should be at least 1; it is 0',
    )
  })

  describe('of network ACLs that are named twice', () => {
    const acl = (id: string, firstRule = 20, lastRule = 79) => ({ id, firstRule, lastRule })

    function told(...fences: readonly (readonly object[])[]): string[] {
      const named = fences.map((networkAcls, i) => ({ id: 'abc'[i], networkAcls }))
      return problems({ version: 1, fences: named }).slice(1)
    }

    test('refuses those of two fences, whatever the rule numbers', () => {
      const words =
        'fences[1].networkAcls[1].id: should be a network ACL of no other fence; "acl-1" belongs to fence "a"'
      expect(told([acl('acl-1')], [acl('acl-2'), acl('acl-1')])).toEqual([words])
      expect(told([acl('acl-1', 20, 49)], [acl('acl-2'), acl('acl-1', 50, 79)])).toEqual([words])
    })

    test('refuses those of one fence, whatever the rule numbers', () => {
      const words = 'fences[0].networkAcls[1].id: should be named once; "acl-1" is named before'
      expect(told([acl('acl-1'), acl('acl-1')])).toEqual([words])
      expect(told([acl('acl-1', 20, 49), acl('acl-1', 50, 79)])).toEqual([words])
    })

    test('tells each of them', () => {
      const paths = told([acl('acl-1')], [acl('acl-1'), acl('acl-1')], [acl('acl-1')]).map(
        (line) => line.split(':')[0],
      )
      expect(paths).toEqual([
        'fences[1].networkAcls[0].id',
        'fences[1].networkAcls[1].id',
        'fences[2].networkAcls[0].id',
      ])
    })

    test('takes the same rule numbers on different ones', () => {
      expect(told([acl('acl-1'), acl('acl-2')], [acl('acl-3')])).toEqual([])
    })
  })
})
