import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../lib/config.ts'
import { PLACES, placeVariable } from '../../lib/names.ts'
import { codeFolder, fenceWith, TIERS, withAssembly } from './synth.ts'

const ENTRIES = ['Analyze', 'Reconcile'] as const
const TWO = { id: 'two', networkAcls: [{ id: 'acl-2' }], allow: ['192.0.2.99'], firewalls: TIERS }
const FENCES = [fenceWith(), fenceWith(TWO)]

/** What Lambda gives its functions, and the stack these; no credentials, and nothing of the machine's own. */
const ENVIRONMENT = {
  AWS_REGION: 'eu-west-1',
  AWS_LAMBDA_FUNCTION_NAME: 'function',
  SIPFENCE_TABLE: 'ledger',
  SIPFENCE_RECONCILE_QUEUE_URL:
    'https://sqs.eu-west-1.amazonaws.com/123456789012/sipfence-pbx-reconcile.fifo',
  SIPFENCE_TOPIC_ARN: 'arn:aws:sns:eu-west-1:123456789012:topic',
}
const SET = 'arn:aws:wafv2:eu-west-1:123456789012:regional/ipset/name/id'
/** What the stack gives them more where the settings name every tier. */
const MORE = Object.fromEntries(
  PLACES.map((place) => [placeVariable(place), place.startsWith('IpSet') ? SET : 'pl-1']),
)

describe('the code of the functions', () => {
  let away: string
  /** Every bundle, away from this project's node_modules, as `<fence>/<entry>`. */
  beforeAll(() => {
    away = mkdtempSync(join(tmpdir(), 'sipfence-bundles-'))
    withAssembly(FENCES, (assembly) => {
      for (const { id } of FENCES)
        for (const entry of ENTRIES)
          cpSync(codeFolder(assembly, id, entry), join(away, id, entry), { recursive: true })
    })
  })
  afterAll(() => rmSync(away, { recursive: true }))

  function file(fence: string, entry: string, name: string): string {
    return readFileSync(join(away, fence, entry, name), 'utf8')
  }

  /** What the bundle says when it is loaded: the type of its handler, or why it does not start. */
  function loaded(fence: string, entry: string, env: Readonly<Record<string, string>>): string {
    const url = JSON.stringify(pathToFileURL(join(away, fence, entry, 'index.mjs')))
    const script = `console.log(await import(${url}).then(({ handler }) => typeof handler, ({ message }) => message))`
    return execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    })
  }

  test.each(ENTRIES)('%s loads by itself and has a handler, without AWS', (entry) => {
    expect(loaded('pbx', entry, ENVIRONMENT)).toBe('function\n')
  })

  test.each(ENTRIES)('%s of a fence with all tiers needs to be told where they are', (entry) => {
    expect(loaded('two', entry, { ...ENVIRONMENT, ...MORE })).toBe('function\n')
    expect(loaded('two', entry, ENVIRONMENT)).toMatch(
      /^Cannot open fence "two": its settings ask for DenyListIpv4/,
    )
  })

  test.each(ENTRIES)('%s has its one fence beside it, as it was read', (entry) => {
    for (const fence of FENCES)
      expect(readConfig('bundle', file(fence.id, entry, 'settings.json'))).toEqual({
        version: 1,
        fences: [fence],
      })
  })

  test.each(ENTRIES)(
    '%s has `require` for CommonJS packages, under a name that no minifier gives',
    (entry) => {
      expect(file('pbx', entry, 'index.mjs')).toMatch(
        /^import \{ createRequire as (\w{20,}) \} from 'node:module'; const require = \1\(import\.meta\.url\);/,
      )
    },
  )

  test('is the same for every fence, and differs between the functions', () => {
    for (const entry of ENTRIES) expect(file('two', entry, 'index.mjs')).toBe(file('pbx', entry, 'index.mjs'))
    expect(file('pbx', 'Analyze', 'index.mjs')).not.toBe(file('pbx', 'Reconcile', 'index.mjs'))
  })
})
