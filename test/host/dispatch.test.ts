import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Delivery, Dispatch } from '../../lib/host/dispatch.ts'
import { messageOf } from '../../lib/host/message.ts'
import { Spool } from '../../lib/host/spool.ts'
import { aProof, aReport } from './reports.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 0, toFake: ['setTimeout', 'clearTimeout', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

type Answer = () => Promise<Delivery>
const accept: Answer = async () => ({ ok: true })
const fail: Answer = async () => {
  throw new Error('Cannot send: nobody answers')
}
const hang: Answer = () => new Promise(() => {})

interface Sent {
  readonly what: string
  readonly at: number
}

/** A dispatch with a spool in memory, and a queue whose answer can be changed. */
function stage({ answer = accept, random = 0.5, room = 1_000 } = {}) {
  const sent: Sent[] = []
  const tried: number[] = []
  const told: string[] = []
  const tell = (line: string) => told.push(line)
  const queue = { answer }
  const spool = new Spool(tell, { mostBytes: 2 ** 30, mostMessages: room })
  const dispatch = new Dispatch({
    async send(body) {
      tried.push(Date.now())
      const delivery = await queue.answer()
      const { schema, at } = JSON.parse(body) as { schema: string; at: number }
      sent.push({ what: `${schema.slice(9, -2)} ${at / 1000}`, at: Date.now() })
      return delivery
    },
    spool,
    clock: () => Date.now(),
    random: () => random,
    tell,
  })
  /** What a capture hands over at the end of each of these seconds. */
  async function seconds(from: number, to: number): Promise<void> {
    for (let second = from; second <= to; second++) {
      await dispatch.proofs(aProof(second))
      await dispatch.report(aReport(second))
      await vi.advanceTimersByTimeAsync(1000)
    }
  }
  return { dispatch, sent, tried, told, queue, spool, seconds, what: () => sent.map(({ what }) => what) }
}

describe('while sending works', () => {
  test('what is reported goes out at once, proofs before the report of their second', async () => {
    const { seconds, sent, told, spool } = stage()
    await seconds(0, 1)
    expect(sent).toEqual([
      { what: 'proofs 0', at: 0 },
      { what: 'report 0', at: 0 },
      { what: 'proofs 1', at: 1000 },
      { what: 'report 1', at: 1000 },
    ])
    expect(spool.size).toBe(0)
    expect(told).toEqual([])
  })

  test('the backlog goes out behind what is live, five a second', async () => {
    const { dispatch, sent, spool } = stage()
    for (let second = 1; second <= 20; second++) {
      await spool.put({ kind: 'report', at: second * 1000, body: JSON.stringify(aReport(second)) })
    }
    await vi.advanceTimersByTimeAsync(1)
    await dispatch.report(aReport(100))
    await vi.advanceTimersByTimeAsync(1998)
    const [first, ...backlog] = sent
    expect(first).toEqual({ what: 'report 100', at: 1 })
    expect(backlog.map(({ what }) => what)).toEqual(Array.from({ length: 10 }, (_, i) => `report ${i + 1}`))
    await dispatch.report(aReport(101))
    await vi.advanceTimersByTimeAsync(0)
    expect(sent.at(-1)).toEqual({ what: 'report 101', at: 1999 })
    await vi.advanceTimersByTimeAsync(2000)
    expect(sent).toHaveLength(22)
    expect(spool.size).toBe(0)
  })

  test('what the queue will never take is dropped, told, and holds nothing up', async () => {
    const { dispatch, queue, sent, told, tried } = stage()
    queue.answer = async () => ({ ok: false, reason: 'Queue q does not take a report: too long' })
    await dispatch.report(aReport(1))
    await vi.advanceTimersByTimeAsync(0)
    queue.answer = accept
    await dispatch.report(aReport(2))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(tried).toHaveLength(2)
    expect(sent.at(-1)?.what).toBe('report 2')
    expect(told).toEqual(['Queue q does not take a report: too long; that report is dropped'])
  })
})

