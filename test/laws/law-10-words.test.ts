import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import fc from 'fast-check'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { tellError } from '../../lib/aws/aws-errors.ts'
import { openQuestions } from '../../lib/commands/questions.ts'
import { print } from '../../lib/commands/terminal.ts'
import { type FenceConfig, readConfig } from '../../lib/config.ts'
import { readMessage } from '../../lib/contract/message.ts'
import { escaped, jsonText } from '../../lib/core/escape.ts'
import { parseAddress, parsePrefix } from '../../lib/core/prefix.ts'
import { deployProblems } from '../../lib/settings/deploy-problems.ts'
import { printable, table } from '../../lib/view/format.ts'
import { plain } from '../../lib/view/notice-words.ts'
import { runHere } from '../commands/in-process.ts'
import { NOW, reflected, reportOf } from '../core/reports.ts'
import { search } from '../search.ts'
import { expectHarmless, hostileText } from './law-10-hostile.ts'

const folder = mkdtempSync(join(tmpdir(), 'sipfence-hostile-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('Hostile text is bounded and escaped', () => {
  test('wherever it is shown to people', () => {
    search(
      fc.property(hostileText, fc.integer({ min: 1, max: 200 }), (text, most) => {
        const shown = printable(text, most)
        expectHarmless(shown)
        expect(shown).not.toContain('\n')
        expect(shown.length).toBeLessThanOrEqual(6 * most + 1)
        expect(escaped(shown)).toBe(shown)
        expectHarmless(escaped(text))
        expectHarmless(table([[shown, printable(text)]], 80).join('\n'))
      }),
      { seed: 10, numRuns: 300 },
    )
  })

  test('in JSON, which still says the same', () => {
    search(
      fc.property(hostileText, hostileText, fc.constantFrom(0, 2), (key, text, indent) => {
        const shown = jsonText({ [key]: [text, 1, null] }, indent)
        expectHarmless(shown, 200_000)
        expect(JSON.parse(shown)).toEqual({ [key]: [text, 1, null] })
      }),
      { seed: 10, numRuns: 200 },
    )
  })

  test('in mails, text messages and chats, where it is no markup either', () => {
    search(
      fc.property(hostileText, fc.integer({ min: 1, max: 300 }), (text, most) => {
        const shown = plain(text, most)
        expect(shown).toMatch(/^[ -~]*$/)
        expect(shown).not.toMatch(/[<>[\]&@|`]|:\/\//)
        expect(shown.length).toBeLessThanOrEqual(Math.max(3, most))
        expect(plain(shown, most)).toBe(shown)
      }),
      { seed: 10, numRuns: 300 },
    )
  })

  test('in what is said of a message that is not taken, of an address, and of an answer of AWS', () => {
    const audience = { fence: 'f', roster: ['h'], sender: 'h', receivedAt: NOW }
    search(
      fc.property(hostileText, fc.constantFrom('fence', 'host', 'boot', 'schema', 'key'), (text, place) => {
        const report = reportOf('h', 0, reflected(parsedPrefix('192.0.2.7')))
        const spoilt = { ...report, [place === 'key' ? text : place]: text }
        for (const body of [JSON.stringify(spoilt), text, JSON.stringify(text)]) {
          const message = readMessage(body, audience)
          if (message.kind === 'not-taken') expectHarmless(message.why, 2_000)
          else expect([body, place]).toEqual([body, 'boot'])
        }
        for (const parsed of [parseAddress(text), parsePrefix(text), parsePrefix(`192.0.2.7/${text}`)])
          if (!parsed.ok) expectHarmless(parsed.reason, 2_000)
        expectHarmless(tellError(Object.assign(new Error(text), { name: text })), 2_000)
      }),
      { seed: 10, numRuns: 100 },
    )
  })
})

function parsedPrefix(text: string) {
  const parsed = parsePrefix(text)
  if (!parsed.ok) throw new Error(parsed.reason)
  return parsed.value
}

/** Settings with hostile text in one place. */
const PLACES: readonly ((text: string) => object)[] = [
  (text) => ({ id: text }),
  (text) => ({ id: 'f', [text]: 1 }),
  (text) => ({ id: 'f', mode: text }),
  (text) => ({ id: 'f', allow: [text] }),
  (text) => ({ id: 'f', pbxs: [{ id: text, addresses: ['192.0.2.1'] }] }),
  (text) => ({ id: 'f', pbxs: [{ addresses: [text] }] }),
  (text) => ({ id: 'f', networkAcls: [{ id: text, [text]: text }] }),
  (text) => ({ id: 'f', region: text, vpc: text, ports: [text] }),
  (text) => ({ id: 'f', limits: { [text]: text }, firewalls: { [text]: { [text]: text } } }),
]

/** What the settings make the CDK app, the functions and the command line say. */
function saidOf(json: string, name: string): string {
  let fences: readonly FenceConfig[]
  try {
    fences = readConfig(name, json).fences
  } catch (error) {
    return (error as Error).message
  }
  return fences.flatMap((fence) => deployProblems(fence, 'fences[0]')).join('\n')
}

describe('Whatever settings and arguments hold, what is said of them is harmless', () => {
  test('settings, by whoever reads them', () => {
    search(
      fc.property(hostileText, fc.constantFrom(...PLACES), hostileText, (text, place, name) => {
        const json = JSON.stringify({ version: 1, fences: [place(text)] })
        expectHarmless(saidOf(json, name))
        expectHarmless(saidOf(`${text}${json}`, name))
        expectHarmless(saidOf(JSON.stringify({ version: text, [text]: text }), name))
      }),
      { seed: 10, numRuns: 200 },
    )
  })

  const COMMANDS: readonly ((text: string, settings: string) => readonly string[])[] = [
    (text) => [text],
    (text) => [`--${text}`],
    (text) => ['demo', text],
    (text) => ['replay', text],
    (text) => ['replay', `${text}.pcap`, `--${text}`],
    (text) => ['replay', 'missing.pcap', '--pbx', text],
    (text) => ['replay', 'missing.pcap', '--allow', text],
    (text) => ['replay', 'missing.pcap', '--ports', text],
    (text) => ['replay', 'missing.pcap', '--enforcement-delay', text],
    (text) => ['replay', 'missing.pcap', '--config', text],
    (_, settings) => ['replay', 'missing.pcap', '--config', settings],
    (text) => ['sidecar', '--dry-run', '--read', 'missing.pcap', '--host', text],
    (text) => ['sidecar', '--dry-run', '--read', text, '--pbx', '192.0.2.1'],
    (text) => ['sidecar', '--dry-run', '--read', 'missing.pcap', '--listen', text],
    (text, settings) => ['status', '--config', settings, '--fence', text],
    (text) => ['why', text, '--config', 'missing.json'],
    (text) => ['mode', text, '--config', 'missing.json'],
    (text) => ['cost', text],
  ]

  test('arguments, files and file names, by every command', async () => {
    const settings = join(folder, 'sipfence.json')
    await search(
      fc.asyncProperty(
        hostileText,
        fc.constantFrom(...COMMANDS),
        fc.constantFrom(...PLACES),
        async (text, command, place) => {
          writeFileSync(settings, JSON.stringify({ version: 1, fences: [place(text)] }))
          const { code, out, err } = await runHere(command(text, settings), { HOME: folder })
          expect([code, out]).not.toEqual([0, ''])
          expectHarmless(out)
          expectHarmless(err)
        },
      ),
      { seed: 10, numRuns: 60 },
    )
  })

  test('lines and questions, whatever a view has made of them', () => {
    const shown: string[] = []
    const output = new Writable({
      write(chunk, _, done) {
        shown.push(String(chunk))
        done()
      },
    })
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      shown.push(String(chunk))
      return true
    })
    try {
      search(
        fc.property(hostileText, (text) => {
          print([text, text])
          const { ask, close } = openQuestions(new PassThrough(), output)
          void ask(text)
          close()
          const said = shown.splice(0)
          expect(said).toHaveLength(2)
          expectHarmless(said.join(''), 200_000)
        }),
        { seed: 10, numRuns: 50 },
      )
    } finally {
      spy.mockRestore()
    }
  })

  test('because all that writes to a terminal is in one file', () => {
    const files = ['lib', 'bin', 'lambda'].flatMap((place) =>
      readdirSync(place, { recursive: true, encoding: 'utf8' }).map((name) => `${place}/${name}`),
    )
    const writers = files.filter(
      (name) =>
        name.endsWith('.ts') && /\bstd(out|err)\.write\b|\bconsole\./.test(readFileSync(name, 'utf8')),
    )
    // The CDK app says what readConfig says of settings, which is harmless by itself.
    expect(writers).toEqual(['lib/commands/terminal.ts', 'bin/app.ts'])
  })
})
