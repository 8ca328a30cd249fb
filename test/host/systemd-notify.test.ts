import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { notifySystemd } from '../../lib/host/systemd-notify.ts'

/** How it speaks to a real systemd, test/packaging/installed.test.ts shows. */

let end = () => {}
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => {
  end()
  vi.useRealTimers()
})

/** A notifier, what it said and when, in seconds. */
function notifier(env: Readonly<Record<string, string>>) {
  const work = { isAlive: false, status: 'Counting', fails: false }
  const heard: number[] = []
  const words = new Set<string>()
  const told: string[] = []
  const start = performance.now()
  end = notifySystemd({
    isAlive: () => work.isAlive,
    status: () => work.status,
    tell: (line) => told.push(line),
    env,
    async speak(assignments) {
      heard.push(Math.round((performance.now() - start) / 1000))
      if (work.fails) throw new Error('no such program')
      words.add(assignments.join(' '))
    },
  })
  return { work, heard, words, told, pass: (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000) }
}

const SOCKET = { NOTIFY_SOCKET: '/run/systemd/notify' }
const MINUTE = { ...SOCKET, WATCHDOG_USEC: '60000000' }

test('tells systemd that the work has begun once it did, then thrice within WatchdogSec', async () => {
  const { work, heard, words, pass } = notifier(MINUTE)
  await pass(10)
  expect(heard).toEqual([])
  work.isAlive = true
  await pass(60)
  expect(heard).toEqual([11, 31, 51])
  expect([...words]).toEqual(['READY=1 WATCHDOG=1 STATUS=Counting'])
  work.status = 'Half-blind'
  await pass(1)
  expect([...words].at(-1)).toBe('READY=1 WATCHDOG=1 STATUS=Half-blind')
})

test('is silent while the work stands still, and speaks as soon as it goes on', async () => {
  const { work, heard, pass } = notifier(MINUTE)
  work.isAlive = true
  await pass(5)
  work.isAlive = false
  await pass(100)
  expect(heard).toEqual([1])
  work.isAlive = true
  await pass(1)
  expect(heard).toEqual([1, 106])
})

test('tells it once where there is no watchdog', async () => {
  const { work, heard, pass } = notifier(SOCKET)
  work.isAlive = true
  await pass(300)
  expect(heard).toEqual([1])
})

test('tries again each second where telling fails, and says so', async () => {
  const { work, heard, told, pass } = notifier(MINUTE)
  Object.assign(work, { isAlive: true, fails: true })
  await pass(2)
  work.fails = false
  await pass(10)
  expect(heard).toEqual([1, 2, 3])
  expect(told[0]).toBe('Cannot tell systemd that it runs: no such program')
})

test('says nothing where systemd has not asked, or its notifier has ended', async () => {
  const unasked = notifier({ WATCHDOG_USEC: '60000000' })
  unasked.work.isAlive = true
  await unasked.pass(30)
  const ended = notifier(MINUTE)
  ended.work.isAlive = true
  end()
  await ended.pass(30)
  expect([unasked.heard, ended.heard]).toEqual([[], []])
})