describe('while sending fails', () => {
  test('the caller never waits', async () => {
    const { dispatch } = stage({ answer: hang })
    await dispatch.report(aReport(1))
    await dispatch.proofs(aProof(1))
    await dispatch.endSecond()
    expect(Date.now()).toBe(0)
  })

  test('one message is tried after each pause, and pauses grow from 1 s to 30 s with chance', async () => {
    const pauses = async (random: number) => {
      const { dispatch, tried } = stage({ answer: fail, random })
      const start = Date.now()
      await dispatch.report(aReport(1))
      await vi.advanceTimersByTimeAsync(200_000)
      return tried.map((at) => at - start).map((at, i, all) => (i === 0 ? at : at - all[i - 1]!))
    }
    expect((await pauses(0)).slice(0, 5)).toEqual([0, 1000, 1000, 1000, 1000])
    expect((await pauses(0.5)).slice(0, 5)).toEqual([0, 2000, 3500, 5750, 9125])
    expect((await pauses(1)).slice(0, 7)).toEqual([0, 3000, 9000, 27_000, 30_000, 30_000, 30_000])
  })

  test('after it has worked, pauses begin anew', async () => {
    const { dispatch, queue, tried } = stage({ answer: fail, random: 1 })
    await dispatch.report(aReport(1))
    await vi.advanceTimersByTimeAsync(30_000)
    queue.answer = accept
    await vi.advanceTimersByTimeAsync(30_000)
    queue.answer = fail
    const before = tried.length
    await dispatch.report(aReport(2))
    await vi.advanceTimersByTimeAsync(3000)
    expect(tried.slice(before)).toEqual([60_000, 63_000])
  })

  test('reports that come do not make it try sooner', async () => {
    const { seconds, tried } = stage({ answer: fail, random: 1 })
    await seconds(0, 10)
    expect(tried).toEqual([0, 3000])
  })

  test('what has waited for 10 s goes to the spool, and what is newer goes out first later', async () => {
    const { seconds, queue, spool, what, told } = stage({ answer: fail })
    await seconds(1, 15)
    expect(spool.size).toBe(12)
    expect(told).toEqual(['Cannot send: nobody answers; reports wait and are sent when it works'])
    queue.answer = accept
    await vi.advanceTimersByTimeAsync(30_000)
    const early = Array.from({ length: 11 }, (_, i) => i + 1)
    expect(what()).toEqual([
      ...[12, 13, 14, 15].flatMap((second) => [`proofs ${second}`, `report ${second}`]),
      ...early.map((second) => `proofs ${second}`),
      ...early.map((second) => `report ${second}`),
    ])
    expect(spool.size).toBe(0)
    expect(told.slice(1)).toEqual([
      expect.stringMatching(/^Reports can be sent again; \d+ wait in the spool$/),
    ])
  })

  test('an attempt that nobody answers is given up after 10 s', async () => {
    const { dispatch, told, queue, what } = stage({ answer: hang })
    await dispatch.report(aReport(1))
    await vi.advanceTimersByTimeAsync(9_999)
    expect(told).toEqual([])
    queue.answer = accept
    await vi.advanceTimersByTimeAsync(3_000)
    expect(told[0]).toMatch(/no answer in time/)
    expect(what()).toEqual(['report 1'])
  })

  test('a queue that comes and goes is told of once a minute', async () => {
    const { dispatch, queue, told } = stage({ random: 0 })
    for (let second = 0; second < 120; second++) {
      queue.answer = second % 2 === 0 ? fail : accept
      await dispatch.report(aReport(second))
      await vi.advanceTimersByTimeAsync(1000)
    }
    expect(told.filter((line) => line.startsWith('Cannot send'))).toHaveLength(2)
    expect(told.filter((line) => line.startsWith('Reports can'))).toHaveLength(2)
  })

  test('a new reason is told too, though not before a minute is over', async () => {
    const { seconds, queue, told } = stage({ answer: fail, random: 0 })
    await seconds(1, 3)
    queue.answer = async () => {
      throw new Error('Cannot send: denied')
    }
    await seconds(4, 70)
    expect(told).toEqual([
      'Cannot send: nobody answers; reports wait and are sent when it works',
      'Cannot send: denied',
    ])
  })

  test('what there is no room for is dropped, and told once a minute with how many', async () => {
    const { dispatch, seconds, spool, told } = stage({ answer: fail, room: 4 })
    await seconds(1, 130)
    const lines = told.filter((line) => line.startsWith('Dropped'))
    expect(lines.length).toBeGreaterThan(1)
    expect(lines.length).toBeLessThan(4)
    expect(lines[0]).toMatch(/^Dropped \d+ reports and \d+ proof reports, the oldest/)
    expect(spool.size).toBe(4)
    const closed = dispatch.close()
    await vi.advanceTimersByTimeAsync(5_000)
    await closed
    const counts = told.flatMap((line) => /^Dropped (\d+) reports and (\d+) proof/.exec(line)?.slice(1) ?? [])
    expect(counts.reduce((sum, count) => sum + Number(count), 0)).toBe(260 - 4)
  })
})

