import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DEFAULTS, readConfig } from '../../lib/config.ts'
import { deployProblems } from '../../lib/settings/deploy-problems.ts'

const PBX = { id: 'i-0123456789abcdef0', addresses: ['10.0.0.10'] }
const DEPLOYABLE = {
  region: 'eu-west-1',
  vpc: 'vpc-0a1b2c3d',
  vpcCidrs: ['10.0.0.0/16'],
  pbxs: [PBX],
  networkAcls: [{ id: 'acl-1' }],
}

function problems(fence: object): readonly string[] {
  const settings = { version: 1, fences: [{ id: 'pbx', ...fence }] }
  return deployProblems(readConfig('test', JSON.stringify(settings)).fences[0]!, 'fences[0]')
}

describe('deployProblems()', () => {
  test('has nothing to say of a fence with all it needs; the account may be the deployer’s', () => {
    expect(problems(DEPLOYABLE)).toEqual([])
    expect(problems({ ...DEPLOYABLE, account: '123456789012' })).toEqual([])
  })

  test('tells all that a bare fence lacks, at once', () => {
    expect(problems({}).map((line) => line.split(':')[0])).toEqual([
      'fences[0].region',
      'fences[0].vpc',
      'fences[0].vpcCidrs',
      'fences[0].networkAcls',
      'fences[0].pbxs',
    ])
  })

  test('wants the VPC’s ranges, because the VPC is never blocked', () => {
    expect(problems({ ...DEPLOYABLE, vpcCidrs: [] })).toEqual([
      'fences[0].vpcCidrs: should name the VPC’s address ranges, which are never blocked; it is empty',
    ])
  })

  test.each(['pbx-1', 'i-1234567', 'i-0123456789abcdef01', 'I-01234567', 'i-0123456789ABCDEF0'])(
    'refuses %s as an instance id',
    (id) => {
      const told = problems({ ...DEPLOYABLE, pbxs: [PBX, { ...PBX, id }] })
      expect(told).toEqual([
        `fences[0].pbxs[1].id: should be an instance id such as "i-0123456789abcdef0"; it is "${id}"`,
      ])
    },
  )

  test('takes old short instance ids', () => {
    expect(problems({ ...DEPLOYABLE, pbxs: [PBX, { ...PBX, id: 'i-01234567' }] })).toEqual([])
  })

  test('wants an instance id of each PBX, and each once', () => {
    expect(problems({ ...DEPLOYABLE, pbxs: [{ addresses: ['10.0.0.10'] }, PBX, PBX] })).toEqual([
      'fences[0].pbxs[0].id: should be an instance id such as "i-0123456789abcdef0"; it is missing',
      'fences[0].pbxs[2].id: is used twice; it is "i-0123456789abcdef0"',
    ])
  })
})

describe('docs/settings.md', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/settings.md'), 'utf8')

  test('has an example that can be deployed', () => {
    const example = text.split('\n').filter((line) => line.startsWith('    '))
    const { fences } = readConfig('example', example.join('\n'))
    expect(fences.flatMap((fence) => deployProblems(fence, fence.id))).toEqual([])
  })

  test('tells what one host may cause', () => {
    for (const [name, value] of Object.entries(DEFAULTS.perHostHour))
      expect(text).toContain(`| \`perHostHour.${name}\` | ${value} |`)
  })
})
