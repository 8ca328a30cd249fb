import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Template } from 'aws-cdk-lib/assertions'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fenceWith, templateOf } from './synth.ts'

let folder: string
let template: Template

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sipfence-tarballs-'))
  for (const name of ['0.9.0-linux-x64', '0.10.0-linux-x64', '0.10.0-linux-arm64'])
    writeFileSync(join(folder, `sipfence-sidecar-${name}.tar.gz`), tarballOf(name))
  template = templateOf(fenceWith({ sidecar: { folder } }))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A tarball whose install.sh says what it was called with. */
function tarballOf(name: string): Buffer {
  const parts = mkdtempSync(join(tmpdir(), 'sipfence-tarball-'))
  mkdirSync(join(parts, name))
  writeFileSync(join(parts, name, 'install.sh'), `echo ${name} "$1" "$2"; cat "$3"\n`)
  const tarball = execFileSync('tar', ['-czf', '-', '-C', parts, name])
  rmSync(parts, { recursive: true })
  return tarball
}

interface Step {
  readonly action: string
  readonly inputs: {
    readonly sourceInfo?: unknown
    readonly destinationPath?: string
    readonly runCommand?: readonly string[]
  }
}

function only<P>(type: string): P {
  const [first, ...others] = Object.values(template.findResources(type))
  expect(others).toEqual([])
  return first!['Properties'] as P
}

function steps(): readonly Step[] {
  return only<{ Content: { mainSteps: readonly Step[] } }>('AWS::SSM::Document').Content.mainSteps
}

describe('the association', () => {
  test('installs on instances with the tag of the fence', () => {
    expect(only<object>('AWS::SSM::Association')).toMatchObject({
      Name: { Ref: expect.stringMatching(/^SidecarDocument/) },
      Targets: [{ Key: 'tag:sipfence:sidecar', Values: ['pbx'] }],
      Parameters: { Action: ['install'] },
    })
  })

  test('by another tag where the settings say so', () => {
    const tagged = templateOf(fenceWith({ sidecar: { folder, tag: { key: 'role', value: 'pbx-prod' } } }))
    tagged.hasResourceProperties('AWS::SSM::Association', {
      Targets: [{ Key: 'tag:role', Values: ['pbx-prod'] }],
    })
  })
})

describe('the document', () => {
  test('downloads the newest tarball of each processor, and the settings', () => {
    const downloads = steps().filter(({ action }) => action === 'aws:downloadContent')
    expect(downloads.map(({ inputs }) => inputs.destinationPath)).toEqual([
      '/var/lib/sipfence-download/x64/',
      '/var/lib/sipfence-download/arm64/',
      '/var/lib/sipfence-download/settings/',
    ])
    for (const { inputs } of downloads)
      expect(JSON.stringify(inputs.sourceInfo)).toMatch(/https:\/\/s3\.eu-west-1\..*[0-9a-f]{64}\.(gz|json)/)
  })

  /** Runs the script as SSM's agent would, with what it has downloaded in a folder of the test. */
  function run(action: string, machine: string): string {
    const downloads = mkdtempSync(join(tmpdir(), 'sipfence-download-'))
    const script = steps().at(-1)!.inputs.runCommand![0]!.replaceAll('{{ Action }}', action)
    for (const [processor, name] of [
      ['x64', '0.10.0-linux-x64'],
      ['arm64', '0.10.0-linux-arm64'],
    ] as const) {
      const key = new RegExp(`/${processor}/([0-9a-f]{64}\\.gz)`).exec(script)![1]!
      mkdirSync(join(downloads, processor))
      writeFileSync(
        join(downloads, processor, key),
        readFileSync(join(folder, `sipfence-sidecar-${name}.tar.gz`)),
      )
    }
    const settings = /settings\/([0-9a-f]{64}\.json)/.exec(script)![1]!
    mkdirSync(join(downloads, 'settings'))
    writeFileSync(join(downloads, 'settings', settings), 'the settings')
    const bin = join(downloads, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'uname'), `#!/bin/sh\necho ${machine}\n`, { mode: 0o755 })
    writeFileSync(join(bin, 'sipfence-sidecar'), '#!/bin/sh\necho "installed one: $*"\n', { mode: 0o755 })
    const env = { PATH: `${bin}:${process.env['PATH']}` }
    try {
      return execFileSync('sh', ['-c', script.replaceAll('/var/lib/sipfence-download', downloads)], {
        encoding: 'utf8',
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
    } finally {
      rmSync(downloads, { recursive: true, force: true })
    }
  }

  test.each([
    ['x86_64', '0.10.0-linux-x64'],
    ['aarch64', '0.10.0-linux-arm64'],
  ])('on %s unpacks %s and runs its script with the settings', (machine, name) => {
    expect(run('install', machine)).toBe(`${name} install --config\nthe settings`)
  })

  test('says so on a processor without a tarball, and fails', () => {
    expect(() => run('install', 'riscv64')).toThrow(/no sidecar for the processor riscv64/)
  })

  test('removes, and shows, by what is installed', () => {
    expect(run('remove', 'x86_64')).toBe('installed one: remove\n')
    expect(run('status', 'riscv64')).toBe('installed one: status\n')
  })
})

test('the PBX may read what is for it in the bucket, by a policy of its own', () => {
  const policies = Object.entries(template.findResources('AWS::IAM::ManagedPolicy'))
  const [, download] = policies.find(([id]) => id.startsWith('SidecarDownload'))!
  const [statement, listing, ...others] = download['Properties'].PolicyDocument.Statement
  expect(others).toEqual([])
  expect(listing.Action).toBe('s3:ListBucket')
  for (const prefix of listing.Condition.StringLike['s3:prefix'])
    expect(prefix).toMatch(/^[0-9a-f]{64}\.(gz|json)\*$/)
  expect(statement.Action).toBe('s3:GetObject')
  expect(statement.Resource).toHaveLength(3)
  for (const resource of statement.Resource)
    expect(JSON.stringify(resource)).toMatch(/\/[0-9a-f]{64}\.(gz|json)/)
})

test('the role that the stack makes is let in by Systems Manager; a role of the reader’s own is left alone', () => {
  const managed = (of: Template) =>
    JSON.stringify(of.findResources('AWS::IAM::Role')).includes('AmazonSSMManagedInstanceCore')
  expect(managed(template)).toBe(true)
  expect(managed(templateOf(fenceWith({ sidecar: { folder }, instanceRole: 'pbx' })))).toBe(false)
})

test('nothing of it is there unless the settings say so', () => {
  const plain = templateOf(fenceWith())
  for (const type of ['AWS::SSM::Document', 'AWS::SSM::Association']) plain.resourceCountIs(type, 0)
})

test('a folder without tarballs is refused, with what to do', () => {
  expect(() => templateOf(fenceWith({ sidecar: { folder: join(folder, 'none') } }))).toThrow(
    /npm run package/,
  )
})
