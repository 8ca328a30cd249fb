import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { accusation, HOST, LOCAL_FENCE, OTHER_HOST } from './accusations.ts'
import { type Assembly, assemble, type LocalFence, startLocalFence } from './local-fence.ts'
import { jsonOf } from './log-lines.ts'

const STRANGER = 'i-0aaaaaaaaaaaaaaaa'
/** Ten times as many accusations as its share; `npm run prove` sends a hundred times as many. */
const REPORTS = process.env['SIPFENCE_EVERY_REPORT'] === undefined ? 12 : 112
const SOURCES_A_REPORT = 90

describe('the judge of reports', () => {
  let assembly: Assembly
  let fence: LocalFence
  beforeAll(() => {
    assembly = assemble(LOCAL_FENCE)
  })
  afterEach(() => fence.stop())
  afterAll(() => assembly?.remove())

  async function start(): Promise<void> {
    fence = await startLocalFence(assembly.template, {
      hosts: [HOST, OTHER_HOST, STRANGER],
      only: ['Analyze'],
    })
  }

  const lines = () => fence.functions.Analyze.lines
  const entries = (kind: string) => jsonOf(lines()).filter(({ message }) => message === kind)

  /** Waits until every report was received, handled and deleted, and none has failed. */
  async function handled(): Promise<void> {
    const [reports, dead] = ['reports', 'reports-dead'].map((name) => fence.aws.queue(`sipfence-f-${name}`))
    const left = () => reports!.visible().length + reports!.inFlight().length
    await expect.poll(left).toBe(0)
    expect(dead!.visible()).toEqual([])
    const failed = fence.functions.Analyze.invocations.filter(({ answer }) => !answer.ok)
    expect(failed).toEqual([])
  }

  /** Everything that was written to the ledger. */
  function writes(): string[] {
    const puts = fence.aws.calls().filter(({ action }) => action === 'PutItem' || action === 'UpdateItem')
    return puts.map(({ parameters }) => JSON.stringify(parameters))
  }

  test('counts and drops what is no report of a host of the fence, and writes nothing of it', async () => {
    await start()
    const good = accusation(HOST, '192.0.2.1')
    const refused: readonly (readonly [host: string, body: string, reason: string])[] = [
      [HOST, JSON.stringify({ ...good, host: OTHER_HOST }), 'forged-host'],
      [STRANGER, JSON.stringify({ ...good, host: STRANGER }), 'not-on-roster'],
      ['NOBODY', JSON.stringify(good), 'not-on-roster'],
      [HOST, JSON.stringify({ ...good, boot: 'b'.repeat(70_000) }), 'too-long'],
      [HOST, '{"schema":"sipfence.report/1",', 'not-json'],
      [HOST, 'null', 'unknown-schema'],
      [HOST, JSON.stringify({ ...good, schema: 'sipfence.report/2' }), 'unknown-schema'],
      [HOST, JSON.stringify({ ...good, sources: [{ prefix: '0.0.0.0/0' }] }), 'malformed'],
      [HOST, JSON.stringify({ ...good, fence: 'other' }), 'wrong-fence'],
      [HOST, JSON.stringify({ ...good, at: Date.now() + 90_000 }), 'from-the-future'],
    ]
    for (const [host, body] of refused) await fence.send(host, body)
    await handled()
    const reasons = () => entries('A message was not taken').map(({ reason }) => reason)
    await expect.poll(reasons).toHaveLength(refused.length)
    expect(reasons().sort()).toEqual(refused.map(([, , reason]) => reason).sort())
    expect(writes()).toEqual([])
  })

  test('lets a host cause its share of blocks and no more, and hears another host all the same', async () => {
    await start()
    for (const addresses of Array.from({ length: REPORTS }, (_, report) => network(report)))
      await fence.send(HOST, JSON.stringify(accusation(HOST, ...addresses)))
    await handled()
    await expect.poll(() => entries('block')).toHaveLength(LOCAL_FENCE.perHostHour.blocks)
    expect(entries('alert')).toMatchObject([{ entry: { alert: { kind: 'host-capped', host: HOST } } }])
    expect(fence.aws.published()).toEqual([]) // rounds tell people, and none has begun
    const notes = writes().filter((each) => each.includes('f#news'))
    expect(notes.length).toBeLessThanOrEqual(8) // two kinds, a minute or two, two functions at a time

    await fence.send(OTHER_HOST, JSON.stringify(accusation(OTHER_HOST, '192.0.2.1')))
    await handled()
    const last = () => entries('block').at(-1)
    await expect.poll(last).toMatchObject({ entry: { change: 'new', block: { prefix: '192.0.2.1/32' } } })
    expect(entries('block')).toHaveLength(LOCAL_FENCE.perHostHour.blocks + 1)
  })
})

/** As many sources as a report of them may be long, in a network of their own. */
function network(number: number): string[] {
  return Array.from({ length: SOURCES_A_REPORT }, (_, i) => `198.18.${number}.${i}`)
}
