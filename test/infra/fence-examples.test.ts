import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lacks } from '../skips.ts'
import { type Synthesis, synthHere, synthSpawned } from './example-app.ts'
import { ROOT } from './synth.ts'

/** Examples that are whole apps with a fence in them. */
const EXAMPLES = { 'one-pbx': ['Voice'], fleet: ['Voice-dublin', 'Voice-frankfurt'], wss: ['Voice'] } as const
type Example = keyof typeof EXAMPLES

/** Without the bundles, which every other test of infra makes. */
const CONTEXT = { 'aws:cdk:bundling-stacks': [] }

let root: string
const made = new Map<Example, Synthesis>()
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'sipfence-examples-'))
  made.set('fleet', await synthSpawned('fleet', CONTEXT, root))
  made.set('one-pbx', await synthHere('one-pbx', CONTEXT, root))
  made.set('wss', await synthHere('wss', CONTEXT, root))
})
afterAll(() => rmSync(root, { recursive: true }))

function folder(name: Example): string {
  const { code, err, out } = made.get(name)!
  if (code === 0) return out
  throw new Error(`Cannot synthesize ${name}: ${err}`)
}

interface Resource {
  readonly Type: string
  readonly Properties: Readonly<Record<string, unknown>>
}

function templates(name: Example): readonly string[] {
  const files = readdirSync(folder(name)).sort()
  return files.filter((file) => file.endsWith('.template.json'))
}

function resources(name: Example, stack: string, type: string): readonly Resource[] {
  const { Resources } = JSON.parse(readFileSync(join(folder(name), `${stack}.template.json`), 'utf8'))
  return Object.values<Resource>(Resources).filter(({ Type }) => Type === type)
}

test.each(Object.entries(EXAMPLES))('examples/%s makes a fence in each of its stacks', (example, stacks) => {
  const name = example as Example
  expect(templates(name)).toEqual(stacks.map((stack) => `${stack}.template.json`))
  for (const stack of stacks) expect(resources(name, stack, 'AWS::CloudWatch::Alarm')).toHaveLength(12)
})

describe('examples/fleet', () => {
  test('lets each site write the network ACLs of its own subnets only', () => {
    const written = (stack: string) =>
      JSON.stringify(resources('fleet', stack, 'AWS::IAM::Role')).match(/network-acl\/acl-\d+/g)
    expect(new Set(written('Voice-frankfurt'))).toEqual(
      new Set(['network-acl/acl-00000000000000001', 'network-acl/acl-00000000000000002']),
    )
    expect(new Set(written('Voice-dublin'))).toEqual(new Set(['network-acl/acl-00000000000000003']))
  })

  test('tells of each site by one topic', () => {
    for (const stack of EXAMPLES.fleet) expect(resources('fleet', stack, 'AWS::SNS::Topic')).toHaveLength(1)
  })
})

test('examples/wss puts the rule group of the fence before the load balancer', () => {
  const [acl] = resources('wss', 'Voice', 'AWS::WAFv2::WebACL')
  expect(JSON.stringify(acl)).toContain('"Fn::GetAtt":["FencePlacesRuleGroup')
  const [association] = resources('wss', 'Voice', 'AWS::WAFv2::WebACLAssociation')
  expect(JSON.stringify(association?.Properties['ResourceArn'])).toMatch(/"Ref":"Wss/)
})

test.skipIf(lacks('cfn-lint over the examples', 'cfn-lint'))('have nothing that cfn-lint warns of', () => {
  const files = [...made.keys()].flatMap((name) => templates(name).map((file) => join(folder(name), file)))
  const { status, stdout } = spawnSync('cfn-lint', ['-i', 'W3005', '--', ...files], { encoding: 'utf8' })
  expect([status, stdout]).toEqual([0, ''])
})

test('apps of other people find the construct in the package', () => {
  const program = "import('sipfence/cdk').then((found) => process.stdout.write(Object.keys(found).join()))"
  const { stdout } = spawnSync(process.execPath, ['-e', program], { cwd: ROOT, encoding: 'utf8' })
  expect(stdout).toBe('SipFence')
  expect(readFileSync(join(ROOT, 'dist/lib/infra/sipfence.d.ts'), 'utf8')).toContain(
    'export interface SipFenceProps',
  )
})
