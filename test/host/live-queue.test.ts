import { expect, test } from 'vitest'
import { LiveQueue } from '../../lib/host/live-queue.ts'
import type { Message } from '../../lib/host/message.ts'

const message = (kind: Message['kind'], at: number, length = 10): Message => ({
  kind,
  at,
  body: 'x'.repeat(length),
})

test('messages come out in the order in which they went in, and the oldest says since when it waits', () => {
  const queue = new LiveQueue()
  const [first, second] = [message('report', 2), message('proofs', 1)]
  queue.push(first, 100)
  queue.push(second, 200)
  expect([queue.first, queue.oldestSince]).toEqual([first, 100])
  queue.remove(first)
  queue.remove(first)
  expect([queue.first, queue.oldestSince, queue.size]).toEqual([second, 200, 1])
  queue.remove(second)
  expect([queue.first, queue.oldestSince, queue.size]).toEqual([undefined, undefined, 0])
})

test('of too many the oldest reports go, and then the oldest proofs', () => {
  const queue = new LiveQueue()
  queue.push(message('proofs', 0), 0)
  for (let at = 1; at <= 300; at++) queue.push(message('report', at), at)
  expect([queue.size, queue.dropped]).toEqual([256, { report: 45, proofs: 0 }])
  expect(queue.first?.at).toBe(0)
  for (let at = 301; at <= 600; at++) queue.push(message('proofs', at), at)
  expect([queue.size, queue.dropped]).toEqual([256, { report: 300, proofs: 45 }])
  expect(queue.first?.at).toBe(345)
})

test('messages are bounded in length too, and what is gone no longer counts', () => {
  const queue = new LiveQueue()
  const mebi = 1024 * 1024
  for (let at = 0; at < 20; at++) queue.push(message('report', at, mebi), at)
  expect([queue.size, queue.first?.at, queue.dropped.report]).toEqual([8, 12, 12])
  for (let at = 12; at < 20; at++) queue.remove(queue.first!)
  for (let at = 20; at < 28; at++) queue.push(message('report', at, mebi), at)
  expect([queue.size, queue.first?.at, queue.dropped.report]).toEqual([8, 20, 12])
})
