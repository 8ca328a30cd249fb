import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DEFAULTS, defaultFence, readConfig } from '../../lib/config.ts'
import { deployProblems } from '../../lib/settings/deploy-problems.ts'
import { ROOT, sipfence } from '../commands/cli.ts'

const documents = execFileSync('git', ['ls-files', '*.md'], { cwd: ROOT, encoding: 'utf8' })
  .trim()
  .split('\n')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')

describe('the documents', () => {
  test.each(documents)('%s links to what is there', (name) => {
    const text = readFileSync(join(ROOT, name), 'utf8')
    const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1]!)
    const broken = links.filter(
      (link) => !/^https?:/.test(link) && !existsSync(join(ROOT, dirname(name), link)),
    )
    expect(broken).toEqual([])
  })

  test('the README names every command and option that it tells of as --help does', async () => {
    const { out: help } = await sipfence(['replay', '--help'])
    for (const option of README.match(
      /--(json|pbx|allow|observe|config|enforcement-delay|lockdown-after|learned)\b/g,
    ) ?? []) {
      expect(help).toContain(option)
    }
    const { out: commands } = await sipfence(['--help'])
    for (const [, command] of README.matchAll(/npx sipfence ([a-z]+)/g)) expect(commands).toContain(command)
  })

  test('the README tells the limits that are the defaults', () => {
    const { limits, ladders, learningSeconds } = DEFAULTS
    for (const words of [
      `${limits.challenges10} challenges in 10 s, or ${limits.challenges60} in 60 s`,
      `under ${limits.followUpShare * 100} % are followed up`,
      `${limits.replies10} final replies in 10 s (${limits.amplifiedReplies10} where`,
      `${limits.requestsPerSecond} requests/s over 10 s`,
      `${limits.failures600} failed logins over ${limits.failedUsers} users in 10 min, or ${limits.failures10} in 10 s`,
      `${ladders.unreachableSeconds
        .slice(0, 4)
        .map((seconds) => seconds / 60)
        .join(', ')}, at most 60 min`,
      `first ${learningSeconds / 60} minutes`,
    ]) {
      expect(README).toContain(words)
    }
  })

  test('the README shows what the demo prints', async () => {
    const { out } = await sipfence(['demo'])
    const shown = README.match(/^ {4}10:43:.*$/gm) ?? []
    expect(shown.length).toBeGreaterThan(4)
    for (const line of shown) expect(out).toContain(line.trim())
  })
})

test('the example settings can be deployed once the ids are the reader’s own', () => {
  const { fences } = readConfig('example', readFileSync(join(ROOT, 'examples/sipfence.json'), 'utf8'))
  expect(fences.flatMap((fence, i) => deployProblems(fence, `fences[${i}]`))).toEqual([])
  expect(fences[0]?.mode).toBe('observe')
})

describe('docs/settings.md', () => {
  const text = readFileSync(join(ROOT, 'docs/settings.md'), 'utf8')

  test('has an example that can be read', () => {
    const example = text
      .split('\n')
      .filter((line) => line.startsWith('    '))
      .join('\n')
    expect(readConfig('example', example).fences[0]).toMatchObject({ id: 'pbx', ports: [5060, 5080] })
  })

  test('tells every limit and its default', () => {
    for (const [name, value] of Object.entries(DEFAULTS.limits))
      expect(text).toContain(`| \`limits.${name}\` | ${value} |`)
    for (const [name, value] of Object.entries(DEFAULTS.brake))
      expect(text).toContain(`| \`brake.${name}\` | ${value} |`)
    expect(text).toContain(`| \`learningSeconds\` | ${DEFAULTS.learningSeconds} |`)
    expect(text).toContain(`| ${DEFAULTS.ladders.reachableSeconds.join(', ')} |`)
    expect(text).toContain(`| ${DEFAULTS.ladders.unreachableSeconds.join(', ')} |`)
  })

  test('names every key of a fence', () => {
    for (const key of Object.keys(defaultFence('x'))) expect(text).toContain(`\`${key}`)
  })
})

describe('docs/ledger.md', () => {
  test('has a line for every kind of row that the code writes, and no other', () => {
    const code = ['ledger', 'fence-state']
      .map((name) => readFileSync(join(ROOT, `lib/aws/${name}.ts`), 'utf8'))
      .join('')
    const written = [...code.matchAll(/kind: ['`]([a-z]+)/g)].map((match) => match[1]!)
    const states = [...code.matchAll(/(?:state\(|kind: 'state', name: )'([a-z-]+)'/g)].map(
      (match) => match[1]!,
    )
    const text = readFileSync(join(ROOT, 'docs/ledger.md'), 'utf8')
    const rows = [...text.matchAll(/^\| `([a-z]+)[#`][^|]*\| ([^|]*) \|/gm)]
    expect(new Set(rows.map((row) => row[1]))).toEqual(new Set(written))
    const named = rows.filter((row) => row[1] === 'state').map((row) => row[2]!.replaceAll('`', ''))
    expect(named.sort()).toEqual([...new Set(states)].sort())
  })
})
