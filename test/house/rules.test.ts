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
    ['settings that read a file', 'lib/settings/x.ts', "import { readFileSync } from 'node:fs'"],
    ['the settings file that reads files', 'lib/config.ts', "import { readFileSync } from 'node:fs'"],
    ['infra that runs a loop', 'lib/infra/x.ts', "import { analyze } from '../analyze.ts'"],
    ['infra that calls AWS itself', 'lib/infra/x.ts', "import { EC2 } from '@aws-sdk/client-ec2'"],
    ['a command that imports infra', 'lib/commands/x.ts', "import { addFences } from '../infra/fences.ts'"],
    ['a command that imports CDK', 'lib/commands/x.ts', "import { App } from 'aws-cdk-lib/core'"],
    ['the CDK app running a command', 'bin/app.ts', "import { main } from '../lib/commands/main.ts'"],
    ['the command line importing infra', 'bin/x.ts', "import { addFences } from '../lib/infra/fences.ts'"],
    ['a function that imports infra', 'lambda/x.ts', "import { addFences } from '../lib/infra/fences.ts'"],
    ['a function that runs a command', 'lambda/x.ts', "import { main } from '../lib/commands/main.ts'"],
    ['a function that reads captures', 'lambda/x.ts', "import { readFrames } from '../lib/host/frame.ts'"],
    ['a function that embeds a fence', 'lambda/x.ts', "import { peek } from '../lib/local/peek.ts'"],
    ['a function with a view', 'lambda/x.ts', "import { printable } from '../lib/view/format.ts'"],
    ['a function that needs a foreign package', 'lambda/x.ts', "import { Command } from 'commander'"],
    ['a function that runs the types of AWS', 'lambda/x.ts', "import { SQSHandler } from 'aws-lambda'"],
    [
      'anything that imports a function',
      'lib/infra/x.ts',
      "import { handler } from '../../lambda/analyze.ts'",
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

  test('lets a function have its loop, its adapters and the types of AWS', () => {
    const imports = [
      "import type { SQSEvent } from 'aws-lambda'",
      "import { EC2Client } from '@aws-sdk/client-ec2'",
      "import { Logger } from '@aws-lambda-powertools/logger'",
      "import { analyze } from '../lib/analyze.ts'",
      "import { rulesQuota } from '../lib/aws/rules-quota.ts'",
    ]
    expect(brokenRules(house('lambda/x.ts', imports.join('\n')))).toEqual([])
  })
})

test('the version is the one in package.json', () => {
  expect(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))).toMatchObject({ version: VERSION })
})
