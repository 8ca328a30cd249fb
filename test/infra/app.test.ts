import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addFences } from '../../lib/infra/fences.ts'
import { lacks } from '../skips.ts'
import { FENCE, ROOT, TIERS } from './synth.ts'

const { account: _, ...ACCOUNTLESS } = FENCE
const TWO = {
  ...ACCOUNTLESS,
  id: 'two',
  region: 'us-east-1',
  networkAcls: [{ id: 'acl-2' }],
  instanceRole: 'pbx',
  firewalls: TIERS,
}

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'sipfence-app-'))
})
afterAll(() => rmSync(root, { recursive: true }))

function write(name: string, fences: readonly object[]): string {
  const path = join(root, name)
  writeFileSync(path, JSON.stringify({ version: 1, fences }))
  return path
}

interface Synthesis {
  readonly code: number | null
  readonly err: string
  readonly out: string
}

/**
 * Runs the built app as the CDK command line does, in a folder of its own: context and output folder by the
 * environment. CDK's own validation of templates takes seconds, so it is on where it is looked at.
 */
function synth(name: string, context: object, validation = false): Promise<Synthesis> {
  const cwd = join(root, name)
  const out = join(cwd, 'out')
  mkdirSync(cwd)
  const { context: flags } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8'))
  const env = {
    PATH: process.env['PATH'],
    CDK_DEFAULT_ACCOUNT: '210987654321',
    CDK_OUTDIR: out,
    CDK_CONTEXT_JSON: JSON.stringify({ ...flags, ...context }),
    CDK_VALIDATION: String(validation),
  }
  return new Promise((resolve) => {
    const app = join(ROOT, 'dist/bin/app.js')
    const child = execFile(process.execPath, [app], { cwd, env }, (_, __, err) =>
      resolve({ code: child.exitCode, err, out }),
    )
  })
}

/** Files that `cdk deploy` uploads or sends, by name, without what CDK notes about where it ran. */
function assembly(out: string): Record<string, string> {
  const files = readdirSync(out, { recursive: true, withFileTypes: true })
    .filter(
      (entry) =>
        entry.isFile() && /\.(template|assets)\.json$|^index\.mjs$|^settings\.json$/.test(entry.name),
    )
    .map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(files.map((file) => [file.slice(out.length), readFileSync(file, 'utf8')]))
}

describe('the CDK app', () => {
  let first: Synthesis
  let second: Synthesis
  let refused: Synthesis
  beforeAll(async () => {
    const settings = write('fences.json', [FENCE, TWO])
    const missing = join(root, 'missing.json')
    ;[first, second, refused] = await Promise.all([
      synth('first', { settings }, true),
      synth('second', { settings }),
      synth('refused', { settings: missing }),
    ])
  })

  test('makes a stack of each fence, in its region, in its account or the deployer’s', () => {
    expect(first).toMatchObject({ code: 0 })
    const { artifacts } = JSON.parse(readFileSync(join(first.out, 'manifest.json'), 'utf8'))
    expect(artifacts['SipFence-pbx'].environment).toBe('aws://123456789012/eu-west-1')
    expect(artifacts['SipFence-two'].environment).toBe('aws://210987654321/us-east-1')
    expect(artifacts['SipFence-two'].properties.tags).toEqual({ 'sipfence:fence': 'two' })
  })

  test('says the same twice, so that a deploy with nothing changed changes nothing', () => {
    expect(second).toMatchObject({ code: 0 })
    expect(Object.keys(assembly(first.out))).toHaveLength(12)
    expect(assembly(second.out)).toEqual(assembly(first.out))
  })

  test('has nothing that CDK’s own validation reports', () => {
    const report = readFileSync(join(first.out, 'validation-report.json'), 'utf8')
    expect(JSON.parse(report)).toMatchObject({ pluginReports: [] })
  })

  test.skipIf(lacks('cfn-lint over the templates', 'cfn-lint'))('has nothing that cfn-lint warns of', () => {
    const templates = Object.keys(assembly(first.out)).filter((name) => name.endsWith('.template.json'))
    expect(templates).toHaveLength(2)
    // W3005: CDK says DependsOn where a reference says so too.
    const files = templates.map((name) => join(first.out, name))
    const { status, stdout } = spawnSync('cfn-lint', ['-i', 'W3005', '--', ...files], { encoding: 'utf8' })
    expect([status, stdout]).toEqual([0, ''])
  })

  test('says how to name a file where there is none, makes no stack, and fails', () => {
    expect(refused).toMatchObject({
      code: 1,
      err: `Cannot read settings "${join(root, 'missing.json')}": there is no such file; let npx sipfence init write it, or name another by -c settings=FILE\n`,
    })
    expect(readdirSync(refused.out)).toEqual([])
  })
})

describe('addFences()', () => {
  /** What it says of a file that cannot be used. */
  function refusal(name: string, fences: readonly object[]): string {
    const app = new App({ context: { settings: write(name, fences) }, outdir: join(root, `${name}.out`) })
    try {
      addFences(app, undefined)
    } catch (error) {
      expect(app.node.children).toEqual([])
      return (error as Error).message
    }
    throw new Error(`Cannot see what is wrong with ${name}: its fences were added`)
  }

  test('reads sipfence.json unless the context names another file', () => {
    const here = process.cwd()
    process.chdir(root) // whoever deploys has a sipfence.json of his own where the tests run
    try {
      expect(() => addFences(new App({ outdir: join(root, 'bare.out') }), undefined)).toThrow(
        'Cannot read settings "sipfence.json": there is no such file',
      )
    } finally {
      process.chdir(here)
    }
  })

  test('tells every problem of a file that cannot be used', () => {
    expect(
      refusal('unusable.json', [{ ...FENCE, mode: 'block', port: 5060 }])
        .split('\n')
        .slice(1),
    ).toEqual([
      '  fences[0].mode: should be "observe" or "enforce"; it is "block"',
      '  fences[0]: has no setting "port"',
    ])
  })

  test('tells what each fence lacks to be deployed', () => {
    const told = refusal('bare.json', [
      FENCE,
      { id: 'a' },
      { ...FENCE, id: 'b', networkAcls: [], pbxs: [{ addresses: ['10.0.0.1'] }] },
    ])
    expect(told.split('\n').map((line) => line.split(':')[0])).toEqual([
      expect.stringMatching(/^Cannot deploy settings "\/.*bare.json"/),
      '  fences[1].region',
      '  fences[1].vpc',
      '  fences[1].vpcCidrs',
      '  fences[1].networkAcls',
      '  fences[1].pbxs',
      '  fences[2].networkAcls',
      '  fences[2].pbxs[0].id',
    ])
  })
})
