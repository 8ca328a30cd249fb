import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../commands/cli.ts'
import { onPackedNode } from './on-packed-node.ts'
import { packedNode } from './packed-node.ts'
import { QUICK } from './what-ships.ts'

test('the Node that ships is the one that packaging locks, and of the functions’ major version', () => {
  const version = execFileSync(packedNode(), ['--version'], { encoding: 'utf8' }).trim().slice(1)
  const lock = JSON.parse(readFileSync(join(ROOT, 'packaging/package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string } | undefined>
  }
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64'
  expect(version).toBe(lock.packages[`node_modules/node-linux-${arch}`]?.version)
  const runtime = /NODEJS_(\d+)_X/.exec(readFileSync(join(ROOT, 'lib/infra/fence-function.ts'), 'utf8'))?.[1]
  expect(version.split('.')[0]).toBe(runtime)
})

test('what runs on that Node passes its tests there', async () => {
  const { passed, failed } = await onPackedNode(['--maxWorkers=1', ...QUICK])
  expect(failed).toEqual([])
  expect(passed).toBeGreaterThan(700)
})
