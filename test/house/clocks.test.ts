import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { brokenClocks } from './clocks.ts'

const ROOT = join(import.meta.dirname, '../..')

function scripts(): string[] {
  return readdirSync(join(ROOT, 'test'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.m?[jt]s$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
}

const BEGAN = 'const began = performance.now()\n'
const SLEEP = "import { setTimeout as sleep } from 'node:timers/promises'\n"

describe('No verdict of a test hangs on how fast the machine is', () => {
  test('in any file of test/', () => {
    const files = scripts()
    expect(files.length).toBeGreaterThan(300)
    expect(files.flatMap((file) => brokenClocks(file, readFileSync(join(ROOT, file), 'utf8')))).toEqual([])
  })

  test.each([
    ['a bare timer', 'await new Promise((resolve) => setTimeout(resolve, 500))'],
    ['a timer as a value', 'const pause = promisify(setTimeout)'],
    ['a timer of globalThis', 'globalThis.setTimeout(stop, 500)'],
    ['an interval', 'setInterval(look, 100)'],
    ['a sleep of timers/promises', `${SLEEP}await sleep(500)`],
    ['one by another name', "import { setTimeout as pause } from 'timers/promises'\nawait pause(500)"],
    ['one of a whole module', "import * as timers from 'node:timers/promises'\nawait timers.setTimeout(500)"],
    ['its scheduler', "import { scheduler } from 'node:timers/promises'\nawait scheduler.wait(500)"],
    ['one that is imported late', "const { setTimeout: pause } = await import('node:timers/promises')"],
    ['a signal that comes with time', 'await fetch(url, { signal: AbortSignal.timeout(500) })'],
    ['a thread that waits', 'Atomics.wait(cell, 0, 0, 500)'],
    ['a sleep of the shell', "execSync('sleep 2')"],
    ['one among other commands', "execSync('start & sleep 0.5; stop')"],
    ['the program sleep', "spawn('sleep', ['2'])"],
    ['a mark without a reason', 'setTimeout(stop, 500) // waits:'],
    ['a mark on another line', `// waits: to stop\nsetTimeout(stop, 500)`],
    ['a real timer beside a faked Date', "vi.useFakeTimers({ toFake: ['Date'] })\nsetTimeout(stop, 500)"],
    ['a clock in an expectation', 'expect(until).toBeLessThan(Date.now() + 5000)'],
    ['how long it took', `${BEGAN}expect(performance.now() - began).toBeLessThan(100)`],
    [
      'how long it took, by name',
      `${BEGAN}const ms = performance.now() - began\nexpect(ms).toBeLessThan(100)`,
    ],
    ['the seconds that it took', `${BEGAN}expect(Math.round((performance.now() - began) / 1000)).toBe(3)`],
    ['both ends by name', `${BEGAN}const end = performance.now()\nexpect(end - began).toBeGreaterThan(5)`],
    ['names that are set together', 'const [a, b] = [Date.now(), 1]\nexpect(a + b).toBeGreaterThan(at)'],
    ['a name that is set later', 'let began = 0\nbegan = Date.now()\nexpect(at).toBeCloseTo(began)'],
    ['a clock by nanoseconds', 'expect(process.hrtime.bigint() - began).toBeLessThan(5n)'],
    ['what is close to a clock', 'expect(row).toEqual({ at: expect.closeTo(Date.now(), -5) })'],
    ['what is not, of a promise', `${BEGAN}await expect(at).resolves.not.toBeGreaterThan(began)`],
    ['a clock that is compared first', 'expect(Date.now() < deadline).toBe(true)'],
    ['a deadline', 'while (Date.now() < deadline) await look()'],
    ['a test’s own limit', "test('works', async () => {}, 5000)"],
    ['the limit of a table', "test.each(rows)('works %s', async () => {}, LONGEST)"],
    ['the limit of a skipped one', "test.skipIf(lacks())('works', works, 5000)"],
    ['a limit among options', "test('works', { timeout: 5000 }, async () => {})"],
    ['a hook’s own limit', 'beforeAll(start, 180_000)'],
    ['a hook’s limit by name', 'afterEach(async () => {}, LONGEST)'],
    ['a poll’s own limit', 'await expect.poll(look, { timeout: 5000 }).toBe(1)'],
    ['an old poll’s', 'await vi.waitFor(look, 5000)'],
    ['limits of a file', 'vi.setConfig({ testTimeout: 5000 })'],
    ['the limit of a process', "spawnSync('sipfence', { timeout: 5000 })"],
    ['a mark of what does not wait', 'look() // waits: for nothing'],
  ])('refuses %s', (_, text) => {
    expect(brokenClocks('test/x.test.ts', text).join('\n')).toMatch(/^test\/x\.test\.ts:\d /)
  })

  test.each([
    ['a timer with its reason', 'setTimeout(stop, 500) // waits: between two looks'],
    ['a sleep with its reason', `${SLEEP}await sleep(50) // waits: between two looks`],
    ['a turn of the event loop', 'await new Promise((resolve) => setImmediate(resolve))'],
    ['one that is imported', "import { setImmediate as turn } from 'node:timers/promises'\nawait turn()"],
    ['an end that is awaited', "await once(child, 'exit')\nclearTimeout(hang)"],
    ['a poll without a limit', 'await expect.poll(look).toBe(1)'],
    [
      'timers that are faked',
      'vi.useFakeTimers()\nsetTimeout(stop, 500)\nexpect(Date.now() - began).toBe(500)',
    ],
    ['a Date that is faked', "vi.useFakeTimers({ toFake: ['Date'] })\nexpect(Date.now()).toBeLessThan(9)"],
    ['a clock that is handed on', 'const now = () => Date.now() + ahead\nexpect(await open(now)).toBe(1)'],
    ['an instant that comes back', 'const at = Date.now()\nawait keep(at)\nexpect(await kept()).toBe(at)'],
    ['a count', 'expect(calls.length).toBeLessThan(100)'],
    ['a time of the data', 'expect(report.at - before.at).toBeLessThan(1000)'],
    ['a method of that name', 'aws.setTimeouts(5)\nconst type = { setTimeout: 1 }'],
    ['the type of a timer', 'let timer: ReturnType<typeof setTimeout> | undefined'],
    ['a shell that sleeps for ever', "run('exec sleep infinity')"],
    ['a timeout of AWS', 'template.has({ Timeout: 30, VisibilityTimeout: 5 })'],
    ['a test with options', "test('works', { retry: 0 }, async () => {})\nbeforeAll(start)"],
  ])('lets %s stand', (_, text) => {
    expect(brokenClocks('test/x.test.ts', text)).toEqual([])
  })

  test.each(['setTimeout(stop, 500)', 'sleep 5'])('in a program that is a string, as %s', (program) => {
    const text = `const PROGRAM = \`\nfirst\n${program}\n\``
    expect(brokenClocks('test/x.test.ts', text)).toEqual([
      expect.stringMatching(/^test\/x\.test\.ts:3 waits/),
    ])
    expect(brokenClocks('test/prove/faults/x.ts', text)).toEqual([])
  })

  test('but in benches and the lab, and outside of test/', () => {
    for (const file of ['test/bench/x.ts', 'test/lab/x.ts', 'lib/host/x.ts'])
      expect(brokenClocks(file, 'setTimeout(stop, 500)')).toEqual([])
  })
})
