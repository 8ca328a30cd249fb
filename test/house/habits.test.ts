import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../commands/cli.ts'

const read = (name: string) => readFileSync(join(ROOT, name), 'utf8')

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly repository: { readonly url: string }
  readonly bugs: string
  readonly homepage: string
  readonly engines: { readonly node: string }
  readonly files: readonly string[]
}
const manifest = JSON.parse(read('package.json')) as Manifest
const packaging = JSON.parse(read('packaging/package.json')) as Manifest

describe('the workflow on GitHub', () => {
  const workflow = read('.github/workflows/ci.yml')
  const runs = [...workflow.matchAll(/^ +(?:- )?run: (.*)$/gm)].map((match) => match[1]!)

  test('ends with .ci/run and leaves all tests to it', () => {
    expect(runs.at(-1)).toBe('.ci/run')
    expect(runs.slice(0, -1).filter((line) => /\b(npm|npx|node|vitest)\b/.test(line))).toEqual([])
  })

  test('may read the code and no more, and uses actions by their commits', () => {
    expect(workflow.match(/^ *permissions:\n(?: +.*\n)+?(?=\S)/gm)).toEqual([
      'permissions:\n  contents: read\n',
    ])
    const uses = [...workflow.matchAll(/uses: (.*)/g)].map((match) => match[1])
    expect(uses.length).toBeGreaterThan(0)
    for (const each of uses) expect(each).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

  test('installs what tests need from PyPI, in the versions that a skip names', () => {
    const named = [...read('test/skips.ts').matchAll(/pip install '([^']+)'/g)].map((match) => match[1]!)
    expect(named.length).toBe(2)
    for (const each of named) expect(workflow).toContain(`'${each}'`)
  })

  test('runs on the Node of the floor, on Debian 12', () => {
    const [, major] = /^>=(\d+)\./.exec(manifest.engines.node) ?? []
    expect(workflow).toMatch(new RegExp(`image: node:${major}\\.\\d+-bookworm$`, 'm'))
  })
})

describe('Dependabot', () => {
  test('is told of packages that there are', () => {
    const settings = read('.github/dependabot.yml')
    const packages = Object.keys({
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...packaging.optionalDependencies,
    })
    const names = [
      ...[...settings.matchAll(/dependency-name: '?([^'\n]+)/g)].map((match) => match[1]!),
      ...[...settings.matchAll(/patterns: \[(.*)\]/g)].flatMap((match) =>
        match[1]!.split(', ').map((name) => name.replaceAll("'", '')),
      ),
    ]
    expect(names.length).toBeGreaterThan(10)
    for (const name of names) {
      const pattern = new RegExp(`^${name.replaceAll('*', '.*')}$`)
      expect([name, packages.some((each) => pattern.test(each))]).toEqual([name, true])
    }
  })
})

describe('package.json', () => {
  test('names one repository, as SECURITY.md and the forms do', () => {
    const home = manifest.repository.url.replace(/^git\+|\.git$/g, '')
    expect(manifest.bugs).toBe(`${home}/issues`)
    expect(manifest.homepage).toBe(`${home}#readme`)
    for (const file of ['SECURITY.md', '.github/ISSUE_TEMPLATE/config.yml'])
      expect(read(file)).toContain(`${home}/security/advisories/new`)
  })

  test('publishes only what there is', () => {
    expect(manifest.files.filter((name) => name !== 'dist' && !existsSync(join(ROOT, name)))).toEqual([])
  })
})

test('.editorconfig agrees with Biome', () => {
  const { formatter } = JSON.parse(read('biome.json')) as {
    formatter: { indentStyle: string; lineWidth: number }
  }
  const editor = read('.editorconfig')
  expect(editor).toContain(`indent_style = ${formatter.indentStyle}\n`)
  expect(editor).toContain(`max_line_length = ${formatter.lineWidth}\n`)
})