describe('at the end', () => {
  test('what is live is sent, and the backlog stays', async () => {
    const { dispatch, spool, what, told } = stage()
    await spool.put({ kind: 'report', at: 1000, body: JSON.stringify(aReport(1)) })
    await spool.put({ kind: 'report', at: 2000, body: JSON.stringify(aReport(2)) })
    await dispatch.report(aReport(3))
    await dispatch.close()
    expect(what()).toEqual(['report 3'])
    expect(told).toEqual(['Lost 2 reports that could be neither sent nor spooled'])
  })

  test('with nothing to send it ends at once', async () => {
    const { dispatch, tried } = stage()
    await dispatch.close()
    expect([Date.now(), tried]).toEqual([0, []])
  })

  test('a pause is cut short, and what fails for 5 s is spooled', async () => {
    const { dispatch, seconds, spool, tried } = stage({ answer: fail, random: 1 })
    await seconds(1, 2)
    const closed = dispatch.close()
    await vi.advanceTimersByTimeAsync(4_999)
    expect(tried).toEqual([0, 2000, 5000])
    expect(spool.size).toBe(0)
    await vi.advanceTimersByTimeAsync(1)
    await closed
    expect(Date.now()).toBe(7000)
    expect(spool.size).toBe(4)
  })

  test('an attempt that hangs is given up after 5 s, and its report spooled', async () => {
    const { dispatch, spool } = stage({ answer: hang })
    await dispatch.report(aReport(1))
    const closed = dispatch.close()
    await vi.advanceTimersByTimeAsync(5_000)
    await closed
    expect(spool.size).toBe(1)
    expect(await spool.next()).toMatchObject({ kind: 'report', at: 1000 })
  })

  test('when it is pressed, the attempt ends at once and all is spooled', async () => {
    const { dispatch, seconds, spool, tried } = stage({ answer: hang })
    await seconds(1, 2)
    const press = new AbortController()
    const closed = dispatch.close(press.signal)
    await vi.advanceTimersByTimeAsync(300)
    expect(spool.size).toBe(0)
    press.abort()
    await closed
    expect([Date.now(), spool.size, tried]).toEqual([2300, 4, [0]])
  })

  test('where it was pressed before, nothing is tried any more', async () => {
    const { dispatch, seconds, spool, tried, queue } = stage({ answer: fail, random: 1 })
    await seconds(1, 1)
    queue.answer = accept
    await dispatch.close(AbortSignal.abort())
    expect([Date.now(), spool.size, tried]).toEqual([1000, 2, [0]])
  })

  test('no attempt begins once the time is over, however late the disk is', async () => {
    const { dispatch, spool, queue, tried } = stage()
    let read = () => {}
    const late = new Promise<void>((resolve) => {
      read = resolve
    })
    const next = spool.next.bind(spool)
    vi.spyOn(spool, 'next').mockImplementation(async () => {
      await late
      return await next()
    })
    await spool.put(messageOf(aReport(1)))
    await dispatch.report(aReport(2))
    await vi.advanceTimersByTimeAsync(1)
    queue.answer = hang
    const closed = dispatch.close()
    read()
    await closed
    expect([Date.now(), tried, spool.size]).toEqual([1, [0], 1])
  })
})
