import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readMessage, senderOf } from '../../lib/contract/message.ts'
import { onePrefix } from '../core/arbitraries.ts'
import { NOW, proofsOf, reflected, reportOf } from '../core/reports.ts'
import { search } from '../search.ts'

const HOST = 'i-0123456789abcdef0'
const SOURCE = onePrefix('192.0.2.7/32')
const AUDIENCE = { fence: 'f', roster: [HOST, 'i-0aaaaaaaaaaaaaaaa'], sender: HOST, receivedAt: NOW }
const GOOD = reportOf(HOST, 0, reflected(SOURCE))

describe('readMessage()', () => {
  test('takes the report and the proofs of a host of the fence', () => {
    expect(readMessage(JSON.stringify(GOOD), AUDIENCE)).toEqual({ kind: 'report', report: GOOD })
    const proofs = proofsOf(HOST, 0, SOURCE)
    expect(readMessage(JSON.stringify(proofs), AUDIENCE)).toEqual({ kind: 'proofs', report: proofs })
  })

  test.each([
    ['too-long', ' '.repeat(65_537)],
    ['not-json', '{"schema":'],
    ['unknown-schema', 'null'],
    ['unknown-schema', '[]'],
    ['unknown-schema', { ...GOOD, schema: 'sipfence.report/2' }],
    ['malformed', { ...GOOD, seq: 'first' }],
    ['malformed', { ...GOOD, sources: [{ ...reflected(SOURCE), prefix: '10.0.0.0/8' }] }],
    ['malformed', { ...GOOD, at: -1 }],
    ['malformed', { ...GOOD, more: 1 }],
    [
      'malformed',
      { ...proofsOf(HOST, 0), proofs: new Array(1_001).fill(proofsOf(HOST, 0, SOURCE).proofs[0]) },
    ],
    ['wrong-fence', { ...GOOD, fence: 'g' }],
    ['forged-host', { ...GOOD, host: 'i-0aaaaaaaaaaaaaaaa' }],
    ['from-the-future', { ...GOOD, at: NOW + 60_001 }],
  ] as const)('does not take what is %s (%#)', (reason, body) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const message = readMessage(text.slice(0, 65_537), AUDIENCE)
    const expected = text.length > 65_536 && reason === 'malformed' ? 'too-long' : reason
    expect(message).toMatchObject({
      kind: 'not-taken',
      reason: expected,
      why: expect.stringMatching(/.{10,300}/),
    })
  })

  test('does not take what a host sends that is not of the fence, whatever it says of itself', () => {
    for (const sender of [undefined, 'i-0bbbbbbbbbbbbbbbb']) {
      expect(readMessage(JSON.stringify(GOOD), { ...AUDIENCE, sender })).toMatchObject({
        reason: 'not-on-roster',
      })
    }
  })

  test('A report speaks only for the instance in its SQS SenderId, checked against the roster', () => {
    const hosts = fc.constantFrom(HOST, 'i-0aaaaaaaaaaaaaaaa', 'i-0bbbbbbbbbbbbbbbb', 'h', '')
    const senderId = fc.oneof(
      hosts.map((host) => `AROAABCDEFGHIJKLMNOPQ:${host}`),
      fc.constantFrom(undefined, 'AIDALOCAL', `AIDAABCDEFGHIJKLMNOPQ:${HOST}`, `AROA:${HOST}`, HOST),
      fc.string(),
    )
    search(
      fc.property(hosts, senderId, fc.constantFrom('f', 'g'), (host, id, fence) => {
        const sender = senderOf(id)
        const message = readMessage(JSON.stringify({ ...GOOD, host, fence }), { ...AUDIENCE, sender })
        const speaksForItself = id === `AROAABCDEFGHIJKLMNOPQ:${host}` && AUDIENCE.roster.includes(host)
        expect(message.kind === 'report').toBe(speaksForItself && fence === 'f')
      }),
      { seed: 11, numRuns: 500 },
    )
  })

  test('never throws, on any text', () => {
    search(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc
            .jsonValue()
            .filter((value) => !Array.isArray(value) || value.length > 0)
            .map((value) => JSON.stringify({ ...GOOD, sources: value })),
        ),
        (body) => {
          expect(readMessage(body, AUDIENCE).kind).toBe('not-taken')
        },
      ),
      { seed: 12, numRuns: 500 },
    )
  })

  test('shows nothing of a hostile message that a terminal or a log would act on', () => {
    const bad = `\u001b[2J${'x'.repeat(1_000)}`
    for (const body of [
      { ...GOOD, fence: bad },
      { ...GOOD, host: bad },
      { ...GOOD, schema: bad },
    ]) {
      const message = readMessage(JSON.stringify(body), AUDIENCE)
      expect(message).toMatchObject({ kind: 'not-taken' })
      expect(JSON.stringify(message)).not.toContain('\u001b')
      expect(message.kind === 'not-taken' && message.why.length).toBeLessThan(300)
    }
  })
})
