import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { VERSION } from '../../lib/version.ts'
import { buildTarball, type Tarball } from '../../packaging/build.ts'
import { ARCHES, type NodeBinary, nodeBinary } from '../../packaging/node-binary.ts'
import { tarOf } from '../../packaging/tar.ts'
import { ROOT } from '../commands/cli.ts'
import { freePort, motoEnvironment, startMotoQueue } from '../commands/moto-queue.ts'
import { registrations } from '../commands/registrations.ts'
import { lacks } from '../skips.ts'

const ARCH = process.arch === 'arm64' ? 'arm64' : 'x64'
const NAME = `sipfence-sidecar-${VERSION}-linux-${ARCH}`

let folder = ''
let node: NodeBinary
let tarball: Tarball
/** Unpacked, away from this project's node_modules. */
let home = ''
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sipfence-tarball-'))
  node = nodeBinary(ARCH)
  tarball = await buildTarball(ARCH, join(folder, 'whole'), { node })
  execFileSync('tar', ['-xzf', tarball.path, '-C', folder])
  home = join(folder, NAME)
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A path with what the scripts need, and no Node. */
function pathWithoutNode(): string {
  const path = join(folder, 'path')
  mkdirSync(path, { recursive: true })
  for (const program of ['sh', 'readlink', 'dirname']) {
    const link = join(path, program)
    if (!existsSync(link)) symlinkSync(`/bin/${program}`, link)
  }
  return path
}

describe('the tarball', () => {
  test('has the same bytes each time, wherever it is built', async () => {
    // What is done to a hundred megabytes of Node is done to these few bytes of it.
    const little = { node: { ...node, bytes: node.bytes.subarray(0, 100_000) } }
    const one = await buildTarball(ARCH, join(folder, 'one'), little)
    const again = await buildTarball(ARCH, join(folder, 'two'), little)
    expect(again).toEqual({ ...one, path: join(folder, 'two', `${NAME}.tar.gz`) })
    expect(readFileSync(again.path).equals(readFileSync(one.path))).toBe(true)
  })

  test('is below 60 MB', () => {
    expect(statSync(tarball.path).size).toBe(tarball.bytes)
    expect(tarball.bytes).toBeLessThan(60e6)
  })

  test('holds what it takes and no more, everything in one folder and root’s', () => {
    const listing = execFileSync('tar', ['--numeric-owner', '-tvzf', tarball.path], { encoding: 'utf8' })
    const lines = listing.trim().split('\n')
    expect(lines.every((line) => / 0\/0 .* 2000-01-01 00:00 /.test(line) && line.includes(` ${NAME}/`))).toBe(
      true,
    )
    const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
    expect(files.map(({ name }) => name).sort()).toEqual([
      'BUILD',
      'LICENSE',
      'LICENSE.node',
      'LICENSE.packages',
      'install.sh',
      'node',
      'package.json',
      'reflection.pcap.gz',
      'run',
      'sipfence',
      'sipfence-sidecar.service',
      'sipfence.mjs',
    ])
  })

  test('tells nothing of where it was built', () => {
    expect(readFileSync(join(home, 'lib/sipfence.mjs'), 'utf8')).not.toContain(ROOT)
  })

  test('has the licence of each package that is in it', () => {
    const text = readFileSync(join(home, 'LICENSE.packages'), 'utf8')
    for (const name of ['@aws-sdk/client-sqs', 'commander', 'ipaddr.js', 'prom-client', 'zod'])
      expect(text).toMatch(new RegExp(`^${name} \\d+\\.`, 'm'))
    expect(text).not.toMatch(/^(aws-cdk-lib|esbuild|vitest) /m)
    expect(readFileSync(join(home, 'LICENSE.node'), 'utf8')).toMatch(/^Node\.js is licensed/)
  })

  test('has a Node that needs no newer glibc than the installer asks for', () => {
    const text = readFileSync(join(home, 'bin/node'), 'latin1')
    const needed = [...text.matchAll(/GLIBC_2\.(\d+)/g)].map((match) => Number(match[1]))
    const [, floor] = /^GLIBC_FLOOR=2\.(\d+)$/m.exec(readFileSync(join(home, 'install.sh'), 'utf8')) ?? []
    expect(Math.max(...needed)).toBe(Number(floor))
  })

  test('runs with no Node on the path, also what is loaded only when it is needed', () => {
    const run = (...args: string[]) =>
      execFileSync(join(home, 'bin/sipfence'), args, { env: { PATH: pathWithoutNode() }, encoding: 'utf8' })
    expect(run('--version')).toBe(`${VERSION}\n`)
    expect(run('demo')).toContain('detected     reflection 192.0.2.200/32')
    expect(run('status', '--help')).toContain('Usage: sipfence status')
  })

  test.skipIf(lacks('the sidecar of the tarball beside a queue', 'moto'))(
    'holds a sidecar that reports to a queue',
    async () => {
      const fence = { id: 'pbx', region: 'eu-west-1', pbxs: [{ addresses: ['10.0.0.10'] }] }
      writeFileSync(join(folder, 'sipfence.json'), JSON.stringify({ version: 1, fences: [fence] }))
      writeFileSync(join(folder, 'short.pcap'), registrations(1))
      const port = await freePort()
      const moto = await startMotoQueue(port, 'sipfence-pbx-reports')
      try {
        const args = [
          '--host',
          'i-0123456789abcdef0',
          '--heartbeat',
          '1s',
          '--read',
          join(folder, 'short.pcap'),
        ]
        const child = spawn(join(home, 'bin/run'), args, {
          env: {
            ...motoEnvironment(port),
            PATH: pathWithoutNode(),
            SIPFENCE_CONFIG: join(folder, 'sipfence.json'),
            SIPFENCE_LISTEN: `127.0.0.1:${await freePort()}`,
            STATE_DIRECTORY: join(folder, 'spool'),
          },
          stdio: ['ignore', 'ignore', 'inherit'],
        })
        expect(await once(child, 'close')).toEqual([0, null])
        const bodies = await moto.drain()
        expect(bodies.some((body) => body.includes('"sipfence.proofs/1"'))).toBe(true)
        expect(bodies.at(-1)).toContain('"knownGood":3')
      } finally {
        await moto.stop()
      }
    },
  )
})

