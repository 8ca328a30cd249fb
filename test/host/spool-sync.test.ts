import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lacks } from '../skips.ts'

const SPOOL = new URL('../../lib/host/spool.ts', import.meta.url).pathname
/** What a process of its own does: it puts one message into a spool. */
const PUTS_ONE = `
import { Spool } from ${JSON.stringify(SPOOL)}
const spool = new Spool((line) => process.stderr.write(line))
await spool.open(process.argv[1])
await spool.put({ kind: 'report', at: 1, body: '{"schema":"sipfence.report/1","at":1}' })
`

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sipfence-sync-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** The system calls that end a message's way to the disk, in order, each with the file it is about. */
function traced(spool: string): string[] {
  const log = join(folder, 'calls')
  const calls = 'trace=write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2'
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', PUTS_ONE, spool]
  const { status, stderr } = spawnSync('strace', ['-f', '-y', '-e', calls, '-o', log, ...node], {
    encoding: 'utf8',
  })
  expect([status, stderr]).toEqual([0, ''])
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes(`${spool}/`) && !line.includes('<... '))
    .map((line) => line.replace(/^\d+ +/, ''))
}

test.skipIf(lacks('the order of writes to the spool', 'strace'))(
  'a message is on the disk before it has its name: written, flushed, renamed',
  () => {
    const calls = traced(join(folder, 'pbx'))
    const kinds = calls.map((call) => /^[a-z]+/.exec(call)![0])
    expect(kinds).toEqual(['write', expect.stringMatching(/^f(data)?sync$/), 'rename'])
    for (const call of calls) expect(call).toMatch(/\.report\.json\.part/)
    expect(readdirSync(join(folder, 'pbx'))).toEqual([expect.stringMatching(/\.report\.json$/)])
  },
)
