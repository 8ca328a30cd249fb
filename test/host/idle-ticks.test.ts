import { expect, test } from 'vitest'
import { withIdleTicks } from '../../lib/host/idle-ticks.ts'

async function* never(): AsyncGenerator<number> {
  await new Promise(() => {})
  yield 0
}

async function* failing(): AsyncGenerator<number> {
  yield 1
  throw new Error('broken')
}

test('items come through in order and the end of the source is the end', async () => {
  async function* source() {
    yield* [1, 2, 3]
  }
  const items: unknown[] = []
  for await (const item of withIdleTicks(source(), 60_000)) items.push(item)
  expect(items).toEqual([1, 2, 3])
})

test('a quiet source gives ticks', async () => {
  const ticks: unknown[] = []
  for await (const item of withIdleTicks(never(), 1)) {
    ticks.push(item)
    if (ticks.length === 3) break
  }
  expect(ticks).toEqual([undefined, undefined, undefined])
})

test('an abort ends a wait at once, and one from before ends it before the first item', async () => {
  const abort = new AbortController()
  const first = withIdleTicks(never(), 3_600_000, abort.signal).next()
  abort.abort()
  expect(await first).toEqual({ done: true, value: undefined })
  expect(await withIdleTicks(failing(), 1, abort.signal).next()).toEqual({ done: true, value: undefined })
})

test('an error of the source comes after the items before it', async () => {
  const items = withIdleTicks(failing(), 60_000)
  expect((await items.next()).value).toBe(1)
  await expect(items.next()).rejects.toThrow('broken')
})

test('the source is asked for no more than the reader takes', async () => {
  let asked = 0
  async function* source() {
    for (;;) yield ++asked
  }
  for await (const item of withIdleTicks(source(), 60_000)) if (item === 2) break
  expect(asked).toBe(2)
})
