import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { lacks } from '../skips.ts'
import { FENCE, ROOT } from './synth.ts'

const { account: _, ...ACCOUNTLESS } = FENCE

describe('the CDK app', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sipfence-app-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  /**
   * Runs the built app as the CDK command line does: context and output folder by the environment. CDK's own
   * validation of templates takes seconds, so it is on where it is looked at.
   */
  function synth(context: object = {}, out = 'out', validation = false) {
    const { context: flags } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8'))
    const env = {
      PATH: process.env['PATH'],
      CDK_DEFAULT_ACCOUNT: '210987654321',
      CDK_OUTDIR: join(folder, out),
      CDK_CONTEXT_JSON: JSON.stringify({ ...flags, ...context }),
      CDK_VALIDATION: String(validation),
    }
    const app = join(ROOT, 'dist/bin/app.js')
    const { status, stderr } = spawnSync(process.execPath, [app], { cwd: folder, env, encoding: 'utf8' })
    return { status, stderr }
  }

  function settings(fences: readonly object[], name = 'sipfence.json'): void {
    writeFileSync(join(folder, name), JSON.stringify({ version: 1, fences }))
  }

  /** Files that `cdk deploy` uploads or sends, by name, without what CDK notes about where it ran. */
  function assembly(out: string): Record<string, string> {
    const files = readdirSync(join(folder, out), { recursive: true, withFileTypes: true })
      .filter(
        (entry) =>
          entry.isFile() && /\.(template|assets)\.json$|^index\.mjs$|^settings\.json$/.test(entry.name),
      )
      .map((entry) => join(entry.parentPath, entry.name))
    const path = (file: string) => file.slice(join(folder, out).length)
    return Object.fromEntries(files.map((file) => [path(file), readFileSync(file, 'utf8')]))
  }

  test('makes a stack of each fence, in its region, in its account or the deployer’s', () => {
    settings([FENCE, { ...ACCOUNTLESS, id: 'two', region: 'us-east-1', networkAcls: [{ id: 'acl-2' }] }])
    expect(synth()).toMatchObject({ status: 0 })
    const { artifacts } = JSON.parse(readFileSync(join(folder, 'out/manifest.json'), 'utf8'))
    expect(artifacts['SipFence-pbx'].environment).toBe('aws://123456789012/eu-west-1')
    expect(artifacts['SipFence-two'].environment).toBe('aws://210987654321/us-east-1')
    expect(artifacts['SipFence-two'].properties.tags).toEqual({ 'sipfence:fence': 'two' })
  })

  test('says the same twice, so that a deploy with nothing changed changes nothing', () => {
    settings([FENCE])
    expect([synth({}, 'first').status, synth({}, 'second').status]).toEqual([0, 0])
    expect(Object.keys(assembly('first'))).toHaveLength(6)
    expect(assembly('second')).toEqual(assembly('first'))
  })

  test('reads the file that the context names', () => {
    settings([{ ...FENCE, id: 'other' }], 'other.json')
    expect(synth({ settings: 'other.json' })).toMatchObject({ status: 0 })
    expect(Object.keys(assembly('out'))).toContain('/SipFence-other.template.json')
  })

  test('ends with every problem and no stack where the file cannot be used', () => {
    settings([{ ...FENCE, mode: 'block', port: 5060 }])
    expect(synth()).toEqual({
      status: 1,
      stderr: `Cannot use settings "sipfence.json":
  fences[0].mode: should be "observe" or "enforce"; it is "block"
  fences[0]: has no setting "port"
`,
    })
    expect(readdirSync(join(folder, 'out'))).toEqual([])
  })

  test('ends with what each fence lacks to be deployed', () => {
    settings([
      FENCE,
      { id: 'a' },
      { ...FENCE, id: 'b', networkAcls: [], pbxs: [{ addresses: ['10.0.0.1'] }] },
    ])
    const { status, stderr } = synth()
    expect([status, stderr.split('\n').map((line) => line.split(':')[0])]).toEqual([
      1,
      [
        'Cannot deploy settings "sipfence.json"',
        '  fences[1].region',
        '  fences[1].vpc',
        '  fences[1].networkAcls',
        '  fences[1].pbxs',
        '  fences[2].networkAcls',
        '  fences[2].pbxs[0].id',
        '',
      ],
    ])
  })

  test('says how to name a file where there is none', () => {
    expect(synth()).toEqual({
      status: 1,
      stderr:
        'Cannot read settings "sipfence.json": there is no such file; write it, or name another by -c settings=FILE\n',
    })
  })

  test('has nothing that CDK’s own validation reports', () => {
    settings([FENCE, { ...FENCE, id: 'two', networkAcls: [{ id: 'acl-2' }], instanceRole: 'pbx' }])
    expect(synth({}, 'out', true)).toMatchObject({ status: 0 })
    const report = readFileSync(join(folder, 'out/validation-report.json'), 'utf8')
    expect(JSON.parse(report)).toMatchObject({ pluginReports: [] })
  })

  test.skipIf(lacks('cfn-lint over the templates', 'cfn-lint'))('has nothing that cfn-lint warns of', () => {
    settings([FENCE, { ...FENCE, id: 'two', networkAcls: [{ id: 'acl-2' }], instanceRole: 'pbx' }])
    synth()
    const templates = Object.keys(assembly('out')).filter((name) => name.endsWith('.template.json'))
    expect(templates).toHaveLength(2)
    // W3005: CDK says DependsOn where a reference says so too.
    const files = templates.map((name) => join(folder, 'out', name))
    const { status, stdout } = spawnSync('cfn-lint', ['-i', 'W3005', '--', ...files], { encoding: 'utf8' })
    expect([status, stdout]).toEqual([0, ''])
  })
})
