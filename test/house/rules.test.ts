import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { VERSION } from '../../lib/version.ts'
import { brokenRules } from './rules.ts'

const ROOT = join(import.meta.dirname, '../..')
const planted: string[] = []

/** A house with one file in it. */
function house(file: string, text: string): string {
  const root = mkdtempSync(join(tmpdir(), 'sipfence-house-'))
  planted.push(root)
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), text)
  return root
}

afterEach(() => {
  for (const root of planted.splice(0)) rmSync(root, { recursive: true })
})

describe('the house', () => {
  test('is in order', () => {
    expect(brokenRules(ROOT)).toEqual([])
  })

  test.each([
    ['core that imports a loop', 'lib/core/x.ts', "import { analyze } from '../analyze.ts'"],
    ['core that imports the type of an adapter', 'lib/core/x.ts', "import type { A } from '../host/a.ts'"],
    ['core that imports Node', 'lib/core/x.ts', "import { readFileSync } from 'node:fs'"],
    ['core that imports over several lines', 'lib/core/x.ts', "import {\n  a,\n  b,\n} from '../config.ts'"],
    ['core that imports dynamically', 'lib/core/x.ts', "const a = await import('../config.ts')"],
    ['core that re-exports an adapter', 'lib/core/x.ts', "export { a } from '../host/a.ts'"],
    ['a package outside prefix.ts', 'lib/core/x.ts', "import ipaddr from 'ipaddr.js'"],
    ['a loop that imports an adapter', 'lib/analyze.ts', "import { MemoryLedger } from './local/ledger.ts'"],
    ['an adapter that runs a loop', 'lib/host/x.ts', "import { capture } from '../capture.ts'"],
    ['a view that runs the fence', 'lib/view/x.ts', "import { EmbeddedFence } from '../local/fence.ts'"],
    ['the embedded fence doing I/O', 'lib/local/x.ts', "import { readFileSync } from 'node:fs'"],
    [
      'anything that imports an entry point',
      'lib/local/x.ts',
      "import { main } from '../../bin/sipfence.ts'",
    ],
    ['a file in no room', 'lib/other/x.ts', 'export {}'],
    ['a clock in the core', 'lib/core/x.ts', 'export const now = () => Date.now()'],
    ['chance in the core', 'lib/core/x.ts', 'export const any = Math.random()'],
    ['a drawer for everything', 'lib/host/packet-utils.ts', 'export {}'],
    ['a file that is too long', 'lib/core/x.ts', '\n'.repeat(301)],
  ])('refuses %s', (_, file, text) => {
    expect(brokenRules(house(file, text)).join('\n')).toContain(file)
  })

  test('lets an adapter take the type of the loop that declares its port', () => {
    expect(brokenRules(house('lib/host/x.ts', "import type { PacketSource } from '../capture.ts'"))).toEqual(
      [],
    )
  })
})

test('the version is the one in package.json', () => {
  expect(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))).toMatchObject({ version: VERSION })
})
