import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { spawnGuarded } from '../../lib/host/guarded-child.ts'

const GUARDED_CHILD = new URL('../../dist/lib/host/guarded-child.js', import.meta.url).href
const SILENT = `process.on('SIGUSR1', () => console.log('heard')); console.log(process.pid); setInterval(() => {}, 1e9)` // waits: to be ended; it has nothing else to do

const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

/** Whether the process is there and no zombie that waits for its new parent. */
function lives(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return children.split(' ').filter(Boolean).map(Number)
}

test('a program that says nothing is gone, and its guard too, when our process was killed', async () => {
  const start = `import { spawnGuarded } from ${JSON.stringify(GUARDED_CHILD)}
spawnGuarded(process.execPath, ['-e', ${JSON.stringify(SILENT)}], process.env).stdout.pipe(process.stdout)`
  const ours = spawn(process.execPath, ['--input-type=module', '-e', start])
  running.push(ours)
  const [line] = (await once(createInterface({ input: ours.stdout }), 'line')) as [string]
  const program = Number(line)
  const [guard] = childrenOf(program)
  expect([lives(program), lives(guard!)]).toEqual([true, true])
  ours.kill('SIGKILL')
  await expect.poll(() => [program, guard!].filter(lives)).toEqual([])
})

test('signals reach the program, it reads nothing, and its guard goes with it', async () => {
  const child = spawnGuarded(process.execPath, ['-e', SILENT], process.env)
  running.push(child)
  const ended = once(child, 'close')
  const lines = createInterface({ input: child.stdout })
  expect((await once(lines, 'line'))[0]).toBe(String(child.pid))
  const [guard] = childrenOf(child.pid!)
  child.kill('SIGUSR1')
  expect((await once(lines, 'line'))[0]).toBe('heard')
  child.kill('SIGTERM')
  expect(await ended).toEqual([null, 'SIGTERM'])
  await expect.poll(() => lives(guard!)).toBe(false)
})

test('its output and its exit code are the program’s', async () => {
  const program = 'read -r line || echo "nothing to read"; echo "$1" >&2; exit 7'
  const child = spawnGuarded('sh', ['-c', program, 'sh', '$(reboot) "x"'], process.env)
  const ended = once(child, 'close')
  expect(await Promise.all([text(child.stdout), text(child.stderr)])).toEqual([
    'nothing to read\n',
    '$(reboot) "x"\n',
  ])
  expect(await ended).toEqual([7, null])
})
