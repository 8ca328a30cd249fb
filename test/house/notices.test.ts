import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ARTICLES } from '../../lib/incident-document.ts'
import { ROOT } from '../commands/cli.ts'
import { runHere } from '../commands/in-process.ts'

const read = (name: string) => readFileSync(join(ROOT, name), 'utf8')

/** The kinds of alerts, as the journal's type has them. */
const KINDS = [
  ...read('lib/journal.ts')
    .split('readonly source')[0]!
    .matchAll(/\| '([a-z-]+)'/g),
].map((match) => match[1]!)

describe('docs/notices.md', () => {
  test('tells of every kind of alert, and of no other', () => {
    const rows = [...read('docs/notices.md').matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1]!)
    expect(KINDS.length).toBeGreaterThan(10)
    expect(rows.sort()).toEqual([...KINDS].sort())
  })
})

test('a notice names an article that the runbook has', () => {
  const articles = [...read('docs/runbook.md').matchAll(/^## ([a-z-]+)$/gm)].map((match) => match[1])
  expect(articles).toEqual(expect.arrayContaining(['attack-under-way', ...Object.values(ARTICLES)]))
  for (const kind of Object.keys(ARTICLES)) expect(KINDS).toContain(kind)
})

test('what a notice says may be typed can be typed', async () => {
  const text = read('lib/incident-document.ts')
  const lines = [...text.matchAll(/npx sipfence ([a-z]+)((?: (?:--)?[a-z]+)?)/g)]
  expect(lines.length).toBeGreaterThan(8)
  for (const [, command, word = ''] of lines) {
    const { code, out } = await runHere([command!, '--help'])
    expect([command, code]).toEqual([command, 0])
    if (/^ (--|on$|off$|observe$|enforce$)/.test(word)) expect(out).toContain(word.trim())
  }
})