test('the Node for every machine is of one version, and held by its contents', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'packaging/package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string; integrity?: string } | undefined>
  }
  for (const arch of ARCHES) {
    const { version, integrity } = packages[`node_modules/node-linux-${arch}`] ?? {}
    expect([version, integrity]).toEqual([node.version, expect.stringMatching(/^sha512-/)])
  }
})

test('an archive depends on its files alone, not on their order', () => {
  const file = (name: string) => ({ name, bytes: Buffer.from(name), executable: name.endsWith('x') })
  const [a, b, c] = [file('top/b/x'), file('top/a'), file('top/b.txt')]
  const archive = tarOf([a, b, c])
  expect(Buffer.compare(archive, tarOf([c, b, a]))).toBe(0)
  const listing = execFileSync('tar', ['--full-time', '-tvf', '-'], { input: archive, encoding: 'utf8' })
  expect(
    listing
      .trim()
      .split('\n')
      .map((line) => line.replace(/ +/g, ' ').split(' ').toSpliced(3, 2).join(' ')),
  ).toEqual([
    'drwxr-xr-x root/root 0 top/',
    'drwxr-xr-x root/root 0 top/b/',
    '-rw-r--r-- root/root 5 top/a',
    '-rw-r--r-- root/root 9 top/b.txt',
    '-rwxr-xr-x root/root 7 top/b/x',
  ])
  expect(() => tarOf([file('x'.repeat(101))])).toThrow('should have at most 100 bytes')
})
