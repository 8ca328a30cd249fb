import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultFence, readConfig } from '../../lib/config.ts'
import { search } from '../search.ts'

function problems(fence: object): string[] {
  try {
    readConfig('test', JSON.stringify({ version: 1, fences: [{ id: 'pbx', ...fence }] }))
    return []
  } catch (error) {
    return (error as Error).message.split('\n').slice(1)
  }
}

describe('allow', () => {
  const reason = 'because whoever attacks from it is never blocked'

  test.each([
    ['0.0.0.0/0', 8],
    ['64.0.0.0/7', 8],
    ['::/0', 16],
    ['2000::/15', 16],
  ])('refuses %s, which would protect attackers too', (prefix, widest) => {
    expect(problems({ allow: ['192.0.2.7', prefix] })).toEqual([
      `  fences[0].allow[1]: should be a /${widest} or narrower, ${reason}; it is "${prefix}"`,
    ])
  })

  test.each(['10.0.0.0/8', '192.0.2.7', '2001::/16', '2001:db8::7'])('takes %s', (prefix) => {
    expect(problems({ allow: [prefix] })).toEqual([])
  })

  test('says of what is no prefix only that', () => {
    expect(problems({ allow: ['10.0.0.0/33', 7] })).toEqual([
      '  fences[0].allow[0]: "10.0.0.0/33" has prefix length "33"; it should be 0 to 32',
      '  fences[0].allow[1]: should be an address or CIDR such as "192.0.2.0/24"; it is 7',
    ])
  })

  test('is all that has such a bound: a VPC is as wide as it is', () => {
    expect(problems({ vpcCidrs: ['0.0.0.0/0'] })).toEqual([])
  })
})

describe('region', () => {
  test.each([
    'eu-west-1',
    'us-gov-west-1',
    'cn-north-1',
    'ap-southeast-4',
    'us-isob-east-1',
    'eusc-de-east-1',
  ])('takes %s', (region) => {
    expect(problems({ region })).toEqual([])
  })

  test.each(['eu-west', 'eu-west-1a', 'EU-WEST-1', 'eu-west-1 ', 'eu west 1', 'ireland', ''])(
    'refuses "%s"',
    (region) => {
      expect(problems({ region })).toEqual([
        `  fences[0].region: should be an AWS region such as "eu-west-1"; it is "${region}"`,
      ])
    },
  )
})

describe('vpc', () => {
  const hex = (digits: number) =>
    fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: digits, maxLength: digits })

  test('has 8 or 17 hexadecimal digits, as AWS gives them', () => {
    search(
      fc.property(fc.integer({ min: 0, max: 20 }).chain(hex), (digits) => {
        const fits = digits.length === 8 || digits.length === 17
        expect(problems({ vpc: `vpc-${digits}` })).toHaveLength(fits ? 0 : 1)
      }),
    )
  })

  test.each(['0a1b2c3d', 'vpc-0A1B2C3D', 'vpc-0a1b2c3g', 'subnet-0a1b2c3d'])('refuses %s', (vpc) => {
    expect(problems({ vpc })).toEqual([
      `  fences[0].vpc: should be a VPC id such as "vpc-0a1b2c3d"; it is "${vpc}"`,
    ])
  })

  test('need not be said', () => {
    expect(defaultFence('pbx').vpc).toBeUndefined()
  })
})
