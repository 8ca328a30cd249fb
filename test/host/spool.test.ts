import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { messageOf } from '../../lib/host/message.ts'
import { Spool, type SpoolLimits } from '../../lib/host/spool.ts'
import { lacks } from '../skips.ts'
import { aProof, aReport } from './reports.ts'

const BLOCK = 4096
let folder = ''
const told: string[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sipfence-spool-'))
  told.length = 0
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function open(limits?: Partial<SpoolLimits>, path = join(folder, 'pbx')): Promise<Spool> {
  const spool = new Spool((line) => told.push(line), { mostBytes: 100 * BLOCK, mostMessages: 100, ...limits })
  await spool.open(path)
  return spool
}

const report = (second: number) => messageOf(aReport(second))
const proof = (second: number) => messageOf(aProof(second))

/** Takes everything out: `proofs 3`, `report 1`. */
async function drain(spool: Spool): Promise<string[]> {
  const found: string[] = []
  for (;;) {
    const next = await spool.next()
    if (next === undefined) return found
    expect(JSON.parse(next.body)).toMatchObject({ at: next.at })
    found.push(`${next.kind} ${next.at / 1000}`)
    await next.done()
  }
}

describe('the spool', () => {
  test('gives proofs first, then reports, each the oldest first, after a restart too', async () => {
    const before = await open()
    for (const message of [report(10), proof(11), report(2), proof(3)]) await before.put(message)
    const after = await open()
    expect(after.size).toBe(4)
    expect(await drain(after)).toEqual(['proofs 3', 'proofs 11', 'report 2', 'report 10'])
    expect(readdirSync(join(folder, 'pbx'))).toEqual([])
    expect(told).toEqual([])
  })

  test('keeps a message until it is done', async () => {
    const spool = await open()
    await spool.put(report(1))
    await spool.next()
    expect(await drain(await open())).toEqual(['report 1'])
  })

  test('is for its owner only, and so is what lies in it', async () => {
    await (await open()).put(report(1))
    chmodSync(join(folder, 'pbx'), 0o755)
    await open()
    expect(statSync(join(folder, 'pbx')).mode & 0o777).toBe(0o700)
    const [name] = readdirSync(join(folder, 'pbx'))
    expect(statSync(join(folder, 'pbx', name!)).mode & 0o777).toBe(0o600)
  })

  test.each([
    ['messages', { mostMessages: 3 }],
    ['bytes', { mostBytes: 3 * BLOCK + 1 }],
  ])('throws the oldest reports away when it is full of %s, and proofs last', async (_, limits) => {
    const spool = await open(limits)
    for (const message of [proof(1), report(2), report(3), report(4)]) await spool.put(message)
    expect(spool.dropped).toEqual({ report: 1, proofs: 0 })
    await spool.put(proof(5))
    await spool.put(proof(6))
    await spool.put(report(7))
    expect(spool.dropped).toEqual({ report: 4, proofs: 0 })
    await spool.put(proof(8))
    expect(spool.dropped).toEqual({ report: 4, proofs: 1 })
    expect(readdirSync(join(folder, 'pbx'))).toHaveLength(3)
    expect(await drain(spool)).toEqual(['proofs 5', 'proofs 6', 'proofs 8'])
  })

  test('holds to its bound when it finds more than that, and never takes what is larger than it', async () => {
    const before = await open()
    for (let second = 1; second <= 5; second++) await before.put(report(second))
    const after = await open({ mostMessages: 2 })
    expect(after.dropped).toEqual({ report: 3, proofs: 0 })
    expect(await drain(after)).toEqual(['report 4', 'report 5'])
    const small = await open({ mostBytes: BLOCK })
    await small.put(report(1))
    await small.put({ ...proof(2), body: 'x'.repeat(BLOCK + 1) })
    expect(await drain(small)).toEqual(['report 1'])
    expect(small.dropped).toEqual({ report: 0, proofs: 1 })
  })

  test('sets damaged files aside, leaves foreign ones, and gives the rest', async () => {
    const path = join(folder, 'pbx')
    await (await open()).put(report(9))
    const uuid = '00000000-0000-4000-8000-000000000000'
    const damaged = {
      [`000000000001000-${uuid}.report.json`]: '',
      [`000000000002000-${uuid}.report.json`]: '{"schema":"sipfence.report/1"',
      [`000000000003000-${uuid}.report.json`]: proof(3).body,
      [`000000000004000-${uuid}.proofs.json`]: 'null',
    }
    const tooLong = `000000000006000-${uuid}.report.json`
    const foreign = {
      [tooLong]: report(6).body + ' '.repeat(1024 * 1024),
      'notes.txt': 'x',
      '.hidden.json': '{}',
      [`1-${uuid}.report.json`]: report(1).body,
    }
    const left = { [`000000000005000-${uuid}.report.json.part`]: report(5).body }
    for (const [name, text] of Object.entries({ ...damaged, ...foreign, ...left })) {
      writeFileSync(join(path, name), text)
    }
    const spool = await open()
    expect(await drain(spool)).toEqual(['report 9'])
    const aside = Object.keys(damaged).map((name) => `${name}.damaged`)
    expect(readdirSync(path).sort()).toEqual([...aside, ...Object.keys(foreign)].sort())
    expect(told).toEqual([
      expect.stringMatching(/Cannot read "0.*" in the spool: .*; such files are set aside/),
    ])
    const later = await open()
    await later.measured
    expect(later.size).toBe(0)
  })

  test('takes a file that somebody removed for gone, and says nothing', async () => {
    const spool = await open()
    await spool.put(report(1))
    await spool.put(report(2))
    rmSync(join(folder, 'pbx', readdirSync(join(folder, 'pbx')).sort()[0]!))
    expect(await drain(spool)).toEqual(['report 2'])
    expect(told).toEqual([])
  })

  test.each([
    ['is a file', () => writeFileSync(join(folder, 'pbx'), ''), /it is no directory/],
    ['lies below a file', () => writeFileSync(join(folder, 'file'), ''), /ENOTDIR/],
  ])(
    'is in memory where its directory %s, with the same bound, and says so once',
    async (what, spoil, why) => {
      spoil()
      const spool = await open({ mostMessages: 2 }, join(folder, what === 'is a file' ? 'pbx' : 'file/pbx'))
      for (const message of [report(1), report(2), proof(3)]) await spool.put(message)
      expect(spool.inMemory).toBe(2)
      expect(spool.dropped).toEqual({ report: 1, proofs: 0 })
      expect(await drain(spool)).toEqual(['proofs 3', 'report 2'])
      expect(told).toEqual([expect.stringMatching(/^Cannot keep reports in ".*pbx": .* kept in memory/)])
      expect(told[0]).toMatch(why)
    },
  )

  test('does not hang where directories cannot be made at all', async () => {
    const spool = await open({}, '/proc/sipfence/pbx')
    await spool.put(report(1))
    expect(await drain(spool)).toEqual(['report 1'])
    expect(told).toEqual([expect.stringMatching(/ENOENT/)])
  })

  test('keeps in memory what it cannot write, and on disk what it could', async () => {
    const spool = await open()
    await spool.put(report(1))
    rmSync(join(folder, 'pbx'), { recursive: true })
    await spool.put(report(2))
    await spool.put(report(3))
    expect(spool.inMemory).toBe(2)
    expect(await drain(spool)).toEqual(['report 2', 'report 3'])
    expect(told).toEqual([expect.stringMatching(/ENOENT/)])
  })
})

describe('a spool that finds much', () => {
  const path = () => join(folder, 'pbx')
  const files = () => readdirSync(path())
  async function leave(count: number, padding = ''): Promise<void> {
    const before = await open()
    for (let second = 1; second <= count; second++) {
      const message = report(second)
      await before.put({ ...message, body: message.body + padding })
    }
  }

  test('is open before it has touched any of it, takes what is new, and then makes room', async () => {
    await leave(50)
    const spool = await open({ mostMessages: 10 })
    expect(files().length).toBeGreaterThanOrEqual(49) // one is being removed already
    expect([spool.size, spool.dropped.report]).toEqual([10, 40])
    await spool.put(proof(60))
    expect(await drain(spool)).toEqual([
      'proofs 60',
      ...Array.from({ length: 9 }, (_, i) => `report ${i + 42}`),
    ])
    await spool.measured
    expect([files(), spool.dropped]).toEqual([[], { report: 41, proofs: 0 }])
  })

  test('holds to its bound in bytes as soon as it has measured', async () => {
    await leave(5, ' '.repeat(2 * BLOCK))
    const spool = await open({ mostBytes: 10 * BLOCK })
    expect(spool.size).toBe(5)
    await spool.measured
    expect([spool.size, spool.dropped.report, files().length]).toEqual([3, 2, 3])
    await spool.put(report(6))
    await spool.put(report(7))
    expect(await drain(spool)).toEqual(['report 4', 'report 5', 'report 6', 'report 7'])
  })

  test('leaves the rest for the next start where it is closed meanwhile', async () => {
    await leave(50)
    const spool = await open({ mostMessages: 10 })
    await spool.put(report(60))
    await spool.close()
    const left = files().length
    expect(left).toBeGreaterThan(11)
    const next = await open()
    await next.measured
    expect([next.size, (await drain(next)).at(-1)]).toEqual([left, 'report 60'])
  })

  test('keeps the newest 16 damaged files, of earlier runs too, and no folder of such a name', async () => {
    const name = (second: number, ending = '') =>
      `${String(second).padStart(15, '0')}-00000000-0000-4000-8000-000000000000.report.json${ending}`
    const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
    await open()
    for (const second of numbers(1, 40)) writeFileSync(join(path(), name(second, '.damaged')), 'x')
    mkdirSync(join(path(), name(50, '.damaged')))
    const spool = await open()
    await spool.measured
    const aside = (seconds: readonly number[]) => [...seconds, 50].map((second) => name(second, '.damaged'))
    expect(files()).toEqual(aside(numbers(25, 40)))
    for (const second of [41, 42]) writeFileSync(join(path(), name(second)), 'x')
    await drain(await open())
    expect(files()).toEqual(aside(numbers(27, 42)))
  })
})

test.skipIf(lacks('the spool in a directory of somebody else', 'root'))(
  'the spool sends nothing from a directory of somebody else',
  async () => {
    const path = join(folder, 'pbx')
    mkdirSync(path)
    chownSync(path, 65_534, 65_534)
    const spool = await open()
    await spool.put(report(1))
    expect([spool.size, spool.inMemory, readdirSync(path)]).toEqual([1, 1, []])
    expect(told).toEqual([expect.stringMatching(/belongs to user 65534; up to 0 MiB are kept in memory/)])
  },
)
